#include "model/process.h"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>

#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "model/duplicates.h"
#include "model/plan.h"
#include "model/table_build.h"

namespace qlake::model {
namespace {

using engine::QuoteLiteral;

// One batch, from its plan to its publication.
class Batch {
 public:
  Batch(lake::Writer& writer, Plan plan, const ProcessOptions& options, ProcessReport& report)
      : writer_(writer), lake_(writer.lake()), plan_(std::move(plan)), options_(options), report_(report) {}

  void Run() {
    // 1. Everything is computed from the versions that the intent names, while that is written and nothing else is. A
    // crash leaves it or nothing.
    if (!plan_.is_redo) {
      base::CrashPoint("process.before_intent");
      WriteIntent(writer_, plan_);
    }
    Stage();
    auto entries = Account();
    for (const auto& model : plan_.project.models()) BuildModel(model);
    for (const auto& source : staged_) BuildQuarantine(source);
    ClusterFacts();
    RequireConstraints();
    // 2. The intent stands: from here on the batch is what it says.
    writer_.Await();
    base::CrashPoint("process.after_intent");
    // 3. Table by table: rows and progress in one commit, while the next table's rows are computed. A crash leaves some
    // done; a redo finds their progress. Facts go first: they alone still evaluate a model's SQL, and while nothing is
    // committed a mistake there can be mended.
    for (const auto& prepared : prepared_) {
      if (FactNamed(prepared.table) == nullptr) ForgetStagedRows();
      Commit(prepared);
    }
    WriteChecks();
    AwaitCommits();
    for (const auto& keys : fact_keys_) keys->Publish();
    // 4. The ledger publishes the batch. A crash before leaves the last publication in force.
    base::CrashPoint("process.before_ledger");
    WriteLedger(entries);
    base::CrashPoint("process.after_ledger");
    Clear();
  }

 private:
  // What is left to do has the memory for itself: it reads tables that were built.
  void ForgetStagedRows() {
    if (std::exchange(has_staged_rows_, false)) {
      for (auto& source : staged_) source.Forget();
      lake_.database().ForgetStagedRows();
    }
  }

