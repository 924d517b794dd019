#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/column_type.h"
#include "delta/snapshot.h"
#include "engine/duckdb/row_rules.h"
#include "engine/engine.h"
#include "engine/result.h"
#include "engine/sql_text.h"
#include "engine/table_change.h"
#include "rows/reader.h"
#include "storage/storage.h"

namespace qlake::engine {

struct DatabaseOptions {
  uint64_t memory_bytes = uint64_t{1} << 30;          // DuckDB's own limit; the row sink's buffers count beside it.
  int threads = 0;                                    // 0: as many as there are processors.
  std::string temp_folder;                            // Where it spills to; empty: never spills.
  uint64_t row_sink_bytes_max = uint64_t{256} << 20;  // Rows that Apply gathers before it writes them as files.
};

// Files of one source to read as rows of text. The scan's columns: every column of the shape as VARCHAR (NULL: the row
// has no such field; '' : it is empty), then `_rescued` VARCHAR, `_file` INTEGER (index in `files`), `_line` BIGINT,
// `_error` VARCHAR (NULL: a good row), `_record` VARCHAR (the record's text; bytes that are no UTF-8 and NUL as \xNN).
class FileBytes;
struct RawScanFile {
  std::string path;  // In the storage.
  uint64_t offset = 0;
  uint64_t bytes = 0;
  int64_t rows = 0;                                 // As far as known.
  std::shared_ptr<const FileBytes> held = nullptr;  // Its bytes, when they are in memory already.
};
// One record of a file: the reader finds it by reading on from a place before it.
struct RecordPlace {
  uint32_t file = 0;  // Index in the scan's files.
  int64_t line = 0;
  rows::Position from;
};
struct RawScan {
  rows::RowShape csv_shape;  // Used for files that are not JSON lines.
  std::vector<RawScanFile> files;
  std::vector<rows::FileFormat> formats;           // One per file.
  std::optional<std::vector<RecordPlace>> places;  // Only these records, by file and line; nothing: all.
};

class Connection;
class StagedRows;
struct FileMerge;
struct MergedFiles;
struct RowsDigest;

// A row by its place in the batch.
struct StagedRow {
  uint32_t file = 0;
  uint32_t row = 0;

  bool operator==(const StagedRow&) const = default;
};

// A view of staged rows. Its columns: those of the rules, typed; `_file` INTEGER (index of the file), `_line` BIGINT,
// `_content_hash` BLOB (content_hash() of the columns' values as texts), `_file_id` VARCHAR, `data_hour` TIMESTAMPTZ,
// `_row` BIGINT (the file's index << 32 | the row's in the file).
struct StagedScan {
  std::shared_ptr<const StagedRows> rows;
  std::vector<std::string> file_ids;  // One per file.
  std::vector<base::Timestamp> hours;
  std::optional<std::vector<StagedRow>> only;  // Only these rows, in this order; nothing: all.
  bool each_key_once = false;                  // Without the rows that StagedRows::LeaveOut() called repeated.
  // The rows come cluster by cluster, each in one thread; else as they stand. REQUIRES: StagedRows::ClusterBy().
  bool by_cluster = false;
};

// How far a raw scan has come: what the progress line shows.
struct ScanProgress {
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;
  int64_t rows_done = 0;
};

// The embedded engine: one in-memory DuckDB with our functions, over one storage. Not thread-safe, but for Interrupt()
// and progress(); RunEach() gives each thread one of its own, over the same DuckDB. SQL errors are Error{kInput} with
// DuckDB's message and position; running out of memory or disk kIo.
class Database : public Engine {
 public:
  Database(storage::Storage& storage, const DatabaseOptions& options);
  ~Database() override;

