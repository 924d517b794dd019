#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace qlake::base {

enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };

// The process's log: one JSON object a line on standard error, and, when a file is given, in that file instead. What
// stands in a line is in docs/logs.md. E-mail addresses and secrets in addresses are masked wherever they stand; other
// personal values by the caller (base/mask.h). A log that cannot be written is said once and stops nothing.
// Thread-safe.
struct LogOptions {
  LogLevel level = LogLevel::kWarn;
  std::string file;           // Empty: standard error.
  bool human = false;         // "12:03:44 WARN  message key=value", for a terminal, instead of JSON.
  uint64_t rotate_bytes = 0;  // Of the file; 0: it grows.
  int files_kept = 5;         // FILE.1, FILE.2, ...
};
void StartLog(const LogOptions& options);

// What the process is at; each line carries it.
struct LogContext {
  std::string run_id;
  std::string step;
};

// While it lives, lines of all threads carry its context; fields of it that are empty stay as they were. Scopes end in
// the reverse order of their beginning.
class LogScope {
 public:
  explicit LogScope(const LogContext& context);
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

 private:
  LogContext before_;
};

// `fields` is an object; "table" (layer.table), "version" and "hour" among them take their place beside the run and the
// step, others stand in "fields".
void Log(LogLevel level, std::string_view message, const Json& fields = Json::object());
inline void LogDebug(std::string_view message, const Json& fields = Json::object()) {
  Log(LogLevel::kDebug, message, fields);
}
inline void LogInfo(std::string_view message, const Json& fields = Json::object()) {
  Log(LogLevel::kInfo, message, fields);
}
inline void LogWarn(std::string_view message, const Json& fields = Json::object()) {
  Log(LogLevel::kWarn, message, fields);
}
inline void LogError(std::string_view message, const Json& fields = Json::object()) {
  Log(LogLevel::kError, message, fields);
}

// Of a part of the work whose failure ends the command: `why` stands in the line unless the log is on standard error,
// where the command's last message says it once.
void LogFailure(std::string_view message, std::string_view why, Json fields = Json::object());

}  // namespace qlake::base
