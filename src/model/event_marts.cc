#include "model/event_marts.h"

#include <algorithm>

#include "base/error.h"
#include "base/fault.h"
#include "delta/changes.h"
#include "model/table_build.h"

namespace qlake::model {
namespace {

delta::Version ConsumedBy(const lake::Lake& lake, const Model& model) {
  auto mart = lake.Load(model.table);
  return mart ? mart->TransactionVersion(kEventsApp) : delta::kNoVersion;
}

// A mention elsewhere does no harm: what names a table that is behind waits for it.
bool NamesTable(const std::string& sql, const std::string& table) {
  return sql.find(table.substr(table.find('.') + 1)) != std::string::npos;
}

// The marts of one table of events, brought to its newest version.
class EventMarts {
 public:
  EventMarts(lake::Writer& writer, const Project& project, const events::EventShape& shape, delta::Snapshot events)
      : writer_(writer), lake_(writer.lake()), project_(project), shape_(shape), events_(std::move(events)) {}

  void Refresh(std::vector<WrittenTable>& written, std::vector<PartFailure>& failures) {
    size_t failures_before = failures.size();
    for (const auto& model : project_.event_models()) {
      if (model.source != shape_.name) continue;
      delta::Version consumed = ConsumedBy(lake_, model);
      if (consumed == events_.version()) continue;
      bool is_behind = std::any_of(failures.begin() + static_cast<std::ptrdiff_t>(failures_before), failures.end(),
                                   [&](const PartFailure& failure) { return NamesTable(model.sql, failure.part); });
      if (is_behind) continue;
      bool is_anew = DefineChanges(consumed);
      // The least of what is left is not known from what went.
      bool has_extremes = !model.least.empty() || !model.greatest.empty();
      if (!is_anew && has_extremes && rows_went_) is_anew = DefineChanges(delta::kNoVersion);
      try {
        written.push_back(RefreshMart(model, is_anew));
      } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::kUnavailable) throw;
        failures.push_back({model.table, error.message()});
        continue;
      }
      base::CrashPoint("events.after_mart");
    }
  }

 private:
  // changes.<name>: the rows that came (_sign 1) and went (-1) since the version. True: all rows, because what came
  // since is not known.
  bool DefineChanges(delta::Version consumed) {
    if (defined_for_ == consumed) return defined_anew_;
    auto& database = lake_.database();
    std::optional<delta::TableChanges> changes;
    // A lower version is that of a table made anew.
    if (consumed != delta::kNoVersion && consumed < events_.version()) {
      changes = delta::ReadChanges(lake_.storage(), events_.table_path(), consumed, events_.version());
      if (changes && !(AreThere(changes->added) && AreThere(changes->removed))) changes.reset();
    }
    bool is_anew = !changes;
    if (!changes) {
      changes.emplace();
      for (const auto& [path, file] : events_.files()) changes->added.push_back(file);
    }
    std::string came = "changes_came." + shape_.name;
    std::string went = "changes_went." + shape_.name;
    rows_went_ = !changes->removed.empty();
    Define(came, changes->added);
    Define(went, changes->removed);
    database.Run(fmt::format(
        "CREATE SCHEMA IF NOT EXISTS changes; CREATE OR REPLACE VIEW changes.{} AS SELECT *, 1 AS _sign FROM {} "
        "UNION ALL SELECT *, -1 FROM {}",
        shape_.name, came, went));
    defined_for_ = consumed;
    defined_anew_ = is_anew;
    return is_anew;
  }

  void Define(const std::string& name, const std::vector<delta::AddFile>& files) {
    if (files.empty()) {
      lake_.database().DefineEmptyTable(name, delta::FromSchemaJson(events_.metadata().schema_json));
    } else {
      lake_.database().DefineFiles(name, events_, files);
    }
  }

  // Files that compaction replaced stay until vacuum takes them.
  bool AreThere(const std::vector<delta::AddFile>& files) const {
    return std::all_of(files.begin(), files.end(), [&](const auto& file) {
      return events_.files().contains(file.path) ||
             lake_.storage().Find(events_.table_path() + "/" + file.path).has_value();
    });
  }

  WrittenTable RefreshMart(const Model& model, bool is_anew) {
    BuildInput input{lake_, lake_.database(), model};
    input.whole = is_anew;
    for (const auto& other : project_.event_models()) {
      if (other.kind == ModelKind::kAggregate) input.sums.push_back(other.table);
    }
    auto build = model.kind == ModelKind::kWindow ? BuildWindow(input) : BuildAggregate(input);
    if (is_anew && lake_.Load(model.table)) {
      build.change.fold_files.clear();
      build.change.insert_sql =
          fmt::format("SELECT * FROM coming.{} ORDER BY {}", ShortName(model), NameList(model.key));
      build.change.replace = true;
    } else if (!build.changes) {
      build.change = {};
    }
    auto applied = writer_.Commit(build.target, build.change,
                                  {{kEventsApp, events_.version(), lake_.clock().Now().us / 1000}}, "WRITE");
    return {model.table, std::get<delta::Committed>(applied.outcome).version, applied.rows_inserted,
            applied.rows_removed};
  }

  lake::Writer& writer_;
  lake::Lake& lake_;
  const Project& project_;
  const events::EventShape& shape_;
  delta::Snapshot events_;
  std::optional<delta::Version> defined_for_;  // The version that changes.<name> begins behind.
  bool defined_anew_ = false;
  bool rows_went_ = false;
};

}  // namespace

bool EventMartsAreStale(lake::Lake& lake, const Project& project) {
  for (const auto& shape : project.events()) {
    auto events = lake.Load(lake::EventsSchema(shape).name);
    if (!events) continue;
    for (const auto& model : project.event_models()) {
      if (model.source == shape.name && ConsumedBy(lake, model) != events->version()) return true;
    }
  }
  return false;
}

std::vector<WrittenTable> RefreshEventMarts(lake::Writer& writer, const Project& project,
                                            std::vector<PartFailure>& failures) {
  std::vector<WrittenTable> written;
  auto& lake = writer.lake();
  lake.DefineFunctions(lake.database(), project.FunctionsSql(lake.database().name()));
  for (const auto& shape : project.events()) {
    auto events = lake.Load(lake::EventsSchema(shape).name);
    if (events) EventMarts(writer, project, shape, *events).Refresh(written, failures);
  }
  return written;
}

}  // namespace qlake::model
