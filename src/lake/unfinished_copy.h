#pragma once

#include "lake/lake.h"

namespace qlake::lake {

// Stands in a lake while `qlake copy` fills it: until it goes, nobody else writes there.
inline constexpr const char* kUnfinishedCopyPath = "_qlake/copy/source.json";

// Throws Error{kInput} that says what to do when the lake is a copy that is not finished.
void RequireNoUnfinishedCopy(Lake& lake);

}  // namespace qlake::lake
