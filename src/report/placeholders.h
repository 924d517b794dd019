#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace qlake::report {

// The SQL with every $name outside of literals, quoted names and comments replaced by what `value_of` gives for it.
// `value_of` also gets the line (1 is the first) that the placeholder stands in, for its message when it refuses the
// name.
using PlaceholderValue = std::function<std::string(std::string_view name, int line)>;
std::string ReplacePlaceholders(std::string_view sql, const PlaceholderValue& value_of);

}  // namespace qlake::report
