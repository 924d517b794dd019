#include "engine/duckdb/file_pruning.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;

std::optional<int64_t> ParseInteger(const std::string& text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool is_integer = error == std::errc() && end == text.data() + text.size();
  return is_integer ? std::optional(number) : std::nullopt;
}

// Dates of four-digit years are in the order of their texts.
bool IsPlainDate(const std::string& text) {
  return text.size() == 10 && text[4] == '-' && text[7] == '-' &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '-'; });
}

// Whether a < b, for sure.
bool IsLess(Kind kind, const std::string& a, const std::string& b) {
  if (kind == Kind::kString) return a < b;
  if (kind == Kind::kDate) return IsPlainDate(a) && IsPlainDate(b) && a < b;
  auto left = ParseInteger(a);
  auto right = ParseInteger(b);
  return left && right && *left < *right;
}

bool IsOrdered(Kind kind) {
  return kind == Kind::kInteger || kind == Kind::kLong || kind == Kind::kDate || kind == Kind::kString;
}

std::optional<std::string> TextOf(const base::Json& object, const std::string& name) {
  auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  return found->is_number_integer() ? std::optional(found->dump()) : std::nullopt;
}

// What a file says of a column's values.
struct FileRange {
  std::optional<std::string> least;
  std::optional<std::string> greatest;
  bool may_have_null = true;
  bool may_have_value = true;
};

bool Meets(Kind kind, const FileRange& file, const ValueRange& wanted) {
  if (wanted.has_null && file.may_have_null) return true;
  if (!file.may_have_value) return false;
  if (wanted.greatest && file.least && IsLess(kind, *wanted.greatest, *file.least)) return false;
  return !(wanted.least && file.greatest && IsLess(kind, *file.greatest, *wanted.least));
}

// What one file says of its columns.
class FileStatistics {
 public:
  explicit FileStatistics(const delta::AddFile& file)
      : file_(file), stats_(base::Json::parse(file.stats, nullptr, false)) {}

  FileRange RangeOf(const std::string& column) const {
    FileRange range;
    if (auto value = file_.partition_values.find(column); value != file_.partition_values.end()) {
      range.may_have_null = !value->second.has_value();
      range.may_have_value = value->second.has_value();
      range.least = range.greatest = value->second;
      return range;
    }
    if (!stats_.is_object()) return range;
    range.least = TextOf(Part("minValues"), column);
    range.greatest = TextOf(Part("maxValues"), column);
    auto nulls = TextOf(Part("nullCount"), column);
    if (!nulls) return range;
    range.may_have_null = *nulls != "0";
    range.may_have_value = TextOf(stats_, "numRecords") != nulls;
    return range;
  }

 private:
  const base::Json& Part(const char* name) const {
    static const base::Json kNone = base::Json::object();
    auto found = stats_.find(name);
    return found != stats_.end() && found->is_object() ? *found : kNone;
  }

  const delta::AddFile& file_;
  base::Json stats_;
};

// What kind of literal a constant is (STRING, INTEGER, ...); empty for anything else.
std::string LiteralKind(const base::Json& node) {
  bool is_literal = node.value("class", "") == "CONSTANT" && node.contains("literal");
  return is_literal ? node["literal"].value("kind", "") : "";
}

// 'x', but neither 5 nor DATE '2023-05-20', to which DuckDB would cast the column.
bool IsText(const base::Json& node) { return LiteralKind(node) == "STRING"; }

std::optional<std::string> ConstantOf(const base::Json& node) {
  bool is_date = node.value("class", "") == "CAST" && node.contains("type_expr") &&
                 node["type_expr"].value("type_name", "") == "DATE";
  if (is_date) {
    auto text = ConstantOf(node.at("child"));
    return text && IsPlainDate(*text) ? text : std::nullopt;
  }
  std::string kind = LiteralKind(node);
  if (kind != "STRING" && kind != "INTEGER") return std::nullopt;
  return node["literal"].at("text").get<std::string>();
}

std::optional<std::string> ColumnOf(const base::Json& node) {
  if (node.value("class", "") != "COLUMN_REF" || node.at("column_names").size() != 1) return std::nullopt;
  return node["column_names"][0].get<std::string>();
}

void AddRanges(const base::Json& node, std::vector<ValueRange>& ranges) {
  std::string type = node.value("type", "");
  if (type == "CONJUNCTION_AND") {
    for (const auto& part : node.at("children")) AddRanges(part, ranges);
    return;
  }
  if (type == "COMPARE_BETWEEN") {
    auto column = ColumnOf(node.at("input"));
    bool is_text = IsText(node.at("lower")) && IsText(node.at("upper"));
    if (column) ranges.push_back({*column, ConstantOf(node["lower"]), ConstantOf(node["upper"]), false, is_text});
    return;
  }
  if (node.value("class", "") != "COMPARISON") return;
  auto column = ColumnOf(node.at("left"));
  auto constant = ConstantOf(node.at("right"));
  if (!column || !constant) return;
  bool from_constant = type == "COMPARE_GREATERTHAN" || type == "COMPARE_GREATERTHANOREQUALTO";
  bool to_constant = type == "COMPARE_LESSTHAN" || type == "COMPARE_LESSTHANOREQUALTO";
  bool is_constant = type == "COMPARE_EQUAL";
  if (!from_constant && !to_constant && !is_constant) return;  // IS DISTINCT FROM is true of NULL.
  ValueRange range{.column = *column, .is_text = IsText(node["right"])};
  if (from_constant || is_constant) range.least = constant;
  if (to_constant || is_constant) range.greatest = constant;
  ranges.push_back(std::move(range));
}

}  // namespace

std::vector<const delta::AddFile*> FilesThatMayHold(const delta::Snapshot& snapshot,
                                                    const std::vector<base::Column>& columns,
                                                    const std::vector<ValueRange>& ranges) {
  struct TypedRange {
    Kind kind;
    const ValueRange* range;
  };
  std::vector<TypedRange> telling;
  for (const auto& range : ranges) {
    auto column = std::ranges::find(columns, range.column, &base::Column::name);
    if (column == columns.end() || !IsOrdered(column->type.kind)) continue;
    if (range.is_text || column->type.kind != Kind::kString) telling.push_back({column->type.kind, &range});
  }
  std::vector<const delta::AddFile*> files;
  for (const auto& [path, file] : snapshot.files()) {
    if (!telling.empty()) {
      FileStatistics statistics(file);
      bool may_hold = std::ranges::all_of(telling, [&](const TypedRange& wanted) {
        return Meets(wanted.kind, statistics.RangeOf(wanted.range->column), *wanted.range);
      });
      if (!may_hold) continue;
    }
    files.push_back(&file);
  }
  return files;
}

std::vector<ValueRange> RangesOf(const std::string& parse) {
  std::vector<ValueRange> ranges;
  try {
    const base::Json parsed = base::Json::parse(parse);
    const base::Json& node = parsed.at("statements").at(0).at("node");
    if (node.at("select_list").size() == 1) AddRanges(node["select_list"][0], ranges);
  } catch (const base::Json::exception&) {
    return {};  // Another form than ours: all files are looked into.
  }
  return ranges;
}

std::optional<int64_t> RecordCountOf(const delta::AddFile& file) {
  base::Json stats = base::Json::parse(file.stats, nullptr, false);
  if (!stats.is_object() || !stats.contains("numRecords") || !stats["numRecords"].is_number_integer()) {
    return std::nullopt;
  }
  return stats["numRecords"].get<int64_t>();
}

}  // namespace qlake::engine
