#include "model/contract.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "engine/duckdb/row_rules.h"
#include "model/contract_reader.h"

namespace qlake::model {
namespace {

class ContractParser : private ContractReader {
 public:
  using ContractReader::ContractReader;

  Contract Parse() {
    AllowOnly(root(), {"description", "file", "key", "optional_trailing", "column", "derived", "check"});
    Contract contract;
    contract.name = std::filesystem::path(path()).stem().string();
    contract.description = Text(root(), "description").value_or("");
    contract.file_patterns = TextOrTexts(root(), "file");
    contract.key = TextOrTexts(root(), "key");
    contract.optional_trailing = TextOrTexts(root(), "optional_trailing");
    for (const auto* table : Tables("column")) contract.columns.push_back(ParseColumn(*table));
    for (const auto* table : Tables("derived")) {
      AllowOnly(*table, {"name", "sql"});
      contract.derived.push_back({Required(*table, "name"), Required(*table, "sql")});
    }
    for (const auto* table : Tables("check")) contract.checks.push_back(ParseCheck(*table));
    CheckWhole(contract);
    return contract;
  }

 private:
  std::string Required(const toml::table& table, std::string_view key) const {
    auto text = Text(table, key);
    if (!text || text->empty()) Fail(table, "{} is missing", key);
    return *text;
  }

  // A text, or an array of texts.
  std::vector<std::string> TextOrTexts(const toml::table& table, std::string_view key) const {
    const toml::node* node = table.get(key);
    if (node == nullptr) return {};
    if (node->is_string()) return {*Text(table, key)};
    if (!node->is_array()) Fail(*node, "{} must be a text or an array of texts", key);
    return Texts(table, key);
  }

  std::vector<const toml::table*> Tables(std::string_view key) const {
    const toml::node* node = root().get(key);
    if (node == nullptr) return {};
    if (!node->is_array_of_tables()) Fail(*node, "{} must be written as [[{}]]", key, key);
    std::vector<const toml::table*> tables;
    for (const auto& element : *node->as_array()) tables.push_back(element.as_table());
    return tables;
  }

  OnViolation ParseOnViolation(const toml::table& table) const {
    auto text = Text(table, "on_violation");
    if (!text) return OnViolation::kQuarantine;
    for (auto known : {OnViolation::kQuarantine, OnViolation::kNull, OnViolation::kWarn, OnViolation::kFail}) {
      if (*text == NameOf(known)) return known;
    }
    Fail(*table.get("on_violation"), "on_violation must be quarantine, null, warn or fail: {}", *text);
  }

  // A bound of a range.
  std::optional<std::string> Bound(const toml::table& range, std::string_view key, base::ColumnType type) const {
    const toml::node* node = range.get(key);
    if (node == nullptr) return std::nullopt;
    std::string text;
    if (node->is_string()) {
      text = *node->value<std::string>();
    } else if (node->is_integer()) {
      text = std::to_string(*node->value<int64_t>());
    } else {
      Fail(*node, "a bound must be an integer, or a text (a date, a decimal)");
    }
    if (!engine::IsTextOf(type, text)) Fail(*node, "a bound must be a {}: {}", base::FormatSqlType(type), text);
    return text;
  }

