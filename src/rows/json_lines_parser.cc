#include "rows/json_lines_parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "rows/json_text.h"
#include "rows/json_value.h"
#include "rows/text_check.h"

namespace qlake::rows {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsBlank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

std::vector<std::string> ColumnNamesOf(const RowShape& shape) {
  std::vector<std::string> names;
  for (const ColumnBinding& column : shape.columns) names.push_back(column.name);
  return names;
}

}  // namespace

JsonLinesParser::JsonLinesParser(std::string_view bytes, const RowShape& shape)
    : bytes_(bytes), names_(shape), columns_(ColumnNamesOf(shape)), record_bytes_max_(shape.record_bytes_max) {
  if (bytes_.starts_with(kByteOrderMark)) position_ = kByteOrderMark.size();
}

bool JsonLinesParser::Next(Row& row) {
  while (position_ < bytes_.size()) {
    row.line = line_;
    row.record = NextLine();
    if (IsBlank(row.record)) continue;
    row.cells.assign(columns_.size(), Cell{});
    row.rescued.clear();
    row.error.clear();
    std::string why = Parse(row);
    if (!why.empty()) Reject(row, columns_.size(), std::move(why));
    return true;
  }
  return false;
}

int64_t JsonLinesParser::CountRest() {
  int64_t rows = 0;
  while (position_ < bytes_.size()) rows += IsBlank(NextLine()) ? 0 : 1;
  return rows;
}

std::string_view JsonLinesParser::NextLine() {
  const size_t end = std::min(bytes_.find('\n', position_), bytes_.size());
  std::string_view line = bytes_.substr(position_, end - position_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  position_ = std::min(end + 1, bytes_.size());
  ++line_;
  return line;
}

std::string JsonLinesParser::Parse(Row& row) {
  if (row.record.size() > record_bytes_max_) {
    return fmt::format("is {} bytes long, at most {} are read", row.record.size(), record_bytes_max_);
  }
  if (std::string why = WhyNotText(row.record); !why.empty()) return why;
  std::string_view json = row.record;
  const char* const readable_end = bytes_.data() + bytes_.size();
  if (static_cast<size_t>(readable_end - json.data()) < json.size() + simdjson::SIMDJSON_PADDING) {
    padded_.assign(json).append(simdjson::SIMDJSON_PADDING, ' ');
    json = std::string_view(padded_).substr(0, json.size());
  }
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (const auto error =
          parser_.iterate(json.data(), json.size(), json.size() + simdjson::SIMDJSON_PADDING).get(document)) {
    return WhyNoJson(error);
  }
  if (const auto error = document.get_object().get(object)) {
    return error == simdjson::INCORRECT_TYPE ? "is no JSON object" : WhyNoJson(error);
  }
  std::string why = ParseObject(document, object, row);
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  if (why.empty() && !at_end) return WhyNoJson(simdjson::INCOMPLETE_ARRAY_OR_OBJECT);
  return why;
}

std::string JsonLinesParser::ParseObject(simdjson::ondemand::document& document, simdjson::ondemand::object object,
                                         Row& row) {
  unknown_keys_.clear();
  set_columns_.assign(columns_.size(), false);
  size_t n = 0;
  for (auto member : object) {
    std::string_view key;
    simdjson::ondemand::value value;
    Cell cell;
    if (const auto error = member.unescaped_key().get(key)) return WhyNoJson(error);
    if (const auto error = member.value().get(value)) return WhyNoJson(error);
    if (const auto error = ReadText(document, value, cell)) return WhyNoJson(error);
    if (cell.text.find('\0') != std::string_view::npos) return "has a NUL in a string";
    const size_t column = ColumnOf(n++, key);
    std::string why = column == kUnknown ? Rescue(key, cell, row) : SetCell(column, cell, row);
    if (!why.empty()) return why;
  }
  return "";
}

std::string JsonLinesParser::SetCell(size_t column, Cell cell, Row& row) {
  if (set_columns_[column]) return fmt::format("names {} twice", columns_[column]);
  set_columns_[column] = true;
  row.cells[column] = cell;
  return "";
}

std::string JsonLinesParser::Rescue(std::string_view key, Cell cell, Row& row) {
  if (std::find(unknown_keys_.begin(), unknown_keys_.end(), key) != unknown_keys_.end()) {
    return "names an unknown column twice";
  }
  unknown_keys_.emplace_back(key);
  if (unknown_columns_seen_.insert(unknown_keys_.back()).second) unknown_columns_.emplace_back(key);
  if (cell.present) AddJsonMember(row.rescued, key, cell.text);
  return "";
}

size_t JsonLinesParser::ColumnOf(size_t n, std::string_view key) {
  if (n < keys_before_.size() && keys_before_[n].first == key) return keys_before_[n].second;
  const size_t column = names_.Find(key).value_or(kUnknown);
  if (n < keys_before_.size()) {
    keys_before_[n] = {std::string(key), column};
  } else if (n < kKeysRemembered) {
    keys_before_.emplace_back(key, column);
  }
  return column;
}

}  // namespace qlake::rows
