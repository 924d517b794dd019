#pragma once

#include <string>
#include <string_view>
#include <vector>

// The user's crontab, and our block of lines in it. What stands outside of the block is never touched.
namespace qlake::schedule {

// A command for the line of a crontab: every word quoted for whatever shell the crontab names (sh, csh, fish), every
// `%`, which cron would take for a line feed, escaped. Throws Error{kInput} for words with line feeds, and when the
// line is longer than cron reads.
std::string CronCommand(const std::string& folder, const std::vector<std::string>& words);

// The text with the block of that name at its end, or in the place where one stood. Pure. Throws Error{kInput} when a
// block has no end.
std::string WithBlock(std::string_view crontab, const std::string& name, const std::vector<std::string>& lines);
// The text without it. Nothing but the block goes.
std::string WithoutBlock(std::string_view crontab, const std::string& name);

// By the program `crontab`. A user without one has an empty one. Throws Error{kIo} with what the program said.
std::string ReadCrontab();
void WriteCrontab(const std::string& text);

}  // namespace qlake::schedule
