#pragma once

#include <optional>
#include <string>

#include "lake/writer.h"

namespace qlake::maintain {

// What takes a table back to an earlier version: a commit more, in which the files of that version are live again.
struct TableRestore {
  std::string table;
  delta::Version from = delta::kNoVersion;  // The newest one.
  delta::Version to = delta::kNoVersion;    // -1: back to when it did not exist; it is emptied then.
  int64_t files_added = 0;
  int64_t files_removed = 0;
  delta::Version version = delta::kNoVersion;  // Of the commit; nothing was to be done when it is `from`.

  bool changes() const { return files_added > 0 || files_removed > 0; }
};

// What the restore would do. Throws Error{kInput} when the version is not in the log, its files are no longer there
// (vacuum), or it has other columns than the table has today.
TableRestore PlanTableRestore(lake::Lake& lake, const std::string& table, delta::Version to);

// Commits it. Progress that other commands keep in the table (txn) becomes that of the version: whoever reads on from
// there brings again what came after. Done twice it is done once. Throws what PlanTableRestore() throws.
TableRestore RestoreTable(lake::Writer& writer, const std::string& table, delta::Version to);

// Throws Error{kInput} when the version's progress differs from today's: taken back alone, the table would miss or
// double rows that its writers believe to be there. It says what to do instead.
void RequireSameProgress(lake::Lake& lake, const std::string& table, delta::Version to);

}  // namespace qlake::maintain
