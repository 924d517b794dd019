#pragma once

#include <string>
#include <vector>

#include "delta/transaction.h"
#include "lake/lake.h"
#include "lake/tables.h"
#include "parquet/file_encoder.h"

namespace qlake::stream {

// Rows that become one data file of a table: those of one partition.
struct RowsOfFile {
  delta::PartitionValues partition_values;
  parquet::RowBuffer rows;
};

// One of our tables, appended to without the engine and without the lake's lease: commits of several processes queue up
// behind each other, and each carries positions that no other may have moved meanwhile. Not thread-safe.
class TableAppend {
 public:
  // The table is created when absent, and gets the columns that the schema has and it lacks. One that was made without
  // partitions stays so, and lacks the columns that the schema partitions by.
  TableAppend(lake::Lake& lake, const lake::TableSchema& schema, std::string run_id);

  const std::vector<base::Column>& columns() const { return columns_; }  // As the table has them.
  int64_t PositionOf(const std::string& app_id) const { return base_->TransactionVersion(app_id); }
  const delta::Snapshot& snapshot() const { return *base_; }

  // Reads what others have committed.
  void Refresh();

  // The rows and the positions, in one commit on top of what Refresh() saw last. A position that another has moved
  // since is a Conflict, and nothing is written. Refreshes afterwards. `written`: files that stand in the table's
  // folder already, with as many rows as their statistics say.
  [[nodiscard]] delta::CommitOutcome Commit(const std::vector<RowsOfFile>& files,
                                            const std::vector<delta::SetTransaction>& positions,
                                            std::vector<delta::AddFile> written = {});

 private:
  void StayUnpartitioned();
  delta::PartitionValues PartitionOf(const RowsOfFile& file) const;
  std::vector<delta::AddFile> Write(const std::vector<RowsOfFile>& files) const;

  lake::Lake& lake_;
  lake::TableSchema schema_;
  std::string run_id_;
  std::vector<base::Column> columns_;
  std::optional<delta::Snapshot> base_;
};

}  // namespace qlake::stream
