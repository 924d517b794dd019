#include "model/left_out_marts.h"

#include <algorithm>

#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "model/plan.h"
#include "model/table_build.h"

namespace qlake::model {
namespace {

class LeftOutMart {
 public:
  LeftOutMart(lake::Writer& writer, const Project& project, const Model& mart, const lake::Publication& publication)
      : writer_(writer), lake_(writer.lake()), project_(project), mart_(mart), publication_(publication) {}

  // The mart as of the publication. Nothing when its fact is not in there.
  std::optional<WrittenTable> Refresh() {
    const Model* fact = Fact();
    if (fact == nullptr || !publication_.tables.contains(fact->table)) return std::nullopt;
    // 1. Its rows. A crash behind them: the next run finds its progress, and publishes it.
    auto present = lake_.Load(mart_.table);
    if (present && present->TransactionVersion(kProcessApp) >= publication_.to_seq) {
      return WrittenTable{mart_.table, present->version()};
    }
    auto written = Compute(*fact, present.has_value());
    base::CrashPoint("process.left_out_mart");
    return written;
  }

 private:
  const Model* Fact() const {
    auto found = std::ranges::find_if(project_.models(), [&](const Model& model) {
      return model.kind == ModelKind::kFact && model.source == mart_.source;
    });
    return found == project_.models().end() ? nullptr : &*found;
  }

  WrittenTable Compute(const Model& fact, bool is_present) {
    auto& engine = lake_.engine();
    engine.DefineTable(fact.table, *lake_.LoadVersion(fact.table, publication_.tables.at(fact.table)));
    engine.DefineView("changes." + ShortName(fact), "SELECT *, 1 AS _sign FROM " + fact.table);
    BuildInput input{lake_, engine, mart_};
    auto build = BuildAggregate(input);
    if (is_present) {
      build.change = {};
      build.change.insert_sql =
          fmt::format("SELECT * FROM coming.{} ORDER BY {}", ShortName(mart_), NameList(mart_.key));
      build.change.replace = true;
    }
    writer_.CommitLater(engine, build.target, build.change,
                        {{kProcessApp, publication_.to_seq, lake_.clock().Now().us / 1000}});
    auto applied = writer_.Await().front();
    engine.Forget({"coming", "built", "summed"});
    return {mart_.table, std::get<delta::Committed>(applied.outcome).version, applied.rows_inserted,
            applied.rows_removed};
  }

  lake::Writer& writer_;
  lake::Lake& lake_;
  const Project& project_;
  const Model& mart_;
  const lake::Publication& publication_;
};

// The publication once more, with more tables: behind the account of a file, which stays as it is.
void Publish(lake::Writer& writer, const lake::Publication& publication) {
  auto& lake = writer.lake();
  auto entries = lake::ReadLedger(lake);
  QLAKE_CHECK(!entries.empty());
  // Whatever the clock says, it is the later one.
  base::Timestamp at{std::max(lake.clock().Now().us, publication.committed_at.us + 1)};
  base::CrashPoint("process.before_publish");
  writer.Append(lake::LedgerSchema(),
                {lake::ToRow(entries.front(), publication.to_seq, writer.run_id(), at, publication.tables)});
}

}  // namespace

std::vector<std::string> LeftOutMarts(const Project& project, const std::optional<lake::Publication>& publication) {
  std::vector<std::string> marts;
  if (!publication) return marts;
  for (const auto& model : project.models()) {
    bool is_left_out = model.kind == ModelKind::kAggregate && !publication->tables.contains(model.table);
    if (is_left_out) marts.push_back(model.table);
  }
  return marts;
}

void RefreshLeftOutMarts(lake::Writer& writer, const Project& project, ProcessReport& report) {
  auto& lake = writer.lake();
  auto publication = lake::ReadPublication(lake);
  auto left_out = LeftOutMarts(project, publication);
  if (left_out.empty()) return;
  size_t published = publication->tables.size();
  lake.DefineFunctions(lake.engine(), project.FunctionsSql(lake.engine().name()));
  for (const auto& mart : project.models()) {
    bool has_failed = std::ranges::find(report.failures, mart.table, &PartFailure::part) != report.failures.end();
    if (has_failed || std::ranges::find(left_out, mart.table) == left_out.end()) continue;
    try {
      auto written = LeftOutMart(writer, project, mart, *publication).Refresh();
      if (!written) continue;
      publication->tables[mart.table] = written->version;
      report.tables.push_back(*std::move(written));
    } catch (const base::Error& error) {
      if (error.kind() == base::ErrorKind::kUnavailable) throw;
      writer.Settle();
      base::LogFailure("a table failed, the others go on", error.message(), {{"table", mart.table}});
      report.failures.push_back({mart.table, error.message()});
    }
  }
  // 2. All that came in one commit. A crash before it leaves them for the next run.
  if (publication->tables.size() > published) Publish(writer, *publication);
}

}  // namespace qlake::model
