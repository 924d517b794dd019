#include "engine/value_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json.h"

namespace qlake::engine {
namespace {

constexpr int64_t kUsPerSecond = 1'000'000;

template <typename Float>
std::string FormatNumber(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

}  // namespace

std::string FormatUnsigned(unsigned __int128 value, int digits_min) {
  std::string digits;
  for (; value > 0 || digits.size() < static_cast<size_t>(digits_min); value /= 10) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
  }
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string FormatScaled(__int128 unscaled, int scale) {
  auto magnitude = static_cast<unsigned __int128>(unscaled);
  std::string digits = FormatUnsigned(unscaled < 0 ? -magnitude : magnitude, scale + 1);
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), 1, '.');
  return unscaled < 0 ? "-" + digits : digits;
}

std::string FormatFloat(float value) { return FormatNumber(value); }
std::string FormatFloat(double value) { return FormatNumber(value); }

std::string FormatTimeOfDay(int64_t us) {
  return fmt::format("{:02}:{:02}:{:02}.{:06}", us / (3600 * kUsPerSecond), us / (60 * kUsPerSecond) % 60,
                     us / kUsPerSecond % 60, us % kUsPerSecond);
}

std::string FormatBase64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) {
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0);
    }
    for (size_t i = 0; i < 4; ++i) {
      bool padding = at + i > bytes.size();
      text.push_back(padding ? '=' : kDigits[group >> (18 - 6 * i) & 63]);
    }
  }
  return text;
}

std::string WithoutZone(std::string text) {
  if (text.ends_with('Z')) text.pop_back();
  return text;
}

std::string QuoteJson(std::string_view text) {
  return base::Json(text).dump(-1, ' ', false, base::Json::error_handler_t::replace);
}

bool IsJsonNumber(std::string_view text) { return text.find_first_of("NI") == std::string_view::npos; }

}  // namespace qlake::engine
