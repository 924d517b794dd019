#include "compare/lake_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "base/log.h"
#include "compare/function_calls.h"
#include "compare/odd_values.h"
#include "compare/privacy.h"
#include "compare/row_comparison.h"
#include "compare/scratch_lake.h"
#include "compare/table_key.h"
#include "engine/sql_text.h"
#include "lake/same_rows.h"
#include "report/placeholders.h"
#include "report/report.h"
#include "run/published.h"
#include "storage/path.h"
#include "storage/scratch_folder.h"

namespace qlake::compare {
namespace {

using engine::QuoteName;
using Names = std::vector<std::string>;

constexpr size_t kDumpDates = 3;  // Of each column of dates.

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string ShortName(const std::string& table) { return table.substr(table.find('.') + 1); }

RowSource Answer(engine::Engine& engine, const std::string& sql) {
  return [&engine, sql](const engine::ResultVisitor& visitor) { engine.Query(sql, visitor); };
}

// The rows of an answer with their places in it.
RowSource Numbered(const RowSource& source) {
  return [source](const engine::ResultVisitor& visitor) {
    int64_t row_number = 0;
    source({[&](const std::vector<engine::ResultColumn>& columns) {
              std::vector<engine::ResultColumn> numbered = {{kRowNumber, "BIGINT"}};
              numbered.insert(numbered.end(), columns.begin(), columns.end());
              if (visitor.on_columns) visitor.on_columns(numbered);
            },
            [&](engine::ResultRow& row) {
              row.insert(row.begin(), std::to_string(++row_number));
              return visitor.on_row(row);
            }});
  };
}

// The lake's table as a name that stands for nothing else: raw.<source> is a view for readers.
std::string ReadName(const model::Project& project, const std::string& table) {
  bool is_raw_rows = std::ranges::any_of(
      project.contracts(), [&](const model::Contract& contract) { return table == "raw." + contract.name; });
  return is_raw_rows ? "raw_rows." + ShortName(table) : table;
}

// The rows of a table as they mean the same however they are cut into files: those of a mart add up.
std::string RowsOf(engine::Engine& engine, const model::Model& model) {
  if (model.kind != model::ModelKind::kAggregate) return "SELECT * FROM " + model.table;
  Names keys;
  for (const auto& name : model.key) keys.push_back(QuoteName(name));
  Names values;
  for (const auto& column : engine.Describe("SELECT * FROM " + model.table)) {
    std::string name = QuoteName(column.name);
    bool is_key = std::ranges::find(model.key, column.name) != model.key.end();
    values.push_back(is_key ? name : fmt::format("CAST(sum({0}) AS {1}) AS {0}", name, engine.SqlType(column.type)));
  }
  return fmt::format("SELECT {} FROM {} GROUP BY {} HAVING sum({}) <> 0", fmt::join(values, ", "), model.table,
                     fmt::join(keys, ", "), QuoteName(model.count));
}

}  // namespace

class LakeComparison::State {
 public:
  State(lake::Lake& lake, const model::Project& project, ComparisonOptions options)
      : lake_(lake),
        project_(project),
        options_(std::move(options)),
        privacy_(project),
        duckdb_(lake.database()),
        spark_(lake.engine()) {
    QLAKE_CHECK(&duckdb_ != &spark_);
  }

  ComparisonReport Run() {
    DefineFunctions(lake_);
    if (Wants("function")) CompareFunctions();
    PinTables();
    if (Wants("table")) {
      for (const auto& [table, snapshot] : tables_) CompareTable(table);
    }
    if (Wants("report")) CompareReports();
    if (Wants("dump")) CompareDumps();
    if (Wants("model")) {
      CompareEventModels();
      CompareModels();
    }
    return std::move(report_);
  }

  void Interrupt() {
    std::lock_guard lock(mutex_);
    interrupted_ = true;
    lake_.Interrupt();
    for (auto* scratch : scratch_) scratch->Interrupt();
  }

