#include "events/event_decoder.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <map>

#include "base/error.h"
#include "base/mask.h"
#include "events/json_number.h"
#include "rows/json_scalar.h"

namespace qlake::events {
namespace {

namespace ondemand = simdjson::ondemand;
using Kind = base::ColumnType::Kind;
using rows::IsJsonScalar;
using rows::TrimJsonBlanks;
using simdjson::error_code;

constexpr size_t kShownMax = 60;         // Characters of a value in a reason.
constexpr size_t kKeysComparedMax = 16;  // More keys of one object are sorted to find one that stands twice.
constexpr size_t kReasonsMax = 64;       // A message with more faults than that has them all the same.
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kSecondsPerDay = 86'400;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Days since 1970-01-01 of a date of the Gregorian calendar; nothing when there is no such day.
std::optional<int64_t> DaysOf(int64_t year, int64_t month, int64_t day) {
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  std::chrono::year_month_day civil{std::chrono::year(static_cast<int>(year)),
                                    std::chrono::month(static_cast<unsigned>(month)),
                                    std::chrono::day(static_cast<unsigned>(day))};
  if (!civil.ok()) return std::nullopt;
  return std::chrono::sys_days(civil).time_since_epoch().count();
}

// The digits of text[at, at + count) as a number; -1 when they are none.
int64_t NumberAt(std::string_view text, size_t at, size_t count) {
  int64_t number = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || !IsDigit(text[i])) return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

// The beginning of a value for people, cut between characters.
std::string Shown(std::string_view text) {
  if (text.size() <= kShownMax) return std::string(text);
  size_t end = kShownMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

const char* NameOf(ondemand::json_type type) {
  switch (type) {
    case ondemand::json_type::array:
      return "array";
    case ondemand::json_type::object:
      return "object";
    case ondemand::json_type::number:
      return "number";
    case ondemand::json_type::string:
      return "string";
    case ondemand::json_type::boolean:
      return "boolean";
    case ondemand::json_type::null:
      break;
  }
  return "null";
}

std::string WithArticle(ondemand::json_type type) {
  std::string name = NameOf(type);
  bool begins_with_vowel = name.front() == 'a' || name.front() == 'o';
  return name == "null" ? name : (begins_with_vowel ? "an " : "a ") + name;
}

const char* WhyNoJson(error_code error) {
  switch (error) {
    case simdjson::EMPTY:
      return "it is empty";
    case simdjson::UTF8_ERROR:
      return "it is not UTF-8";
    case simdjson::STRING_ERROR:
      return "a string has an escape that means nothing";
    case simdjson::UNCLOSED_STRING:
      return "a string is not closed";
    case simdjson::UNESCAPED_CHARS:
      return "a string has a control character that is not escaped";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "an array or object is not closed";
    case simdjson::TRAILING_CONTENT:
      return "something follows its value";
    case simdjson::NUMBER_ERROR:
      return "a number or word is none of JSON's";
    default:
      return "its structure is broken";
  }
}

// A key by its bytes, without decoding it where it has no escapes.
error_code ReadKey(ondemand::field& field, std::string_view& key) {
  const char* raw = field.key().raw();
  size_t length = 0;
  while (raw[length] != '"' && raw[length] != '\\') ++length;  // Stage 1 has seen to it that it ends.
  if (raw[length] == '\\') return field.unescaped_key().get(key);
  key = {raw, length};
  return simdjson::SUCCESS;
}

// Appends the key as JSON wants it.
void AppendKey(std::string& json, std::string_view key) {
  json.push_back('"');
  for (char c : key) {
    if (c == '"' || c == '\\') {
      json.push_back('\\');
      json.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      json.push_back(c);
    }
  }
  json.push_back('"');
}

// The keys of one object, to find one that stands twice.
class SeenKeys {
 public:
  void Add(std::string_view key) {
    if (keys_.size() < kKeysComparedMax && !repeated_) {
      if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) repeated_ = std::string(key);
    }
    keys_.push_back(key);
  }

  // A key that stands twice, if there is one.
  std::optional<std::string> FindRepeated() {
    if (repeated_ || keys_.size() <= kKeysComparedMax) return repeated_;
    std::sort(keys_.begin(), keys_.end());
    auto twice = std::adjacent_find(keys_.begin(), keys_.end());
    if (twice == keys_.end()) return std::nullopt;
    return std::string(*twice);
  }

 private:
  std::vector<std::string_view> keys_;
  std::optional<std::string> repeated_;
};

}  // namespace

std::optional<int64_t> ParseEventTime(std::string_view text, int64_t zone_offset_us) {
  // yyyy-MM-ddTHH:mm:ss
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  auto days = DaysOf(NumberAt(text, 0, 4), NumberAt(text, 5, 2), NumberAt(text, 8, 2));
  int64_t hour = NumberAt(text, 11, 2);
  int64_t minute = NumberAt(text, 14, 2);
  int64_t second = NumberAt(text, 17, 2);
  bool fits = days && hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59;
  if (!fits) return std::nullopt;
  int64_t us = ((*days * 24 + hour) * 60 + minute) * 60 + second;
  us *= kMicrosPerSecond;
  size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    int64_t unit = kMicrosPerSecond / 10;
    for (++at; at < text.size() && IsDigit(text[at]); ++at, unit /= 10) {
      if (unit == 0) return std::nullopt;  // More than six digits.
      us += (text[at] - '0') * unit;
    }
    if (unit == kMicrosPerSecond / 10) return std::nullopt;  // None.
  }
  if (at == text.size()) return us - zone_offset_us;
  if (text[at] == 'Z') return at + 1 == text.size() ? std::optional<int64_t>(us) : std::nullopt;
  bool is_offset = (text[at] == '+' || text[at] == '-') && text.size() == at + 6 && text[at + 3] == ':';
  if (!is_offset) return std::nullopt;
  int64_t hours = NumberAt(text, at + 1, 2);
  int64_t minutes = NumberAt(text, at + 4, 2);
  if (hours < 0 || hours > 18 || minutes < 0 || minutes > 59) return std::nullopt;
  int64_t offset_us = (hours * 60 + minutes) * 60 * kMicrosPerSecond;
  return text[at] == '-' ? us + offset_us : us - offset_us;
}

