#include "base/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/mask.h"
#include "base/rotating_file.h"

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

// spdlog's own rotating file is for one process.
class FileSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit FileSink(const LogOptions& options) : file_(options.file, {options.rotate_bytes, options.files_kept}) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    file_.Append(std::string(message.payload.data(), message.payload.size()) + "\n");
  }
  void flush_() override {}

 private:
  RotatingFile file_;
};

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

Json MaskTexts(const Json& value) {
  if (value.is_string()) return MaskWithin(value.get_ref<const std::string&>());
  if (!value.is_structured()) return value;
  Json masked = value;
  for (auto& item : masked) item = MaskTexts(item);
  return masked;
}

Json LineOf(const LogContext& context, LogLevel level, std::string_view message, const Json& fields) {
  Json line = {{"time", FormatTimestamp(SystemClock().Now())}, {"level", NameOf(level)}};
  if (!context.run_id.empty()) line["run_id"] = context.run_id;
  if (!context.step.empty()) line["step"] = context.step;
  constexpr std::array<const char*, 3> kOfEveryLine = {"table", "version", "hour"};
  for (const char* key : kOfEveryLine) {
    if (fields.contains(key)) line[key] = fields[key];
  }
  line["message"] = MaskWithin(message);
  Json others = Json::object();
  for (const auto& [key, value] : fields.items()) {
    if (std::find(kOfEveryLine.begin(), kOfEveryLine.end(), key) == kOfEveryLine.end()) others[key] = MaskTexts(value);
  }
  if (!others.empty()) line["fields"] = std::move(others);
  return line;
}

// Text from files may be no UTF-8: it is replaced, so that every line stays JSON.
std::string Dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string RenderForPeople(const Json& line) {
  std::string time = line["time"].get<std::string>().substr(11, 8);
  std::string text =
      fmt::format("{} {:<5} {}", time, line["level"].get<std::string>(), line["message"].get<std::string>());
  auto append = [&text](const std::string& key, const Json& value) {
    text += " " + key + "=" + (value.is_string() ? value.get<std::string>() : Dump(value));
  };
  for (const char* key : {"step", "table", "version", "hour"}) {
    if (line.contains(key)) append(key, line[key]);
  }
  if (line.contains("fields")) {
    for (const auto& [key, value] : line["fields"].items()) append(key, value);
  }
  return text;
}

}  // namespace

void StartLog(const LogOptions& options) {
  auto& log = TheLog();
  std::lock_guard lock(log.mutex);
  log.options = options;
  spdlog::sink_ptr sink;
  if (options.file.empty()) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    sink = std::make_shared<FileSink>(options);
  }
  log.sink = std::make_shared<spdlog::logger>("qlake", sink);
  log.sink->set_pattern("%v");
  log.sink->set_level(spdlog::level::trace);
  log.sink->flush_on(spdlog::level::trace);
  log.sink->set_error_handler([said = false](const std::string& why) mutable {
    if (!std::exchange(said, true)) fmt::print(stderr, "qlake: the log is not written: {}\n", why);
  });
}

LogScope::LogScope(const LogContext& context) {
  auto& log = TheLog();
  std::lock_guard lock(log.mutex);
  before_ = log.context;
  if (!context.run_id.empty()) log.context.run_id = context.run_id;
  if (!context.step.empty()) log.context.step = context.step;
}

LogScope::~LogScope() {
  auto& log = TheLog();
  std::lock_guard lock(log.mutex);
  log.context = std::move(before_);
}

void Log(LogLevel level, std::string_view message, const Json& fields) {
  auto& log = TheLog();
  std::lock_guard lock(log.mutex);
  if (!log.sink || level < log.options.level) return;
  Json line = LineOf(log.context, level, message, fields);
  log.sink->log(spdlog::level::info, log.options.human ? RenderForPeople(line) : Dump(line));
}

void LogFailure(std::string_view message, std::string_view why, Json fields) {
  auto& log = TheLog();
  bool is_in_file = false;
  {
    std::lock_guard lock(log.mutex);
    is_in_file = !log.options.file.empty();
  }
  if (is_in_file) fields["why"] = why;
  LogError(message, fields);
}

}  // namespace qlake::base
