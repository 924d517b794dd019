#include "hive/repair.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/fault.h"
#include "hive/file_folders.h"
#include "hive/table_description.h"
#include "lake/tables.h"

namespace qlake::hive {
namespace {

constexpr const char* kNullPartition = "__HIVE_DEFAULT_PARTITION__";

// "/a", "file:/a" and "file:///a" are one place.
std::string PlaceOf(const std::string& location) {
  if (!location.starts_with("file:")) return location;
  size_t path = location.find_first_not_of('/', 5);
  return path == std::string::npos ? "/" : "/" + location.substr(path);
}

bool IsAt(const std::string& a, const std::string& b) { return PlaceOf(a) == PlaceOf(b); }

// Whether the metastore says of a table all that it is to say.
bool Says(const HiveTable& found, const HiveTable& wanted) {
  auto has = [&](const auto& property) {
    auto at = found.properties.find(property.first);
    return at != found.properties.end() && at->second == property.second;
  };
  bool is_described = wanted.format == TableFormat::kDelta || found.columns == wanted.columns;
  return is_described && IsAt(found.location, wanted.location) && !found.properties.contains(kMovingToProperty) &&
         std::ranges::all_of(wanted.properties, has);
}

// Those that the metastore has already stay where they stand in it, others follow: it lets no column come between. Hive
// finds the columns of files by their names.
std::vector<HiveColumn> InOrderOf(const std::vector<HiveColumn>& found, std::vector<HiveColumn> columns) {
  auto place = [&](const HiveColumn& column) {
    return std::ranges::find(found, column.name, &HiveColumn::name) - found.begin();
  };
  std::ranges::stable_sort(columns, {}, place);
  return columns;
}

// Whether all columns that the metastore has are still there.
bool HasAll(const std::vector<HiveColumn>& found, const std::vector<HiveColumn>& columns) {
  return std::ranges::all_of(found, [&](const HiveColumn& column) {
    return std::ranges::find(columns, column.name, &HiveColumn::name) != columns.end();
  });
}

// The rows of one table, from its files to the metastore.
class TableRepair {
 public:
  TableRepair(lake::Lake& lake, Metastore& metastore, const PublishedTable& table, HiveTable wanted,
              const RepairOptions& options)
      : lake_(lake),
        metastore_(metastore),
        wanted_(std::move(wanted)),
        options_(options),
        folders_(lake.storage(), table.name) {
    report_ = {table.name, table.publication, table.snapshot.version()};
    GroupFiles(table.snapshot);
  }

  RepairedTable Run() {
    auto found = metastore_.FindTable(wanted_.database, wanted_.name);
    // A comment of one may be another; the metastore changes neither name nor type of a table's.
    auto is_same = [](const HiveColumn& a, const HiveColumn& b) { return a.name == b.name && a.type == b.type; };
    if (found && (!std::ranges::equal(found->partition_columns, wanted_.partition_columns, is_same) ||
                  !HasAll(found->columns, wanted_.columns))) {
      RequireLease();
      metastore_.DropTable(*found);
      report_.changed = true;
      found.reset();
    }
    if (found) wanted_.columns = InOrderOf(found->columns, std::move(wanted_.columns));
    if (wanted_.partition_columns.empty()) {
      RepairWhole(found);
    } else {
      RepairPartitions(found);
    }
    RequireLease();
    folders_.NoteStrays(lake_.clock().Now(), options_.run_id, used_);
    folders_.Clean({lake_.clock().Now().us - options_.keep.count() * 1000}, used_);
    return report_;
  }

 private:
  using Values = std::vector<std::string>;

  void RequireLease() const {
    if (options_.require_lease) options_.require_lease();
  }

  void GroupFiles(const delta::Snapshot& snapshot) {
    if (wanted_.partition_columns.empty()) groups_[{}];
    for (const auto& [path, file] : snapshot.files()) {
      Values values;
      for (const auto& column : snapshot.metadata().partition_columns) {
        auto value = file.partition_values.find(column);
        bool is_null = value == file.partition_values.end() || !value->second;
        values.push_back(is_null ? kNullPartition : *value->second);
      }
      groups_[values].push_back(&file);
    }
    for (const auto& [values, files] : groups_) used_.insert(folders_.NameOf(files));
  }

  // The folders of these groups, whole before anything names them.
  void FillFolders(const std::vector<Values>& groups, std::set<std::string> left) {
    std::set<std::string> names = std::move(left);
    for (const auto& values : groups) names.insert(folders_.NameOf(groups_[values]));
    if (!groups.empty()) folders_.NoteMove(lake_.clock().Now(), options_.run_id, names);
    base::CrashPoint("repair.before_files");
    for (const auto& values : groups) folders_.Fill(folders_.NameOf(groups_[values]), groups_[values]);
    base::CrashPoint("repair.after_files");
  }

