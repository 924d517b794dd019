#include "rows/json_value.h"

#include <fmt/format.h>

#include <string_view>

#include "rows/json_scalar.h"

namespace qlake::rows {
namespace {

namespace ondemand = simdjson::ondemand;

// A line of nothing but brackets must not use up the stack.
constexpr int kDepthMax = 256;

simdjson::error_code Check(ondemand::value value, int depth);

simdjson::error_code CheckArray(ondemand::value value, int depth) {
  ondemand::array array;
  if (const auto error = value.get_array().get(array)) return error;
  for (auto element : array) {
    ondemand::value inner;
    if (const auto error = element.get(inner)) return error;
    if (const auto error = Check(inner, depth)) return error;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code CheckObject(ondemand::value value, int depth) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  for (auto member : object) {
    std::string_view key;
    ondemand::value inner;
    if (const auto error = member.unescaped_key().get(key)) return error;
    if (const auto error = member.value().get(inner)) return error;
    if (const auto error = Check(inner, depth)) return error;
  }
  return simdjson::SUCCESS;
}

// simdjson's on-demand parser checks only what is visited: this visits everything in the value.
simdjson::error_code Check(ondemand::value value, int depth) {
  if (depth > kDepthMax) return simdjson::DEPTH_ERROR;
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  if (type == ondemand::json_type::array) return CheckArray(value, depth + 1);
  if (type == ondemand::json_type::object) return CheckObject(value, depth + 1);
  if (type == ondemand::json_type::string) return value.get_string().error();
  return IsJsonScalar(TrimJsonBlanks(value.raw_json_token())) ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
}

}  // namespace

simdjson::error_code ReadText(ondemand::document& document, ondemand::value value, Cell& cell) {
  cell = Cell{};
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  if (type == ondemand::json_type::string) {
    if (const auto error = value.get_string().get(cell.text)) return error;
    cell.present = true;
    return simdjson::SUCCESS;
  }
  std::string_view text = TrimJsonBlanks(value.raw_json_token());
  if (const auto error = Check(value, 0)) return error;
  if (type == ondemand::json_type::array || type == ondemand::json_type::object) {
    const char* after = nullptr;
    if (const auto error = document.current_location().get(after)) return error;
    text = TrimJsonBlanks(std::string_view(text.data(), static_cast<size_t>(after - text.data())));
  }
  if (text != "null") cell = {text, true};
  return simdjson::SUCCESS;
}

std::string WhyNoJson(simdjson::error_code error) {
  switch (error) {
    case simdjson::STRING_ERROR:
      return "is no JSON: a string has an escape that means nothing";
    case simdjson::UNCLOSED_STRING:
      return "is no JSON: a string is not closed";
    case simdjson::UNESCAPED_CHARS:
      return "is no JSON: a string has a control character that is not escaped";
    case simdjson::DEPTH_ERROR:
      return fmt::format("nests deeper than {} levels", kDepthMax);
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "is no JSON: its object does not end where the line ends";
    default:
      return "is no JSON";
  }
}

}  // namespace qlake::rows