 private:
  bool Wants(const std::string& kind) const { return options_.kinds.empty() || options_.kinds.contains(kind); }

  void Say(const std::string& stage) const {
    {
      std::lock_guard lock(mutex_);
      if (interrupted_) throw base::UnavailableError("interrupted");
    }
    if (options_.on_stage) options_.on_stage(stage);
  }

  void DefineFunctions(lake::Lake& lake) const {
    lake.DefineFunctions(lake.database(), project_.FunctionsSql("duckdb"));
    lake.DefineFunctions(lake.engine(), project_.FunctionsSql(lake.engine().name()));
  }

  // Asks both, and enters what came of it. What one of them refuses is a difference, and so is what both refuse.
  void Compare(const std::string& kind, const std::string& name, const RowSource& duckdb, const RowSource& spark,
               const Names& key) {
    Compared compared{kind, name};
    try {
      privacy_.Enter(CompareRows(duckdb, spark, key, options_.differences_max), compared);
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::kInput) throw;
      std::string of_duckdb = RefusalOf(duckdb);
      std::string of_spark = RefusalOf(spark);
      compared.differences.push_back(
          {{}, "", of_duckdb.empty() ? "an answer" : of_duckdb, of_spark.empty() ? "an answer" : of_spark});
    }
    report_.compared.push_back(std::move(compared));
  }

  void CompareSql(const std::string& kind, const std::string& name, const std::string& sql, const Names& key) {
    Say(fmt::format("comparing {} {}", kind, name));
    Compare(kind, name, Answer(duckdb_, sql), Answer(spark_, sql), key);
  }

