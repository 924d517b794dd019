#include "model/staging.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"

namespace qlake::model {
namespace {

using engine::QuoteLiteral;

engine::RawScan ScanOf(const Contract& contract, const std::vector<lake::FileRecord>& files) {
  engine::RawScan scan;
  scan.csv_shape = contract.ToSource().shape;
  for (const auto& file : files) {
    scan.files.push_back({file.path, static_cast<uint64_t>(file.offset), static_cast<uint64_t>(file.bytes), file.rows});
    scan.formats.push_back(lake::FormatOf(file.name));
  }
  return scan;
}

// A value of the staged scan's column _row.
engine::StagedRow StagedRowOf(int64_t row) { return {static_cast<uint32_t>(row >> 32), static_cast<uint32_t>(row)}; }

}  // namespace

StagedSource::StagedSource(lake::Lake& lake, const Contract& contract, std::vector<lake::FileRecord> files)
    : StagedAccount(contract, std::move(files)), rules_(RulesOf(contract)) {
  lake.database().Run("CREATE SCHEMA IF NOT EXISTS staged_files; CREATE SCHEMA IF NOT EXISTS rejected");
  DefineFiles(lake);
  rows_ = lake.database().Stage(ScanOf(contract, files_), ReaderRules(contract));
  DefineView(lake, "staged", Scan());
  for (uint32_t i = 0; i < files_.size(); ++i) {
    const auto& file = rows_->files()[i];
    rejected_.insert(rejected_.end(), file.rejected.begin(), file.rejected.end());
    for (const auto& breach : file.breaches) flaws_.push_back({{i, breach.row}, RuleOf(breach.column, breach.rule)});
  }
  JudgeColumnsInSql(lake);
  JudgeChecks(lake);
  CountAccepted();
  ExplainRejected(lake);
}

void StagedSource::DefineFiles(lake::Lake& lake) const {
  std::string rows;
  for (size_t i = 0; i < files_.size(); ++i) {
    rows += fmt::format("{}({}, {}, {})", i == 0 ? "" : ", ", i, QuoteLiteral(files_[i].file_id),
                        QuoteLiteral(base::FormatTimestamp(base::StartOf(files_[i].hour))));
  }
  std::string from =
      rows.empty() ? "(VALUES (0, '', '')) AS v(f, i, h) WHERE FALSE" : fmt::format("(VALUES {}) AS v(f, i, h)", rows);
  lake.database().Run(
      fmt::format("CREATE OR REPLACE TABLE staged_files.{} AS SELECT CAST(f AS INTEGER) AS _file, i AS _file_id, "
                  "CAST(h AS TIMESTAMP WITH TIME ZONE) AS data_hour FROM {}",
                  contract_->name, from));
}

engine::StagedScan StagedSource::Scan() const {
  engine::StagedScan scan{rows_, {}, {}};
  for (const auto& file : files_) {
    scan.file_ids.push_back(file.file_id);
    scan.hours.push_back(base::StartOf(file.hour));
  }
  return scan;
}

void StagedSource::DefineView(lake::Lake& lake, const std::string& schema, engine::StagedScan scan) const {
  std::string rows = RowsOf(schema);
  lake.database().DefineStagedScan(rows, std::move(scan));
  if (!defined_.insert(schema).second) return;
  lake.database().Run(
      fmt::format("CREATE SCHEMA IF NOT EXISTS {0}; CREATE OR REPLACE VIEW {0}.{1} AS SELECT *{2} FROM {3}", schema,
                  engine::QuoteName(contract_->name), DerivedColumns(*contract_), rows));
}

void StagedSource::ShowOnly(engine::Database& database, std::optional<std::vector<engine::StagedRow>> rows) const {
  database.ShowOnly(RowsOf("staged"), std::move(rows));
}

void StagedSource::DefineOnce(lake::Lake& lake) const {
  engine::StagedScan scan = Scan();
  scan.each_key_once = true;
  scan.by_cluster = IsClustered();
  DefineView(lake, "staged_once", std::move(scan));
}

void StagedSource::ClusterBy(lake::Lake& lake, const std::string& column) {
  rows_->ClusterBy(IndexesOf({column}).front(), lake.database().threads());
  DefineOnce(lake);
}

bool StagedSource::CanClusterBy(const std::string& column) const {
  using Kind = base::ColumnType::Kind;
  return std::any_of(contract_->columns.begin(), contract_->columns.end(), [&](const ContractColumn& candidate) {
    return candidate.name == column && (candidate.type.kind == Kind::kDate || candidate.type.kind == Kind::kInteger ||
                                        candidate.type.kind == Kind::kLong);
  });
}

std::vector<size_t> StagedSource::IndexesOf(const std::vector<std::string>& columns) const {
  std::vector<size_t> indexes;
  for (const auto& name : columns) {
    auto found = std::find_if(contract_->columns.begin(), contract_->columns.end(),
                              [&](const ContractColumn& column) { return column.name == name; });
    QLAKE_CHECK(found != contract_->columns.end());
    indexes.push_back(static_cast<size_t>(found - contract_->columns.begin()));
  }
  return indexes;
}

void StagedSource::DefineScan(lake::Lake& lake, const std::string& schema,
                              std::vector<engine::RecordPlace> places) const {
  std::sort(places.begin(), places.end(),
            [](const auto& a, const auto& b) { return std::tie(a.file, a.line) < std::tie(b.file, b.line); });
  engine::RawScan scan = ScanOf(*contract_, files_);
  for (size_t i = 0; i < files_.size(); ++i) scan.files[i].held = rows_->files()[i].bytes;
  scan.places = std::move(places);
  lake.database().DefineRawScan(schema + "." + contract_->name, std::move(scan));
}

size_t StagedSource::RuleOf(size_t column, engine::Rule kind) const {
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].column == column && rules_[i].kind == kind) return i;
  }
  QLAKE_CHECK(!"a breach of a rule that the contract does not have");
}

