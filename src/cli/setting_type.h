#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace qlake::cli {

// Which values a setting takes, and how they are written in qlake.toml. Variables and flags give the same as a text.
struct SettingType {
  enum class Form { kText, kInteger, kSwitch };  // "a text", 5, true

  Form form = Form::kText;
  std::string wanted;                             // "a duration such as 500ms, 30s or 5m"; empty: anything is taken.
  std::function<bool(const std::string&)> takes;  // Empty: anything is taken.
  std::vector<std::string> values;                // All that it takes, when they are few: for completion.
  bool is_path = false;                           // In qlake.toml relative to that file's folder.
  // Fetched by SecretOf only: commands that do without must not fail for want of it.
  bool is_secret = false;
};

SettingType AnyText();
// Any text for which `takes` holds; `wanted` ends the sentence "KEY must be ...".
SettingType TextThat(std::string wanted, std::function<bool(const std::string&)> takes);
SettingType OneOf(std::vector<std::string> values);
SettingType PathOfAnything();  // A file or folder, or an address with ://; may be empty.
SettingType LocalFolder();
SettingType LakeFolder();  // A local folder, or one of HDFS.
SettingType SizeOf(uint64_t bytes_min);
SettingType DurationOf(std::chrono::milliseconds min = std::chrono::milliseconds{0});
SettingType IntegerOf(int64_t min, int64_t max);
SettingType Switch();  // true or false
SettingType Secret();

}  // namespace qlake::cli
