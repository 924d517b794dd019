#include "run/published.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "lake/same_rows.h"

namespace qlake::run {
namespace {

bool IsNameCharacter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Whether the text names the table, by its own name; a mention in a literal does no harm, the table is defined in vain.
bool Names(const std::string& sql, const std::string& table) {
  if (sql.empty()) return true;
  auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  for (auto at = sql.begin();; ++at) {
    at = std::search(at, sql.end(), table.begin(), table.end(), same);
    if (at == sql.end()) return false;
    auto end = at + static_cast<std::ptrdiff_t>(table.size());
    if ((at == sql.begin() || !IsNameCharacter(*(at - 1))) && (end == sql.end() || !IsNameCharacter(*end))) return true;
  }
}

std::string ShortName(const std::string& table) { return table.substr(table.find('.') + 1); }

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
  for (const auto& table : lake.TableNames()) {
    if (!Names(sql, ShortName(table))) continue;
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
      if (!Names(sql, "raw." + contract.name)) continue;
      throw base::InputError("raw.{} is read from the bytes of the files, which only duckdb does: --engine duckdb",
                             contract.name);
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

}  // namespace qlake::run
