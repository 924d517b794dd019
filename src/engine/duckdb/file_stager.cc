#include "engine/duckdb/file_stager.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "engine/duckdb/text_functions.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;

constexpr int kNumberDigitsMax = 18;

// Two seeds make 128 bits of a hash that Spark has too (xxhash64 takes 42 there).
constexpr uint64_t kSeeds[] = {42, 1011};

// A text as a value of a type that is no text; false when it is none.
bool ParseValue(base::ColumnType type, std::string_view text, int64_t& number, __int128& wide) {
  switch (type.kind) {
    case Kind::kInteger:
    case Kind::kLong: {
      auto value = ParseIntegerText(text);
      if (!value || (type.kind == Kind::kInteger && !std::in_range<int32_t>(*value))) return false;
      number = *value;
      return true;
    }
    case Kind::kDate: {
      auto days = ParseDateText(text);
      if (days) number = *days;
      return days.has_value();
    }
    case Kind::kBoolean: {
      auto flag = ParseBooleanText(text);
      if (flag) number = *flag ? 1 : 0;
      return flag.has_value();
    }
    case Kind::kDecimal: {
      auto value = ParseDecimalText(text, type.precision, type.scale);
      if (!value) return false;
      wide = *value;
      number = static_cast<int64_t>(*value);  // Whole when the type has at most 18 digits.
      return true;
    }
    default:
      break;
  }
  QLAKE_CHECK(!"a type that a contract does not have");
}

}  // namespace

struct FileStager::Column {
  const ColumnRules* rules = nullptr;
  size_t index = 0;
  Kind kind = Kind::kString;
  bool is_wide = false;
  bool asks = false;  // Anything of the value.
  // What the bounds and the values are as values of the type; -max and max where there is no bound.
  __int128 min = 0;
  __int128 max = 0;
  std::vector<__int128> numbers;
  std::unordered_set<std::string_view> texts;

  bool Allows(const Value& value) const {
    if (kind == Kind::kString) {
      if (rules->min && value.text < *rules->min) return false;
      if (rules->max && value.text > *rules->max) return false;
      return texts.empty() || texts.contains(value.text);
    }
    __int128 number = is_wide ? value.wide : value.number;
    if (number < min || number > max) return false;
    return numbers.empty() || std::find(numbers.begin(), numbers.end(), number) != numbers.end();
  }
};

FileStager::FileStager(const std::vector<ColumnRules>& rules, StagedFile& file, uint32_t file_index)
    : file_(file), file_index_(file_index), values_(rules.size()) {
  constexpr auto kMax = static_cast<__int128>(~static_cast<unsigned __int128>(0) >> 1);
  for (size_t i = 0; i < rules.size(); ++i) {
    Column column;
    column.rules = &rules[i];
    column.index = i;
    column.kind = rules[i].type.kind;
    column.is_wide = column.kind == Kind::kDecimal && rules[i].type.precision > kNumberDigitsMax;
    column.asks = rules[i].min || rules[i].max || !rules[i].values.empty();
    column.min = -kMax;
    column.max = kMax;
    auto number_of = [&](const std::string& text) {
      int64_t number = 0;
      __int128 wide = 0;
      QLAKE_CHECK(ParseValue(rules[i].type, text, number, wide));
      return column.is_wide ? wide : __int128{number};
    };
    if (column.kind == Kind::kString) {
      column.texts.insert(rules[i].values.begin(), rules[i].values.end());
    } else {
      if (rules[i].min) column.min = number_of(*rules[i].min);
      if (rules[i].max) column.max = number_of(*rules[i].max);
      for (const auto& text : rules[i].values) column.numbers.push_back(number_of(text));
    }
    columns_.push_back(std::move(column));
  }
}

FileStager::~FileStager() = default;

void FileStager::Take(const rows::Row& row, const rows::Position& before) {
  ++file_.rows_read;
  bool keeps = row.error.empty();
  breaches_.clear();
  for (size_t i = 0; keeps && i < columns_.size(); ++i) keeps = Judge(columns_[i], row.cells[i], values_[i]);
  if (keeps) {
    Keep(row, before);
  } else {
    file_.rejected.push_back({file_index_, row.line, before});
  }
}

// False: the row is rejected.
bool FileStager::Judge(const Column& column, const rows::Cell& cell, Value& value) {
  auto text = cell.present ? CleanText(cell.text) : std::nullopt;
  value.is_null = !text;
  if (!text) return !column.rules->required || Breaks(column, Rule::kRequired, value);
  if (column.kind == Kind::kString) {
    if (column.rules->cleans_email) {
      text = CleanEmail(*text);
      if (!text) return Breaks(column, Rule::kType, value);
    }
    value.text = *text;
  } else if (!ParseValue(column.rules->type, *text, value.number, value.wide)) {
    return Breaks(column, Rule::kType, value);
  }
  return !column.asks || column.Allows(value) || Breaks(column, Rule::kRange, value);
}

bool FileStager::Breaks(const Column& column, Rule rule, Value& value) {
  if (column.rules->on_breach == OnBreach::kReject) return false;
  breaches_.push_back({file_.rows(), static_cast<uint16_t>(column.index), rule});
  // What is no value of its type cannot be kept.
  if (column.rules->on_breach == OnBreach::kNull || rule == Rule::kType) value.is_null = true;
  return true;
}

void FileStager::Keep(const rows::Row& row, const rows::Position& before) {
  content_.clear();
  for (const auto& column : columns_) {
    const auto& value = values_[column.index];
    auto& to = file_.columns[column.index];
    if (column.index > 0) content_.push_back(kContentSeparator);
    if (value.is_null) {
      content_.push_back(kContentNull);
      to.AppendNull();
      continue;
    }
    if (column.kind == Kind::kString) {
      content_.append(value.text);
      to.AppendText(file_.Refer(value.text));
    } else if (column.is_wide) {
      AppendValueText(column.rules->type, value.wide, content_);
      to.AppendWide(value.wide);
    } else {
      AppendValueText(column.rules->type, value.number, content_);
      to.AppendNumber(value.number);
    }
  }
  if (file_.rows() % StagedFile::kMarkRows == 0) file_.marks.push_back(before);
  QLAKE_CHECK(row.line <= std::numeric_limits<uint32_t>::max());
  file_.lines.push_back(static_cast<uint32_t>(row.line));
  file_.hashes.push_back(HashContent(content_));
  file_.breaches.insert(file_.breaches.end(), breaches_.begin(), breaches_.end());
}

std::array<uint8_t, 16> HashContent(std::string_view joined) {
  std::array<uint8_t, 16> hash;
  for (size_t i = 0; i < 2; ++i) {
    XXH64_canonical_t half;
    XXH64_canonicalFromHash(&half, XXH64(joined.data(), joined.size(), kSeeds[i]));
    std::memcpy(hash.data() + i * sizeof half, &half, sizeof half);
  }
  return hash;
}

bool IsTextOf(base::ColumnType type, std::string_view text) {
  if (type.kind == Kind::kString) return true;
  int64_t number = 0;
  __int128 wide = 0;
  return ParseValue(type, text, number, wide);
}

}  // namespace qlake::engine
