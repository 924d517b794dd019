#include "model/process.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "engine/sql_words.h"
#include "model/batch_staging.h"
#include "model/left_out_marts.h"
#include "model/plan.h"
#include "model/put_back.h"
#include "model/table_build.h"

namespace qlake::model {
namespace {

// What was done for one source has failed, and nothing is committed.
struct SourceFailure {
  std::string source;
  base::Error error;
};

bool Contains(const std::vector<PartFailure>& failures, const std::string& part) {
  return std::ranges::find(failures, part, &PartFailure::part) != failures.end();
}

// One batch, from its plan to its publication.
class Batch {
 public:
  Batch(lake::Writer& writer, Plan plan, const ProcessOptions& options, ProcessReport& report)
      : writer_(writer),
        lake_(writer.lake()),
        plan_(std::move(plan)),
        options_(options),
        report_(report),
        staging_(MakeStaging()),
        engine_(staging_->engine()) {
    for (auto& mart : LeftOutMarts(plan_.project, lake::ReadPublication(lake_))) left_out_.insert(std::move(mart));
  }

  // Throws SourceFailure when the batch could be made without a source; then End() and another plan.
  void Run() {
    // 1. Everything is computed from the versions that the intent names, while that is written; of a fact's key index
    // runs that nobody names yet. A crash leaves the intent or not, and no table changed.
    if (!plan_.is_redo) {
      base::CrashPoint("process.before_intent");
      WriteIntent(writer_, plan_);
    }
    Stage();
    auto entries = Account();
    BuildModels();
    for (const auto* source : staging_->accounts()) {
      const auto& name = source->contract().name;
      For(name, [&] { BuildQuarantine(name); });
    }
    ClusterFacts();
    RequireConstraints();
    // 2. The intent stands: from here on the batch is what it says.
    writer_.Await();
    base::CrashPoint("process.after_intent");
    // 3. Table by table: rows and progress in one commit, while the rows of the next ones are computed. A crash leaves
    // some done; a redo finds their progress. Facts go first: they alone still evaluate a model's SQL, and while
    // nothing is committed a mistake there can be mended.
    size_t at = 0;
    while (at < prepared_.size() && FactNamed(prepared_[at].table) != nullptr) TryCommit(prepared_[at++]);
    staging_->ForgetRows();
    while (at < prepared_.size() && committing_.empty()) TryCommit(prepared_[at++]);
    CommitRest(at);
    WriteChecks();
    AwaitCommits();
    staging_->Publish();
    // 4. The ledger publishes the batch. A crash before leaves the last publication in force.
    base::CrashPoint("process.before_ledger");
    WriteLedger(entries);
    base::CrashPoint("process.after_ledger");
    Clear();
  }

  // Of a batch that failed: what it has begun ends, and the engine forgets it.
  void End() {
    writer_.Await();
    Clear();
  }

  // Whether others have files that wait, and nothing says yet that the batch is made with the source.
  bool CanDoWithout(const std::string& source, int64_t seq_max) const {
    return !plan_.is_redo && std::ranges::any_of(plan_.waiting, [&](const lake::FileRecord& file) {
      return file.seq <= seq_max && file.source != source;
    });
  }
  int64_t from_seq() const { return plan_.intent.from_seq; }

 private:
  std::unique_ptr<BatchStaging> MakeStaging() {
    if (lake_.uses_embedded_engine()) return MakeEmbeddedStaging(writer_, plan_);
    return MakeSqlStaging(writer_, lake_.engine(), plan_);
  }

  // The next batch has the engine's memory for itself.
  void Clear() {
    staging_->ForgetRows();
    engine_.Forget(
        {"staged_files", "rejected", "conflicts", "coming", "going", "built", "history", "batch", "summed", "changed"});
  }

  void Say(const std::string& stage) {
    std::lock_guard lock(mutex_);
    if (options_.on_stage) options_.on_stage(stage);
  }

  template <typename Work>
  void For(const std::string& source, const Work& work) const {
    try {
      work();
    } catch (const base::Error& error) {
      if (error.kind() == base::ErrorKind::kUnavailable || source.empty()) throw;
      throw SourceFailure{source, error};
    }
  }

