#pragma once

#include <simdjson.h>

#include <string>

#include "rows/reader.h"

namespace qlake::rows {

// Reads the value as text: a string's content, absent for null, else the JSON as it stands in the line (true, 12.50,
// {"a": [1]}), which is checked to be JSON. A string's text lives in the document's parser.
simdjson::error_code ReadText(simdjson::ondemand::document& document, simdjson::ondemand::value value, Cell& cell);

// The error as a row's reason. Never shows the line's values.
std::string WhyNoJson(simdjson::error_code error);

}  // namespace qlake::rows
