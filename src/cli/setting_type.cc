#include "cli/setting_type.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "cli/quantity.h"

namespace qlake::cli {
namespace {

bool IsAddress(const std::string& text) { return text.find("://") != std::string::npos; }

// Of a minimum: 1s, 500ms.
std::string Written(std::chrono::milliseconds duration) {
  return duration.count() % 1000 == 0 ? fmt::format("{}s", duration.count() / 1000)
                                      : fmt::format("{}ms", duration.count());
}

}  // namespace

SettingType AnyText() { return {}; }

SettingType TextThat(std::string wanted, std::function<bool(const std::string&)> takes) {
  SettingType type;
  type.wanted = std::move(wanted);
  type.takes = std::move(takes);
  return type;
}

SettingType OneOf(std::vector<std::string> values) {
  std::string wanted = fmt::format("one of {}", fmt::join(values, ", "));
  auto type = TextThat(wanted, [values](const auto& text) { return std::ranges::find(values, text) != values.end(); });
  type.values = std::move(values);
  return type;
}

SettingType PathOfAnything() {
  SettingType type;
  type.is_path = true;
  return type;
}

SettingType LocalFolder() {
  auto type =
      TextThat("a folder of the local disk", [](const auto& text) { return !text.empty() && !IsAddress(text); });
  type.is_path = true;
  return type;
}

SettingType LakeFolder() {
  auto type = TextThat("a folder of the local disk or hdfs://host:port/folder", [](const auto& text) {
    return !text.empty() && (!IsAddress(text) || text.starts_with("hdfs://"));
  });
  type.is_path = true;
  return type;
}

SettingType SizeOf(uint64_t bytes_min) {
  std::string at_least = bytes_min == 0 ? "" : fmt::format(" of at least {}MiB,", bytes_min >> 20);
  return TextThat(fmt::format("a size{} such as 512MB or 1GiB", at_least), [bytes_min](const auto& text) {
    auto bytes = ParseSize(text);
    return bytes && *bytes >= bytes_min;
  });
}

SettingType DurationOf(std::chrono::milliseconds min) {
  std::string at_least = min.count() == 0 ? "" : fmt::format(" of at least {},", Written(min));
  return TextThat(fmt::format("a duration{} such as 500ms, 30s or 5m", at_least), [min](const auto& text) {
    auto duration = ParseDuration(text);
    return duration && *duration >= min;
  });
}

SettingType IntegerOf(int64_t min, int64_t max) {
  auto type = TextThat(fmt::format("a whole number from {} to {}", min, max), [min, max](const auto& text) {
    auto number = ParseInteger(text);
    return number && *number >= min && *number <= max;
  });
  type.form = SettingType::Form::kInteger;
  return type;
}

SettingType Switch() {
  auto type = TextThat("true or false", [](const auto& text) { return text == "true" || text == "false"; });
  type.form = SettingType::Form::kSwitch;
  type.values = {"true", "false"};
  return type;
}

SettingType Secret() {
  SettingType type;
  type.is_secret = true;
  return type;
}

}  // namespace qlake::cli