  static std::string RefusalOf(const RowSource& source) {
    try {
      source({nullptr, [](engine::ResultRow&) { return true; }});
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::kInput) throw;
      return error.message();
    }
    return "";
  }

  void CompareFunctions() {
    Say("comparing functions");
    OddValues values(options_.seed);
    auto rows = MakeOddRows(values, options_.odd_rows);
    FillOddRows(duckdb_, rows);
    FillOddRows(spark_, rows);
    auto functions = FindFunctionCalls(duckdb_, project_);
    for (const auto& name : functions.without_call) {
      report_.left_out.push_back(
          fmt::format("function {}: an argument is of a type that no odd values are made of", name));
    }
    for (const auto& call : functions.calls) {
      Say("comparing function " + call.function);
      Names key = InputsOf(call);
      key.insert(key.begin(), "n");
      auto ask = [&](const std::string& text) {
        return fmt::format("SELECT {}, {} AS answer FROM odd.rows", fmt::join(key, ", "), text);
      };
      Compare("function", call.duckdb, Answer(duckdb_, ask(call.duckdb)), Answer(spark_, ask(call.spark)), key);
    }
  }

  // All tables at one version each, on both engines, whoever writes meanwhile.
  void PinTables() {
    Say("looking for tables");
    auto publication = lake::ReadPublication(lake_);
    has_publication_ = publication.has_value();
    for (const auto& table : lake_.TableNames()) {
      bool is_published = publication && publication->tables.contains(table);
      auto snapshot =
          is_published ? lake::LoadNewestWithRowsOf(lake_, table, publication->tables.at(table)) : lake_.Load(table);
      if (snapshot) tables_.emplace_back(table, std::move(*snapshot));
    }
    std::erase_if(tables_, [&](const auto& known) { return !Define(known.first, known.second); });
  }

  // False, and left out, when it is of a kind that an engine does not read: another writer's.
  bool Define(const std::string& table, const delta::Snapshot& snapshot) {
    try {
      privacy_.Learn(snapshot);
      duckdb_.DefineTable(ReadName(project_, table), snapshot);
      spark_.DefineTable(ReadName(project_, table), snapshot);
      return true;
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::kInput) throw;
      report_.left_out.push_back(fmt::format("table {}: {}", table, error.message()));
      return false;
    }
  }

  void CompareTable(const std::string& table) {
    std::string name = ReadName(project_, table);
    CompareSql("table", name, "SELECT * FROM " + name, KeyOf(project_, table));
  }

  // What has to be there before the SQL can be answered, when it is not.
  std::optional<std::string> WhatLacks(const std::string& sql) const {
    if (auto absent = run::FindAbsentEvents(lake_, project_, sql)) return "there is no " + *absent + " yet";
    if (!has_publication_ && !run::NamesEvents(project_, sql)) return "no run has finished yet";
    return std::nullopt;
  }

  // Views over received rows, if the SQL reads any.
  void DefineRaw(const std::string& sql) {
    bool names_raw = std::ranges::any_of(project_.contracts(), [&](const model::Contract& contract) {
      return Lower(sql).find("raw." + contract.name) != std::string::npos;
    });
    if (!names_raw) return;
    run::DefinePublished(lake_, duckdb_, project_, std::nullopt, sql);
    run::DefinePublished(lake_, spark_, project_, std::nullopt, sql);
  }

  void CompareAnswer(const std::string& kind, const std::string& name, const std::string& sql) {
    if (auto lacking = WhatLacks(sql)) {
      report_.left_out.push_back(fmt::format("{} {}: {}", kind, name, *lacking));
      return;
    }
    Say(fmt::format("comparing {} {}", kind, name));
    DefineRaw(sql);
    Compare(kind, name, Numbered(Answer(duckdb_, sql)), Numbered(Answer(spark_, sql)), {kRowNumber});
  }

  void CompareReports() {
    for (const auto& file : project_.FilesIn("reports/")) {
      if (!report::IsReportFile(file.path, file.text)) continue;
      auto definition = report::ParseReport(file.path, file.text);
      CompareAnswer("report", definition.name, report::RenderSql(definition, {}));
    }
  }

  // Dates that the dump's tables know: the first, and the last ones.
  std::set<std::string> DatesOf(const std::string& sql) {
    std::set<std::string> dates;
    for (const auto& [table, snapshot] : tables_) {
      if (sql.find(table) == std::string::npos) continue;
      for (const auto& column : duckdb_.Describe("SELECT * FROM " + table)) {
        if (column.type.kind != base::ColumnType::Kind::kDate) continue;
        auto found = duckdb_.Query(fmt::format("SELECT DISTINCT {0} FROM {1} WHERE {0} IS NOT NULL ORDER BY 1 DESC",
                                               QuoteName(column.name), table));
        for (size_t i = 0; i < found.rows.size(); ++i) {
          if (i < kDumpDates || i + 1 == found.rows.size()) dates.insert(found.rows[i][0].value_or(""));
        }
      }
    }
    return dates;
  }

  void CompareDumps() {
    for (const auto& file : project_.FilesIn("reports/")) {
      if (!file.path.ends_with(".sql") || report::IsReportFile(file.path, file.text)) continue;
      std::string name = file.path.substr(file.path.rfind('/') + 1);
      name.resize(name.size() - std::string_view(".sql").size());
      for (const auto& date : DatesOf(file.text)) {
        CompareAnswer("dump", name + " of " + date, report::ReplacePlaceholders(file.text, [&](std::string_view, int) {
                        return "DATE " + engine::QuoteLiteral(date);
                      }));
      }
    }
  }

  bool IsThere(const std::string& table) const {
    return std::ranges::any_of(tables_, [&](const auto& known) { return known.first == table; });
  }

  // Models of events read the events as changes, and windows those that are due: here all of both.
  void CompareEventModels() {
    for (const auto& shape : project_.events()) {
      std::string events = lake::EventsSchema(shape).name;
      if (!IsThere(events)) {
        if (!project_.event_models().empty()) report_.left_out.push_back("models of events: there are no " + events);
        continue;
      }
      for (engine::Engine* engine : {static_cast<engine::Engine*>(&duckdb_), &spark_}) {
        engine->DefineView("changes." + shape.name, "SELECT *, 1 AS _sign FROM " + events);
      }
      for (const auto& model : project_.event_models()) {
        if (model.source != shape.name) continue;
        if (model.kind == model::ModelKind::kWindow && !DefineDueWindows(model)) {
          report_.left_out.push_back(fmt::format("event model {}: the marts that it reads are not there", model.table));
          continue;
        }
        CompareSql("event model", model.table, model.sql, model.key);
      }
    }
  }

  bool DefineDueWindows(const model::Model& model) {
    Names windows;
    for (const auto& other : project_.event_models()) {
      bool is_read = model.sql.find(other.table) != std::string::npos && other.table != model.table;
      if (!is_read) continue;
      if (!IsThere(other.table)) return false;
      for (const auto& column : duckdb_.Describe("SELECT * FROM " + other.table)) {
        if (column.name == "window_start") windows.push_back("SELECT window_start FROM " + other.table);
      }
    }
    // A window over events themselves is told by its length.
    if (windows.empty()) {
      windows.push_back(fmt::format("SELECT window_start(\"timestamp\", {}) AS window_start FROM changes.{}",
                                    model.minutes, model.source));
    }
    for (engine::Engine* engine : {static_cast<engine::Engine*>(&duckdb_), &spark_}) {
      engine->DefineView("due.windows", fmt::format("{}", fmt::join(windows, " UNION ")));
    }
    return true;
  }

  // The received files as each engine processes them, in two lakes that go afterwards: one on the disk of this process,
  // one where Spark reads and writes.
  void CompareModels() {
    auto files = lake::CurrentFiles(lake::ReadFiles(lake_));
    if (files.empty()) {
      report_.left_out.push_back("models and checks: no file was received yet");
      return;
    }
    storage::ScratchFolder local;
    auto of_duckdb = lake_.options();
    of_duckdb.root = local.path() + "/lake";
    auto of_spark = lake_.options();
    std::string folder = storage::JoinPath(kComparisons, base::NewUuid());
    of_spark.root = storage::JoinPath(of_spark.root, folder);
    ScratchLake on_duckdb(of_duckdb, lake_.clock());
    ScratchLake on_spark(of_spark, lake_.clock());
    Removal removal{lake_.storage(), folder};
    on_spark.lake().UseEngine(options_.open_spark(on_spark.lake().storage()));
    Interruptible first(*this, on_duckdb.lake());
    Interruptible second(*this, on_spark.lake());
    if (Process(on_duckdb, files, options_.batch_bytes_max, "duckdb") &
        Process(on_spark, files, std::numeric_limits<uint64_t>::max(), "spark")) {
      CompareComputed(on_duckdb.lake(), on_spark.lake());
    }
  }

  // Goes with the scratch lake's folder.
  struct Removal {
    storage::Storage& storage;
    std::string folder;
    ~Removal() {
      try {
        storage.RemoveFolder(folder);
      } catch (const base::Error& error) {
        base::LogWarn("what was computed for a comparison stays, vacuum removes it",
                      {{"folder", folder}, {"why", error.message()}});
      }
    }
  };

  // A scratch lake that an interrupt reaches.
  struct Interruptible {
    Interruptible(State& state, lake::Lake& lake) : state_(state), lake_(lake) {
      lake.database();
      std::lock_guard lock(state.mutex_);
      state.scratch_.insert(&lake);
    }
    ~Interruptible() {
      std::lock_guard lock(state_.mutex_);
      state_.scratch_.erase(&lake_);
    }
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;

   private:
    State& state_;
    lake::Lake& lake_;
  };

  // False, and a difference, when the engine refuses to.
  bool Process(ScratchLake& scratch, const std::vector<lake::FileRecord>& files, uint64_t batch_bytes_max,
               const std::string& engine) {
    Say("computing models on " + engine);
    try {
      scratch.TakeIn(lake_.storage(), files);
      model::ProcessOptions options;
      options.batch_bytes_max = batch_bytes_max;
      options.on_stage = [&](const std::string& stage) { Say(engine + ": " + stage); };
      scratch.Process(project_, options);
      return true;
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::kInput && error.kind() != base::ErrorKind::kCorrupt) throw;
      bool is_duckdb = engine == "duckdb";
      Difference refused{{}, "", is_duckdb ? error.message() : "", is_duckdb ? "" : error.message()};
      report_.compared.push_back({"model", "all of them", 0, 0, false, {std::move(refused)}});
      return false;
    }
  }

  void CompareComputed(lake::Lake& on_duckdb, lake::Lake& on_spark) {
    DefineFunctions(on_duckdb);
    DefineFunctions(on_spark);
    auto define = [](lake::Lake& lake, const std::string& table) {
      auto snapshot = lake.Load(table);
      if (snapshot) lake.engine().DefineTable(table, *snapshot);
      return snapshot.has_value();
    };
    auto compare = [&](const std::string& kind, const std::string& table, const std::string& of_duckdb,
                       const std::string& of_spark, const Names& key) {
      Say(fmt::format("comparing {} {}", kind, table));
      Compare(kind, table, Answer(on_duckdb.engine(), of_duckdb), Answer(on_spark.engine(), of_spark), key);
    };
    for (const auto& model : project_.models()) {
      if (!(define(on_duckdb, model.table) & define(on_spark, model.table))) continue;
      compare("model", model.table, RowsOf(on_duckdb.engine(), model), RowsOf(on_spark.engine(), model),
              KeyOf(project_, model.table));
    }
    for (const auto& contract : project_.contracts()) {
      std::string table = lake::QuarantineSchema(contract.name).name;
      if (!(define(on_duckdb, table) & define(on_spark, table))) continue;
      compare("model", table, "SELECT * FROM " + table, "SELECT * FROM " + table, KeyOf(project_, table));
    }
    std::string checks = fmt::format(
        "SELECT subject, name, on_violation, CAST(sum(rows_failed) AS BIGINT) AS rows_failed FROM {} GROUP BY subject, "
        "name, on_violation",
        lake::kOpsChecks);
    bool on_one = define(on_duckdb, lake::kOpsChecks);
    bool on_other = define(on_spark, lake::kOpsChecks);
    if (!on_one) on_duckdb.engine().DefineEmptyTable(lake::kOpsChecks, lake::ChecksSchema().columns);
    if (!on_other) on_spark.engine().DefineEmptyTable(lake::kOpsChecks, lake::ChecksSchema().columns);
    compare("check", "of all contracts", checks, checks, {"subject", "name"});
    define(on_duckdb, lake::kOpsLedger);
    define(on_spark, lake::kOpsLedger);
    std::string ledger =
        fmt::format("SELECT _file_id, rows_in, loaded, quarantined, duplicate FROM {}", lake::kOpsLedger);
    compare("ledger", "of all files", ledger, ledger, {"_file_id"});
  }

  lake::Lake& lake_;
  const model::Project& project_;
  const ComparisonOptions options_;
  Privacy privacy_;
  engine::Engine& duckdb_;
  engine::Engine& spark_;
  std::vector<std::pair<std::string, delta::Snapshot>> tables_;  // As they are compared.
  bool has_publication_ = false;
  ComparisonReport report_;
  mutable std::mutex mutex_;
  bool interrupted_ = false;       // Guarded by mutex_.
  std::set<lake::Lake*> scratch_;  // Guarded by mutex_.
};

LakeComparison::LakeComparison(lake::Lake& lake, const model::Project& project, ComparisonOptions options)
    : state_(std::make_unique<State>(lake, project, std::move(options))) {}

LakeComparison::~LakeComparison() = default;

ComparisonReport LakeComparison::Run() { return state_->Run(); }

void LakeComparison::Interrupt() { state_->Interrupt(); }

}  // namespace qlake::compare