  // Whose rows the table waits for when it fails: a source that brings it something. Empty: none does.
  std::string SourceOf(const std::string& table) const {
    for (const auto& model : plan_.project.models()) {
      if (model.table != table) continue;
      if (BringsRows(model.source)) return model.source;
      return BringsRows(model.inferred_source) ? model.inferred_source : "";
    }
    return table.substr(table.find('.') + 1);  // Of quarantine.
  }
  bool BringsRows(const std::string& source) const { return !source.empty() && !Input(source).files.empty(); }

  bool IsMart(const std::string& table) const {
    return std::ranges::any_of(plan_.project.models(), [&](const Model& model) {
      return model.table == table && model.kind == ModelKind::kAggregate;
    });
  }

  void NoteFailure(const std::string& table, const base::Error& error) {
    if (error.kind() == base::ErrorKind::kUnavailable) throw error;
    base::LogFailure("a table failed, the others go on", error.message(), {{"table", table}});
    std::lock_guard lock(mutex_);
    report_.failures.push_back({table, error.message()});
  }

  const SourceInput& Input(const std::string& source) const {
    for (const auto& input : plan_.inputs) {
      if (input.source == source) return input;
    }
    QLAKE_CHECK(false);
  }

  // The fact that a source's rows become, if any.
  const Model* FactOf(const std::string& source) const {
    for (const auto& model : plan_.project.models()) {
      if (model.kind == ModelKind::kFact && model.source == source) return &model;
    }
    return nullptr;
  }

  const Model* FactNamed(const std::string& table) const {
    for (const auto& model : plan_.project.models()) {
      if (model.kind == ModelKind::kFact && model.table == table) return &model;
    }
    return nullptr;
  }

  delta::Version BaseVersion(const std::string& table) const {
    auto found = plan_.intent.reads.find(table);
    return found == plan_.intent.reads.end() ? delta::kNoVersion : found->second;
  }

  // Whether this batch has committed to the table already: in the run that did not finish.
  bool IsDone(const std::string& table) const {
    auto snapshot = lake_.Load(table);
    return snapshot && snapshot->TransactionVersion(kProcessApp) >= plan_.intent.to_seq;
  }

  std::vector<delta::SetTransaction> Progress() const {
    return {{kProcessApp, plan_.intent.to_seq, lake_.clock().Now().us / 1000}};
  }

  void Stage() {
    lake_.DefineFunctions(engine_, plan_.project.FunctionsSql(engine_.name()));
    for (const auto& contract : plan_.project.contracts()) {
      const Model* fact = FactOf(contract.name);
      StagedInput input{contract, Input(contract.name), fact,
                        fact == nullptr ? delta::kNoVersion : BaseVersion(fact->table)};
      For(contract.name, [&] {
        Say(StagingStage(contract.name));
        staging_->Stage(input);
        if (fact != nullptr) Say(DuplicatesStage(contract.name));
        staging_->JudgeRepeats(input);
      });
    }
  }

  // The accounts that this batch makes or revises.
  std::vector<lake::LedgerEntry> Account() {
    std::map<std::string, lake::LedgerEntry> before;
    for (auto& entry : lake::ReadLedger(lake_)) before[entry.file_id] = entry;
    std::vector<lake::LedgerEntry> entries;
    for (const auto* source : staging_->accounts()) {
      for (size_t i = 0; i < source->files().size(); ++i) {
        const auto& file = source->files()[i];
        const auto& counts = source->counts()[i];
        lake::LedgerEntry entry{kProcessApp, file.source, file.file_id, file.seq, file.hour};
        entry.rows_in = file.rows;
        entry.loaded = counts.accepted - counts.duplicate - counts.conflict;
        entry.quarantined = counts.rejected + counts.conflict;
        entry.duplicate = counts.duplicate;
        if (!entry.Closes()) {
          throw SourceFailure{
              file.source,
              base::CorruptError("the ledger does not close for {}: {} rows in, {} loaded + {} quarantined + {} "
                                 "duplicate; nothing was written",
                                 entry.file_id, entry.rows_in, entry.loaded, entry.quarantined, entry.duplicate)};
        }
        auto old = before.find(entry.file_id);
        if (old == before.end() || !(old->second == entry)) entries.push_back(std::move(entry));
      }
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return std::tie(a.hour, a.file_id) < std::tie(b.hour, b.file_id); });
    return entries;
  }

