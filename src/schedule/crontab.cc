#include "schedule/crontab.h"

#include <optional>

#include "base/error.h"
#include "schedule/program.h"

namespace qlake::schedule {
namespace {

constexpr size_t kCommandLengthMax = 990;  // cron reads 998 characters of a command and refuses longer ones.

std::string Quote(const std::string& word) {
  if (word.find('\n') != std::string::npos || word.find('\r') != std::string::npos) {
    throw base::InputError("a line of a crontab cannot hold a line feed, rename what has one: {}", word);
  }
  std::string quoted = "'";
  for (char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else if (c == '%') {
      quoted += "\\%";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string BeginLine(const std::string& name) {
  return "# BEGIN qlake " + name + " (written by qlake schedule --install-cron)";
}
std::string EndLine(const std::string& name) { return "# END qlake " + name; }

struct Place {
  size_t begin = 0;
  size_t end = 0;  // Behind the line feed of the last line.
};

// The line's place, if the text has it as a whole line at or behind `from`.
std::optional<Place> FindLine(std::string_view text, std::string_view line, size_t from) {
  while (from < text.size()) {
    size_t feed = text.find('\n', from);
    size_t length = (feed == std::string_view::npos ? text.size() : feed) - from;
    size_t next = feed == std::string_view::npos ? text.size() : feed + 1;
    if (text.substr(from, length) == line) return Place{from, next};
    from = next;
  }
  return std::nullopt;
}

std::optional<Place> FindBlock(std::string_view crontab, const std::string& name) {
  auto begin = FindLine(crontab, BeginLine(name), 0);
  if (!begin) return std::nullopt;
  auto end = FindLine(crontab, EndLine(name), begin->end);
  if (!end) {
    throw base::InputError("the crontab has no line \"{}\" behind \"{}\": put it back, or remove the block by hand",
                           EndLine(name), BeginLine(name));
  }
  return Place{begin->begin, end->end};
}

}  // namespace

std::string CronCommand(const std::string& folder, const std::vector<std::string>& words) {
  std::string command = "cd " + Quote(folder) + " && exec";
  for (const auto& word : words) command += " " + Quote(word);
  if (command.size() > kCommandLengthMax) {
    throw base::InputError(
        "the line would be longer than cron reads ({} of {} characters): write settings into a qlake.toml and give "
        "--config instead of flags",
        command.size(), kCommandLengthMax);
  }
  return command;
}

std::string WithBlock(std::string_view crontab, const std::string& name, const std::vector<std::string>& lines) {
  std::string block = BeginLine(name) + "\n";
  for (const auto& line : lines) block += line + "\n";
  block += EndLine(name) + "\n";
  std::string text(crontab);
  if (auto place = FindBlock(crontab, name)) return text.replace(place->begin, place->end - place->begin, block);
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text + block;
}

std::string WithoutBlock(std::string_view crontab, const std::string& name) {
  std::string text(crontab);
  if (auto place = FindBlock(crontab, name)) text.erase(place->begin, place->end - place->begin);
  return text;
}

std::string ReadCrontab() {
  auto result = RunProgram({"crontab", "-l"}, "");
  if (result.exit_code == 0) return result.out;
  // The only way to tell: every cron says it in these words, and in English under LC_ALL=C.
  if (result.err.find("no crontab for") != std::string::npos) return "";
  throw base::IoError("the crontab cannot be read (crontab -l, exit code {}): {}", result.exit_code, result.err);
}

void WriteCrontab(const std::string& text) {
  auto result = RunProgram({"crontab", "-"}, text);
  if (result.exit_code == 0) return;
  throw base::IoError("the crontab cannot be written, it is as it was (crontab -, exit code {}): {}", result.exit_code,
                      result.err);
}

}  // namespace qlake::schedule
