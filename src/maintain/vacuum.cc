#include "maintain/vacuum.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/error.h"
#include "base/fault.h"
#include "delta/path_encoding.h"
#include "delta/retention.h"
#include "engine/spark/spark_merge.h"
#include "lake/key_manifest.h"
#include "maintain/kept_files.h"
#include "maintain/kept_versions.h"
#include "maintain/raw_leftovers.h"
#include "storage/path.h"
#include "storage/unfinished.h"

namespace qlake::maintain {
namespace {

constexpr const char* kIndexFolder = "_qlake/index";
constexpr const char* kSpillFolder = "_qlake/spill";
// What killed processes left of rows that Spark wrote and nobody took: of comparisons, and of compactions.
constexpr const char* kAbandonedFolders[] = {"_qlake/compare", engine::kSparkMerges};

// Whether the path below a table's folder is one that data files have, or files of change data: Parquet, and in no
// other hidden folder (a partition's name may begin with "_").
bool IsDataFile(std::string_view path) {
  if (!path.ends_with(".parquet")) return false;
  for (size_t begin = 0; begin < path.size();) {
    size_t end = std::min(path.find('/', begin), path.size());
    std::string_view part = path.substr(begin, end - begin);
    bool is_hidden = part.starts_with('_') || part.starts_with('.');
    bool is_change_data = begin == 0 && part == "_change_data";
    if (is_hidden && !is_change_data && part.find('=') == std::string_view::npos) return false;
    begin = end + 1;
  }
  return true;
}

class Vacuumer {
 public:
  Vacuumer(lake::Writer& writer, const VacuumOptions& options)
      : writer_(writer),
        lake_(writer.lake()),
        options_(options),
        cut_off_(CutOff(options.retention.count())),
        kept_versions_(ReadKeptVersions(lake_, cut_off_)),
        positions_(ReadPositions(lake_)) {}

  VacuumReport Run() {
    for (const auto& table : options_.tables) VacuumTable(table);
    if (options_.whole_lake) {
      VacuumRawBytes();
      Vacuum("unfinished files", Old(storage::ListUnfinished(lake_.storage(), "")));
      Vacuum("key indexes", FindIndexRuns());
      Vacuum("spilled rows", Old(lake_.storage().ListAll(kSpillFolder)));
      std::vector<storage::Entry> abandoned;
      for (const char* folder : kAbandonedFolders) {
        std::ranges::move(lake_.storage().ListAll(folder), std::back_inserter(abandoned));
      }
      Vacuum("abandoned rows of Spark", Old(abandoned));
    }
    return std::move(report_);
  }

 private:
  void Say(const std::string& stage) const {
    if (options_.on_stage) options_.on_stage(stage);
  }

  base::Timestamp CutOff(int64_t retention_ms) const { return {lake_.clock().Now().us - retention_ms * 1000}; }

  // What a table's own configuration asks for counts when it is longer.
  int64_t RetentionMs(const delta::Snapshot& snapshot) const {
    bool asks = snapshot.metadata().configuration.contains("delta.deletedFileRetentionDuration");
    int64_t own_ms = asks ? delta::TombstoneRetentionMs(snapshot.metadata()) : 0;
    return std::max<int64_t>(options_.retention.count(), own_ms);
  }

  void VacuumTable(const std::string& table) {
    Say("looking through " + table);
    auto snapshot = lake_.Load(table);
    if (!snapshot) return;
    int64_t retention_ms = RetentionMs(*snapshot);
    base::Timestamp cut_off = CutOff(retention_ms);
    WantedVersions wanted{kept_versions_[table], {}};
    if (auto position = positions_.find(table); position != positions_.end()) wanted.from = position->second;
    auto kept = FindKeptFiles(lake_, table, cut_off, wanted);
    VacuumReport::Place place{table, {}};
    std::string folder = lake::TablePath(table) + "/";
    for (const auto& entry : lake_.storage().ListAll(lake::TablePath(table))) {
      std::string path = entry.path.substr(folder.size());
      if (!IsDataFile(path) || kept.contains(path) || entry.modified >= cut_off) continue;
      place.files.push_back({entry.path, entry.bytes});
    }
    if (!place.files.empty() && !options_.dry_run) {
      Say("vacuuming " + table);
      Log(table, "VACUUM START", {{"retentionCheckEnabled", true}, {"specifiedRetentionMillis", retention_ms}},
          {{"numFilesToDelete", place.files.size()}, {"sizeOfDataToDelete", place.bytes()}});
      base::CrashPoint("vacuum.after_start");
      Remove(place.files);
      base::CrashPoint("vacuum.before_end");
      Log(table, "VACUUM END", {{"status", "COMPLETED"}}, {{"numDeletedFiles", place.files.size()}});
    }
    Enter(std::move(place));
  }

