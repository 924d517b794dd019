#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace qlake::base {

enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };

// The process's log: one JSON object a line on standard error, and, when a file is given, in that file instead.
// Fields of every line, in this order: time, level, run_id, step, table, hour, message, then what the call adds. A
// field without a value is left out. Thread-safe.
struct LogOptions {
  LogLevel level = LogLevel::kWarn;
  std::string file;    // Empty: standard error.
  bool human = false;  // "warn  message key=value", for a terminal, instead of JSON.
};
void StartLog(const LogOptions& options);

// What the process is at; each line carries it. Set by the Runner and the steps, on the main thread.
struct LogContext {
  std::string run_id;
  std::string step;
};
void SetLogContext(LogContext context);

// `fields` is an object; "table" and "hour" among them take their place in the order above. Values of personal columns
// are masked by the caller (Mask).
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

// A personal value as logs and errors may show it: its first character and its length, "j***(18)".
std::string Mask(std::string_view value);

}  // namespace qlake::base