  std::string_view name() const override { return "duckdb"; }
  void Run(std::string_view sql) override;
  using Engine::Query;
  void Query(std::string_view sql, const ResultVisitor& visitor) override;
  std::vector<Result> QueryEach(const std::vector<std::string>& selects, size_t rows_max) override;
  // Many rows of BIGINT columns without NULLs, in no order.
  void VisitIntegers(std::string_view sql, const std::function<void(const std::vector<int64_t>&)>& on_row);
  void FillTable(const std::string& name, const std::vector<base::Column>& columns,
                 const std::vector<std::vector<std::optional<std::string>>>& rows) override;
  // UTINYINT..BIGINT widen to integer or long, HUGEINT is an error that says to cast.
  std::vector<base::Column> Describe(std::string_view sql) override;
  std::string SqlType(const base::ColumnType& type) const override { return base::FormatSqlType(type); }
  void DefineRows(const std::string& name, const std::string& select) override;
  void Forget(const std::vector<std::string>& layers) override;

  // Each defines view `name` (schema-qualified, schema created when absent) and replaces an older one of the name. Of a
  // Delta snapshot partition columns come from their values; DuckDB prunes files by partition filters.
  void DefineRawScan(const std::string& name, RawScan scan);
  void DefineStagedScan(const std::string& name, StagedScan scan);
  // Has this engine's statements see only some rows of a staged scan, in this order; or all again, as when it is
  // defined anew. REQUIRES: it is defined.
  void ShowOnly(const std::string& name, std::optional<std::vector<StagedRow>> rows);
  void DefineTable(const std::string& name, const delta::Snapshot& snapshot) override;
  void DefineFiles(const std::string& name, const delta::Snapshot& snapshot,
                   const std::vector<std::string>& paths) override;
  // Over files that are, or were, of the snapshot's table. REQUIRES: they are still there.
  void DefineFiles(const std::string& name, const delta::Snapshot& snapshot, const std::vector<delta::AddFile>& files);
  // The SELECT of the rows of some of a snapshot's live files, for a statement of ours: nothing is defined. REQUIRES:
  // each path is a live file's.
  std::string SelectRowsOf(const delta::Snapshot& snapshot, const std::vector<std::string>& paths) const;
  // Over a SELECT of ours. Raw scans apart, what is defined is what CheckReadOnlySelect() lets a user read.
  void DefineView(const std::string& name, const std::string& select) override;
  void DefineEmptyTable(const std::string& name, const std::vector<base::Column>& columns) override;

  // Compute() and its commit. A new constraint is held against the present rows, too. A table that keeps change data
  // gets it where files are rewritten.
  ApplyReport Apply(const TableTarget& target, const std::optional<delta::Snapshot>& base, const TableChange& change,
                    const ApplyOptions& options, const base::Clock& clock);
  // Leaves the engine free for others while another thread commits the answer.
  ComputedChange Compute(const TableTarget& target, const std::optional<delta::Snapshot>& base,
                         const TableChange& change, const ApplyOptions& options, const base::Clock& clock) override;
  void ComputeEach(size_t count, const std::function<void(size_t, const ComputeFunction&)>& work) override;
  void RunEach(size_t count, const std::function<void(size_t, Engine&)>& work) override;
  void CheckChange(const TableTarget& target, const std::optional<delta::Snapshot>& base, const TableChange& change,
                   const base::Clock& clock) override;

  // Rewrites some live files as fewer, and what the rows of some files come to: see engine/duckdb/file_merge.h. Neither
  // commits anything.
  MergedFiles MergeFiles(const delta::Snapshot& snapshot, const FileMerge& merge, const base::Clock& clock);
  RowsDigest DigestFiles(const delta::Snapshot& snapshot, const std::vector<std::string>& paths);

  // Reads the scan's files into memory, each column by its rules (engine/duckdb/row_rules.h), which are those of the
  // scan's shape in its order. Throws Error{kIo}, or Error{kUnavailable} after Interrupt().
  std::shared_ptr<StagedRows> Stage(const RawScan& scan, std::vector<ColumnRules> rules);
  // The views of staged rows show nothing any more, and the memory of rows that nobody else owns goes back to the
  // system.
  void ForgetStagedRows();
  size_t threads() const;

  void CheckReadOnlySelect(std::string_view sql) override;
  void Lock() override;

  void Interrupt() override;
  ScanProgress progress() const;

 private:
  class State;
  Database(std::shared_ptr<State> state, Connection& connection);

  std::shared_ptr<State> state_;  // Of all that run beside each other.
  Connection& connection_;
};

}  // namespace qlake::engine