  void Log(const std::string& table, const std::string& operation, base::Json parameters, base::Json metrics) {
    auto snapshot = lake_.Load(table);
    QLAKE_CHECK(snapshot);
    delta::CommitOptions commit;
    commit.operation = operation;
    commit.operation_parameters = std::move(parameters);
    commit.operation_metrics = std::move(metrics);
    auto outcome = writer_.Commit({lake_.storage(), snapshot->table_path(), snapshot}, commit);
    if (const auto* conflict = std::get_if<delta::Conflict>(&outcome)) {
      throw base::UnavailableError("another writer was at {} at version {} ({}): run the command again", table,
                                   conflict->version, conflict->reason);
    }
  }

  void VacuumRawBytes() {
    Say("looking through raw bytes");
    auto leftovers = FindRawLeftovers(lake_, cut_off_);
    if (!options_.dry_run) RemoveRawLeftovers(lake_, leftovers);
    VacuumReport::Place place{"raw bytes", {}};
    for (const auto& leftover : leftovers) place.files.push_back({leftover.path, leftover.bytes});
    Enter(std::move(place));
  }

  std::vector<VacuumedFile> Old(const std::vector<storage::Entry>& entries) const {
    std::vector<VacuumedFile> files;
    for (const auto& entry : entries) {
      if (entry.modified < cut_off_) files.push_back({entry.path, entry.bytes});
    }
    return files;
  }

  // Runs that no manifest names.
  std::vector<VacuumedFile> FindIndexRuns() const {
    std::vector<storage::Entry> unnamed;
    std::set<std::string> named;
    std::set<std::string> seen;
    for (const auto& entry : lake_.storage().ListAll(kIndexFolder)) {
      std::string table(delta::FileName(storage::ParentOf(entry.path)));
      if (seen.insert(table).second) {
        auto manifest = lake::ReadKeyManifest(lake_.storage(), table);
        if (!manifest) continue;
        for (const auto& run : manifest->runs) named.insert(lake::KeyRunPath(table, run.name));
      }
      if (entry.path.ends_with(lake::kKeyRunEnding) && !named.contains(entry.path)) unnamed.push_back(entry);
    }
    return Old(unnamed);
  }

  void Vacuum(const std::string& name, std::vector<VacuumedFile> files) {
    if (!options_.dry_run) Remove(files);
    Enter({name, std::move(files)});
  }

  void Remove(const std::vector<VacuumedFile>& files) {
    for (const auto& file : files) {
      base::CrashPoint("vacuum.before_remove");
      lake_.storage().Remove(file.path);
    }
  }

  void Enter(VacuumReport::Place place) {
    if (!place.files.empty()) report_.places.push_back(std::move(place));
  }

  lake::Writer& writer_;
  lake::Lake& lake_;
  const VacuumOptions& options_;
  base::Timestamp cut_off_;
  VersionSets kept_versions_;
  std::map<std::string, delta::Version> positions_;
  VacuumReport report_;
};

}  // namespace

uint64_t VacuumReport::Place::bytes() const {
  uint64_t sum = 0;
  for (const auto& file : files) sum += file.bytes;
  return sum;
}

VacuumReport Vacuum(lake::Writer& writer, const VacuumOptions& options) { return Vacuumer(writer, options).Run(); }

}  // namespace qlake::maintain