  static std::string NameIn(const std::string& location) { return location.substr(location.rfind('/') + 1); }

  void RepairWhole(const std::optional<HiveTable>& found) {
    const auto& files = groups_.begin()->second;
    wanted_.location = folders_.Url(folders_.NameOf(files));
    bool moves = !found || !IsAt(found->location, wanted_.location);
    if (moves) {
      FillFolders({Values{}}, found ? std::set{NameIn(found->location)} : std::set<std::string>());
      report_.moved = 1;
    } else {
      folders_.Fill(folders_.NameOf(files), files);
    }
    report_.changed = report_.changed || moves || found->columns != wanted_.columns;
    RequireLease();
    if (!found) {
      metastore_.CreateTable(wanted_);
    } else if (!Says(*found, wanted_)) {
      metastore_.ChangeTable(wanted_);
    }
  }

  void RepairPartitions(const std::optional<HiveTable>& found) {
    const std::string empty = folders_.Url("empty");
    wanted_.location = empty;
    folders_.Fill("empty", {});
    FindMoves(found ? metastore_.ListPartitions(wanted_) : std::vector<HivePartition>());
    report_.partitions = static_cast<int64_t>(groups_.size());
    report_.moved = static_cast<int64_t>(moves_.size());
    // 1. The files of what moves, in folders that no location names. A crash up to here changes nothing that is read.
    FillFolders(moving_groups_, left_folders_);
    if (!found || !moves_.empty()) {
      report_.changed = true;
      // 2. The table says that it is moving, and from where: the next publication is not shown yet. A crash leaves
      // that.
      RequireLease();
      Announce(found);
      // 3. Partitions that are new come in without rows.
      if (!new_partitions_.empty()) metastore_.AddPartitions(wanted_, new_partitions_);
      base::CrashPoint("repair.before_move");
      // 4. All partitions that change get their new folders, and those that go an empty one, in one call: the rows of
      //    the next publication are shown from here on. A crash leaves qlake.moving_to, and the next run goes on at 5.
      RequireLease();
      if (!moves_.empty()) metastore_.MovePartitions(wanted_, moves_);
      base::CrashPoint("repair.after_move");
    }
    // 5. The table names the publication that it shows.
    RequireLease();
    if (!found || !moves_.empty() || !Says(*found, wanted_)) metastore_.ChangeTable(wanted_);
    // 6. Partitions without rows go.
    for (const auto& partition : gone_) metastore_.DropPartition(wanted_, partition);
  }

  void FindMoves(const std::vector<HivePartition>& present) {
    std::map<Values, std::string> locations;
    for (const auto& partition : present) {
      locations[partition.values] = partition.location;
      if (groups_.contains(partition.values)) continue;
      HivePartition gone{partition.values, folders_.Url("empty")};
      if (!IsAt(partition.location, gone.location)) {
        moves_.push_back(gone);
        left_folders_.insert(NameIn(partition.location));
      }
      gone_.push_back(std::move(gone));
    }
    for (const auto& [values, files] : groups_) {
      std::string location = folders_.Url(folders_.NameOf(files));
      auto at = locations.find(values);
      if (at != locations.end() && IsAt(at->second, location)) {
        folders_.Fill(folders_.NameOf(files), files);
        continue;
      }
      if (at == locations.end()) {
        new_partitions_.push_back({values, folders_.Url("empty")});
      } else {
        left_folders_.insert(NameIn(at->second));
      }
      moving_groups_.push_back(values);
      moves_.push_back({values, location});
    }
  }

  void Announce(const std::optional<HiveTable>& found) {
    HiveTable announced = wanted_;
    if (found) announced.columns = found->columns;  // Of the rows that are shown still.
    announced.properties[kMovingToProperty] = wanted_.properties.at(kPublicationProperty);
    for (const char* key : {kPublicationProperty, kPublishedAtProperty, kVersionProperty}) {
      announced.properties.erase(key);
      if (found && found->properties.contains(key)) announced.properties[key] = found->properties.at(key);
    }
    if (found) {
      metastore_.ChangeTable(announced);
    } else {
      metastore_.CreateTable(announced);
    }
  }

