#include "maintain/lake_restore.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "lake/records.h"

namespace qlake::maintain {
namespace {

constexpr const char* kProcessApp = "qlake.process";
constexpr const char* kLedgerThen = "restore.ledger";

int64_t NumberOf(lake::Lake& lake) {
  auto ledger = lake.Load(lake::kOpsLedger);
  return ledger ? std::max<int64_t>(0, ledger->TransactionVersion(lake::kRestoreApp)) : 0;
}

// The tables that process writes, each with its version in the publication; one that came later did not exist.
lake::TableVersions TargetsOf(lake::Lake& lake, const lake::Publication& publication) {
  lake::TableVersions targets = publication.tables;
  for (const auto& table : lake.TableNames()) {
    auto snapshot = lake.Load(table);
    bool is_processed = snapshot && snapshot->TransactionVersion(kProcessApp) >= 0 && table != lake::kOpsLedger;
    if (is_processed) targets.try_emplace(table, delta::kNoVersion);
  }
  return targets;
}

lake::Publication RequirePublication(lake::Lake& lake, base::Timestamp time) {
  auto publication = lake::ReadPublication(lake, time);
  if (!publication) {
    throw base::InputError("the lake {} had no finished run at {}: name a later time (qlake history ops.ledger)",
                           lake.options().root, base::FormatTimestamp(time));
  }
  return *publication;
}

// Batches after the publication are not to be found by a redo.
void RemoveSteps(lake::Writer& writer, int64_t to_seq) {
  auto& lake = writer.lake();
  lake.Define(lake::StepsSchema(), lake.Load(lake::kOpsSteps));
  engine::TableChange change;
  change.remove_sql =
      fmt::format("SELECT step, to_seq FROM ops.steps WHERE step = '{}' AND to_seq > {}", kProcessApp, to_seq);
  change.key_columns = {"step", "to_seq"};
  if (lake.database().QueryInteger(fmt::format("SELECT count(*) FROM ({})", change.remove_sql)) == 0) return;
  writer.Commit(lake::TargetOf(lake::StepsSchema()), change, {}, "RESTORE");
}

// What process wrote into the ledger becomes what stood there at the publication, which may have come after a
// publication that the lake was taken back to since. Rows of other steps stay.
void RestoreLedger(lake::Writer& writer, const lake::Intent& intent) {
  auto& lake = writer.lake();
  auto newest = lake.Load(lake::kOpsLedger);
  auto version = intent.reads.find(lake::kOpsLedger);
  auto then = version == intent.reads.end() ? newest : lake.LoadVersion(lake::kOpsLedger, version->second);
  QLAKE_CHECK(then);
  lake.Define(lake::LedgerSchema(), newest);
  lake.database().DefineTable(kLedgerThen, *then);
  std::string of_process = fmt::format("WHERE step = '{}'", kProcessApp);
  std::string now_rows = fmt::format("SELECT * FROM ops.ledger {}", of_process);
  std::string then_rows = fmt::format("SELECT * FROM {} {} AND to_seq <= {}", kLedgerThen, of_process, intent.from_seq);
  engine::TableChange change;
  change.key_columns = {"step", "to_seq"};
  change.remove_sql = fmt::format("SELECT DISTINCT step, to_seq FROM (({0} EXCEPT {1}) UNION ALL ({1} EXCEPT {0}))",
                                  now_rows, then_rows);
  change.insert_sql = fmt::format("SELECT * FROM ({}) WHERE (step, to_seq) IN ({})", then_rows, change.remove_sql);
  int64_t now_ms = lake.clock().Now().us / 1000;
  writer.Commit(lake::TargetOf(lake::LedgerSchema()), change,
                {{kProcessApp, intent.from_seq, now_ms}, {lake::kRestoreApp, intent.to_seq, now_ms}}, "RESTORE");
}

// Steps 2 to 4. Each does nothing when it is done already.
std::vector<TableRestore> Follow(lake::Writer& writer, const lake::Intent& intent) {
  std::vector<TableRestore> tables;
  for (const auto& [table, version] : intent.reads) {
    if (table == lake::kOpsLedger) continue;
    auto restored = RestoreTable(writer, table, version);
    if (restored.changes()) tables.push_back(std::move(restored));
  }
  RemoveSteps(writer, intent.from_seq);
  base::CrashPoint("restore.before_ledger");
  RestoreLedger(writer, intent);
  base::CrashPoint("restore.after_ledger");
  return tables;
}

}  // namespace

LakeRestore PlanLakeRestore(lake::Lake& lake, base::Timestamp time) {
  auto publication = RequirePublication(lake, time);
  LakeRestore plan;
  plan.published_at = publication.committed_at;
  plan.from_seq = lake.Load(lake::kOpsLedger)->TransactionVersion(kProcessApp);
  plan.to_seq = publication.to_seq;
  for (const auto& file : lake::ReadFiles(lake)) plan.files_waiting += file.seq > plan.to_seq ? 1 : 0;
  for (const auto& [table, version] : TargetsOf(lake, publication)) {
    auto restore = PlanTableRestore(lake, table, version);
    if (restore.changes()) plan.tables.push_back(std::move(restore));
  }
  return plan;
}

LakeRestore RestoreLake(lake::Writer& writer, base::Timestamp time) {
  auto& lake = writer.lake();
  FinishRestore(writer);
  LakeRestore restore = PlanLakeRestore(lake, time);
  auto publication = RequirePublication(lake, time);
  // Of this step from_seq is where progress goes back to, and to_seq its own: how many restores there have been.
  lake::Intent intent{lake::kRestoreApp, publication.to_seq, NumberOf(lake) + 1, TargetsOf(lake, publication), "",
                      writer.run_id(),   lake.clock().Now()};
  intent.reads[lake::kOpsLedger] = publication.ledger;
  base::CrashPoint("restore.before_intent");
  // The transaction says at a glance that there is one.
  writer.Append(lake::StepsSchema(), {lake::ToRow(intent)},
                {{lake::kRestoreApp, intent.to_seq, intent.started_at.us / 1000}});
  base::CrashPoint("restore.after_intent");
  restore.tables = Follow(writer, intent);
  return restore;
}

bool FinishRestore(lake::Writer& writer) {
  auto& lake = writer.lake();
  auto steps = lake.Load(lake::kOpsSteps);
  if (!steps || steps->TransactionVersion(lake::kRestoreApp) <= NumberOf(lake)) return false;
  auto intent = lake::ReadLastIntent(lake, lake::kRestoreApp);
  QLAKE_CHECK(intent);
  base::LogInfo("an earlier restore did not finish: ending it", {{"earlier_run", intent->run_id}});
  Follow(writer, *intent);
  return true;
}

}  // namespace qlake::maintain
