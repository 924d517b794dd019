#pragma once

#include "lake/writer.h"
#include "model/process.h"
#include "model/project.h"

namespace qlake::model {

inline constexpr const char* kEventsApp = "qlake.events";

// Whether events have come that a mart of theirs does not know.
bool EventMartsAreStale(lake::Lake& lake, const Project& project);

// events.<name> -> marts: every mart of the project's events, from the files that its table gained and lost since the
// version that the mart's txn names. Each mart's rows and that version are one commit, so it may be killed anywhere and
// called again. A mart that is new, or whose part of the table's log or files is gone, is computed anew from all
// events. One that fails is told of in `failures` and goes on from its progress the next time, as do windows over it.
std::vector<WrittenTable> RefreshEventMarts(lake::Writer& writer, const Project& project,
                                            std::vector<PartFailure>& failures);

}  // namespace qlake::model
