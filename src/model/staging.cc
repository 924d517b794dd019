#include "model/staging.h"

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "model/contract_sql.h"

namespace qlake::model {
namespace {

using engine::QuoteLiteral;

engine::RawScan ScanOf(const Contract& contract, const std::vector<lake::FileRecord>& files,
                       const std::vector<size_t>& indexes) {
  engine::RawScan scan;
  scan.csv_shape = contract.ToSource().shape;
  for (size_t index : indexes) {
    const auto& file = files[index];
    scan.files.push_back({file.path, static_cast<uint64_t>(file.offset), static_cast<uint64_t>(file.bytes)});
    scan.formats.push_back(lake::FormatOf(file.name));
  }
  return scan;
}

}  // namespace

StagedSource::StagedSource(lake::Lake& lake, const Contract& contract, std::vector<lake::FileRecord> files)
    : contract_(&contract), files_(std::move(files)), counts_(files_.size()) {
  lake.database().Run(
      "CREATE SCHEMA IF NOT EXISTS staged; CREATE SCHEMA IF NOT EXISTS staged_rows; "
      "CREATE SCHEMA IF NOT EXISTS staged_files; CREATE SCHEMA IF NOT EXISTS rejected");
  DefineFiles(lake);
  Accept(lake);
  Reject(lake);
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

std::string StagedSource::DefineScan(
    lake::Lake& lake, const std::string& schema,
    const std::function<bool(const lake::FileRecord&, const FileCounts&)>& chosen) const {
  std::vector<size_t> indexes;
  std::string pairs;
  for (size_t i = 0; i < files_.size(); ++i) {
    if (!chosen(files_[i], counts_[i])) continue;
    pairs += fmt::format("{}({}, {})", indexes.empty() ? "" : ", ", indexes.size(), i);
    indexes.push_back(i);
  }
  std::string name = schema + "." + contract_->name;
  lake.database().DefineRawScan(name, ScanOf(*contract_, files_, indexes));
  if (indexes.size() == files_.size()) return name;
  return fmt::format(
      "(SELECT s.* REPLACE (CAST(m.whole AS INTEGER) AS _file) FROM {} AS s JOIN (VALUES {}) AS m(part, whole) "
      "ON s._file = m.part)",
      name, pairs.empty() ? "(-1, -1)" : pairs);
}

void StagedSource::Accept(lake::Lake& lake) {
  std::string scan = DefineScan(lake, "scan", [](const auto&, const auto&) { return true; });
  lake.database().Run(
      fmt::format("CREATE OR REPLACE TABLE staged_rows.{} AS {}", contract_->name, AcceptedSql(*contract_, scan)));
  lake.database().Run(
      fmt::format("CREATE OR REPLACE VIEW staged.{0} AS SELECT s.*, f._file_id, f.data_hour FROM staged_rows.{0} AS s "
                  "JOIN staged_files.{0} AS f ON s._file = f._file",
                  contract_->name));
  auto counted = lake.database().Query(fmt::format(
      "SELECT _file, count(*), count(*) FILTER (WHERE _flawed) FROM staged_rows.{} GROUP BY _file", contract_->name));
  bool any_flawed = false;
  for (const auto& row : counted.rows) {
    auto& counts = counts_[static_cast<size_t>(engine::IntegerOf(row[0]))];
    counts.accepted = engine::IntegerOf(row[1]);
    counts.flawed = engine::IntegerOf(row[2]);
    any_flawed = any_flawed || counts.flawed > 0;
  }
  if (any_flawed) CountFlaws(lake);
}

void StagedSource::CountFlaws(lake::Lake& lake) {
  auto rules = CountedRules(*contract_);
  std::string scan =
      DefineScan(lake, "scan_flawed", [](const auto&, const FileCounts& counts) { return counts.flawed > 0; });
  auto result = lake.database().Query(CountsSql(*contract_, scan));
  for (size_t i = 0; i < rules.size(); ++i) {
    int64_t failed = engine::IntegerOf(result.rows.front()[i]);
    if (failed > 0) {
      checks_.push_back({contract_->name, rules[i].name, std::string(NameOf(rules[i].on_violation)), failed});
    }
  }
}

// Rows are judged once for the verdict; only those that failed are read again for their reasons, so that good rows
// never pay for them.
void StagedSource::Reject(lake::Lake& lake) {
  std::string scan = DefineScan(lake, "scan_again", [](const lake::FileRecord& file, const FileCounts& counts) {
    return counts.accepted != file.rows;
  });
  auto& database = lake.database();
  database.Run(fmt::format(
      "CREATE OR REPLACE TABLE rejected.{0} AS SELECT r._file, f._file_id, r._line, f.data_hour, r.key, "
      "r.kind, r.reasons, r.record, r.failed FROM ({1}) AS r JOIN staged_files.{0} AS f ON r._file = f._file",
      contract_->name, RejectedSql(*contract_, scan)));
  auto counted = database.Query(fmt::format(
      "SELECT _file, count(*), min(_line), min_by(reasons, _line) FROM rejected.{} GROUP BY _file ORDER BY _file",
      contract_->name));
  for (const auto& row : counted.rows) {
    auto& file = files_[static_cast<size_t>(engine::IntegerOf(row[0]))];
    auto& counts = counts_[static_cast<size_t>(engine::IntegerOf(row[0]))];
    counts.rejected = engine::IntegerOf(row[1]);
    base::LogWarn("rows went to quarantine",
                  {{"table", "quarantine." + contract_->name},
                   {"hour", base::FormatHour(file.hour)},
                   {"file", file.file_id},
                   {"rows", counts.rejected},
                   {"first_line", engine::IntegerOf(row[2])},
                   {"first_reasons", base::Json::parse(row[3].value_or("[]"), nullptr, false)}});
  }
  auto failed = database.Query(fmt::format(
      "SELECT _file_id, _line, reasons FROM rejected.{} WHERE failed ORDER BY _file, _line LIMIT 1", contract_->name));
  if (!failed.rows.empty()) {
    throw base::InputError("a rule of {} says that the step must fail (on_violation = \"fail\"); {} line {}: {}",
                           contract_->name, failed.rows[0][0].value_or(""), failed.rows[0][1].value_or(""),
                           failed.rows[0][2].value_or(""));
  }
}

}  // namespace qlake::model
