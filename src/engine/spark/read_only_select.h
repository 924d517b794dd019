#pragma once

#include <string_view>

namespace qlake::engine {

// Throws Error{kInput} unless the text is one SELECT of Spark that does nothing but read: no other statement, no script
// of the shell, no function that reaches beyond its arguments. Files are kept out of reach by the session's settings;
// what tables the server's own catalog has is the server's to guard.
void RequireReadOnlySelect(std::string_view sql);

}  // namespace qlake::engine
