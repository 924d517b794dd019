#pragma once

#include <string>
#include <vector>

namespace qlake::model {

struct ProjectFile {
  std::string path;  // sources/branches.toml
  std::string text;
};

// The Q company project, compiled in from the folder project/ at build time; ordered by path.
const std::vector<ProjectFile>& BuiltInProject();

}  // namespace qlake::model
