#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qlake::report {

// A bar of `width` columns at fraction 1, in steps of an eighth of a column; what is above 1 is cut, what is above 0
// shows.
std::string DrawBar(double fraction, size_t width);

// The number in a cell, to draw it with; 0 for anything that is none. Drawing is the one thing for which money may
// become a double.
double DrawnValue(std::string_view cell);

}  // namespace qlake::report