  lake::Lake& lake_;
  Metastore& metastore_;
  HiveTable wanted_;
  const RepairOptions& options_;
  FileFolders folders_;
  RepairedTable report_;
  std::map<Values, FileFolders::Files> groups_;  // By partition; a table without partitions is one.
  std::set<std::string> used_;                   // Folders of the groups.
  std::vector<Values> moving_groups_;
  std::vector<HivePartition> new_partitions_;
  std::vector<HivePartition> moves_;
  std::vector<HivePartition> gone_;
  std::set<std::string> left_folders_;
};

void RequireOurs(Metastore& metastore, const HiveTable& wanted) {
  auto found = metastore.FindTable(wanted.database, wanted.name);
  if (!found) return;
  const std::string& lake = wanted.properties.at(kLakeProperty);
  auto owner = found->properties.find(kLakeProperty);
  if (owner != found->properties.end() && owner->second == lake) return;
  throw base::InputError(
      "the metastore has a table {}.{} that is not of this lake but {}: drop it there, or give this lake databases of "
      "its own (hive.database, hive.spark_database)",
      wanted.database, wanted.name,
      owner == found->properties.end() ? "somebody else's" : "of the lake " + owner->second);
}

// The tables of this lake in the database that are not wanted any more.
std::vector<HiveTable> FindForgotten(Metastore& metastore, const std::string& database, const std::string& lake,
                                     const std::set<std::string>& wanted) {
  std::vector<HiveTable> forgotten;
  for (const auto& name : metastore.ListTables(database)) {
    if (wanted.contains(name)) continue;
    auto found = metastore.FindTable(database, name);
    if (!found) continue;
    auto owner = found->properties.find(kLakeProperty);
    if (owner != found->properties.end() && owner->second == lake) forgotten.push_back(std::move(*found));
  }
  return forgotten;
}

void EnterInSparksCatalogue(Metastore& metastore, const HiveTable& wanted) {
  auto found = metastore.FindTable(wanted.database, wanted.name);
  if (!found) {
    metastore.CreateTable(wanted);
  } else if (!Says(*found, wanted)) {
    metastore.ChangeTable(wanted);
  }
}

// Folders of tables that are not published any more go when no query can read them still.
void CleanUpForgotten(lake::Lake& lake, const std::vector<PublishedTable>& tables, const RepairOptions& options) {
  std::set<std::string> published;
  for (const auto& table : tables) published.insert(table.name);
  for (const auto& name : TablesWithFolders(lake.storage())) {
    if (published.contains(name)) continue;
    if (options.require_lease) options.require_lease();
    base::Timestamp now = lake.clock().Now();
    FileFolders folders(lake.storage(), name);
    folders.NoteStrays(now, options.run_id, {});
    folders.Clean({now.us - options.keep.count() * 1000}, {});
    folders.RemoveIfBare();
  }
}

}  // namespace

RepairReport Repair(lake::Lake& lake, Metastore& metastore, const std::vector<PublishedTable>& tables,
                    const RepairOptions& options) {
  auto say = [&](const std::string& stage) {
    if (options.on_stage) options.on_stage(stage);
  };
  if (InSmallLetters(options.database) == InSmallLetters(options.spark_database)) {
    throw base::InputError(
        "hive.database and hive.spark_database are one, {}: give one another name, or set hive.spark_database to none",
        options.database);
  }
  const std::string root = lake.storage().Url("");
  const std::string place = UrlOf(lake.storage(), kDatabasesPath) + "/";
  metastore.CreateDatabaseIfAbsent(options.database, place + options.database,
                                   "The lake " + root + ", as it was published.");
  if (!options.spark_database.empty()) {
    metastore.CreateDatabaseIfAbsent(options.spark_database, place + options.spark_database,
                                     "The lake " + root + ", for Spark with Delta Lake.");
  }
  // All are looked at before any is changed.
  std::map<std::string, const PublishedTable*> names;
  std::vector<std::pair<HiveTable, std::optional<HiveTable>>> wanted;
  for (const auto& table : tables) {
    auto hive = DescribeForHive(table, options.database, root);
    auto [other, is_first] = names.emplace(hive.name, &table);
    if (!is_first) {
      throw base::InputError("{} and {} would be one table of Hive, {}.{}: give one model another name",
                             other->second->name, table.name, options.database, hive.name);
    }
    RequireOurs(metastore, hive);
    std::optional<HiveTable> spark;
    if (!options.spark_database.empty()) {
      std::string location = UrlOf(lake.storage(), lake::TablePath(table.name));
      spark = DescribeForSpark(table, options.spark_database, root, location);
      RequireOurs(metastore, *spark);
    }
    wanted.emplace_back(std::move(hive), std::move(spark));
  }
  RepairReport report;
  for (size_t i = 0; i < tables.size(); ++i) {
    say("registering " + tables[i].name);
    report.tables.push_back(TableRepair(lake, metastore, tables[i], std::move(wanted[i].first), options).Run());
    if (options.require_lease) options.require_lease();
    if (wanted[i].second) EnterInSparksCatalogue(metastore, *wanted[i].second);
    base::CrashPoint("repair.after_table");
  }
  std::set<std::string> kept;
  for (const auto& [name, table] : names) kept.insert(name);
  for (const auto& database : {options.database, options.spark_database}) {
    if (database.empty()) continue;
    for (const auto& table : FindForgotten(metastore, database, root, kept)) {
      if (options.require_lease) options.require_lease();
      metastore.DropTable(table);
      report.dropped.push_back(table.database + "." + table.name);
    }
  }
  CleanUpForgotten(lake, tables, options);
  return report;
}

}  // namespace qlake::hive
