#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/error.h"

namespace qlake::base {
namespace {

struct ProcessLog {
  std::mutex mutex;
  LogOptions options;
  LogContext context;
  std::shared_ptr<spdlog::logger> sink;  // spdlog's own API shares loggers.
};

ProcessLog& TheLog() {
  static ProcessLog log;
  return log;
}

std::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarn:
      return "WARN";
    case LogLevel::kError:
    case LogLevel::kOff:
      break;
  }
  return "ERROR";
}

std::string Render(const LogOptions& options, const Json& line) {
  // Text from files may be no UTF-8: it is replaced, so that every line stays JSON.
  if (!options.human) return line.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text = line["level"].get<std::string>() + "  " + line["message"].get<std::string>();
  for (const auto& [key, value] : line.items()) {
    if (key == "time" || key == "level" || key == "message" || key == "run_id") continue;
    text += " " + key + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

}  // namespace

void StartLog(const LogOptions& options) {
  auto& log = TheLog();
  std::lock_guard lock(log.mutex);
  log.options = options;
  try {
    spdlog::sink_ptr sink;
    if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    }
    log.sink = std::make_shared<spdlog::logger>("qlake", sink);
  } catch (const spdlog::spdlog_ex& error) {
    throw InputError("cannot open the log file {}: {}", options.file, error.what());
  }
  log.sink->set_pattern("%v");
  log.sink->set_level(spdlog::level::trace);
  log.sink->flush_on(spdlog::level::trace);
}

void SetLogContext(LogContext context) {
  auto& log = TheLog();
  std::lock_guard lock(log.mutex);
  log.context = std::move(context);
}

void Log(LogLevel level, std::string_view message, const Json& fields) {
  auto& log = TheLog();
  std::lock_guard lock(log.mutex);
  if (!log.sink || level < log.options.level) return;
  Json line = {{"time", FormatTimestamp(SystemClock().Now())}, {"level", NameOf(level)}};
  if (!log.context.run_id.empty()) line["run_id"] = log.context.run_id;
  if (!log.context.step.empty()) line["step"] = log.context.step;
  for (const char* key : {"table", "hour"}) {
    if (fields.contains(key)) line[key] = fields[key];
  }
  line["message"] = message;
  for (const auto& [key, value] : fields.items()) line[key] = value;
  log.sink->log(spdlog::level::info, Render(log.options, line));
}

std::string Mask(std::string_view value) {
  if (value.empty()) return "";
  return fmt::format("{}***({})", static_cast<unsigned char>(value.front()) < 0x80 ? value.substr(0, 1) : "",
                     value.size());
}

}  // namespace qlake::base
