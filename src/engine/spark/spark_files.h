#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/column_type.h"
#include "delta/actions.h"
#include "engine/engine.h"
#include "storage/storage.h"

// Data files that Spark writes for a table whose log it does not touch
// (docs/decisions/0014-spark-computes-files-qlake-commits-them.md), and names in its SQL.
namespace qlake::engine {

std::string Backquote(const std::string& name);
std::string BackquoteAll(const std::vector<std::string>& names);  // Between commas.

// What Storage::Url() says as Spark takes it, and a folder of tables or files in SQL:
// delta.`file:/srv/lake/marts/sales_daily`.
std::string SparkUrl(const std::string& url);
std::string SparkFolder(std::string_view format, const std::string& url);

struct SparkRows {
  std::string sql;  // SELECT of the columns.
  const std::vector<base::Column>& columns;
  const std::vector<std::string>& partition_columns;
  const delta::Metadata& metadata;    // Of the table: which columns have statistics.
  bool as_one_file = false;           // One a partition, however the rows came; else as many as tasks wrote them.
  std::vector<std::string> order_by;  // Columns: the order of rows within a file. None: any.
};

// One statement writes the rows as the files of a Delta table in `folder` of the storage, which is new, and nobody else
// knows. Gives them with paths in that folder.
std::vector<delta::AddFile> WriteSparkFiles(Engine& engine, storage::Storage& storage, const std::string& folder,
                                            const SparkRows& rows);

// Gives them the same paths in the table's folder. REQUIRES: no version names them yet.
void MoveSparkFiles(storage::Storage& storage, const std::string& folder, const std::string& table_path,
                    const std::vector<delta::AddFile>& files);

}  // namespace qlake::engine
