#include "engine/duckdb/file_stager.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "engine/duckdb/quick_text.h"
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
  using TakeValue = bool (FileStager::*)(Column&, std::string_view);

  const ColumnRules* rules = nullptr;
  uint16_t index = 0;
  Kind kind = Kind::kString;
  StagedColumn* to = nullptr;
  TakeValue take = nullptr;
  bool asks = false;  // Anything of the value.
  // What the bounds and the values are as values of the type; the least and the greatest number where there is no
  // bound.
  __int128 min = 0;
  __int128 max = 0;
  std::vector<__int128> numbers;
  std::unordered_set<std::string_view> texts;

  bool AllowsText(std::string_view text) const {
    if (rules->min && text < *rules->min) return false;
    if (rules->max && text > *rules->max) return false;
    return texts.empty() || texts.contains(text);
  }
  bool AllowsNumber(__int128 number) const {
    if (number < min || number > max) return false;
    return numbers.empty() || std::find(numbers.begin(), numbers.end(), number) != numbers.end();
  }
};

FileStager::FileStager(const std::vector<ColumnRules>& rules, StagedFile& file, uint32_t file_index)
    : file_(file), file_index_(file_index) {
  constexpr auto kMax = static_cast<__int128>(~static_cast<unsigned __int128>(0) >> 1);
  for (size_t i = 0; i < rules.size(); ++i) {
    Column column;
    column.rules = &rules[i];
    column.index = static_cast<uint16_t>(i);
    column.kind = rules[i].type.kind;
    column.to = &file.columns[i];
    bool is_wide = column.kind == Kind::kDecimal && rules[i].type.precision > kNumberDigitsMax;
    switch (column.kind) {
      case Kind::kString:
        column.take = rules[i].cleans_email ? &FileStager::TakeEmail : &FileStager::TakeText;
        break;
      case Kind::kDate:
        column.take = &FileStager::TakeDate;
        break;
      case Kind::kBoolean:
        column.take = &FileStager::TakeBoolean;
        break;
      case Kind::kDecimal:
        column.take = is_wide ? &FileStager::TakeWide : &FileStager::TakeDecimal;
        break;
      default:
        column.take = &FileStager::TakeInteger;
    }
    column.asks = rules[i].min || rules[i].max || !rules[i].values.empty();
    column.min = -kMax;
    column.max = kMax;
    auto number_of = [&](const std::string& text) {
      int64_t number = 0;
      __int128 wide = 0;
      QLAKE_CHECK(ParseValue(rules[i].type, text, number, wide));
      return is_wide ? wide : __int128{number};
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
  // What a value that is no text is written with: 38 digits and what stands between them.
  constexpr size_t kNumberBytesMax = 48;
  ++file_.rows_read;
  if (!row.error.empty()) return Reject(row, before);
  breaches_.clear();
  size_t bytes_max = columns_.size() * kNumberBytesMax;
  for (const auto& cell : row.cells) bytes_max += cell.text.size();
  content_.Begin(bytes_max);
  for (auto& column : columns_) {
    if (column.index > 0) content_.Separate();
    if (!TakeCell(column, row.cells[column.index].text)) return Reject(row, before);
  }
  if (file_.rows() % StagedFile::kMarkRows == 0) file_.marks.push_back(before);
  QLAKE_CHECK(row.line <= std::numeric_limits<uint32_t>::max());
  file_.lines.push_back(static_cast<uint32_t>(row.line));
  file_.hashes.push_back(HashContent(content_.text()));
  file_.breaches.insert(file_.breaches.end(), breaches_.begin(), breaches_.end());
}

void FileStager::Reject(const rows::Row& row, const rows::Position& before) {
  for (auto& column : columns_) column.to->Truncate(file_.rows());
  file_.rejected.push_back({file_index_, row.line, before});
}

// A cell that is not there has an empty text, and an empty text is NULL.
inline bool FileStager::TakeCell(Column& column, std::string_view text) {
  if (text.empty()) return TakeBlank(column);
  auto is_plain = [](char c) { return static_cast<unsigned char>(c) > ' '; };
  if (!is_plain(text.front()) || !is_plain(text.back())) {
    auto cleaned = CleanText(text);
    if (!cleaned) return TakeBlank(column);
    text = *cleaned;
  }
  // Most columns are texts.
  return column.take == &FileStager::TakeText ? TakeText(column, text) : (this->*column.take)(column, text);
}

bool FileStager::TakeBlank(Column& column) {
  bool keeps_value = true;
  if (column.rules->required && !Breaks(column, Rule::kRequired, keeps_value)) return false;
  AppendNull(column);
  return true;
}

inline void FileStager::AppendNull(Column& column) {
  content_.AddNull();
  column.to->AppendNull();
}

inline bool FileStager::TakeText(Column& column, std::string_view text) {
  if (column.asks && !column.AllowsText(text)) {
    bool keeps_value = true;
    if (!Breaks(column, Rule::kRange, keeps_value)) return false;
    if (!keeps_value) {
      AppendNull(column);
      return true;
    }
  }
  column.to->AppendText(file_.Keep(text));
  auto offset = static_cast<uint64_t>(text.data() - file_.text.data());
  if (offset + ContentText::kReadAhead <= file_.text.size() && offset < file_.text.size()) {
    content_.AddReadable(text);
  } else {
    content_.Add(text);
  }
  return true;
}

bool FileStager::TakeEmail(Column& column, std::string_view text) {
  auto email = CleanEmail(text);
  return email ? TakeText(column, *email) : TakeMistyped(column);
}

bool FileStager::TakeMistyped(Column& column) {
  bool keeps_value = false;
  if (!Breaks(column, Rule::kType, keeps_value)) return false;
  AppendNull(column);
  return true;
}

bool FileStager::TakeInteger(Column& column, std::string_view text) {
  int64_t number = 0;
  bool is_quick = quick::ReadInteger(text, number);
  __int128 wide = 0;
  if (!is_quick && !ParseValue(column.rules->type, text, number, wide)) return TakeMistyped(column);
  if (column.kind == Kind::kInteger && !std::in_range<int32_t>(number)) return TakeMistyped(column);
  return TakeNumber(column, number, is_quick ? text : WriteNumber(column, number));
}

bool FileStager::TakeDate(Column& column, std::string_view text) {
  constexpr size_t kDateBytes = 10;
  char written[kDateBytes];
  int32_t days = 0;
  if (quick::ReadDate(text, days, written)) return TakeNumber(column, days, {written, kDateBytes});
  auto parsed = ParseDateText(text);
  return parsed ? TakeNumber(column, *parsed, WriteNumber(column, *parsed)) : TakeMistyped(column);
}

bool FileStager::TakeBoolean(Column& column, std::string_view text) {
  bool flag = false;
  if (!quick::ReadBoolean(text, flag)) {
    auto parsed = ParseBooleanText(text);
    if (!parsed) return TakeMistyped(column);
    flag = *parsed;
  }
  return TakeNumber(column, flag ? 1 : 0, flag ? "true" : "false");
}

bool FileStager::TakeDecimal(Column& column, std::string_view text) {
  auto type = column.rules->type;
  int64_t number = 0;
  if (quick::ReadDecimal(text, type.precision, type.scale, number)) return TakeNumber(column, number, text);
  auto parsed = ParseDecimalText(text, type.precision, type.scale);
  if (!parsed) return TakeMistyped(column);
  number = static_cast<int64_t>(*parsed);  // Whole: the type has at most 18 digits.
  return TakeNumber(column, number, WriteNumber(column, number));
}

bool FileStager::TakeWide(Column& column, std::string_view text) {
  auto type = column.rules->type;
  auto parsed = ParseDecimalText(text, type.precision, type.scale);
  if (!parsed) return TakeMistyped(column);
  bool keeps_value = true;
  if (column.asks && !column.AllowsNumber(*parsed) && !Breaks(column, Rule::kRange, keeps_value)) return false;
  if (!keeps_value) {
    AppendNull(column);
    return true;
  }
  content_.Add(WriteNumber(column, *parsed));
  column.to->AppendWide(*parsed);
  return true;
}

inline bool FileStager::TakeNumber(Column& column, int64_t number, std::string_view written) {
  bool keeps_value = true;
  if (column.asks && !column.AllowsNumber(number) && !Breaks(column, Rule::kRange, keeps_value)) return false;
  if (!keeps_value) {
    AppendNull(column);
    return true;
  }
  content_.Add(written);
  if (column.kind == Kind::kBoolean) {
    column.to->AppendBool(number != 0);
  } else if (column.kind == Kind::kInteger || column.kind == Kind::kDate) {
    column.to->AppendInt32(static_cast<int32_t>(number));
  } else {
    column.to->AppendInt64(number);
  }
  return true;
}

std::string_view FileStager::WriteNumber(const Column& column, __int128 number) {
  written_.clear();
  AppendValueText(column.rules->type, number, written_);
  return written_;
}

bool FileStager::Breaks(const Column& column, Rule rule, bool& keeps_value) {
  if (column.rules->on_breach == OnBreach::kReject) return false;
  breaches_.push_back({file_.rows(), column.index, rule});
  // What is no value of its type cannot be kept.
  if (column.rules->on_breach == OnBreach::kNull || rule == Rule::kType) keeps_value = false;
  return true;
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
