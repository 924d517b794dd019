#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "schedule/scheduler.h"

namespace qlake::cli {

// The address of the lake, from wherever it is asked: whose timetable it is.
std::string NameOfLake(const Settings& settings);

// The same, short: in names of files that timetables of several lakes put into one folder.
std::string TagOfLake(const Settings& settings);

// The jobs of the settings that are not off, in the order of the line that data travels. Each is a command of this very
// program, which gets the settings that count here by its environment. `config_file`: the one in use, or empty.
std::vector<schedule::Job> JobsOf(const Settings& settings, const std::string& config_file);

// The words that do one of the jobs wherever they are started: this program by its path, and everything that was set by
// flags and the environment. Throws Error{kInput} for what can be passed on by neither: a secret of the environment.
std::vector<std::string> WordsOf(const schedule::Job& job, const Settings& settings, const std::string& config_file);

}  // namespace qlake::cli
