#include "schedule/systemd_units.h"

#include <fmt/format.h>

#include <string_view>

#include "base/error.h"

namespace qlake::schedule {
namespace {

void RefuseLineFeeds(const std::string& text) {
  if (text.find_first_of("\r\n") == std::string::npos) return;
  throw base::InputError("a unit of systemd cannot hold a line feed, rename what has one: {}", text);
}

// A word of ExecStart=: % begins a specifier, $ a variable (systemd.service(5)).
std::string Quote(const std::string& word) {
  RefuseLineFeeds(word);
  std::string quoted = "\"";
  for (char c : word) {
    if (c == '%' || c == '$') quoted += c;
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

// A path by itself is not unquoted, only specifiers count.
std::string EscapePath(const std::string& path) {
  RefuseLineFeeds(path);
  std::string escaped;
  for (char c : path) escaped += c == '%' ? "%%" : std::string(1, c);
  return escaped;
}

}  // namespace

std::map<std::string, std::string> SystemdUnits(const UnitOptions& options) {
  std::string command;
  for (const auto& word : options.words) command += (command.empty() ? "" : " ") + Quote(word);
  std::string service = fmt::format(
      "[Unit]\nDescription={0}\n\n[Service]\nType=oneshot\nWorkingDirectory={1}\nExecStart={2}\nKillMode="
      "mixed\nTimeoutStopSec=5\n"
      "Nice=5\n",
      options.description, EscapePath(options.folder), command);
  std::string timer = fmt::format(
      "[Unit]\nDescription={0}, by the clock\n\n[Timer]\nOnCalendar={1}\nPersistent=true\nAccuracySec=1s\n\n"
      "[Install]\nWantedBy=timers.target\n",
      options.description, options.occasion.SystemdCalendar());
  return {{options.name + ".service", service}, {options.name + ".timer", timer}};
}

}  // namespace qlake::schedule