  // A table, and what the batch makes of it.
  struct Prepared {
    std::string table;
    TableBuild build;
  };

  // Nothing looks for a staged row by its line any more, and nothing reads the rows of facts but their tables: these
  // are written partition by partition when the rows stand in the partitions' order. Others are gathered first.
  void ClusterFacts() {
    for (auto& [table, build] : prepared_) {
      const Model* fact = FactNamed(table);
      if (fact == nullptr || fact->partition_columns.size() != 1 || Input(fact->source).whole) continue;
      build.change.clustered = staging_->ClusterBy(*fact);
    }
  }

  // A row that breaks a constraint fails the batch while it can still be mended: before the first commit. The first
  // table's own commit says it as early.
  void RequireConstraints() {
    for (size_t i = 1; i < prepared_.size(); ++i) {
      const auto& [table, build] = prepared_[i];
      if (!build.changes) continue;
      auto check = [&] { engine_.CheckChange(build.target, lake_.Load(table), build.change, lake_.clock()); };
      if (!IsMart(table)) {
        For(SourceOf(table), check);
      } else if (!TryMart(table, check)) {
        prepared_.erase(prepared_.begin() + static_cast<std::ptrdiff_t>(i--));
      }
    }
  }

  // What is done for a mart alone: when it fails, the batch is published without the mart.
  template <typename Work>
  bool TryMart(const std::string& table, const Work& work) {
    try {
      work();
      return true;
    } catch (const base::Error& error) {
      NoteFailure(table, error);
      std::lock_guard lock(mutex_);
      left_out_.insert(table);
      return false;
    }
  }

  // The first table's rows meet its constraints here: nothing is committed yet.
  void TryCommit(const Prepared& prepared) {
    if (IsMart(prepared.table)) {
      TryMart(prepared.table, [&] { Commit(prepared); });
    } else if (committing_.empty()) {
      For(SourceOf(prepared.table), [&] { Commit(prepared); });
    } else {
      Commit(prepared);
    }
  }

  void Commit(const Prepared& prepared) {
    if (!NeedsCommit(prepared)) return;
    Say(WritingStage(prepared.table));
    auto change = ChangeOf(prepared);
    writer_.CommitLater(engine_, change.target, change.change, change.progress);
    committing_.push_back(prepared.table);
    base::CrashPoint("process.table_computed");
  }

  // A table that does not change is left alone: a redo would find the same. One that is not there yet is created.
  bool NeedsCommit(const Prepared& prepared) const { return prepared.build.changes || !lake_.Load(prepared.table); }

  lake::Writer::LaterChange ChangeOf(const Prepared& prepared) const {
    const auto& [table, build] = prepared;
    return {build.target, build.changes ? build.change : engine::TableChange{}, Progress(), IsMart(table)};
  }

  // The tables from there on, computed side by side.
  void CommitRest(size_t from) {
    std::vector<std::string> tables;
    std::vector<lake::Writer::LaterChange> changes;
    for (size_t i = from; i < prepared_.size(); ++i) {
      if (!NeedsCommit(prepared_[i])) continue;
      tables.push_back(prepared_[i].table);
      changes.push_back(ChangeOf(prepared_[i]));
    }
    auto failures = writer_.CommitEachLater(engine_, changes, [&](size_t turn) {
      if (turn > 0) base::CrashPoint("process.table_computed");
      if (turn < tables.size()) Say(WritingStage(tables[turn]));
    });
    for (size_t i = 0; i < tables.size(); ++i) {
      if (failures[i]) {
        NoteFailure(tables[i], *failures[i]);
        left_out_.insert(tables[i]);
      } else {
        committing_.push_back(tables[i]);
      }
    }
  }

  void AwaitCommits() {
    auto applied = writer_.Await();
    for (size_t i = 0; i < committing_.size(); ++i) {
      auto version = std::get<delta::Committed>(applied[i].outcome).version;
      report_.tables.push_back({committing_[i], version, applied[i].rows_inserted, applied[i].rows_removed});
    }
  }

