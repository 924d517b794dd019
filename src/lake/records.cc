#include "lake/records.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/error.h"
#include "base/json.h"
#include "lake/readable.h"

namespace qlake::lake {
namespace {

base::Timestamp ToTimestamp(const engine::ResultCell& cell) {
  auto time = base::ParseTimestamp(cell.value_or(""));
  if (!time)
    throw base::CorruptError("a table of the lake holds no timestamp where one belongs: {}", cell.value_or("NULL"));
  return *time;
}

base::Hour ToHour(const engine::ResultCell& cell) { return base::HourOf(ToTimestamp(cell)); }

std::string HourText(base::Hour hour) { return base::FormatTimestamp(base::StartOf(hour)); }

// Defines one of our own tables at its newest version; false when the lake has none yet.
bool DefineOwn(Lake& lake, const TableSchema& schema) {
  auto snapshot = lake.Load(schema.name);
  lake.Define(schema, snapshot);
  return snapshot.has_value();
}

}  // namespace

bool StandsBefore(const FileRecord& a, const FileRecord& b) {
  return std::tie(a.hour, a.drop, a.name) < std::tie(b.hour, b.drop, b.name);
}

std::vector<FileRecord> ReadFiles(Lake& lake, std::optional<int64_t> seq_max) {
  std::vector<FileRecord> files;
  if (!DefineOwn(lake, RawFilesSchema())) return files;
  std::string where = seq_max ? fmt::format("WHERE seq <= {}", *seq_max) : "";
  auto result = lake.database().Query(fmt::format(
      "SELECT seq, _file_id, source, \"drop\", name, data_hour, sha256, bytes, rows, header, unknown_columns, "
      "modified_at, received_at, path, \"offset\", run_id FROM raw.files {} ORDER BY seq",
      where));
  for (auto& row : result.rows) {
    FileRecord file;
    file.seq = engine::IntegerOf(row[0]);
    file.file_id = row[1].value_or("");
    file.source = row[2].value_or("");
    file.drop = row[3].value_or("");
    file.name = row[4].value_or("");
    file.hour = ToHour(row[5]);
    file.sha256 = row[6].value_or("");
    file.bytes = engine::IntegerOf(row[7]);
    file.rows = engine::IntegerOf(row[8]);
    file.header = row[9].value_or("");
    for (const auto& name : base::Json::parse(row[10].value_or("[]"))) file.unknown_columns.push_back(name);
    file.modified_at = ToTimestamp(row[11]);
    file.received_at = ToTimestamp(row[12]);
    file.path = row[13].value_or("");
    file.offset = engine::IntegerOf(row[14]);
    file.run_id = row[15].value_or("");
    files.push_back(std::move(file));
  }
  return files;
}

std::vector<FileRecord> CurrentFiles(const std::vector<FileRecord>& revisions) {
  std::map<std::string, const FileRecord*> last;
  for (const auto& file : revisions) last[file.file_id] = &file;
  std::vector<FileRecord> current;
  for (const auto& [id, file] : last) current.push_back(*file);
  std::sort(current.begin(), current.end(), StandsBefore);
  return current;
}

TextRow ToRow(const FileRecord& file) {
  return {std::to_string(file.seq),
          file.file_id,
          file.source,
          file.drop,
          file.name,
          HourText(file.hour),
          file.sha256,
          std::to_string(file.bytes),
          std::to_string(file.rows),
          file.header,
          base::Json(file.unknown_columns).dump(),
          base::FormatTimestamp(file.modified_at),
          base::FormatTimestamp(file.received_at),
          file.path,
          std::to_string(file.offset),
          file.run_id};
}

std::optional<Intent> ReadLastIntent(Lake& lake, const std::string& step) {
  if (!DefineOwn(lake, StepsSchema())) return std::nullopt;
  auto result = lake.database().Query(
      fmt::format("SELECT from_seq, to_seq, reads, project_sha256, run_id, started_at FROM ops.steps WHERE step = {} "
                  "ORDER BY to_seq DESC, started_at DESC LIMIT 1",
                  engine::QuoteLiteral(step)));
  if (result.rows.empty()) return std::nullopt;
  const auto& row = result.rows.front();
  return Intent{step,
                engine::IntegerOf(row[0]),
                engine::IntegerOf(row[1]),
                VersionsFromJson(row[2].value_or("{}")),
                row[3].value_or(""),
                row[4].value_or(""),
                ToTimestamp(row[5])};
}

TextRow ToRow(const Intent& intent) {
  return {intent.step,
          std::to_string(intent.from_seq),
          std::to_string(intent.to_seq),
          ToJsonText(intent.reads),
          intent.project_sha256,
          intent.run_id,
          base::FormatTimestamp(intent.started_at)};
}

std::vector<LedgerEntry> ReadLedger(Lake& lake) {
  std::vector<LedgerEntry> entries;
  if (!DefineOwn(lake, LedgerSchema())) return entries;
  auto result = lake.database().Query(
      "SELECT step, source, _file_id, seq, data_hour, rows_in, loaded, quarantined, duplicate FROM ops.ledger "
      "QUALIFY row_number() OVER (PARTITION BY step, _file_id ORDER BY to_seq DESC) = 1 ORDER BY data_hour, _file_id");
  for (auto& row : result.rows) {
    entries.push_back({row[0].value_or(""), row[1].value_or(""), row[2].value_or(""), engine::IntegerOf(row[3]),
                       ToHour(row[4]), engine::IntegerOf(row[5]), engine::IntegerOf(row[6]), engine::IntegerOf(row[7]),
                       engine::IntegerOf(row[8])});
  }
  return entries;
}

TextRow ToRow(const LedgerEntry& entry, int64_t to_seq, const std::string& run_id, base::Timestamp committed_at,
              const TableVersions& publication) {
  return {entry.step,
          entry.source,
          entry.file_id,
          std::to_string(entry.seq),
          HourText(entry.hour),
          std::to_string(entry.rows_in),
          std::to_string(entry.loaded),
          std::to_string(entry.quarantined),
          std::to_string(entry.duplicate),
          std::to_string(to_seq),
          run_id,
          base::FormatTimestamp(committed_at),
          ToJsonText(publication)};
}

namespace {

// Of the ledger at one of its versions.
std::optional<Publication> LastPublicationOf(Lake& lake, const delta::Snapshot& ledger,
                                             std::optional<base::Timestamp> as_of) {
  lake.Define(LedgerSchema(), ledger);
  std::string where = as_of ? fmt::format("WHERE committed_at <= CAST({} AS TIMESTAMP WITH TIME ZONE)",
                                          engine::QuoteLiteral(base::FormatTimestamp(*as_of)))
                            : "";
  auto result = lake.database().Query(fmt::format(
      "SELECT publication, to_seq, committed_at FROM ops.ledger {} ORDER BY to_seq DESC, committed_at DESC LIMIT 1",
      where));
  if (result.rows.empty()) return std::nullopt;
  const auto& row = result.rows.front();
  return Publication{VersionsFromJson(row[0].value_or("{}")), engine::IntegerOf(row[1]), ToTimestamp(row[2]),
                     ledger.version()};
}

// The ledger that readers saw at a moment before the lake was taken back: it still has the publications that went then.
std::optional<delta::Snapshot> LedgerBeforeRestore(Lake& lake, delta::Snapshot ledger, base::Timestamp as_of) {
  while (true) {
    auto restored = ledger.transactions().find(kRestoreApp);
    if (restored == ledger.transactions().end() || as_of.us / 1000 >= restored->second.last_updated_ms) return ledger;
    // From the version of the restore down: its transaction is in every version since.
    delta::Version version = ledger.version();
    int64_t number = restored->second.version;
    std::optional<delta::Snapshot> earlier = ledger;
    while (earlier && earlier->TransactionVersion(kRestoreApp) >= number) {
      if (version == 0) return std::nullopt;
      earlier = lake.LoadVersion(kOpsLedger, --version);
    }
    if (!earlier) return std::nullopt;
    ledger = *earlier;
  }
}

}  // namespace

std::optional<Publication> ReadPublication(Lake& lake, std::optional<base::Timestamp> as_of) {
  auto ledger = lake.Load(kOpsLedger);
  if (ledger && as_of) {
    delta::Version newest = ledger->version();
    ledger = LedgerBeforeRestore(lake, *ledger, *as_of);
    if (ledger && ledger->version() != newest && !IsReadable(lake.storage(), *ledger)) {
      throw base::InputError(
          "what was published at {}, before the lake was taken back, has been vacuumed: name a later "
          "time",
          base::FormatTimestamp(*as_of));
    }
  }
  if (!ledger) {
    lake.Define(LedgerSchema(), std::nullopt);
    return std::nullopt;
  }
  return LastPublicationOf(lake, *ledger, as_of);
}

}  // namespace qlake::lake
