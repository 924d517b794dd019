#pragma once

#include <map>
#include <string>
#include <vector>

#include "schedule/occasion.h"

namespace qlake::schedule {

struct UnitOptions {
  std::string name;  // Of the unit, without its ending: qlake-ingest.
  std::string description;
  std::string folder;              // Working folder.
  std::vector<std::string> words;  // Program and arguments.
  Occasion occasion;
};

// File name -> text: NAME.service, which does it once, and NAME.timer, which wakes it up, also for an occasion that the
// machine slept through. Pure. Throws Error{kInput} for words with line feeds.
std::map<std::string, std::string> SystemdUnits(const UnitOptions& options);

}  // namespace qlake::schedule