  ContractColumn ParseColumn(const toml::table& table) const {
    AllowOnly(table, {"name", "aliases", "type", "clean", "required", "range", "values", "pattern", "personal",
                      "on_violation"});
    ContractColumn column;
    column.name = Required(table, "name");
    column.aliases = TextOrTexts(table, "aliases");
    column.clean = Text(table, "clean").value_or("");
    column.required = Flag(table, "required");
    column.personal = Flag(table, "personal");
    column.values = TextOrTexts(table, "values");
    column.pattern = Text(table, "pattern").value_or("");
    column.on_violation = ParseOnViolation(table);
    if (auto type = Text(table, "type")) {
      auto parsed = base::ParseSqlType(*type);
      using Kind = base::ColumnType::Kind;
      bool is_ours =
          parsed && parsed->kind != Kind::kDouble && parsed->kind != Kind::kBinary && parsed->kind != Kind::kTimestamp;
      if (!is_ours) {
        Fail(*table.get("type"), "type must be TEXT, INTEGER, BIGINT, DECIMAL(p,s), DATE or BOOLEAN: {}", *type);
      }
      column.type = *parsed;
    }
    for (const char* key : {"clean", "pattern"}) {
      bool is_text = column.type.kind == base::ColumnType::Kind::kString;
      if (table.contains(key) && !is_text) Fail(*table.get(key), "{} is for columns of type TEXT only", key);
    }
    for (const auto& value : column.values) {
      if (!engine::IsTextOf(column.type, value)) {
        Fail(*table.get("values"), "each of values must be a {}: {}", base::FormatSqlType(column.type), value);
      }
    }
    if (const toml::node* range = table.get("range")) {
      if (!range->is_table()) Fail(*range, "range must look like {{ min = 1, max = 9 }}");
      AllowOnly(*range->as_table(), {"min", "max"});
      column.range_min = Bound(*range->as_table(), "min", column.type);
      column.range_max = Bound(*range->as_table(), "max", column.type);
    }
    if (column.name.starts_with("_")) Fail(table, "names that begin with _ are qlake's own: {}", column.name);
    if (column.required && column.on_violation == OnViolation::kNull) {
      Fail(table, "a required column cannot become NULL (on_violation = \"null\"): {}", column.name);
    }
    if (column.on_violation == OnViolation::kWarn &&
        (column.type.kind != base::ColumnType::Kind::kString || column.required)) {
      Fail(table, "a value that is missing or of another type cannot stay (on_violation = \"warn\"): {}", column.name);
    }
    return column;
  }

  Check ParseCheck(const toml::table& table) const {
    AllowOnly(table, {"name", "sql", "on_violation"});
    Check check{Required(table, "name"), Required(table, "sql"), ParseOnViolation(table)};
    if (check.on_violation == OnViolation::kNull)
      Fail(table, "a check has no value that could become NULL: {}", check.name);
    return check;
  }

  void CheckWhole(const Contract& contract) const {
    if (contract.file_patterns.empty()) Fail(root(), "file is missing: the pattern of its files' names");
    if (contract.key.empty()) Fail(root(), "key is missing: the columns that tell its rows apart");
    if (contract.columns.empty()) Fail(root(), "it has no [[column]]");
    auto has = [&](const std::string& name) {
      return std::any_of(contract.columns.begin(), contract.columns.end(),
                         [&](const auto& c) { return c.name == name; });
    };
    for (const auto& names : {contract.key, contract.optional_trailing}) {
      for (const auto& name : names) {
        if (!has(name)) Fail(root(), "no [[column]] is named {}", name);
      }
    }
    for (const auto& column : contract.columns) {
      auto same = [&](const auto& c) { return c.name == column.name; };
      if (std::count_if(contract.columns.begin(), contract.columns.end(), same) > 1) {
        Fail(root(), "two columns are named {}", column.name);
      }
    }
  }
};

}  // namespace

std::string_view NameOf(OnViolation on_violation) {
  switch (on_violation) {
    case OnViolation::kQuarantine:
      return "quarantine";
    case OnViolation::kNull:
      return "null";
    case OnViolation::kWarn:
      return "warn";
    case OnViolation::kFail:
      return "fail";
  }
  QLAKE_CHECK(false);
}

Contract ParseContract(const std::string& path, const std::string& text) { return ContractParser(path, text).Parse(); }

lake::Source Contract::ToSource() const {
  lake::Source source;
  source.name = name;
  source.file_patterns = file_patterns;
  source.shape.optional_trailing = optional_trailing;
  for (const auto& column : columns) {
    bool is_key = std::find(key.begin(), key.end(), column.name) != key.end();
    source.shape.columns.push_back({column.name, column.aliases, is_key});
    if (column.personal) source.personal.push_back(column.name);
  }
  return source;
}

}  // namespace qlake::model