  void BuildQuarantine(const std::string& name) {
    auto schema = lake::QuarantineSchema(name);
    if (IsDone(schema.name)) return;
    Say(BuildingStage(schema.name));
    std::string rows =
        fmt::format("SELECT _file_id, _line, data_hour, key, kind, reasons, record FROM rejected.{}", name);
    if (const Model* fact = FactOf(name)) rows += " UNION ALL " + staging_->ConflictsSql(ContractOf(name), *fact);
    std::string coming = "coming." + name;
    engine_.DefineRows(coming, rows);
    TableBuild build{lake::TargetOf(schema), {}, true};
    build.change.insert_sql = fmt::format("SELECT * FROM {} ORDER BY data_hour, _file_id, _line", coming);
    auto base = lake_.LoadVersion(schema.name, BaseVersion(schema.name));
    if (Input(name).whole && base) {
      engine_.DefineTable(schema.name, *base);
      build.change.replace = true;
      build.changes = Differ(engine_, coming, schema.name);
    } else {
      build.changes = engine_.QueryInteger("SELECT count(*) FROM " + coming) > 0;
    }
    prepared_.push_back({schema.name, std::move(build)});
  }

  const Contract& ContractOf(const std::string& source) const {
    for (const auto& contract : plan_.project.contracts()) {
      if (contract.name == source) return contract;
    }
    QLAKE_CHECK(false);
  }

  // Models that are built one after the other, and what became of them.
  struct Lane {
    std::vector<const Model*> models;
    std::vector<Prepared> prepared;
    std::vector<CheckCount> disagreements;  // Keys of dimensions whose rows of one hour disagree.
    std::set<std::string> broken;           // Sources without new files, a table of which cannot be built.
    std::exception_ptr failure;             // Of the last model that was tried,
    std::string failed_table;               // which is this one's.
  };

  // Each dimension is built for itself, a fact before the marts that read its changes, and the tables of a source
  // without new files together: none of them is tried behind one that failed.
  std::vector<Lane> CutLanes() const {
    std::vector<Lane> lanes;
    std::map<std::string, size_t> numbers;
    for (const auto& model : plan_.project.models()) {
      bool is_of_fact = model.kind == ModelKind::kFact || model.kind == ModelKind::kAggregate;
      bool is_of_source = is_of_fact || SourceOf(model.table).empty();
      auto [number, is_new] = numbers.emplace(is_of_source ? "of " + model.source : model.table, lanes.size());
      if (is_new) lanes.emplace_back();
      lanes[number->second].models.push_back(&model);
    }
    if (AreApart(lanes)) return lanes;
    Lane all;
    for (const auto& model : plan_.project.models()) all.models.push_back(&model);
    return {all};
  }

  // Whether the SQL of no model, nor of a function that it may call, names what is built in another lane.
  bool AreApart(const std::vector<Lane>& lanes) const {
    std::string functions = plan_.project.FunctionsSql(engine_.name());
    for (const auto& lane : lanes) {
      bool has_changes = std::ranges::any_of(lane.models, [](const Model* m) { return m->kind == ModelKind::kFact; });
      for (const auto* model : lane.models) {
        std::string table = ShortName(*model);
        if (engine::NamesWord(functions, table)) return false;
        if (!has_changes && engine::NamesWord(model->sql, "changes")) return false;
        for (const auto& other : lanes) {
          auto names_table = [&](const Model* reader) { return engine::NamesWord(reader->sql, table); };
          if (&other != &lane && std::ranges::any_of(other.models, names_table)) return false;
        }
      }
    }
    return true;
  }

  void BuildModels() {
    auto lanes = CutLanes();
    size_t failures_before = report_.failures.size();
    std::atomic<bool> has_failed = false;
    engine_.RunEach(lanes.size(), [&](size_t i, engine::Engine& engine) {
      if (has_failed) return;
      try {
        for (const auto* model : lanes[i].models) {
          lanes[i].failed_table = model->table;
          TryModel(engine, *model, lanes[i]);
        }
      } catch (...) {
        lanes[i].failure = std::current_exception();
        has_failed = true;
      }
    });
    if (has_failed) RethrowFailure(lanes, failures_before);
    for (auto& lane : lanes) {
      std::move(lane.disagreements.begin(), lane.disagreements.end(), std::back_inserter(disagreements_));
      for (auto& prepared : lane.prepared) {
        auto at = FactNamed(prepared.table) != nullptr ? prepared_.begin() : prepared_.end();
        prepared_.insert(at, std::move(prepared));
      }
    }
  }

