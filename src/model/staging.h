#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/duckdb/staged_rows.h"
#include "lake/records.h"
#include "lake/writer.h"
#include "model/contract_sql.h"
#include "model/project.h"
#include "model/staged_account.h"

namespace qlake::model {

// The rows of one source in one batch, staged: read, typed, cleaned, judged. Views and tables in the engine:
//   staged.<source>       accepted rows: columns, derived columns, and those of engine::StagedScan; what models read
//   staged_once.<source>  the same, without the rows whose key came before (JudgeDuplicates): what a fact's model reads
//   staged_files.<source> _file, _file_id, data_hour
//   rejected.<source>     rows that broke the contract, as lake::QuarantineSchema says
class StagedSource : public StagedAccount {
 public:
  // `files` in order: their indexes are the rows' _file. Throws Error{kInput} when a rule with on_violation = "fail"
  // broke.
  StagedSource(lake::Lake& lake, const Contract& contract, std::vector<lake::FileRecord> files);

  engine::StagedRows& rows() { return *rows_; }
  const engine::StagedRows& rows() const { return *rows_; }

  // Positions of columns among the contract's. REQUIRES: it has them.
  std::vector<size_t> IndexesOf(const std::vector<std::string>& columns) const;

  // Has an engine's statements see only some rows of staged.<source>, or all again.
  void ShowOnly(engine::Database& database, std::optional<std::vector<engine::StagedRow>> rows) const;
  // Defines staged_once.<source> anew: rows that were left out meanwhile are gone.
  void DefineOnce(lake::Lake& lake) const;
  // Brings the rows into the order of a column (engine::StagedRows::ClusterBy), one of the contract's, a DATE or an
  // integer; staged_once.<source> gives them so.
  void ClusterBy(lake::Lake& lake, const std::string& column);
  bool CanClusterBy(const std::string& column) const;
  bool IsClustered() const { return rows_->clustered_by().has_value(); }

  // Lets go of the rows: nothing asks for them any more, and the views of them are empty.
  void Forget() { rows_.reset(); }

  // Defines raw scan <schema>.<source> over some records of the files, by file and line.
  void DefineScan(lake::Lake& lake, const std::string& schema, std::vector<engine::RecordPlace> places) const;

 private:
  void DefineFiles(lake::Lake& lake) const;
  void DefineView(lake::Lake& lake, const std::string& schema, engine::StagedScan scan) const;
  std::string RowsOf(const std::string& schema) const { return schema + "_rows." + contract_->name; }
  engine::StagedScan Scan() const;
  void JudgeColumnsInSql(lake::Lake& lake);
  void JudgeChecks(lake::Lake& lake);
  void Judge(engine::StagedRow row, size_t rule);
  size_t RuleOf(size_t column, engine::Rule kind) const;
  void CountAccepted();
  void ExplainRejected(lake::Lake& lake);

  std::shared_ptr<engine::StagedRows> rows_;
  mutable std::set<std::string> defined_;  // Schemas with a view of the source.
  std::vector<NamedRule> rules_;
  std::vector<std::pair<engine::StagedRow, size_t>> flaws_;  // Rows that break a rule and stay, and the rule.
  std::vector<engine::RecordPlace> rejected_;
};

}  // namespace qlake::model
