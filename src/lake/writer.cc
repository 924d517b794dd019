#include "lake/writer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/parallel.h"
#include "lake/unfinished_copy.h"

namespace qlake::lake {
namespace {

constexpr int kPendingMax = 8;       // Commits under way beside what is computed: each may hold rows.
constexpr size_t kFenceThreads = 8;  // They wait for the storage.

struct GiveBackPlace {
  void operator()(CommitPlaces* places) const { places->GiveBack(); }
};
using CommitPlace = std::unique_ptr<CommitPlaces, GiveBackPlace>;

engine::TableChange ChangeOf(const TableSchema& schema, const std::vector<TextRow>& rows) {
  engine::TableChange change;
  if (!rows.empty()) change.insert_sql = SelectRows(schema, rows);
  return change;
}

}  // namespace

void CommitPlaces::Take() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [&] { return taken_ < kPendingMax; });
  ++taken_;
}

void CommitPlaces::GiveBack() {
  std::lock_guard lock(mutex_);
  --taken_;
  freed_.notify_one();
}

engine::ApplyReport Writer::CommitComputed(const std::string& table_path, engine::ComputedChange computed) {
  auto report = std::move(computed).Commit();
  if (const auto* conflict = std::get_if<delta::Conflict>(&report.outcome)) {
    throw base::UnavailableError("another writer was at {} at version {} ({}): run the command again", table_path,
                                 conflict->version, conflict->reason);
  }
  auto version = std::get<delta::Committed>(report.outcome).version;
  Note({TableName(table_path), version - 1, version, report.rows_inserted, report.rows_removed, report.bytes_written});
  base::LogInfo("committed", {{"table", TableName(table_path)},
                              {"version", version},
                              {"rows_inserted", report.rows_inserted},
                              {"rows_removed", report.rows_removed},
                              {"files_added", report.files_added},
                              {"bytes_written", report.bytes_written}});
  return report;
}

Writer::Writer(Lake& lake, std::string run_id, std::chrono::milliseconds wait)
    : lake_(lake), run_id_(std::move(run_id)), lease_(TakeLease(lake, run_id_, wait)) {
  RequireNoUnfinishedCopy(lake);
  if (lease_->was_taken_over()) FenceTables();
}

Writer::~Writer() = default;

// The holder before may be about to commit: after this, no table takes anything of it.
void Writer::FenceTables() {
  auto tables = lake_.TableNames();
  base::ParallelFor(tables.size(), kFenceThreads, [&](size_t i) {
    for (bool is_fenced = false; !is_fenced;) {
      auto snapshot = delta::Snapshot::Load(lake_.storage(), TablePath(tables[i]));
      if (!snapshot) return;
      if (snapshot->TransactionVersion(kWriterApp) > epoch()) {
        throw base::UnavailableError("another qlake has taken the lease of the lake {} over: run the command again",
                                     lake_.options().root);
      }
      auto outcome =
          Commit(delta::Transaction(lake_.storage(), TablePath(tables[i]), snapshot), {.operation = "FENCE"});
      is_fenced = std::holds_alternative<delta::Committed>(outcome);  // Streams write to their tables meanwhile.
    }
  });
  lease_->NoteFenced();
}

engine::ApplyOptions Writer::OptionsOf(std::vector<delta::SetTransaction> progress,
                                       const std::string& operation) const {
  engine::ApplyOptions options;
  options.progress = std::move(progress);
  options.progress.push_back({kWriterApp, epoch(), lake_.clock().Now().us / 1000});
  options.fence_app = kWriterApp;
  options.fence_epoch = epoch();
  options.commit.operation = operation;
  options.commit.run_id = run_id_;
  return options;
}

// What a change stands on.
std::optional<delta::Snapshot> Writer::LoadBase(const std::string& table_path) const {
  auto base = lake_.LoadPath(table_path);
  // All tables were fenced: this one came into being since, by whom we took the lease from.
  if (lease_->was_taken_over() && base && base->TransactionVersion(kWriterApp) < epoch()) {
    throw base::UnavailableError("{} was made by one who had lost the lease: run the command again", table_path);
  }
  return base;
}

engine::ComputedChange Writer::Compute(engine::Engine& engine, const engine::TableTarget& target,
                                       const engine::TableChange& change, std::vector<delta::SetTransaction> progress,
                                       const std::string& operation) {
  lease_->RequireHeld();
  auto options = OptionsOf(std::move(progress), operation);
  return engine.Compute(target, LoadBase(target.path), change, options, lake_.clock());
}

engine::ApplyReport Writer::Commit(const engine::TableTarget& target, const engine::TableChange& change,
                                   std::vector<delta::SetTransaction> progress, const std::string& operation) {
  return CommitComputed(target.path, Compute(lake_.database(), target, change, std::move(progress), operation));
}

