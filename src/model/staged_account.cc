#include "model/staged_account.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"

namespace qlake::model {
namespace {

constexpr size_t kFilesNamedMax = 20;  // In the log; a late file brings all files of its source up again.

}  // namespace

int64_t StagedAccount::accepted() const {
  int64_t rows = 0;
  for (const auto& file : counts_) rows += file.accepted;
  return rows;
}

void StagedAccount::CountRejected(engine::Engine& engine, bool can_fail) {
  auto counted = engine.Query(fmt::format(
      "SELECT _file, count(*), min(_line), min_by(reasons, _line) FROM rejected.{} GROUP BY _file ORDER BY _file",
      contract_->name));
  size_t more_files = counted.rows.size() - std::min(counted.rows.size(), kFilesNamedMax);
  int64_t more_rows = 0;
  for (const auto& row : counted.rows) {
    auto& file = files_[static_cast<size_t>(engine::IntegerOf(row[0]))];
    auto& counts = counts_[static_cast<size_t>(engine::IntegerOf(row[0]))];
    counts.rejected = engine::IntegerOf(row[1]);
    if (&row - counted.rows.data() < static_cast<std::ptrdiff_t>(more_files)) {
      more_rows += counts.rejected;
      continue;
    }
    base::LogWarn("rows went to quarantine",
                  {{"table", "quarantine." + contract_->name},
                   {"hour", base::FormatHour(file.hour)},
                   {"file", file.file_id},
                   {"rows", counts.rejected},
                   {"first_line", engine::IntegerOf(row[2])},
                   {"first_reasons", base::Json::parse(row[3].value_or("[]"), nullptr, false)}});
  }
  if (more_files > 0) {
    base::LogWarn("rows of earlier files are in quarantine",
                  {{"table", "quarantine." + contract_->name}, {"files", more_files}, {"rows", more_rows}});
  }
  if (!can_fail) return;
  auto failed = engine.Query(fmt::format(
      "SELECT _file_id, _line, reasons FROM rejected.{} WHERE failed ORDER BY _file, _line LIMIT 1", contract_->name));
  if (!failed.rows.empty()) {
    throw base::InputError("a rule of {} says that the step must fail (on_violation = \"fail\"); {} line {}: {}",
                           contract_->name, failed.rows[0][0].value_or(""), failed.rows[0][1].value_or(""),
                           failed.rows[0][2].value_or(""));
  }
}

}  // namespace qlake::model
