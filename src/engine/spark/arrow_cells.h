#pragma once

#include <cstdint>
#include <string>

#include "engine/result.h"

namespace arrow {
class Array;
class DataType;
}  // namespace arrow

namespace qlake::engine {

// Throws Error{kInput} on a type that has no text of ours (VARIANT and the like): cast it in the SELECT.
ResultColumn DescribeArrowColumn(const std::string& name, const arrow::DataType& type);

// The cell as result.h says. REQUIRES: DescribeArrowColumn() took the array's type.
ResultCell FormatArrowCell(const arrow::Array& column, int64_t row);

}  // namespace qlake::engine