  // Whichever lane failed first, it is an interrupt, or else what the first lane failed with: lanes begin in their
  // order. What marts failed with is found again.
  [[noreturn]] void RethrowFailure(const std::vector<Lane>& lanes, size_t failures_before) {
    report_.failures.erase(report_.failures.begin() + static_cast<std::ptrdiff_t>(failures_before),
                           report_.failures.end());
    const Lane* failed = nullptr;
    for (const auto& lane : lanes) {
      if (!lane.failure) continue;
      if (failed == nullptr || (IsUnavailable(lane.failure) && !IsUnavailable(failed->failure))) failed = &lane;
    }
    Say(BuildingStage(failed->failed_table));
    std::rethrow_exception(failed->failure);
  }

  static bool IsUnavailable(const std::exception_ptr& failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const base::Error& error) {
      return error.kind() == base::ErrorKind::kUnavailable;
    } catch (...) {
      return false;
    }
  }

  // Whether an earlier batch, or a table of the lane, failed for what the model reads.
  bool HasFailed(const Model& model, const Lane& lane) {
    std::lock_guard lock(mutex_);
    return Contains(report_.failures, model.source) || Contains(report_.failures, model.inferred_source) ||
           lane.broken.contains(model.source);
  }

  bool IsLeftOut(const std::string& table) {
    std::lock_guard lock(mutex_);
    return left_out_.contains(table);
  }

  void TryModel(engine::Engine& engine, const Model& model, Lane& lane) {
    if (IsLeftOut(model.table)) return;
    std::string source = SourceOf(model.table);
    if (source.empty() && HasFailed(model, lane)) return;  // As it is, it is right.
    if (model.kind == ModelKind::kAggregate && !source.empty()) {
      TryMart(model.table, [&] { BuildModel(engine, model, lane); });
      return;
    }
    try {
      For(source, [&] { BuildModel(engine, model, lane); });
    } catch (const base::Error& error) {
      if (!source.empty()) throw;
      NoteFailure(model.table, error);  // Nothing comes for it: as it is, it is right.
      lane.broken.insert(model.source);
    }
  }

  void BuildModel(engine::Engine& engine, const Model& model, Lane& lane) {
    BuildInput input{lake_,
                     engine,
                     model,
                     BaseVersion(model.table),
                     Input(model.source).whole,
                     !model.inferred_source.empty() && Input(model.inferred_source).whole};
    input.source = staging_->InMemory(model.source);
    const Model* fact = FactOf(model.source);
    if (fact != nullptr) {
      input.earlier_fact = fact;
      input.earlier_fact_version = BaseVersion(fact->table);
    }
    bool is_done = IsDone(model.table);
    // What is done already may still have to be built: aggregates read a fact's changes, ops.checks what disagrees.
    if (is_done && model.kind != ModelKind::kFact && model.kind != ModelKind::kScd2) return;
    Say(BuildingStage(model.table));
    auto build = Build(input);
    if (build.disagreements > 0) {
      std::string name = fmt::format("{} has one value an hour", fmt::join(model.key, ", "));
      lane.disagreements.push_back({model.table, name, "warn", build.disagreements});
    }
    if (!is_done) lane.prepared.push_back({model.table, std::move(build)});
  }

  static TableBuild Build(const BuildInput& input) {
    switch (input.model.kind) {
      case ModelKind::kFact:
        return BuildFact(input);
      case ModelKind::kScd2:
        return BuildScd2(input);
      case ModelKind::kUpsert:
        return BuildUpsert(input);
      case ModelKind::kAggregate:
        return BuildAggregate(input);
      case ModelKind::kWindow:
        break;  // Of events only: Project sees to it.
    }
    QLAKE_CHECK(false);
  }