// One message after the other through simdjson's on-demand parser, which checks only what is visited: this visits all.
class EventDecoder::Parser {
 public:
  explicit Parser(const EventShape& shape) : shape_(shape) {
    event_.cells.resize(shape.columns.size());
    QLAKE_CHECK(shape.columns.size() <= 64);  // seen_ and the like have a bit for each.
    for (size_t i = 0; i < shape.columns.size(); ++i) {
      if (shape.columns[i].required) required_ |= uint64_t{1} << i;
      for (const auto& type : shape.columns[i].required_for) required_for_[type] |= uint64_t{1} << i;
    }
    for (size_t slots = 64; !FillSlots(slots); slots *= 2) {
    }
  }

  const DecodedEvent& Decode(std::string_view message, base::Timestamp taken_in) {
    Forget();
    if (message.size() > shape_.bytes_max) {
      Fail("the message is larger than {} bytes: {}", shape_.bytes_max, message.size());
      return event_;
    }
    is_other_json_ = false;
    error_code error = Read(message);
    if (error != simdjson::SUCCESS) {
      // What has been read until then may be anything.
      Forget();
      if (error == simdjson::DEPTH_ERROR) {
        Fail("arrays and objects stand deeper in each other than {}", shape_.depth_max);
      } else if (is_other_json_) {
        Fail("the message is JSON but no object: {}", Shown(message));
      } else {
        Fail("the message is not JSON, {}", WhyNoJson(error));
      }
      return event_;
    }
    event_.is_json_object = true;
    if (!nested_rest_.empty()) {
      BeginRest(event_.rest, shape_.nested);
      event_.rest += nested_rest_ + "}";
    }
    if (!event_.rest.empty()) event_.rest += "}";
    JudgeWhole(taken_in);
    return event_;
  }

