#pragma once

#include <cstdint>

#include "simulate/drop_file.h"
#include "simulate/drops.h"

namespace qlake::simulate {

// The branches and the sales agents as the source knows them at the hour. A corrected file has another class or hire
// date for the first of them. Both return the rows written.
int64_t WriteBranches(DropFile& file, int64_t hour, bool corrected);
int64_t WriteAgents(DropFile& file, const DropOptions& options, int64_t hour, bool corrected);

}  // namespace qlake::simulate