void Writer::CommitLater(const engine::TableTarget& target, const engine::TableChange& change,
                         std::vector<delta::SetTransaction> progress, const std::string& operation) {
  pending_.push_back(
      BeginCommit(target.path, Compute(lake_.database(), target, change, std::move(progress), operation)));
}

void Writer::CommitLater(engine::Engine& engine, const engine::TableTarget& target, const engine::TableChange& change,
                         std::vector<delta::SetTransaction> progress) {
  pending_.push_back(BeginCommit(target.path, Compute(engine, target, change, std::move(progress), "WRITE")));
}

std::vector<std::optional<base::Error>> Writer::CommitEachLater(engine::Engine& engine,
                                                                const std::vector<LaterChange>& changes,
                                                                const std::function<void(size_t)>& on_turn) {
  lease_->RequireHeld();
  std::vector<std::optional<delta::Snapshot>> bases;
  for (const auto& change : changes) bases.push_back(LoadBase(change.target.path));
  std::vector<std::optional<base::Error>> failures(changes.size());
  std::vector<std::shared_future<engine::ApplyReport>> commits(changes.size());
  std::vector<bool> is_computed(changes.size());  // This and the next two are guarded by the mutex.
  size_t turn = 0;
  std::optional<size_t> stopped_by;
  std::mutex mutex;
  if (!changes.empty()) on_turn(turn);
  engine.ComputeEach(changes.size(), [&](size_t i, const engine::Engine::ComputeFunction& compute) {
    const auto& [target, change, progress, may_fail] = changes[i];
    {
      std::lock_guard lock(mutex);
      if (stopped_by) return;
    }
    try {
      commits[i] =
          BeginCommit(target.path, compute(target, bases[i], change, OptionsOf(progress, "WRITE"), lake_.clock()));
    } catch (const base::Error& error) {
      failures[i] = error;
    }
    std::lock_guard lock(mutex);
    if (failures[i] && (!may_fail || failures[i]->kind() == base::ErrorKind::kUnavailable)) {
      stopped_by = std::min(i, stopped_by.value_or(i));
    }
    is_computed[i] = true;
    while (!stopped_by && turn < changes.size() && is_computed[turn]) on_turn(++turn);
  });
  for (auto& commit : commits) {
    if (commit.valid()) pending_.push_back(std::move(commit));
  }
  if (stopped_by) {
    on_turn(*stopped_by);
    throw *failures[*stopped_by];
  }
  return failures;
}

std::shared_future<engine::ApplyReport> Writer::BeginCommit(const std::string& table_path,
                                                            engine::ComputedChange computed) {
  places_.Take();
  auto commit = [this, table_path, computed = std::move(computed), place = CommitPlace(&places_)]() mutable {
    CommitPlace until_the_end = std::move(place);
    return CommitComputed(table_path, std::move(computed));
  };
  return std::async(std::launch::async, std::move(commit)).share();
}

std::vector<engine::ApplyReport> Writer::Await() {
  auto pending = std::exchange(pending_, {});
  std::vector<engine::ApplyReport> reports;
  for (const auto& commit : pending) reports.push_back(commit.get());
  return reports;
}

void Writer::Settle() {
  for (const auto& commit : std::exchange(pending_, {})) commit.wait();
}

std::vector<TableCommit> Writer::commits() const {
  std::lock_guard lock(commits_mutex_);
  return commits_;
}

void Writer::Note(TableCommit commit) {
  std::lock_guard lock(commits_mutex_);
  commits_.push_back(std::move(commit));
}

delta::CommitOutcome Writer::Commit(delta::Transaction transaction, delta::CommitOptions options) {
  lease_->RequireHeld();
  transaction.Stage(delta::SetTransaction{kWriterApp, epoch(), lake_.clock().Now().us / 1000});
  transaction.FenceBy(kWriterApp, epoch());
  options.run_id = run_id_;
  std::string table = TableName(transaction.table_path());
  auto outcome = std::move(transaction).Commit(lake_.clock(), options);
  if (const auto* committed = std::get_if<delta::Committed>(&outcome))
    Note({table, committed->version - 1, committed->version});
  return outcome;
}

engine::ApplyReport Writer::Append(const TableSchema& schema, const std::vector<TextRow>& rows,
                                   std::vector<delta::SetTransaction> progress) {
  return Commit(TargetOf(schema), ChangeOf(schema, rows), std::move(progress));
}

void Writer::AppendLater(const TableSchema& schema, const std::vector<TextRow>& rows,
                         std::vector<delta::SetTransaction> progress) {
  CommitLater(TargetOf(schema), ChangeOf(schema, rows), std::move(progress));
}

}  // namespace qlake::lake
