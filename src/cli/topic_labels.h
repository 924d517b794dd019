#pragma once

#include <map>
#include <set>
#include <string>

namespace qlake::cli {

// What people are shown for each topic. The topic of a file is named by the file's whole path: of that, the end that
// tells it from the other topics will do.
std::map<std::string, std::string> LabelTopics(const std::set<std::string>& topics);

}  // namespace qlake::cli