  // And so has the next batch.
  void Clear() {
    ForgetStagedRows();
    staged_.clear();
    fact_keys_.clear();
    for (const char* schema :
         {"staged_files", "rejected", "conflicts", "coming", "going", "built", "history", "batch"}) {
      lake_.database().Run(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", schema));
    }
  }

  void Say(const std::string& stage) const {
    if (options_.on_stage) options_.on_stage(stage);
  }

  const SourceInput& Input(const std::string& source) const {
    for (const auto& input : plan_.inputs) {
      if (input.source == source) return input;
    }
    QLAKE_CHECK(false);
  }

  StagedSource& Staged(const std::string& source) {
    for (auto& staged : staged_) {
      if (staged.contract().name == source) return staged;
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
    lake_.DefineFunctions(lake_.database(), plan_.project.FunctionsSql(lake_.database().name()));
    for (const auto& contract : plan_.project.contracts()) {
      const auto& input = Input(contract.name);
      Say(StagingStage(contract.name));
      staged_.emplace_back(lake_, contract, input.files);
      const Model* fact = FactOf(contract.name);
      if (fact == nullptr) {
        CountRepeats(lake_, staged_.back());
        continue;
      }
      Say(DuplicatesStage(contract.name));
      auto base = lake_.LoadVersion(fact->table, BaseVersion(fact->table));
      bool is_derived_anew = input.whole || !base;
      auto& keys = fact_keys_.emplace_back(std::make_unique<FactKeys>(lake_, *fact, plan_.revisions));
      FactBefore before{*fact, *keys, is_derived_anew ? std::nullopt : std::move(base), plan_.intent.from_seq};
      keys->Begin(JudgeDuplicates(lake_, staged_.back(), before), is_derived_anew);
    }
  }

  // The accounts that this batch makes or revises.
  std::vector<lake::LedgerEntry> Account() {
    std::map<std::string, lake::LedgerEntry> before;
    for (auto& entry : lake::ReadLedger(lake_)) before[entry.file_id] = entry;
    std::vector<lake::LedgerEntry> entries;
    for (auto& source : staged_) {
      for (size_t i = 0; i < source.files().size(); ++i) {
        const auto& file = source.files()[i];
        const auto& counts = source.counts()[i];
        lake::LedgerEntry entry{kProcessApp, file.source, file.file_id, file.seq, file.hour};
        entry.rows_in = file.rows;
        entry.loaded = counts.accepted - counts.duplicate - counts.conflict;
        entry.quarantined = counts.rejected + counts.conflict;
        entry.duplicate = counts.duplicate;
        if (!entry.Closes()) {
          throw base::CorruptError(
              "the ledger does not close for {}: {} rows in, {} loaded + {} quarantined + {} duplicate; nothing was "
              "written",
              entry.file_id, entry.rows_in, entry.loaded, entry.quarantined, entry.duplicate);
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
      const auto& column = fact->partition_columns.front();
      auto& source = Staged(fact->source);
      if (!source.CanClusterBy(column)) continue;
      source.ClusterBy(lake_, column);
      build.change.clustered = true;
    }
  }

  // A row that breaks a constraint fails the batch while it can still be mended: before the first commit. The first
  // table's own commit says it as early.
  void RequireConstraints() {
    for (size_t i = 1; i < prepared_.size(); ++i) {
      const auto& [table, build] = prepared_[i];
      if (!build.changes) continue;
      lake_.database().CheckChange(build.target, lake_.Load(table), build.change, lake_.clock());
    }
  }

  // A table that does not change is left alone: a redo would find the same. One that is not there yet is created.
  void Commit(const Prepared& prepared) {
    const auto& [table, build] = prepared;
    if (!build.changes && lake_.Load(table)) return;
    Say(WritingStage(table));
    engine::TableChange change = build.changes ? build.change : engine::TableChange{};
    writer_.CommitLater(build.target, change, Progress());
    committing_.push_back(table);
    base::CrashPoint("process.table_computed");
  }

  void AwaitCommits() {
    auto applied = writer_.Await();
    for (size_t i = 0; i < committing_.size(); ++i) {
      auto version = std::get<delta::Committed>(applied[i].outcome).version;
      report_.tables.push_back({committing_[i], version, applied[i].rows_inserted, applied[i].rows_removed});
    }
  }

  void BuildQuarantine(const StagedSource& source) {
    const std::string& name = source.contract().name;
    auto schema = lake::QuarantineSchema(name);
    if (IsDone(schema.name)) return;
    Say(BuildingStage(schema.name));
    std::string rows =
        fmt::format("SELECT _file_id, _line, data_hour, key, kind, reasons, record FROM rejected.{}", name);
    if (const Model* fact = FactOf(name)) rows += " UNION ALL " + Conflicts(name, *fact);
    auto& database = lake_.database();
    std::string coming = "coming." + name;
    database.Run(fmt::format("CREATE SCHEMA IF NOT EXISTS coming; CREATE OR REPLACE TABLE {} AS {}", coming, rows));
    TableBuild build{lake::TargetOf(schema), {}, true};
    build.change.insert_sql = fmt::format("SELECT * FROM {} ORDER BY data_hour, _file_id, _line", coming);
    auto base = lake_.LoadVersion(schema.name, BaseVersion(schema.name));
    if (Input(name).whole && base) {
      lake_.Define(schema, base);
      build.change.replace = true;
      build.changes = Differ(database, coming, schema.name);
    } else {
      build.changes = database.QueryInteger("SELECT count(*) FROM " + coming) > 0;
    }
    prepared_.push_back({schema.name, std::move(build)});
  }

  // Rows whose key came before with other content, with their text from the file.
  std::string Conflicts(const std::string& source, const Model& fact) {
    return fmt::format(
        "SELECT f._file_id, j._line, f.data_hour, j.key, 'conflicting_duplicate', "
        "CAST(to_json([{0} || j.key || ' came before with other content: ' || j.kept_file_id || ' line ' || "
        "j.kept_line]) "
        "AS VARCHAR), left(s._record, 65536) FROM conflicts.{1} AS j JOIN staged_files.{1} AS f ON j._file = f._file "
        "JOIN scan_conflicts.{1} AS s ON s._file = j._file AND s._line = j._line",
        QuoteLiteral(fmt::format("{}: ", fmt::join(fact.key, ", "))), source);
  }

  void BuildModel(const Model& model) {
    BuildInput input{lake_, model, BaseVersion(model.table), Input(model.source).whole,
                     !model.inferred_source.empty() && Input(model.inferred_source).whole};
    input.source = &Staged(model.source);
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
      disagreements_.push_back({model.table, name, "warn", build.disagreements});
    }
    if (is_done) return;
    auto at = model.kind == ModelKind::kFact ? prepared_.begin() : prepared_.end();
    prepared_.insert(at, {model.table, std::move(build)});
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
    for (const auto& source : staged_) checks.insert(checks.end(), source.checks().begin(), source.checks().end());
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
  std::vector<StagedSource> staged_;
  bool has_staged_rows_ = true;
  std::vector<std::unique_ptr<FactKeys>> fact_keys_;  // Of each fact of the batch.
  std::vector<Prepared> prepared_;                    // In the order of their computation.
  std::vector<std::string> committing_;               // Tables whose commits are under way, in that order.
  std::vector<CheckCount> disagreements_;             // Keys of dimensions whose rows of one hour disagree.
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

ProcessReport Process(lake::Writer& writer, const Project& project, const ProcessOptions& options) {
  ProcessReport report;
  while (auto plan = PlanBatch(writer.lake(), project, writer.run_id(), options.batch_bytes_max)) {
    if (options.on_batch) options.on_batch(OutlookOf(*plan, BytesBehind(*plan)));
    // Nobody takes files in while the lease is held.
    bool is_last = plan->revisions.empty() || plan->revisions.back().seq <= plan->intent.to_seq;
    Batch(writer, std::move(*plan), options, report).Run();
    if (is_last) break;
  }
  return report;
}

}  // namespace qlake::model
