#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/table_shape.h"
#include "engine/engine.h"
#include "storage/storage.h"

namespace qlake::engine {

// A change of one table that Spark computes: one statement writes the rows as data files into a folder of their own,
// a Delta table that nobody else knows. Commit() moves the files into the table's folder and commits them in the
// table's log, with progress and fence, as the embedded engine does. Killed before that, both leave files that no
// version names.
class SparkChange final : public ComputedChange::Work {
 public:
  struct Resources {
    Engine& engine;  // Asked by the constructor and Compute() only.
    storage::Storage& storage;
    const base::Clock& clock;
    std::string scratch_folder;  // In the storage; nobody else uses it.
  };
  // Throws Error{kInput} when the target does not fit the table, or when it is to keep its changes
  // (delta.enableChangeDataFeed) and rows go, which only the embedded engine writes.
  SparkChange(const Resources& resources, const TableTarget& target, const std::optional<delta::Snapshot>& base,
              const TableChange& change, const ApplyOptions& options);

  // Engine::CheckChange
  void Check();
  void Compute();
  ApplyReport Commit() override;

 private:
  void RequireAllowed() const;
  void RemoveWholeFiles();
  void RemoveRows();
  void Remove(const delta::AddFile& file);
  std::string Goes() const;
  std::string StayingRows();
  void RequireRows(const std::string& rows, const std::vector<delta::Constraint>& constraints);
  void WriteRows(const std::vector<std::string>& selects);

  Resources resources_;
  const TableTarget target_;
  const std::optional<delta::Snapshot> base_;
  const TableChange change_;
  const ApplyOptions options_;
  TableShape shape_;
  std::optional<delta::Conflict> conflict_;
  std::vector<const delta::AddFile*> touched_;  // Files that go and hold rows that stay.
  std::vector<delta::RemoveFile> removed_;
  std::vector<delta::AddFile> added_;
  ApplyReport report_;
};

}  // namespace qlake::engine
