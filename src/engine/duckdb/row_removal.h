#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/column_type.h"
#include "delta/snapshot.h"
#include "engine/duckdb/connection.h"
#include "engine/duckdb/database.h"
#include "engine/duckdb/file_pruning.h"

namespace qlake::engine {

// Which of a table's rows a change takes away: those of some keys (NULL is a key like others), or those that meet a
// condition. Keys are computed once and live as a temporary table as long as this does.
class RowRemoval {
 public:
  // `columns` are the table's, as its files are read. Throws Error{kInput} when the change's SQL does not fit them.
  RowRemoval(Connection& connection, const TableChange& change, const std::vector<base::Column>& columns);
  ~RowRemoval();
  RowRemoval(const RowRemoval&) = delete;
  RowRemoval& operator=(const RowRemoval&) = delete;

  // What stands behind FROM for the rows of a SELECT of the table's columns that go, or that stay. It is called t.
  std::string Going(const std::string& select) const;
  std::string Staying(const std::string& select) const;

  // The files that go whole, when partition values alone decide which rows go; then no other file holds any.
  std::optional<std::vector<const delta::AddFile*>> FilesDecidedByPartition(const delta::Snapshot& snapshot) const;
  // The live files that may hold a row that goes.
  std::vector<const delta::AddFile*> FilesThatMayHold(const delta::Snapshot& snapshot) const;

 private:
  void ComputeKeys(const TableChange& change);
  void AddRangeOfKeys(const std::string& column);
  std::string OnSameKey() const;

  Connection& connection_;
  std::vector<base::Column> columns_;
  std::vector<base::Column> key_columns_;  // None: by condition.
  std::string where_;
  std::vector<ValueRange> ranges_;  // Of the rows that go.
};

}  // namespace qlake::engine
