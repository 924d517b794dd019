#include "lake/records.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/error.h"
#include "base/json.h"
#include "lake/known_records.h"
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

}  // namespace

bool StandsBefore(const FileRecord& a, const FileRecord& b) {
  return std::tie(a.hour, a.drop, a.name) < std::tie(b.hour, b.drop, b.name);
}

FileRecord ToFileRecord(const engine::ResultRow& row) {
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
  return file;
}

std::vector<FileRecord> ReadFiles(Lake& lake) { return lake.known_records().Files(lake); }

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

Intent ToIntent(const engine::ResultRow& row) {
  return {row[0].value_or(""),       engine::IntegerOf(row[1]),
          engine::IntegerOf(row[2]), VersionsFromJson(row[3].value_or("{}")),
          row[4].value_or(""),       row[5].value_or(""),
          ToTimestamp(row[6])};
}

std::optional<Intent> ReadLastIntent(Lake& lake, const std::string& step) {
  const auto& intents = lake.known_records().LastIntents(lake);
  auto last = intents.find(step);
  if (last == intents.end()) return std::nullopt;
  return last->second;
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

LedgerEntry ToLedgerEntry(const engine::ResultRow& row) {
  return {row[0].value_or(""),      row[1].value_or(""),       row[2].value_or(""),       engine::IntegerOf(row[3]),
          ToHour(row[4]),           engine::IntegerOf(row[5]), engine::IntegerOf(row[6]), engine::IntegerOf(row[7]),
          engine::IntegerOf(row[8])};
}

std::vector<LedgerEntry> ReadLedger(Lake& lake) { return lake.known_records().Ledger(lake); }

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

Publication ToPublication(const engine::ResultRow& row) {
  return {VersionsFromJson(row[0].value_or("{}")), engine::IntegerOf(row[1]), ToTimestamp(row[2])};
}

namespace {

// The last one until a moment, of the ledger at one of its versions.
std::optional<Publication> PublicationAsOf(Lake& lake, const delta::Snapshot& ledger, base::Timestamp as_of) {
  lake.Define(LedgerSchema(), ledger);
  auto result = lake.database().Query(fmt::format(
      "SELECT {} FROM ops.ledger WHERE committed_at <= CAST({} AS TIMESTAMP WITH TIME ZONE) ORDER BY to_seq "
      "DESC, committed_at DESC LIMIT 1",
      kPublicationColumns, engine::QuoteLiteral(base::FormatTimestamp(as_of))));
  if (result.rows.empty()) return std::nullopt;
  auto publication = ToPublication(result.rows.front());
  publication.ledger = ledger.version();
  return publication;
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
  if (!as_of) return lake.known_records().LastPublication(lake);
  auto ledger = lake.Load(kOpsLedger);
  if (!ledger) return std::nullopt;
  delta::Version newest = ledger->version();
  ledger = LedgerBeforeRestore(lake, *ledger, *as_of);
  if (!ledger) return std::nullopt;
  if (ledger->version() != newest && !IsReadable(lake.storage(), *ledger)) {
    throw base::InputError(
        "what was published at {}, before the lake was taken back, has been vacuumed: name a later "
        "time",
        base::FormatTimestamp(*as_of));
  }
  return PublicationAsOf(lake, *ledger, *as_of);
}

}  // namespace qlake::lake
