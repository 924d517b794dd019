#include "cli/setting.h"

#include "base/error.h"
#include "cli/nearest_name.h"
#include "cli/quantity.h"

namespace qlake::cli {
namespace {

std::string_view FormOf(SettingKind kind) {
  switch (kind) {
    case SettingKind::kSize:
      return "a size such as 512MB or 1GiB";
    case SettingKind::kDuration:
      return "a duration such as 500ms, 30s or 5m";
    case SettingKind::kEngine:
      return "duckdb";
    case SettingKind::kLogLevel:
      return "debug, info, warn, error or off";
    case SettingKind::kText:
    case SettingKind::kPath:
      break;
  }
  return "a text";
}

bool IsOfKind(SettingKind kind, const std::string& text) {
  switch (kind) {
    case SettingKind::kSize:
      return ParseSize(text).value_or(0) > 0;
    case SettingKind::kDuration:
      return ParseDuration(text).has_value();
    case SettingKind::kEngine:
      return text == "duckdb";
    case SettingKind::kLogLevel:
      return text == "debug" || text == "info" || text == "warn" || text == "error" || text == "off";
    case SettingKind::kText:
    case SettingKind::kPath:
      break;
  }
  return true;
}

}  // namespace

const std::vector<SettingSpec>& AllSettings() {
  using Kind = SettingKind;
  static const std::vector<SettingSpec> settings = {
      {"project", "--project", "QLAKE_PROJECT", "", Kind::kPath, "folder of the project; empty: the one built in"},
      {"landing", "--landing", "QLAKE_LANDING", "landing", Kind::kPath, "folder that the source drops its files in"},
      {"lake", "--lake", "QLAKE_LAKE", "lake", Kind::kPath, "folder of the lake"},
      {"dump_dir", "--dump-dir", "QLAKE_DUMP_DIR", "dump", Kind::kPath, "folder of the B2B dump"},
      {"engine", "--engine", "QLAKE_ENGINE", "duckdb", Kind::kEngine, "what runs the SQL: duckdb"},
      {"memory", "--memory", "QLAKE_MEMORY", "1GiB", Kind::kSize, "what the engine may use, such as 512MB or 1GiB"},
      {"settle", "--settle", "QLAKE_SETTLE", "0s", Kind::kDuration, "age before a dropped file counts as complete"},
      {"lease_wait", "--lease-wait", "QLAKE_LEASE_WAIT", "10s", Kind::kDuration, "how long to wait for another writer"},
      {"log.level", "--log-level", "QLAKE_LOG_LEVEL", "warn", Kind::kLogLevel, "debug, info, warn, error or off"},
      {"log.file", "--log-file", "QLAKE_LOG_FILE", "", Kind::kPath, "file for the log; empty: standard error"},
  };
  return settings;
}

const SettingSpec& FindSetting(std::string_view key) {
  for (const auto& spec : AllSettings()) {
    if (spec.key == key) return spec;
  }
  QLAKE_CHECK(false);
  __builtin_unreachable();
}

void CheckSetting(const SettingSpec& spec, const SettingValue& value) {
  if (value.reference || IsOfKind(spec.kind, value.text)) return;
  if (spec.kind == SettingKind::kEngine && value.text == "spark") {
    throw base::InputError("engine spark is not built into this version: use duckdb ({})", value.origin);
  }
  throw base::InputError("{} must be {} ({}): {}", spec.key, FormOf(spec.kind), value.origin, value.text);
}

}  // namespace qlake::cli
