#include "parquet/file_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/clock.h"
#include "base/json.h"

namespace qlake::parquet {
namespace {

using Kind = base::ColumnType::Kind;

constexpr size_t kTextCharactersMax = 32;
// The greatest character there is: put behind a cut text, it makes it greater than any text that begins so.
constexpr std::string_view kGreatestCharacter = "\xF4\x8F\xBF\xBF";
constexpr int64_t kMicrosPerMilli = 1000;

// The smallest and the greatest value as JSON; nothing when there is no such bound to give.
struct Bounds {
  std::optional<std::string> min;
  std::optional<std::string> max;
};

std::string JsonText(std::string_view text) {
  return base::Json(text).dump(-1, ' ', false, base::Json::error_handler_t::replace);
}

std::string FormatDecimal(__int128 unscaled, int scale) {
  unsigned __int128 rest =
      unscaled < 0 ? -static_cast<unsigned __int128>(unscaled) : static_cast<unsigned __int128>(unscaled);
  std::string digits;
  for (; rest > 0 || digits.size() <= static_cast<size_t>(scale); rest /= 10) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  if (unscaled < 0) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), 1, '.');
  return digits;
}

// The protocol counts in milliseconds, so that the greatest is rounded up and the smallest down.
std::string FormatMillis(int64_t us, bool round_up) {
  int64_t ms = us / kMicrosPerMilli;
  int64_t rest = us % kMicrosPerMilli;
  if (rest < 0) --ms;
  if (round_up && rest != 0) ++ms;
  std::string text = base::FormatTimestamp({ms * kMicrosPerMilli});
  return JsonText(text.replace(text.size() - 4, 3, ""));  // ...:07.123000Z -> ...:07.123Z
}

// How many bytes of the text its first characters take.
size_t BytesOfFirstCharacters(std::string_view text, size_t characters) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    bool starts_character = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (starts_character && characters-- == 0) break;
  }
  return at;
}

Bounds TextBounds(std::string_view min, std::string_view max) {
  Bounds bounds;
  bounds.min = JsonText(min.substr(0, BytesOfFirstCharacters(min, kTextCharactersMax)));
  std::string_view cut = max.substr(0, BytesOfFirstCharacters(max, kTextCharactersMax));
  if (cut.size() == max.size()) {
    bounds.max = JsonText(max);
  } else if (!max.substr(cut.size()).starts_with(kGreatestCharacter)) {
    bounds.max = JsonText(std::string(cut).append(kGreatestCharacter));
  }
  return bounds;
}

Bounds TextBounds(const ColumnBuffer& column) {
  std::string_view bytes = column.bytes();
  std::string_view min = bytes.substr(0, column.byte_ends().front());
  std::string_view max = min;
  size_t begin = 0;
  for (uint32_t end : column.byte_ends()) {
    std::string_view value = bytes.substr(begin, end - begin);
    if (value < min) min = value;
    if (max < value) max = value;
    begin = end;
  }
  return TextBounds(min, max);
}

Bounds WideDecimalBounds(const ColumnBuffer& column) {
  auto width = static_cast<size_t>(FixedDecimalBytes(column.type().precision));
  std::optional<__int128> min;
  std::optional<__int128> max;
  for (size_t at = 0; at < column.bytes().size(); at += width) {
    __int128 value = static_cast<signed char>(column.bytes()[at]) < 0 ? -1 : 0;
    for (size_t i = 0; i < width; ++i) {
      value = static_cast<__int128>(static_cast<unsigned __int128>(value) << 8) |
              static_cast<unsigned char>(column.bytes()[at + i]);
    }
    min = std::min(min.value_or(value), value);
    max = std::max(max.value_or(value), value);
  }
  return {FormatDecimal(*min, column.type().scale), FormatDecimal(*max, column.type().scale)};
}

Bounds DoubleBounds(const std::vector<double>& values) {
  // JSON has no NaN and no infinity, and NaN has no place in an order.
  if (!std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); })) return {};
  auto [min, max] = std::minmax_element(values.begin(), values.end());
  return {base::Json(*min).dump(), base::Json(*max).dump()};
}

template <typename Value, typename Format>
Bounds OrderedBounds(const std::vector<Value>& values, Format format) {
  auto [min, max] = std::minmax_element(values.begin(), values.end());
  return {format(*min, false), format(*max, true)};
}

// REQUIRES: the column has a value.
Bounds FindBounds(const ColumnBuffer& column) {
  auto type = column.type();
  auto number = [](auto value, bool) { return fmt::format("{}", value); };
  auto decimal = [&](auto value, bool) { return FormatDecimal(value, type.scale); };
  auto date = [](int32_t days, bool) { return JsonText(base::FormatDate({days})); };
  switch (type.kind) {
    case Kind::kBoolean:
    case Kind::kBinary:
      return {};  // The protocol has no bounds for them.
    case Kind::kInteger:
      return OrderedBounds(column.int32s(), number);
    case Kind::kLong:
      return OrderedBounds(column.int64s(), number);
    case Kind::kDouble:
      return DoubleBounds(column.doubles());
    case Kind::kDate:
      return OrderedBounds(column.int32s(), date);
    case Kind::kTimestamp:
      return OrderedBounds(column.int64s(), FormatMillis);
    case Kind::kString:
      return TextBounds(column);
    case Kind::kDecimal:
      break;
  }
  if (!column.int32s().empty()) return OrderedBounds(column.int32s(), decimal);
  if (!column.int64s().empty()) return OrderedBounds(column.int64s(), decimal);
  return WideDecimalBounds(column);
}

class JsonObject {
 public:
  void Add(std::string_view name, std::string_view json) {
    text_ += fmt::format("{}{}:{}", text_.empty() ? "" : ",", JsonText(name), json);
  }
  std::string Finish() && { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

bool IsIndexed(const std::string& name, size_t index, const EncodeOptions& options) {
  if (options.indexed_columns)
    return std::ranges::find(*options.indexed_columns, name) != options.indexed_columns->end();
  return options.indexed_columns_max < 0 || index < static_cast<size_t>(options.indexed_columns_max);
}

}  // namespace

std::string BuildStatistics(const RowBuffer& rows, const EncodeOptions& options) {
  JsonObject min_values;
  JsonObject max_values;
  JsonObject null_count;
  for (size_t i = 0; i < rows.columns.size(); ++i) {
    const auto& column = rows.columns[i];
    const auto& values = rows.values[i];
    if (column.personal || !IsIndexed(column.name, i, options)) continue;
    null_count.Add(column.name, std::to_string(values.null_count()));
    if (values.null_count() == values.rows()) continue;
    Bounds bounds = FindBounds(values);
    if (bounds.min) min_values.Add(column.name, *bounds.min);
    if (bounds.max) max_values.Add(column.name, *bounds.max);
  }
  JsonObject statistics;
  statistics.Add("numRecords", std::to_string(rows.rows()));
  statistics.Add("minValues", std::move(min_values).Finish());
  statistics.Add("maxValues", std::move(max_values).Finish());
  statistics.Add("nullCount", std::move(null_count).Finish());
  return std::move(statistics).Finish();
}

}  // namespace qlake::parquet
