#pragma once

#include <nlohmann/json.hpp>

namespace qlake::base {

// Keeps the order in which keys were set, so that what we write is deterministic.
using Json = nlohmann::ordered_json;

}  // namespace qlake::base
