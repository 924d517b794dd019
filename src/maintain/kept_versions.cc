#include "maintain/kept_versions.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "lake/records.h"

namespace qlake::maintain {
namespace {

constexpr const char* kEventsReader = "qlake.events";
constexpr const char* kEventsTable = "events.app_events";

class KeptVersions {
 public:
  KeptVersions(lake::Lake& lake, base::Timestamp since) : lake_(lake), since_(since) {}

  VersionSets Read() {
    auto ledger = lake_.Load(lake::kOpsLedger);
    if (ledger) ReadPublications(*ledger);
    ReadIntents(ledger);
    return std::move(kept_);
  }

 private:
  void Keep(const lake::TableVersions& versions) {
    for (const auto& [table, version] : versions) {
      if (version != delta::kNoVersion) kept_[table].insert(version);
    }
  }

  void ReadPublications(const delta::Snapshot& ledger) {
    KeepThatOfThen();
    if (auto last = lake::ReadPublication(lake_)) Keep(last->tables);
    auto restored = ledger.transactions().find(lake::kRestoreApp);
    bool was_restored = restored != ledger.transactions().end() && restored->second.last_updated_ms >= since_.us / 1000;
    lake_.Define(lake::LedgerSchema(), ledger);
    // After the lake was taken back an old publication was in force again: which one, only its rows tell.
    std::string where = was_restored ? ""
                                     : fmt::format("WHERE committed_at >= CAST({} AS TIMESTAMP WITH TIME ZONE)",
                                                   engine::QuoteLiteral(base::FormatTimestamp(since_)));
    auto publications = lake_.database().Query("SELECT DISTINCT publication FROM ops.ledger " + where);
    for (const auto& row : publications.rows) Keep(lake::VersionsFromJson(row[0].value_or("{}")));
  }

  // The one in force at the time, also if the lake was taken back behind it since.
  void KeepThatOfThen() {
    try {
      if (auto then = lake::ReadPublication(lake_, since_)) Keep(then->tables);
    } catch (const base::Error& error) {
      // Nobody can read it any more: its ledger has been vacuumed, with a shorter retention.
      if (error.kind() != base::ErrorKind::kInput) throw;
    }
  }

  void ReadIntents(const std::optional<delta::Snapshot>& ledger) {
    auto steps = lake_.Load(lake::kOpsSteps);
    if (!steps) return;
    lake_.Define(lake::StepsSchema(), steps);
    for (const auto& row : lake_.database().Query("SELECT step, to_seq, reads FROM ops.steps").rows) {
      int64_t done_seq = ledger ? ledger->TransactionVersion(row[0].value_or("")) : delta::kNoVersion;
      if (engine::IntegerOf(row[1]) > done_seq) Keep(lake::VersionsFromJson(row[2].value_or("{}")));
    }
  }

  lake::Lake& lake_;
  base::Timestamp since_;
  VersionSets kept_;
};

}  // namespace

std::map<std::string, delta::Version> ReadPositions(lake::Lake& lake) {
  std::map<std::string, delta::Version> positions;
  for (const auto& table : lake.TableNames()) {
    auto snapshot = lake.Load(table);
    delta::Version version = snapshot ? snapshot->TransactionVersion(kEventsReader) : delta::kNoVersion;
    if (version == delta::kNoVersion) continue;
    auto [position, is_first] = positions.try_emplace(kEventsTable, version);
    if (!is_first) position->second = std::min(position->second, version);
  }
  return positions;
}

VersionSets ReadKeptVersions(lake::Lake& lake, base::Timestamp since) { return KeptVersions(lake, since).Read(); }

}  // namespace qlake::maintain
