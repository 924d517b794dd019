#include "cli/lake_checks.h"

#include <fmt/format.h>

#include "base/error.h"
#include "cli/quantity.h"
#include "lake/records.h"
#include "lake/unfinished_copy.h"
#include "maintain/raw_leftovers.h"
#include "maintain/table_health.h"
#include "model/plan.h"
#include "run/open_run.h"
#include "storage/unfinished.h"

namespace qlake::cli {
namespace {

constexpr int64_t kSmallFilesMax = 200;
constexpr int64_t kReplayMax = 100;  // Checkpoints are due each ten versions.
constexpr int64_t kLogMax = 50'000;
constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kDayUs = 86'400 * kSecondUs;
constexpr int64_t kAheadMaxUs = 60 * kSecondUs;

void CheckCopy(lake::Lake& lake, Findings& findings) {
  try {
    lake::RequireNoUnfinishedCopy(lake);
  } catch (const base::Error& error) {
    AddError(findings, "lake", error.message(), "nothing else can write to this lake before");
  }
}

void CheckTime(const std::optional<lake::Publication>& publication, base::Timestamp now, Findings& findings) {
  if (!publication || publication->committed_at.us <= now.us + kAheadMaxUs) return;
  AddError(findings, "clock",
           fmt::format("the lake's last publication lies {} ahead of this clock: {}",
                       FormatSeconds(static_cast<double>(publication->committed_at.us - now.us) / 1e6),
                       base::FormatTimestamp(publication->committed_at)),
           "set the clock right, of this host or of the one that wrote");
}

void CheckRuns(lake::Lake& lake, const std::optional<lake::Publication>& publication, Findings& findings) {
  bool is_at_work = false;
  for (const auto& run : run::ReadOpenRuns(lake)) {
    auto life = run::LifeOf(run, lake.clock().Now());
    is_at_work = is_at_work || life != run::Life::kEnded;
    if (life != run::Life::kEnded) continue;
    AddWarning(findings, "lake", fmt::format("run {} ({}) was killed", run.run_id, run.command),
               "qlake runs show " + run.run_id + "; the next qlake run goes on where it stopped");
  }
  auto intent = lake::ReadLastIntent(lake, model::kProcessApp);
  bool is_open = intent && (!publication || intent->to_seq > publication->to_seq);
  if (!is_open) return;
  if (is_at_work) {
    AddFine(findings, "lake", "a batch is under way: run " + intent->run_id);
  } else {
    AddWarning(findings, "lake", "a batch was begun and not finished: run " + intent->run_id, "qlake process ends it");
  }
}

void CheckLeftovers(lake::Lake& lake, Findings& findings) {
  base::Timestamp now = lake.clock().Now();
  int64_t files = 0;
  uint64_t bytes = 0;
  for (const auto& leftover : maintain::FindRawLeftovers(lake, {now.us - 7 * kDayUs})) {
    ++files;
    bytes += leftover.bytes;
  }
  for (const auto& unfinished : storage::ListUnfinished(lake.storage(), "")) {
    if (unfinished.modified.us > now.us - kDayUs) continue;
    ++files;
    bytes += unfinished.bytes;
  }
  if (files == 0) return;
  AddWarning(findings, "lake",
             fmt::format("{} files of {} are referred to by nothing: of writes that were cut short, or packed since",
                         FormatCount(files), FormatBytes(bytes)),
             "qlake vacuum removes them");
}

void CheckTables(lake::Lake& lake, Findings& findings) {
  int64_t files = 0;
  uint64_t bytes = 0;
  auto tables = maintain::ReadTableHealth(lake);
  for (const auto& table : tables) {
    files += table.files;
    bytes += table.bytes;
    if (table.small_files > kSmallFilesMax) {
      AddWarning(findings, "tables",
                 fmt::format("{}: {} of {} files are small", table.table, FormatCount(table.small_files),
                             FormatCount(table.files)),
                 "qlake compact " + table.table + ", hourly by qlake schedule");
    }
    if (table.commits_to_replay > kReplayMax) {
      AddWarning(findings, "tables",
                 fmt::format("{}: no checkpoint for {} versions", table.table, FormatCount(table.commits_to_replay)),
                 "the log of qlake says why (\"a checkpoint could not be written\"); the next commit tries again");
    }
    if (table.commits_in_log > kLogMax) {
      AddWarning(findings, "tables",
                 fmt::format("{}: the log holds {} commits", table.table, FormatCount(table.commits_in_log)),
                 "a shorter delta.logRetentionDuration lets checkpoints clean it up");
    }
  }
  AddFine(findings, "tables",
          fmt::format("{} tables, {} files of {}", tables.size(), FormatCount(files), FormatBytes(bytes)));
}

}  // namespace

void CheckLake(lake::Lake& lake, Findings& findings) {
  auto publication = lake::ReadPublication(lake);
  CheckCopy(lake, findings);
  CheckTime(publication, lake.clock().Now(), findings);
  CheckRuns(lake, publication, findings);
  CheckLeftovers(lake, findings);
  CheckTables(lake, findings);
}

}  // namespace qlake::cli
