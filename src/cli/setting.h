#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qlake::cli {

// How a setting's text is read.
enum class SettingKind { kText, kPath, kSize, kDuration, kEngine, kLogLevel };

// One setting: everywhere that it can be given is derived from here. Later ones win:
// default < qlake.toml < environment < flag.
struct SettingSpec {
  std::string key;          // In qlake.toml; log.level is level below [log].
  std::string flag;         // --dump-dir
  std::string environment;  // QLAKE_DUMP_DIR
  std::string default_text;
  SettingKind kind = SettingKind::kText;
  std::string help;
};
const std::vector<SettingSpec>& AllSettings();
const SettingSpec& FindSetting(std::string_view key);  // REQUIRES: there is one.

// A secret that is not written down but where to get it.
struct SecretReference {
  enum class Source { kEnvironment, kFile, kCommand };
  Source source = Source::kEnvironment;
  std::string text;  // Name of the variable, path, or shell command.
};

// What a setting is, and who said so.
struct SettingValue {
  std::string text;                          // Unless it is a reference.
  std::optional<SecretReference> reference;  // Resolved when it is used, never shown.
  std::string origin;                        // default, qlake.toml:3, QLAKE_LAKE, --lake
};

// Throws Error{kInput} that names the origin and shows the form when the text is not of the setting's kind.
void CheckSetting(const SettingSpec& spec, const SettingValue& value);

}  // namespace qlake::cli
