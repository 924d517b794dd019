#include "run/published.h"

#include <algorithm>

#include "base/error.h"
#include "engine/sql_words.h"
#include "lake/raw_rows.h"
#include "lake/same_rows.h"
#include "model/left_out_marts.h"

namespace qlake::run {
namespace {

// Whether the text may read the table, by its own name; without a text, any.
bool Names(const std::string& sql, const std::string& table) { return sql.empty() || engine::NamesWord(sql, table); }

std::string ShortName(const std::string& table) { return table.substr(table.find('.') + 1); }

// Whether the table holds the rows of a source's files, which people are shown as a view.
bool IsRawRows(const model::Project& project, const std::string& table) {
  return std::ranges::any_of(project.contracts(),
                             [&](const model::Contract& contract) { return table == "raw." + contract.name; });
}

// The tables that a stream and its marts make.
std::vector<std::string> TablesOfEvents(const model::Project& project) {
  std::vector<std::string> tables = {lake::kOpsDrift};
  for (const auto& shape : project.events()) {
    tables.push_back(lake::EventsSchema(shape).name);
    tables.push_back(lake::DeadLetterSchema(shape).name);
  }
  for (const auto& model : project.event_models()) tables.push_back(model.table);
  return tables;
}

// raw.<source>: the rows of the source's current files, with where each stood.
void DefineRawSource(lake::Lake& lake, const model::Contract& contract, const std::vector<lake::FileRecord>& files) {
  engine::RawScan scan;
  scan.csv_shape = contract.ToSource().shape;
  std::string rows;
  for (const auto& file : files) {
    if (file.source != contract.name) continue;
    rows +=
        fmt::format("{}({}, {}, {})", rows.empty() ? "" : ", ", scan.files.size(), engine::QuoteLiteral(file.file_id),
                    engine::QuoteLiteral(base::FormatTimestamp(base::StartOf(file.hour))));
    scan.files.push_back({file.path, static_cast<uint64_t>(file.offset), static_cast<uint64_t>(file.bytes)});
    scan.formats.push_back(lake::FormatOf(file.name));
  }
  lake.database().DefineRawScan("raw_scan." + contract.name, std::move(scan));
  std::string columns;
  for (const auto& column : contract.columns) columns += "s." + engine::QuoteName(column.name) + ", ";
  lake.database().DefineView(
      "raw." + contract.name,
      fmt::format("SELECT {1}s._rescued, f._file_id, s._line, CAST(f.data_hour AS TIMESTAMP WITH TIME ZONE) AS "
                  "data_hour, s._error "
                  "FROM raw_scan.{0} AS s JOIN (VALUES {2}) AS f(_file, _file_id, data_hour) ON s._file = f._file",
                  contract.name, columns, rows.empty() ? "(-1, '', '1970-01-01 00:00:00+00')" : rows));
}

// The same of what `qlake materialize` or process on another engine brought into the table of the rows.
void DefineRawTable(lake::Lake& lake, engine::Engine& engine, const model::Contract& contract,
                    std::optional<base::Timestamp> as_of) {
  std::string table = "raw." + contract.name;
  auto snapshot = as_of ? delta::Snapshot::LoadAsOf(lake.storage(), lake::TablePath(table), *as_of) : lake.Load(table);
  if (!snapshot) {
    throw base::InputError("{} is no table yet that {} could read: qlake materialize", table, engine.name());
  }
  if (!as_of && snapshot->metadata().description != lake::RawRowsSchema(contract.ToSource()).description) {
    throw base::InputError("{} was filled by other header rules than the contract has now: qlake materialize", table);
  }
  int64_t done_seq = snapshot->TransactionVersion(lake::kMaterializeApp);
  auto revisions = lake::ReadFiles(lake);
  auto missing = std::ranges::count_if(revisions, [&](const lake::FileRecord& file) {
    return file.source == contract.name && file.seq > done_seq && (!as_of || file.received_at <= *as_of);
  });
  if (missing > 0) {
    throw base::InputError("{} lacks the rows of {} files that came since it was filled: qlake materialize", table,
                           missing);
  }
  engine.DefineTable("raw_rows." + contract.name, *snapshot);
  std::string columns;
  for (const auto& column : contract.columns) columns += engine::QuoteName(column.name) + ", ";
  engine.DefineView(table,
                    fmt::format("SELECT {}_rescued, _file_id, _line, timestamp_seconds(unix_date(data_date) * "
                                "CAST(86400 AS BIGINT) + data_hour * 3600) AS data_hour, _error FROM raw_rows.{}",
                                columns, contract.name));
}

}  // namespace

bool NamesEvents(const model::Project& project, const std::string& sql) {
  auto tables = TablesOfEvents(project);
  return !sql.empty() &&
         std::any_of(tables.begin(), tables.end(), [&](const auto& table) { return Names(sql, ShortName(table)); });
}

std::optional<std::string> FindAbsentEvents(lake::Lake& lake, const model::Project& project, const std::string& sql) {
  if (sql.empty()) return std::nullopt;
  for (const auto& table : TablesOfEvents(project)) {
    // Drift need not have come up.
    if (table != lake::kOpsDrift && Names(sql, ShortName(table)) && !lake.Load(table)) return table;
  }
  return std::nullopt;
}

std::optional<lake::Publication> DefinePublished(lake::Lake& lake, engine::Engine& engine,
                                                 const model::Project& project, std::optional<base::Timestamp> as_of,
                                                 const std::string& sql) {
  auto publication = lake::ReadPublication(lake, as_of);
  // In a lake that holds events alone the ledger is an empty table.
  if (!publication && !lake.Load(lake::kOpsLedger)) lake.Define(lake::LedgerSchema(), std::nullopt);
  for (const auto& table : lake.TableNames()) {
    if (!Names(sql, ShortName(table)) || IsRawRows(project, table)) continue;
    std::optional<delta::Version> version;
    if (publication && publication->tables.contains(table)) version = publication->tables.at(table);
    auto snapshot =
        version ? (as_of ? lake.LoadVersion(table, *version) : lake::LoadNewestWithRowsOf(lake, table, *version))
        : as_of ? delta::Snapshot::LoadAsOf(lake.storage(), lake::TablePath(table), *as_of)
                : lake.Load(table);
    if (snapshot) engine.DefineTable(table, *snapshot);
  }
  std::vector<lake::FileRecord> files;
  for (const auto& contract : project.contracts()) {
    if (!Names(sql, contract.name)) continue;
    if (&engine != &lake.database()) {
      if (Names(sql, "raw." + contract.name)) DefineRawTable(lake, engine, contract, as_of);
      continue;
    }
    if (files.empty()) {
      for (auto& file : lake::ReadFiles(lake)) {
        if (!as_of || file.received_at <= *as_of) files.push_back(std::move(file));
      }
      files = lake::CurrentFiles(files);
    }
    DefineRawSource(lake, contract, files);
  }
  // The functions that reports and people may call.
  lake.DefineFunctions(engine, project.FunctionsSql(engine.name()));
  return publication;
}

void DefineVersion(lake::Lake& lake, engine::Engine& engine, const model::Project& project, delta::Version version,
                   const std::string& sql) {
  std::vector<std::string> named;
  for (const auto& table : lake.TableNames()) {
    if (Names(sql, ShortName(table))) named.push_back(table);
  }
  if (named.size() != 1) {
    throw base::InputError("--as-of with a version is for a SELECT of one table, this one names {}: name a time",
                           named.empty() ? "none" : fmt::format("{}", fmt::join(named, ", ")));
  }
  engine.DefineTable(named.front(), *lake.LoadVersion(named.front(), version));
  lake.DefineFunctions(engine, project.FunctionsSql(engine.name()));
}

lake::Publication RequirePublished(lake::Lake& lake, engine::Engine& engine, const model::Project& project,
                                   std::optional<base::Timestamp> as_of, const std::string& sql) {
  auto publication = DefinePublished(lake, engine, project, as_of, sql);
  if (auto absent = FindAbsentEvents(lake, project, sql)) {
    throw base::InputError("no events have been streamed into the lake {} yet, so that there is no {}: qlake stream",
                           lake.options().root, *absent);
  }
  if (publication) return *publication;
  // What streams fill is there without a run of the batch job.
  if (NamesEvents(project, sql)) return {};
  if (as_of) {
    throw base::InputError("the lake {} had no finished run at {}: name a later --as-of", lake.options().root,
                           base::FormatTimestamp(*as_of));
  }
  throw base::InputError("the lake {} has no finished run yet: qlake run --landing DIR --lake {}", lake.options().root,
                         lake.options().root);
}

std::vector<hive::PublishedTable> ListPublished(lake::Lake& lake, const model::Project& project) {
  auto publication = lake::ReadPublication(lake);
  // What publishes on its own, and marts that are behind: as they were published last.
  auto on_their_own = TablesOfEvents(project);
  for (auto& mart : model::LeftOutMarts(project, publication)) on_their_own.push_back(std::move(mart));
  std::vector<hive::PublishedTable> tables;
  for (const auto& table : lake.TableNames()) {
    bool is_for_readers =
        table.starts_with("warehouse.") || table.starts_with("marts.") || table.starts_with("events.");
    if (!is_for_readers) continue;
    if (publication && publication->tables.contains(table)) {
      auto snapshot = lake::LoadNewestWithRowsOf(lake, table, publication->tables.at(table));
      if (!snapshot) continue;
      tables.push_back({table, fmt::format("seq {}", publication->to_seq),
                        base::FormatTimestamp(publication->committed_at), *std::move(snapshot)});
    } else if (table.starts_with("events.") || std::ranges::count(on_their_own, table) != 0) {
      auto snapshot = lake.Load(table);
      if (!snapshot) continue;
      tables.push_back({table, fmt::format("version {}", snapshot->version()),
                        base::FormatTimestamp({snapshot->timestamp_ms() * 1000}), *std::move(snapshot)});
    }
  }
  return tables;
}

}  // namespace qlake::run
