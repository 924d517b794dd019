#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lake/lake.h"

// The rows of qlake's own tables as values, to and from the tables of tables.h.
namespace qlake::lake {

// A row of raw.files: one revision of one file.
struct FileRecord {
  int64_t seq = 0;
  std::string file_id;
  std::string source;
  std::string drop;
  std::string name;
  base::Hour hour;
  std::string sha256;
  int64_t bytes = 0;
  int64_t rows = 0;
  std::string header;
  std::vector<std::string> unknown_columns;
  base::Timestamp modified_at;
  base::Timestamp received_at;
  std::string path;
  int64_t offset = 0;
  std::string run_id;
};

// Whether a stands before b in the order that counts everywhere: (hour, drop, file name).
bool StandsBefore(const FileRecord& a, const FileRecord& b);

// All revisions by seq.
std::vector<FileRecord> ReadFiles(Lake& lake);
// The last revision of each file, in order.
std::vector<FileRecord> CurrentFiles(const std::vector<FileRecord>& revisions);
TextRow ToRow(const FileRecord& file);
// What to select, and the value of a row of the answer.
inline constexpr const char* kFileColumns =
    "seq, _file_id, source, \"drop\", name, data_hour, sha256, bytes, rows, header, unknown_columns, modified_at, "
    "received_at, path, \"offset\", run_id";
FileRecord ToFileRecord(const engine::ResultRow& row);

// A row of ops.steps.
struct Intent {
  std::string step;
  int64_t from_seq = 0;
  int64_t to_seq = 0;
  TableVersions reads;
  std::string project_sha256;
  std::string run_id;
  base::Timestamp started_at;
};
// The intent of the step with the highest to_seq, done or not; of several the one that began last.
std::optional<Intent> ReadLastIntent(Lake& lake, const std::string& step);
TextRow ToRow(const Intent& intent);
inline constexpr const char* kIntentColumns = "step, from_seq, to_seq, reads, project_sha256, run_id, started_at";
Intent ToIntent(const engine::ResultRow& row);

// A row of ops.ledger.
struct LedgerEntry {
  std::string step;
  std::string source;
  std::string file_id;
  int64_t seq = 0;
  base::Hour hour;
  int64_t rows_in = 0;
  int64_t loaded = 0;
  int64_t quarantined = 0;
  int64_t duplicate = 0;

  bool Closes() const { return rows_in == loaded + quarantined + duplicate; }
  bool operator==(const LedgerEntry&) const = default;
};
// The account that counts now: per file the entry of the last batch; ordered by hour and file id.
std::vector<LedgerEntry> ReadLedger(Lake& lake);
TextRow ToRow(const LedgerEntry& entry, int64_t to_seq, const std::string& run_id, base::Timestamp committed_at,
              const TableVersions& publication);
inline constexpr const char* kLedgerColumns =
    "step, source, _file_id, seq, data_hour, rows_in, loaded, quarantined, duplicate";
LedgerEntry ToLedgerEntry(const engine::ResultRow& row);

// The transaction that ops.ledger gets when the lake is taken back to a publication: 1 for the first time, and so on.
inline constexpr const char* kRestoreApp = "qlake.restore";

struct Publication {
  TableVersions tables;
  int64_t to_seq = 0;
  base::Timestamp committed_at;
  delta::Version ledger = delta::kNoVersion;  // A version of ops.ledger that has it, and all that came before it.
};
// The last one, or the one that was the last at a moment, also if the lake was taken back behind it since. Nothing when
// no step has finished (by then).
std::optional<Publication> ReadPublication(Lake& lake, std::optional<base::Timestamp> as_of = std::nullopt);
inline constexpr const char* kPublicationColumns = "publication, to_seq, committed_at";
Publication ToPublication(const engine::ResultRow& row);  // But for the ledger's version.

}  // namespace qlake::lake