void StagedSource::Judge(engine::StagedRow row, size_t rule) {
  bool rejects =
      rules_[rule].on_violation == OnViolation::kQuarantine || rules_[rule].on_violation == OnViolation::kFail;
  if (!rejects) {
    flaws_.push_back({row, rule});
  } else if (!rows_->IsRejected(row)) {
    rows_->LeaveOut(row, engine::StagedRows::kRejected);
    rejected_.push_back(rows_->PlaceOf(row));
  }
}

void StagedSource::JudgeColumnsInSql(lake::Lake& lake) {
  auto columns = ColumnsInSql(*contract_);
  if (columns.empty()) return;
  std::string sql = ColumnsInSqlSql(*contract_, "staged." + contract_->name);
  // Taken whole before any value is replaced: the query reads them.
  auto changed = lake.database().Query(sql);
  for (const auto& row : changed.rows) {
    auto at = StagedRowOf(engine::IntegerOf(row[0]));
    for (size_t i = 0; i < columns.size(); ++i) {
      std::optional<std::string_view> kept = row[1 + 2 * i];
      rows_->ReplaceText(at, columns[i], kept);
      int64_t broken = engine::IntegerOf(row[2 + 2 * i]);
      if (broken >= 0) Judge(at, RuleOf(columns[i], static_cast<engine::Rule>(broken)));
    }
  }
}

void StagedSource::JudgeChecks(lake::Lake& lake) {
  auto sql = BrokenChecksSql(*contract_, "staged." + contract_->name);
  if (!sql) return;
  size_t first_check = rules_.size() - contract_->checks.size();
  std::vector<std::pair<engine::StagedRow, size_t>> broken;
  lake.database().VisitIntegers(*sql, [&](const std::vector<int64_t>& row) {
    for (size_t column = 1; column < row.size(); ++column) {
      for (auto bits = static_cast<uint64_t>(row[column]); bits != 0; bits &= bits - 1) {
        size_t check = (column - 1) * kChecksPerColumn + static_cast<size_t>(std::countr_zero(bits));
        broken.push_back({StagedRowOf(row[0]), first_check + check});
      }
    }
  });
  for (const auto& [row, rule] : broken) Judge(row, rule);
}

void StagedSource::CountAccepted() {
  for (size_t i = 0; i < files_.size(); ++i) counts_[i].accepted = rows_->files()[i].rows();
  for (size_t i = 0; i < files_.size(); ++i) {
    const auto& left_out = rows_->files()[i].left_out;
    counts_[i].accepted -= std::count(left_out.begin(), left_out.end(), engine::StagedRows::kRejected);
  }
  std::vector<int64_t> broken(rules_.size());
  for (const auto& [row, rule] : flaws_) {
    if (!rows_->IsRejected(row)) ++broken[rule];
  }
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (broken[i] == 0) continue;
    checks_.push_back({contract_->name, rules_[i].name, std::string(NameOf(rules_[i].on_violation)), broken[i]});
  }
}

// Rows are judged once for the verdict; only the records that failed are read again for their reasons, so that good
// rows never pay for them.
void StagedSource::ExplainRejected(lake::Lake& lake) {
  auto& database = lake.database();
  if (rejected_.empty()) {
    // The statement below is long, and so is its planning.
    database.Run(fmt::format(
        "CREATE OR REPLACE TABLE rejected.{} (_file INTEGER, _file_id VARCHAR, _line BIGINT, data_hour TIMESTAMP WITH "
        "TIME ZONE, key VARCHAR, kind VARCHAR, reasons VARCHAR, record VARCHAR, failed BOOLEAN)",
        contract_->name));
    return;
  }
  std::string scan = "scan_rejected." + contract_->name;
  DefineScan(lake, "scan_rejected", rejected_);
  database.Run(fmt::format(
      "CREATE OR REPLACE TABLE rejected.{0} AS SELECT r._file, f._file_id, r._line, f.data_hour, r.key, "
      "r.kind, r.reasons, r.record, r.failed FROM ({1}) AS r JOIN staged_files.{0} AS f ON r._file = f._file",
      contract_->name, RejectedSql(*contract_, scan, SqlDialect::kDuckdb)));
  bool can_fail = std::any_of(rules_.begin(), rules_.end(),
                              [](const NamedRule& rule) { return rule.on_violation == OnViolation::kFail; });
  CountRejected(database, can_fail);
}

}  // namespace qlake::model
