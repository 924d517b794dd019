#include "cli/machine_checks.h"

#include <fmt/format.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/nearest_name.h"
#include "cli/quantity.h"
#include "cli/version.h"
#include "engine/duckdb/library_version.h"
#include "run/disk_space.h"
#include "storage/storage.h"

extern char** environ;

namespace qlake::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kRoomyBytes = uint64_t{2} << 30;

// Variables of tests and of the build (docs/testing.md), which are no settings.
bool IsForTests(const std::string& name) {
  for (const char* known : {"QLAKE_NOW", "QLAKE_CRASH_AT", "QLAKE_STORAGE_FAULT", "QLAKE_SEED", "QLAKE_ROUNDS",
                            "QLAKE_KEEP", "QLAKE_KAFKA", "QLAKE_CLUSTER", "QLAKE_SPARK"}) {
    if (name == known) return true;
  }
  return false;
}

void CheckVariables(Findings& findings) {
  std::vector<std::string> known;
  for (const auto& definition : SettingDefinitions()) known.push_back(definition.environment());
  for (char** variable = environ; *variable != nullptr; ++variable) {
    std::string text = *variable;
    std::string name = text.substr(0, text.find('='));
    if (!name.starts_with("QLAKE_") || IsForTests(name)) continue;
    if (std::ranges::find(known, name) != known.end()) continue;
    auto nearest = base::NearestName(name, known);
    AddWarning(findings, "config", "a variable of the environment is no setting and does nothing: " + name,
               nearest ? "did you mean " + *nearest + "?" : "qlake config show --origin lists the variables");
  }
}

// The nearest folder above, or the path itself, that is there.
fs::path NearestExisting(fs::path path) {
  std::error_code failure;
  path = fs::absolute(path, failure);
  while (!fs::exists(path, failure) && path.has_parent_path() && path != path.parent_path()) path = path.parent_path();
  return path;
}

enum class Kind { kFolder, kFile };

void RequireWritable(const std::string& what, const std::string& path, Kind kind, Findings& findings) {
  fs::path there = NearestExisting(path);
  if (!fs::is_directory(there) && (kind == Kind::kFolder || there != fs::absolute(path))) {
    AddError(findings, "permissions", fmt::format("{} cannot be made, {} is no folder: {}", what, there.string(), path),
             "name another place, or move that file away");
    return;
  }
  if (::access(there.c_str(), fs::is_directory(there) ? W_OK | X_OK : W_OK) == 0) {
    AddFine(findings, "permissions", fmt::format("{} can be written: {}", what, path));
    return;
  }
  AddError(findings, "permissions", fmt::format("{} cannot be written ({}): {}", what, std::strerror(errno), path),
           fmt::format("run qlake as another user, or: chown {} {}", ::geteuid(), there.string()));
}

void CheckRoom(const std::string& what, const std::string& path, uint64_t bytes_min, Findings& findings) {
  auto free = run::FreeBytes(path);
  if (!free) {
    AddWarning(findings, "disk", fmt::format("how much room there is for {} cannot be told: {}", what, path),
               "look with df");
    return;
  }
  std::string text = fmt::format("{} are free for {}: {}", FormatBytes(*free), what, path);
  if (*free < bytes_min) {
    AddError(findings, "disk", text + fmt::format(", less than disk.free_min ({})", FormatBytes(bytes_min)),
             "make room, nothing is written before: qlake vacuum, or a larger disk");
  } else if (*free < std::max(kRoomyBytes, bytes_min * 4)) {
    AddWarning(findings, "disk", text, "make room soon: qlake vacuum, or a larger disk");
  } else {
    AddFine(findings, "disk", text);
  }
}

}  // namespace

void CheckSettings(const Settings& settings, Findings& findings) {
  size_t set = 0;
  for (const auto& definition : SettingDefinitions()) {
    const auto& setting = settings.all.at(definition.key);
    set += settings.IsDefault(definition.key) ? 0 : 1;
    if (definition.type.is_secret && setting.reference) {
      try {
        SecretOf(settings, definition.key);
      } catch (const base::Error& error) {
        AddError(findings, "config", error.message(), "see to it that " + definition.key + " can be had");
      }
    }
    bool is_file = definition.key.ends_with("_file") && !setting.value.empty();
    if (is_file && ::access(setting.value.c_str(), R_OK) != 0) {
      AddError(findings, "config",
               fmt::format("the file of {} ({}) cannot be read ({}): {}", definition.key, setting.origin,
                           std::strerror(errno), setting.value),
               "correct the setting, or the file's permissions");
    }
  }
  AddFine(findings, "config",
          fmt::format("{} settings, {} of them not the defaults", SettingDefinitions().size(), set));
  CheckVariables(findings);
}

void CheckPermissions(const Settings& settings, Findings& findings) {
  if (!fs::exists(settings.landing)) {
    AddWarning(findings, "permissions", "there is no landing zone: " + settings.landing,
               "set landing to the folder that the source writes to, if this host ingests");
  } else if (::access(settings.landing.c_str(), R_OK | X_OK) != 0) {
    AddError(findings, "permissions",
             fmt::format("the landing zone cannot be read ({}): {}", std::strerror(errno), settings.landing),
             "give this user the right to read it");
  } else {
    AddFine(findings, "permissions", "the landing zone can be read: " + settings.landing);
  }
  if (!storage::IsOnHdfs(settings.lake)) RequireWritable("the lake", settings.lake, Kind::kFolder, findings);
  RequireWritable("the dump folder", settings.dump_folder, Kind::kFolder, findings);
  if (!settings.log_file.empty()) RequireWritable("the log", settings.log_file, Kind::kFile, findings);
}

void CheckDisk(const Settings& settings, Findings& findings) {
  uint64_t bytes_min = settings.Bytes("disk.free_min");
  if (!storage::IsOnHdfs(settings.lake)) CheckRoom("the lake", settings.lake, bytes_min, findings);
  CheckRoom("the dump folder", settings.dump_folder, bytes_min, findings);
}

void CheckClock(Findings& findings) {
  timex clock{};
  int state = ::adjtimex(&clock);
  if (state < 0) {
    AddWarning(findings, "clock", "the kernel does not tell whether the clock is synchronised", "ask timedatectl");
  } else if (state == TIME_ERROR || (clock.status & STA_UNSYNC) != 0) {
    AddWarning(findings, "clock", "the clock is not synchronised",
               "run an NTP client; work is keyed by data hours, so a wrong clock loses nothing, but drops without an "
               "hour in their names take it from the clock");
  } else {
    AddFine(findings, "clock", "the clock is synchronised");
  }
}

void CheckVersions(Findings& findings) {
  utsname kernel{};
  std::string system = ::uname(&kernel) == 0 ? fmt::format("{} {} {}", kernel.sysname, kernel.release, kernel.machine)
                                             : std::string("unknown kernel");
  AddFine(findings, "versions", fmt::format("qlake {}, DuckDB {}, {}", kVersion, engine::LibraryVersion(), system));
}

}  // namespace qlake::cli