 private:
  void Forget() {
    std::fill(event_.cells.begin(), event_.cells.end(), EventCell{});
    event_.rest.clear();
    event_.unknown.clear();
    event_.reasons.clear();
    event_.is_json_object = false;
    nested_rest_.clear();
    seen_ = 0;
    present_ = 0;
    has_nested_ = false;
  }

  template <typename... Args>
  void Fail(fmt::format_string<Args...> format, Args&&... args) {
    if (event_.reasons.size() < kReasonsMax) event_.reasons.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  // --- names ---

  static size_t HashOf(std::string_view name) {
    // Length and ends tell field names apart well; collisions only cost a comparison.
    if (name.empty()) return 0;
    return name.size() * 31 + static_cast<unsigned char>(name.front()) * 7 + static_cast<unsigned char>(name.back());
  }

  bool FillSlots(size_t slots) {
    slots_.assign(slots, -1);
    for (size_t i = 0; i < shape_.columns.size(); ++i) {
      int16_t& slot = slots_[HashOf(shape_.columns[i].name) & (slots - 1)];
      if (slot >= 0 && slots < 65536) return false;
      slot = static_cast<int16_t>(i);
    }
    return true;
  }

  const EventColumn* FindColumn(std::string_view name, size_t& index) const {
    int16_t slot = slots_[HashOf(name) & (slots_.size() - 1)];
    if (slot >= 0 && shape_.columns[static_cast<size_t>(slot)].name == name) {
      index = static_cast<size_t>(slot);
      return &shape_.columns[index];
    }
    if (slots_.size() < 65536) return nullptr;
    for (index = 0; index < shape_.columns.size(); ++index) {  // Names that no table of slots tells apart.
      if (shape_.columns[index].name == name) return &shape_.columns[index];
    }
    return nullptr;
  }

  // --- reading ---

  error_code Read(std::string_view message) {
    if (buffer_.size() < message.size() + simdjson::SIMDJSON_PADDING) {
      buffer_.resize(std::bit_ceil(message.size() + simdjson::SIMDJSON_PADDING));
    }
    std::memcpy(buffer_.data(), message.data(), message.size());
    std::memset(buffer_.data() + message.size(), 0, simdjson::SIMDJSON_PADDING);
    ondemand::document document;
    if (auto error = parser_.iterate(buffer_.data(), message.size(), buffer_.size()).get(document)) return error;
    document_ = &document;
    ondemand::json_type type;
    if (auto error = document.type().get(type)) return error;
    if (type != ondemand::json_type::object) return WhyNoObject(document, type, message);
    ondemand::object object;
    if (auto error = document.get_object().get(object)) return error;
    if (auto error = ReadFields(object, Level::kTop)) return error;
    return IsAtEnd(document) ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
  }

  static bool IsAtEnd(ondemand::document& document) {
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  }

  // Always an error, which may be that the message is JSON (is_other_json_).
  error_code WhyNoObject(ondemand::document& document, ondemand::json_type type, std::string_view message) {
    if (type == ondemand::json_type::array) {
      ondemand::array array;
      if (auto error = document.get_array().get(array)) return error;
      if (auto error = CheckElements(array, 1)) return error;
    } else if (type == ondemand::json_type::string) {
      std::string_view text;
      if (auto error = document.get_string().get(text)) return error;
    } else {
      // All of it is the one value.
      std::string_view scalar = message.substr(std::min(message.find_first_not_of(" \t\r\n"), message.size()));
      is_other_json_ = IsJsonScalar(TrimJsonBlanks(scalar));
      return simdjson::NUMBER_ERROR;
    }
    is_other_json_ = IsAtEnd(document);
    return simdjson::TRAILING_CONTENT;
  }

  // Of the message's object, or of the one in which fields may stand nested.
  enum class Level { kTop, kNested };

  error_code ReadFields(ondemand::object& object, Level level) {
    SeenKeys unknown;
    for (auto result : object) {
      ondemand::field field;
      if (auto error = std::move(result).get(field)) return error;
      std::string_view key;
      if (auto error = ReadKey(field, key)) return error;
      size_t index = 0;
      const auto* column = FindColumn(key, index);
      if (column != nullptr && (level == Level::kTop || column->nested)) {
        if (auto error = ReadColumn(*column, index, field.value())) return error;
      } else if (level == Level::kTop && !shape_.nested.empty() && key == shape_.nested) {
        if (std::exchange(has_nested_, true)) Fail("a field stands twice: {}", key);
        if (auto error = ReadNested(field.value())) return error;
      } else {
        unknown.Add(key);
        if (auto error = KeepUnknown(level, key, field.value())) return error;
      }
    }
    if (auto repeated = unknown.FindRepeated()) Fail("a field stands twice: {}{}", Within(level), Shown(*repeated));
    return simdjson::SUCCESS;
  }

  std::string Within(Level level) const { return level == Level::kTop ? "" : shape_.nested + "."; }

  error_code ReadNested(ondemand::value value) {
    ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    if (type != ondemand::json_type::object) {
      if (auto error = Check(value, 1)) return error;
      if (type != ondemand::json_type::null) Fail("{} must be an object, it is {}", shape_.nested, WithArticle(type));
      return simdjson::SUCCESS;
    }
    ondemand::object object;
    if (auto error = value.get_object().get(object)) return error;
    return ReadFields(object, Level::kNested);
  }

  static void BeginRest(std::string& rest, std::string_view key) {
    rest.push_back(rest.empty() ? '{' : ',');
    AppendKey(rest, key);
    rest.push_back(':');
  }

  error_code KeepUnknown(Level level, std::string_view key, ondemand::value value) {
    ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    std::string_view token = value.raw_json_token();
    if (auto error = Check(value, level == Level::kTop ? 1 : 2)) return error;
    if (type == ondemand::json_type::array || type == ondemand::json_type::object) {
      const char* after = nullptr;
      if (auto error = document_->current_location().get(after)) return error;
      token = {token.data(), static_cast<size_t>(after - token.data())};
    }
    std::string& rest = level == Level::kTop ? event_.rest : nested_rest_;
    BeginRest(rest, key);
    rest += TrimJsonBlanks(token);
    event_.unknown.push_back({Within(level) + std::string(key), NameOf(type)});
    return simdjson::SUCCESS;
  }

  // Whether a value that no column takes is JSON, in all its depth, and no key stands twice in an object.
  error_code Check(ondemand::value value, int depth) {
    ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    if (type == ondemand::json_type::array) {
      ondemand::array array;
      if (auto error = value.get_array().get(array)) return error;
      return CheckElements(array, depth + 1);
    }
    if (type == ondemand::json_type::object) {
      ondemand::object object;
      if (auto error = value.get_object().get(object)) return error;
      return CheckFields(object, depth + 1);
    }
    if (type == ondemand::json_type::string) return value.get_string().error();
    return IsJsonScalar(TrimJsonBlanks(value.raw_json_token())) ? simdjson::SUCCESS : simdjson::NUMBER_ERROR;
  }

  error_code CheckElements(ondemand::array& array, int depth) {
    if (depth > shape_.depth_max) return simdjson::DEPTH_ERROR;
    for (auto element : array) {
      ondemand::value inner;
      if (auto error = std::move(element).get(inner)) return error;
      if (auto error = Check(inner, depth)) return error;
    }
    return simdjson::SUCCESS;
  }

  error_code CheckFields(ondemand::object& object, int depth) {
    if (depth > shape_.depth_max) return simdjson::DEPTH_ERROR;
    SeenKeys keys;
    for (auto result : object) {
      ondemand::field field;
      if (auto error = std::move(result).get(field)) return error;
      std::string_view key;
      if (auto error = ReadKey(field, key)) return error;
      keys.Add(key);
      if (auto error = Check(field.value(), depth)) return error;
    }
    if (auto repeated = keys.FindRepeated()) Fail("a field stands twice within another: {}", Shown(*repeated));
    return simdjson::SUCCESS;
  }

  // --- values ---

  error_code ReadColumn(const EventColumn& column, size_t index, ondemand::value value) {
    const uint64_t bit = uint64_t{1} << index;
    bool is_second = (seen_ & bit) != 0;
    seen_ |= bit;
    if (is_second) Fail("a field stands twice: {}", column.name);
    ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    EventCell cell;
    switch (type) {
      case ondemand::json_type::string: {
        if (auto error = value.get_string().get(cell.text)) return error;
        if (column.type.kind == Kind::kString) {
          cell.state = EventCell::State::kText;
          if (!JudgeText(column, cell.text)) return simdjson::SUCCESS;
        } else if (column.type.kind == Kind::kTimestamp) {
          auto time = ParseEventTime(cell.text, shape_.zone_offset_us);
          if (!time) {
            Refuse(column, "must be a time such as 2023-12-28T10:15:00", cell.text);
            return simdjson::SUCCESS;
          }
          cell = {EventCell::State::kNumber, {}, *time};
        } else {
          RefuseType(column, type);
          return simdjson::SUCCESS;
        }
        break;
      }
      case ondemand::json_type::number: {
        std::string_view token = TrimJsonBlanks(value.raw_json_token());
        if (!IsJsonScalar(token)) return simdjson::NUMBER_ERROR;
        if (!ReadNumber(column, token, cell)) return simdjson::SUCCESS;
        break;
      }
      case ondemand::json_type::boolean: {
        bool flag = false;
        if (auto error = value.get_bool().get(flag)) return error;
        if (column.type.kind != Kind::kBoolean) {
          RefuseType(column, type);
          return simdjson::SUCCESS;
        }
        cell = {EventCell::State::kNumber, {}, flag ? 1 : 0};
        break;
      }
      case ondemand::json_type::null:
        // As if it were not there.
        return TrimJsonBlanks(value.raw_json_token()) == "null" ? simdjson::SUCCESS : simdjson::NUMBER_ERROR;
      default:
        RefuseType(column, type);
        return Check(value, 2);
    }
    if (is_second) return simdjson::SUCCESS;
    event_.cells[index] = cell;
    present_ |= bit;
    return simdjson::SUCCESS;
  }

  bool ReadNumber(const EventColumn& column, std::string_view token, EventCell& cell) {
    bool is_whole = column.type.kind == Kind::kInteger || column.type.kind == Kind::kLong;
    if (!is_whole && column.type.kind != Kind::kDecimal) {
      RefuseType(column, ondemand::json_type::number);
      return false;
    }
    auto number = ParseJsonDecimal(token, column.type.scale);
    bool fits = number && (column.type.kind != Kind::kInteger || (*number >= INT32_MIN && *number <= INT32_MAX)) &&
                (column.type.kind != Kind::kDecimal || HasDigits(*number, column.type.precision));
    if (!fits) {
      Refuse(column,
             is_whole ? "must be a whole number"
                      : fmt::format("must have {} digits at most, {} of them after the point", column.type.precision,
                                    column.type.scale),
             token);
      return false;
    }
    if ((column.range_min && *number < *column.range_min) || (column.range_max && *number > *column.range_max)) {
      Refuse(column, "is beyond what is possible", token);
      return false;
    }
    cell = {EventCell::State::kNumber, {}, *number};
    return true;
  }

  static bool HasDigits(int64_t unscaled, int digits_max) {
    int64_t limit = 1;
    for (int i = 0; i < digits_max; ++i) limit *= 10;
    return unscaled > -limit && unscaled < limit;
  }

  bool JudgeText(const EventColumn& column, std::string_view text) {
    if (column.digits > 0) {
      bool fits = text.size() == static_cast<size_t>(column.digits) && std::all_of(text.begin(), text.end(), IsDigit);
      if (!fits) Refuse(column, fmt::format("must be {} digits", column.digits), text);
      return fits;
    }
    if (column.values.empty()) return true;
    for (const auto& value : column.values) {
      if (value == text) return true;
    }
    Refuse(column, "is none of the values that there are", text);
    return false;
  }

  void Refuse(const EventColumn& column, std::string_view why, std::string_view value) {
    Fail("{} {}: {}", column.name, why, column.personal ? base::Mask(value) : Shown(value));
  }

  void RefuseType(const EventColumn& column, ondemand::json_type type) {
    const char* wanted = column.type.kind == Kind::kBoolean                                          ? "boolean"
                         : column.type.kind == Kind::kString || column.type.kind == Kind::kTimestamp ? "string"
                                                                                                     : "number";
    Fail("{} must be a {}, it is {}", column.name, wanted, WithArticle(type));
  }

  // --- the event as a whole ---

  void JudgeWhole(base::Timestamp taken_in) {
    uint64_t wanted = required_;
    auto of_type = required_for_.find(event_.cells[shape_.type_column].text);
    if (of_type != required_for_.end()) wanted |= of_type->second;
    for (uint64_t missing = wanted & ~present_; missing != 0; missing &= missing - 1) {
      const auto& column = shape_.columns[static_cast<size_t>(std::countr_zero(missing))];
      // A value that was refused has its reason already.
      if (!WasRefused(column)) Fail("{} is missing", column.name);
    }
    const EventCell& time = event_.cells[shape_.time_column];
    if (time.state == EventCell::State::kAbsent) return;
    const auto& name = shape_.columns[shape_.time_column].name;
    if (time.number < shape_.earliest.us) {
      Fail("{} is before {}: {}", name, base::FormatTimestamp(shape_.earliest), base::FormatTimestamp({time.number}));
    } else if (time.number > taken_in.us + shape_.ahead_max_us) {
      Fail("{} is more than {} hours ahead of the time at which the message was taken in, {}: {}", name,
           shape_.ahead_max_us / (3600 * kMicrosPerSecond), base::FormatTimestamp(taken_in),
           base::FormatTimestamp({time.number}));
    }
  }

  bool WasRefused(const EventColumn& column) const {
    return std::any_of(event_.reasons.begin(), event_.reasons.end(),
                       [&](const auto& reason) { return reason.starts_with(column.name + " "); });
  }

  const EventShape& shape_;
  std::vector<int16_t> slots_;                                 // Index of the column by the hash of its name, -1: none.
  uint64_t required_ = 0;                                      // A bit for each column that every event must have,
  std::map<std::string, uint64_t, std::less<>> required_for_;  // and for those of a type of event.
  ondemand::parser parser_;
  ondemand::document* document_ = nullptr;  // That is being read.
  std::vector<char> buffer_;                // The message with the room behind it that simdjson reads.
  DecodedEvent event_;
  std::string nested_rest_;
  uint64_t seen_ = 0;     // Columns whose field stood in the message,
  uint64_t present_ = 0;  // and that have a cell.
  bool has_nested_ = false;
  bool is_other_json_ = false;  // The message is JSON, and no object.
};

EventDecoder::EventDecoder(const EventShape& shape) : shape_(shape), parser_(std::make_unique<Parser>(shape_)) {}

EventDecoder::~EventDecoder() = default;

const DecodedEvent& EventDecoder::Decode(std::string_view message, base::Timestamp taken_in) {
  return parser_->Decode(message, taken_in);
}

}  // namespace qlake::events
