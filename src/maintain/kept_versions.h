#pragma once

#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "lake/lake.h"

namespace qlake::maintain {

// Versions of tables by name.
using VersionSets = std::map<std::string, std::set<delta::Version>>;

// The versions that must stay readable whatever their age: those of the last publication and of each that was in force
// at `since` or later, for --as-of; and those that an intent names which is not done, for its redo.
VersionSets ReadKeptVersions(lake::Lake& lake, base::Timestamp since);

// The version of each table from which on a reader of its changes has still to read, whatever their age: marts of
// events keep as progress (txn qlake.events) the version of events.app_events that they have come to.
std::map<std::string, delta::Version> ReadPositions(lake::Lake& lake);

}  // namespace qlake::maintain
