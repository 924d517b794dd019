#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "hive/repair.h"
#include "lake/records.h"
#include "model/project.h"

namespace qlake::run {

// Defines the views that readers may name, in one of the lake's engines: tables of a publication at its versions (the
// last one, or the last at or before `as_of`), all other tables at their newest version, and raw.<source>: every row of
// the current files of a source, as text. Only those whose name stands in `sql` are defined; all when it is empty.
// Unqualified names work while they are unique. Returns the publication; nothing when no step has finished yet.
std::optional<lake::Publication> DefinePublished(lake::Lake& lake, engine::Engine& engine,
                                                 const model::Project& project, std::optional<base::Timestamp> as_of,
                                                 const std::string& sql);

// Defines the one table that `sql` names, at one of its versions. Throws Error{kInput} when it names none or several,
// or the version is not in the table's log.
void DefineVersion(lake::Lake& lake, engine::Engine& engine, const model::Project& project, delta::Version version,
                   const std::string& sql);

// A table of events, or a mart of theirs, that the SQL names and the lake lacks.
std::optional<std::string> FindAbsentEvents(lake::Lake& lake, const model::Project& project, const std::string& sql);

// Whether the SQL names a table of events or a mart of theirs. Such SQL needs no publication: streams publish on their
// own.
bool NamesEvents(const model::Project& project, const std::string& sql);

// The same as DefinePublished for a reader that cannot do without: throws Error{kInput} that says what to run first.
// SQL over events alone needs no publication.
lake::Publication RequirePublished(lake::Lake& lake, engine::Engine& engine, const model::Project& project,
                                   std::optional<base::Timestamp> as_of, const std::string& sql);

// The tables of warehouse, marts and events as readers are shown them now: for those who enter them in a catalogue.
// None of the batch job while that has not published.
std::vector<hive::PublishedTable> ListPublished(lake::Lake& lake, const model::Project& project);

}  // namespace qlake::run
