#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace qlake::hive {

struct HiveColumn {
  std::string name;  // In small letters.
  std::string type;  // decimal(18,4)
  std::string comment;

  bool operator==(const HiveColumn&) const = default;
};

// How the rows of a table are read: from Parquet files right in a folder, or, by Spark alone, through Delta's log.
enum class TableFormat { kParquet, kDelta };

// A table of the metastore, as far as qlake says what it is.
struct HiveTable {
  std::string database;
  std::string name;
  TableFormat format = TableFormat::kParquet;
  std::string location;
  std::vector<HiveColumn> columns;  // Without those of the partitions.
  std::vector<HiveColumn> partition_columns;
  std::map<std::string, std::string> properties;  // As found: also those of the metastore.
};

struct HivePartition {
  std::vector<std::string> values;  // In the order of the table's partition_columns.
  std::string location;
};

struct MetastoreOptions {
  std::vector<std::string> addresses;  // thrift://host:port of servers of one metastore: the first that answers counts.
  std::chrono::milliseconds timeout{300'000};  // For an answer; moving very many partitions is one.
};

// A connection to a Hive Metastore. What it does, the metastore does in one transaction a call. External tables only:
// no call moves or removes files. Throws Error{kUnavailable} when the metastore does not answer, Error{kIo} with what
// it says when it refuses; whether a call that got no answer was carried out is unknown. Not thread-safe.
class Metastore {
 public:
  // Connects. Throws Error{kInput} on an address that is none.
  explicit Metastore(const MetastoreOptions& options);
  ~Metastore();

  // `location` is where tables would lie that others make in it without naming a place.
  void CreateDatabaseIfAbsent(const std::string& name, const std::string& location, const std::string& comment);
  std::vector<std::string> ListTables(const std::string& database);
  std::optional<HiveTable> FindTable(const std::string& database, const std::string& name);
  void CreateTable(const HiveTable& table);
  void ChangeTable(const HiveTable& table);  // It has these columns, this location and these properties, no others.
  void DropTable(const HiveTable& table);

  std::vector<HivePartition> ListPartitions(const HiveTable& table);
  void AddPartitions(const HiveTable& table, const std::vector<HivePartition>& partitions);
  // All of them in one step: a query reads all at their old or all at their new location.
  void MovePartitions(const HiveTable& table, const std::vector<HivePartition>& partitions);
  void DropPartition(const HiveTable& table, const HivePartition& partition);

 private:
  class Connection;
  template <typename Call>
  auto Ask(const std::string& what, Call call);

  std::unique_ptr<Connection> connection_;
};

}  // namespace qlake::hive
