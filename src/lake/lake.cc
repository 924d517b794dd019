#include "lake/lake.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "base/parallel.h"
#include "lake/known_records.h"
#include "storage/path.h"

namespace qlake::lake {
namespace {

constexpr const char* kLayers[] = {"raw", "warehouse", "events", "marts", "quarantine", "ops"};

// The engine's share of the memory that the user grants the process; the rest is for the row sink, the readers and the
// libraries themselves.
constexpr double kEngineShare = 0.45;

constexpr size_t kAheadThreads = 2;

// The engine makes the folder that it spills to once it spills, and none above it. A lake that only streams have
// written has none yet; one that cannot be written is read without.
void MakeParentOf(const std::string& temp_folder) {
  std::filesystem::path parent = std::filesystem::path(temp_folder).parent_path();
  std::error_code ignored;
  if (std::filesystem::exists(parent.parent_path(), ignored)) std::filesystem::create_directory(parent, ignored);
}

}  // namespace

std::string ToJsonText(const TableVersions& versions) {
  base::Json json = base::Json::object();
  for (const auto& [table, version] : versions) json[table] = version;
  return json.dump();
}

TableVersions VersionsFromJson(const std::string& json) {
  base::Json parsed = base::Json::parse(json, nullptr, false);
  if (!parsed.is_object()) throw base::CorruptError("table versions are no JSON object: {}", json);
  TableVersions versions;
  for (const auto& [table, version] : parsed.items()) versions[table] = version.get<delta::Version>();
  return versions;
}

Lake::Lake(const LakeOptions& options, const base::Clock& clock)
    : options_(options),
      clock_(clock),
      storage_(storage::OpenStorage(options.root, options.hdfs)),
      known_records_(std::make_unique<KnownRecords>()) {}

Lake::~Lake() = default;

engine::Database& Lake::database() {
  if (!database_) {
    engine::DatabaseOptions options;
    options.memory_bytes = static_cast<uint64_t>(static_cast<double>(options_.memory_bytes) * kEngineShare);
    options.temp_folder = storage_->LocalPath("_qlake/spill");
    MakeParentOf(options.temp_folder);
    database_ = std::make_unique<engine::Database>(*storage_, options);
  }
  return *database_;
}

void Lake::CloseDatabase() {
  if (!database_) return;
  functions_.erase(database_.get());
  database_.reset();
  storage_->RemoveCopies();
}

engine::Engine& Lake::engine() {
  if (engine_) return *engine_;
  return database();
}

void Lake::UseEngine(std::unique_ptr<engine::Engine> engine) { engine_ = std::move(engine); }

void Lake::Interrupt() {
  database_->Interrupt();
  if (engine_) engine_->Interrupt();
}

std::optional<delta::Snapshot> Lake::Load(const std::string& table) const { return LoadPath(TablePath(table)); }

void Lake::LoadAhead(const std::vector<std::string>& tables) {
  ahead_ = std::async(std::launch::async, [this, tables] {
    std::map<std::string, delta::Snapshot> snapshots;
    std::mutex mutex;
    auto load = [&](size_t i) {
      try {
        auto snapshot = delta::Snapshot::Load(*storage_, TablePath(tables[i]));
        std::lock_guard lock(mutex);
        if (snapshot) snapshots.emplace(TablePath(tables[i]), *std::move(snapshot));
      } catch (const std::exception&) {
        // Who loads it is told.
      }
    };
    base::ParallelFor(tables.size(), kAheadThreads, load);
    return snapshots;
  });
}

void Lake::TakeLoadedAhead() const {
  if (ahead_.valid()) loaded_.merge(ahead_.get());
}

std::optional<delta::Snapshot> Lake::LoadPath(const std::string& path) const {
  std::lock_guard lock(loading_);
  TakeLoadedAhead();
  auto known = loaded_.find(path);
  auto snapshot = known == loaded_.end() ? delta::Snapshot::Load(*storage_, path) : known->second.Refresh(*storage_);
  if (snapshot) {
    loaded_.insert_or_assign(path, *snapshot);
  } else {
    loaded_.erase(path);
  }
  return snapshot;
}

std::optional<delta::Snapshot> Lake::LoadVersion(const std::string& table, delta::Version version) const {
  if (version == delta::kNoVersion) return std::nullopt;
  std::lock_guard lock(loading_);
  TakeLoadedAhead();
  auto known = loaded_.find(TablePath(table));
  if (known != loaded_.end() && known->second.version() == version) return known->second;
  return delta::Snapshot::Load(*storage_, TablePath(table), version);
}

std::vector<std::string> Lake::TableNames() const {
  std::vector<std::string> names;
  for (const char* layer : kLayers) {
    for (const auto& name : storage_->ListFolders(layer)) {
      auto below = storage_->ListFolders(storage::JoinPath(layer, name));
      if (std::ranges::find(below, "_delta_log") != below.end()) names.push_back(std::string(layer) + "." + name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

void Lake::DefineFunctions(engine::Engine& engine, const std::string& sql) {
  auto known = functions_.find(&engine);
  if (known != functions_.end() && known->second == sql) return;
  engine.Run(sql);
  functions_[&engine] = sql;
}

void Lake::Define(const TableSchema& schema, const std::optional<delta::Snapshot>& snapshot) {
  if (snapshot) {
    database().DefineTable(schema.name, *snapshot);
  } else {
    database().DefineEmptyTable(schema.name, schema.columns);
  }
}

}  // namespace qlake::lake
