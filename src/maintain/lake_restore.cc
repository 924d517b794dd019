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

// Rows of one of our own tables go by a key; the others stay in their files.
void RemoveRows(lake::Writer& writer, const lake::TableSchema& schema, const std::string& where,
                std::vector<std::string> key, std::vector<delta::SetTransaction> progress) {
  auto& lake = writer.lake();
  lake.Define(schema, lake.Load(schema.name));
  engine::TableChange change;
  change.remove_sql = fmt::format("SELECT {} FROM {} WHERE {}", fmt::join(key, ", "), schema.name, where);
  change.key_columns = std::move(key);
  if (progress.empty() &&
      lake.database().QueryInteger(fmt::format("SELECT count(*) FROM ({})", change.remove_sql)) == 0)
    return;
  writer.Commit(lake::TargetOf(schema), change, std::move(progress), "RESTORE");
}

// Steps 2 to 4. Each does nothing when it is done already.
std::vector<TableRestore> Follow(lake::Writer& writer, const lake::Intent& intent) {
  std::vector<TableRestore> tables;
  for (const auto& [table, version] : intent.reads) {
    auto restored = RestoreTable(writer, table, version);
    if (restored.changes()) tables.push_back(std::move(restored));
  }
  std::string comes_after = fmt::format("step = '{}' AND to_seq > {}", kProcessApp, intent.from_seq);
  RemoveRows(writer, lake::StepsSchema(), comes_after, {"step", "to_seq"}, {});
  base::CrashPoint("restore.before_ledger");
  int64_t now_ms = writer.lake().clock().Now().us / 1000;
  RemoveRows(writer, lake::LedgerSchema(), comes_after, {"step", "to_seq"},
             {{kProcessApp, intent.from_seq, now_ms}, {lake::kRestoreApp, intent.to_seq, now_ms}});
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
