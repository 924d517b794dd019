#pragma once

#include <string>
#include <vector>

#include "delta/snapshot.h"
#include "lake/records.h"
#include "lake/source.h"
#include "lake/writer.h"

// The rows of received files as a table, raw.<source>, for engines that do not read the files themselves. One reader,
// ours, parses every file, so that all engines start from the same rows.
namespace qlake::lake {

inline constexpr const char* kMaterializeApp = "qlake.materialize";

// raw.<source>: the source's columns as texts (NULL: the row has no such field), then `_rescued`, `_file_id`, `_line`,
// `_error`, `_record`, `_seq` of the file's revision; partitioned by data_date and data_hour (0 to 23). Its description
// names the columns' aliases and so on: a table of another description was read by other rules.
TableSchema RawRowsSchema(const Source& source);

struct MaterializeReport {
  std::string table;
  delta::Version version = delta::kNoVersion;
  int64_t files = 0;  // Whose rows came; 0 files: nothing was to do.
  int64_t rows_inserted = 0;
  int64_t rows_removed = 0;  // Of corrected files.
};

// Brings the rows of every current file of the source up to `seq_max` into raw.<source>, in one commit whose `txn` is
// the progress. Corrections replace exactly their files' rows. When the source's rules have changed, all rows are read
// anew. Again it does nothing.
MaterializeReport Materialize(Writer& writer, const Source& source, const std::vector<FileRecord>& revisions,
                              int64_t seq_max);

// A table of the lake that has the rows of just these revisions of files (by _file_id and _seq), and perhaps of others:
// raw.<source>, brought up to them, or, when that has gone on to corrections of them, one of their own below
// kRawOfRedo, which the next such call replaces.
inline constexpr const char* kRawOfRedo = "_qlake/raw_of_redo";
delta::Snapshot RawRowsOf(Writer& writer, const Source& source, const std::vector<FileRecord>& revisions,
                          const std::vector<FileRecord>& files);

}  // namespace qlake::lake
