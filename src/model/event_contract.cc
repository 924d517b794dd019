#include "model/event_contract.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/error.h"
#include "model/contract_reader.h"

namespace qlake::model {
namespace {

using Kind = base::ColumnType::Kind;

constexpr int kInt64Digits = 18;
constexpr int64_t kMicrosPerMinute = 60'000'000;
constexpr int kDepthMost = 256;  // Deeper ones would use up the stack.

// "500" or "12.50" as an integer of so many digits after the point.
std::optional<int64_t> ParseUnscaled(std::string_view text, int scale) {
  std::string digits;
  int after_point = -1;
  for (char c : text) {
    if (c == '.' && after_point < 0) {
      after_point = 0;
    } else {
      digits.push_back(c);
      if (after_point >= 0) ++after_point;
    }
  }
  if (after_point > scale) return std::nullopt;
  digits.append(static_cast<size_t>(scale - std::max(after_point, 0)), '0');
  int64_t value = 0;
  auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  return value;
}

class EventContractParser : private ContractReader {
 public:
  using ContractReader::ContractReader;

  events::EventShape Parse() {
    AllowOnly(root(), {"description", "type", "time", "nested", "zone", "earliest", "ahead_hours_max", "bytes_max",
                       "depth_max", "column"});
    events::EventShape shape;
    shape.name = std::filesystem::path(path()).stem().string();
    shape.description = Text(root(), "description").value_or("");
    shape.nested = Text(root(), "nested").value_or("");
    shape.zone_offset_us = ParseZone(Text(root(), "zone").value_or("UTC"));
    shape.earliest = ParseEarliest(Text(root(), "earliest").value_or("2000-01-01"));
    shape.ahead_max_us = Number(root(), "ahead_hours_max", 24, 0, 24 * 366) * 60 * kMicrosPerMinute;
    shape.bytes_max = static_cast<size_t>(Number(root(), "bytes_max", 1 << 20, 1, 1 << 30));
    shape.depth_max = static_cast<int>(Number(root(), "depth_max", 64, 2, kDepthMost));
    const toml::node* columns = root().get("column");
    if (columns == nullptr || !columns->is_array_of_tables()) Fail(root(), "it has no [[column]]");
    for (const auto& column : *columns->as_array()) ReadColumn(*column.as_table(), shape);
    shape.type_column = IndexOf(shape, "type", {Kind::kString});
    shape.time_column = IndexOf(shape, "time", {Kind::kTimestamp});
    return shape;
  }

 private:
  int64_t Number(const toml::table& table, std::string_view key, int64_t absent, int64_t min, int64_t max) const {
    const toml::node* node = table.get(key);
    if (node == nullptr) return absent;
    int64_t value = node->is_integer() ? *node->value<int64_t>() : min - 1;
    if (value < min || value > max) Fail(*node, "{} must be a number from {} to {}", key, min, max);
    return value;
  }

  int64_t ParseZone(const std::string& text) const {
    if (text == "UTC" || text == "Z") return 0;
    auto digit = [&](size_t at) { return text[at] - '0'; };
    bool fits = text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':';
    for (size_t at : {1, 2, 4, 5}) fits = fits && text[at] >= '0' && text[at] <= '9';
    if (!fits) Fail(*root().get("zone"), "zone must be UTC or look like +02:00: {}", text);
    int64_t minutes = (digit(1) * 10 + digit(2)) * 60 + digit(4) * 10 + digit(5);
    return (text[0] == '-' ? -minutes : minutes) * kMicrosPerMinute;
  }

  base::Timestamp ParseEarliest(const std::string& text) const {
    auto date = base::ParseDate(text);
    if (!date) Fail(*root().get("earliest"), "earliest must be a date such as 2000-01-01: {}", text);
    return base::StartOf(base::Hour{int64_t{date->days} * 24});
  }

  size_t IndexOf(const events::EventShape& shape, std::string_view key, base::ColumnType type) const {
    std::string name = Text(root(), key).value_or("");
    for (size_t i = 0; i < shape.columns.size(); ++i) {
      if (shape.columns[i].name != name) continue;
      if (!(shape.columns[i].type == type)) Fail(root(), "the column of {} must be {}", key, base::FormatSqlType(type));
      return i;
    }
    Fail(root(), "{} must name one of its columns: {}", key, name);
  }

  void ReadColumn(const toml::table& table, events::EventShape& shape) const {
    AllowOnly(table,
              {"name", "type", "nested", "required", "required_for", "range", "values", "digits", "personal", "known"});
    events::EventColumn column;
    column.name = Text(table, "name").value_or("");
    if (column.name.empty() || column.name.starts_with("_")) {
      Fail(table, "a column needs a name that does not begin with _: {}", column.name);
    }
    for (const auto& other : shape.columns) {
      if (other.name == column.name) Fail(table, "two columns are named {}", column.name);
    }
    column.type = ParseType(table);
    column.nested = Flag(table, "nested");
    if (column.nested && shape.nested.empty()) Fail(table, "the contract does not say what is nested: {}", column.name);
    column.required = Flag(table, "required");
    column.required_for = Texts(table, "required_for");
    column.values = Texts(table, "values");
    column.digits = static_cast<int>(Number(table, "digits", 0, 1, kInt64Digits));
    column.personal = Flag(table, "personal");
    for (const char* key : {"values", "digits"}) {
      if (table.contains(key) && column.type.kind != Kind::kString) Fail(table, "{} is for columns of type TEXT", key);
    }
    ReadRange(table, column);
    if (auto known = Texts(table, "known"); !known.empty()) {
      if (column.name != Text(root(), "type")) Fail(table, "known is for the column of type only: {}", column.name);
      shape.known_types = std::move(known);
    }
    shape.columns.push_back(std::move(column));
  }

  base::ColumnType ParseType(const toml::table& table) const {
    auto text = Text(table, "type").value_or("TEXT");
    if (text == "TIMESTAMP") return {Kind::kTimestamp};
    auto type = base::ParseSqlType(text);
    bool is_ours = type && type->kind != Kind::kDouble && type->kind != Kind::kBinary && type->kind != Kind::kDate &&
                   !(type->kind == Kind::kDecimal && type->precision > kInt64Digits);
    if (!is_ours) {
      Fail(*table.get("type"),
           "type must be TEXT, INTEGER, BIGINT, DECIMAL(p,s) to 18 digits, BOOLEAN or TIMESTAMP: {}", text);
    }
    return *type;
  }

  void ReadRange(const toml::table& table, events::EventColumn& column) const {
    const toml::node* range = table.get("range");
    if (range == nullptr) return;
    bool is_number =
        column.type.kind == Kind::kInteger || column.type.kind == Kind::kLong || column.type.kind == Kind::kDecimal;
    if (!is_number || !range->is_table()) Fail(*range, "range is for numbers and must look like {{ min = \"1\" }}");
    AllowOnly(*range->as_table(), {"min", "max"});
    for (auto [key, bound] : {std::pair{"min", &column.range_min}, std::pair{"max", &column.range_max}}) {
      auto text = Text(*range->as_table(), key);
      if (!text) continue;
      *bound = ParseUnscaled(*text, column.type.scale);
      if (!*bound) Fail(*range, "a bound must be a {}: {}", base::FormatSqlType(column.type), *text);
    }
  }
};

}  // namespace

events::EventShape ParseEventContract(const std::string& path, const std::string& text) {
  return EventContractParser(path, text).Parse();
}

}  // namespace qlake::model
