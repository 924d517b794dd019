#pragma once

#include <string>

namespace qlake::engine {

// Of the embedded engine that this process runs with: "v2.0.0".
std::string LibraryVersion();

}  // namespace qlake::engine