  void WriteChecks() {
    std::vector<lake::TextRow> rows;
    std::vector<CheckCount> checks = disagreements_;
    for (const auto* source : staging_->accounts()) {
      checks.insert(checks.end(), source->checks().begin(), source->checks().end());
    }
    for (const auto& check : checks) {
      report_.checks.push_back(check);
      rows.push_back({check.subject, check.name, check.on_violation, std::to_string(check.rows_failed),
                      std::to_string(plan_.intent.to_seq), writer_.run_id(),
                      base::FormatTimestamp(lake_.clock().Now())});
    }
    if (rows.empty() || IsDone(lake::kOpsChecks)) return;
    writer_.AppendLater(lake::ChecksSchema(), rows, Progress());
  }

  void WriteLedger(const std::vector<lake::LedgerEntry>& entries) {
    lake::TableVersions publication;
    for (const auto& table : WrittenTables(plan_.project)) {
      if (left_out_.contains(table)) continue;
      if (auto snapshot = lake_.Load(table)) publication[table] = snapshot->version();
    }
    std::vector<lake::TextRow> rows;
    for (const auto& entry : entries) {
      rows.push_back(lake::ToRow(entry, plan_.intent.to_seq, writer_.run_id(), lake_.clock().Now(), publication));
    }
    writer_.Append(lake::LedgerSchema(), rows, Progress());
    report_.batches += 1;
    report_.files += plan_.new_files;
    report_.bytes += plan_.new_bytes;
    report_.finished_earlier_run |= plan_.is_redo;
    report_.entries.insert(report_.entries.end(), entries.begin(), entries.end());
  }

  lake::Writer& writer_;
  lake::Lake& lake_;
  Plan plan_;
  const ProcessOptions& options_;
  ProcessReport& report_;
  std::unique_ptr<BatchStaging> staging_;
  engine::Engine& engine_;
  std::vector<Prepared> prepared_;         // In the order of their computation.
  std::vector<std::string> committing_;    // Tables whose commits are under way, in that order.
  std::vector<CheckCount> disagreements_;  // Keys of dimensions whose rows of one hour disagree.
  std::mutex mutex_;                       // Guards, while models are built, the report's failures and what follows.
  std::set<std::string> left_out_;         // Marts that the batch does not bring up to date.
};

// What the files weigh that wait behind the batch.
int64_t BytesBehind(const Plan& plan) {
  int64_t bytes = 0;
  for (const auto& file : plan.revisions) {
    if (file.seq > plan.intent.to_seq) bytes += file.bytes;
  }
  return bytes;
}

}  // namespace

void Process(lake::Writer& writer, const Project& project, const ProcessOptions& options, ProcessReport& report) {
  // What a killed process left: nobody else computes now.
  writer.RequireLease();
  report.failures.clear();
  auto& lake = writer.lake();
  lake.engine().RemoveLeftovers();
  // Nobody takes files in while the lease is held. What is put back waits for the next call.
  auto revisions = lake::ReadFiles(lake);
  int64_t seq_max = revisions.empty() ? 0 : revisions.back().seq;
  std::optional<base::Error> stopped;
  while (auto plan = PlanBatch(lake, project, writer.run_id(), options.batch_bytes_max, seq_max)) {
    if (options.on_batch) {
      auto computed_by = lake.uses_embedded_engine() ? ComputedBy::kEmbeddedEngine : ComputedBy::kServer;
      options.on_batch(OutlookOf(*plan, BytesBehind(*plan), computed_by));
    }
    bool is_last = plan->intent.to_seq >= seq_max;
    Batch batch(writer, std::move(*plan), options, report);
    try {
      batch.Run();
    } catch (const SourceFailure& failure) {
      batch.End();
      if (!batch.CanDoWithout(failure.source, seq_max)) {
        stopped = failure.error;
        break;
      }
      base::LogFailure("a source failed, the others go on", failure.error.message(), {{"source", failure.source}});
      report.failures.push_back({failure.source, failure.error.message()});
      PutBack(writer, {failure.source, batch.from_seq() - 1, seq_max});
      continue;
    }
    if (is_last) break;
  }
  RefreshLeftOutMarts(writer, project, report);
  if (stopped) throw *stopped;
}

}  // namespace qlake::model
