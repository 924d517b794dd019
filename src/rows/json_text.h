#pragma once

#include <string>
#include <string_view>

namespace qlake::rows {

// Appends the text as a JSON string, quotes included. REQUIRES: it is UTF-8.
void AppendJsonString(std::string& json, std::string_view text);

// Adds one member, name and text, to a JSON object that is being written; an empty `json` becomes an object.
void AddJsonMember(std::string& json, std::string_view name, std::string_view text);

}  // namespace qlake::rows
