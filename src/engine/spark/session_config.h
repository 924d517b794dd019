#pragma once

#include <map>
#include <string>

namespace qlake::engine {

// Settings of each session of ours, whatever the server's own defaults are: what the same SQL means the same by, and
// files as everybody reads them.
std::map<std::string, std::string> SessionConfig();

}  // namespace qlake::engine
