#pragma once

#include <string>

#include "events/event_shape.h"

namespace qlake::model {

// events/<name>.toml: what the events of a topic look like. Throws Error{kInput} with file and line on anything that is
// no contract of events: unknown keys, wrong types, a time or type column that is no column.
events::EventShape ParseEventContract(const std::string& path, const std::string& text);

}  // namespace qlake::model
