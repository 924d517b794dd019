#include "hive/metastore.h"

#include <ThriftHiveMetastore.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TSocket.h>

#include <algorithm>

#include "base/error.h"
#include "hive/address.h"

namespace qlake::hive {
namespace {

namespace api = Apache::Hadoop::Hive;
using apache::thrift::TException;
using apache::thrift::transport::TTransportException;

constexpr std::chrono::milliseconds kConnectTimeout{10'000};

Address RequireAddress(const std::string& text) {
  constexpr std::string_view kScheme = "thrift://";
  auto address = text.starts_with(kScheme) ? ParseAddress(std::string_view(text).substr(kScheme.size())) : std::nullopt;
  if (!address) throw base::InputError("hive.metastore must be thrift://host:port: {}", text);
  return *address;
}

std::vector<api::FieldSchema> ToFields(const std::vector<HiveColumn>& columns) {
  std::vector<api::FieldSchema> fields;
  for (const auto& column : columns) {
    api::FieldSchema field;
    field.name = column.name;
    field.type = column.type;
    field.comment = column.comment;
    fields.push_back(std::move(field));
  }
  return fields;
}

std::vector<HiveColumn> ToColumns(const std::vector<api::FieldSchema>& fields) {
  std::vector<HiveColumn> columns;
  for (const auto& field : fields) columns.push_back({field.name, field.type, field.comment});
  return columns;
}

api::StorageDescriptor ToDescriptor(const HiveTable& table, const std::string& location) {
  api::StorageDescriptor descriptor;
  descriptor.location = location;
  descriptor.numBuckets = -1;
  descriptor.compressed = false;
  descriptor.serdeInfo.parameters["serialization.format"] = "1";
  if (table.format == TableFormat::kDelta) {
    // As Spark registers a table of a data source that is none of Hive's: the schema is what the log says.
    descriptor.cols = ToFields({{"col", "array<string>", "from deserializer"}});
    descriptor.inputFormat = "org.apache.hadoop.mapred.SequenceFileInputFormat";
    descriptor.outputFormat = "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat";
    descriptor.serdeInfo.serializationLib = "org.apache.hadoop.hive.serde2.MetadataTypedColumnsetSerDe";
    descriptor.serdeInfo.parameters["path"] = location;
  } else {
    descriptor.cols = ToFields(table.columns);
    descriptor.inputFormat = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
    descriptor.outputFormat = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
    descriptor.serdeInfo.serializationLib = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
  }
  return descriptor;
}

api::Table ToTable(const HiveTable& table) {
  api::Table made;
  made.dbName = table.database;
  made.tableName = table.name;
  made.owner = "qlake";
  made.tableType = "EXTERNAL_TABLE";
  made.sd = ToDescriptor(table, table.location);
  made.partitionKeys = ToFields(table.partition_columns);
  made.parameters = table.properties;
  made.parameters["EXTERNAL"] = "TRUE";
  // The files are the lake's: DROP TABLE leaves them alone, and nobody looks for partitions below the table's folder.
  made.parameters["external.table.purge"] = "false";
  made.parameters["discover.partitions"] = "false";
  return made;
}

api::Partition ToPartition(const HiveTable& table, const HivePartition& partition) {
  api::Partition made;
  made.dbName = table.database;
  made.tableName = table.name;
  made.values = partition.values;
  made.sd = ToDescriptor(table, partition.location);
  return made;
}

std::vector<api::Partition> ToPartitions(const HiveTable& table, const std::vector<HivePartition>& partitions) {
  std::vector<api::Partition> made;
  for (const auto& partition : partitions) made.push_back(ToPartition(table, partition));
  return made;
}

// The metastore would list the files of each location to count them.
api::EnvironmentContext WithoutStatistics() {
  api::EnvironmentContext context;
  context.properties["DO_NOT_UPDATE_STATS"] = "true";
  return context;
}

// What Thrift makes of an exception of the metastore: "TException - service has thrown: MetaException(message=...)".
std::string WhatItSays(const TException& error) {
  std::string text = error.what();
  size_t start = text.find("(message=");
  if (start == std::string::npos || !text.ends_with(")")) return text;
  return text.substr(start + 9, text.size() - start - 10);
}

}  // namespace

class Metastore::Connection {
 public:
  Connection(const Address& address, std::chrono::milliseconds timeout)
      : socket_(std::make_shared<apache::thrift::transport::TSocket>(address.host, address.port)),
        transport_(std::make_shared<apache::thrift::transport::TBufferedTransport>(socket_)),
        client_(std::make_shared<apache::thrift::protocol::TBinaryProtocol>(transport_)),
        name_(fmt::format("{}:{}", address.host, address.port)) {
    socket_->setConnTimeout(static_cast<int>(kConnectTimeout.count()));
    socket_->setRecvTimeout(static_cast<int>(timeout.count()));
    socket_->setSendTimeout(static_cast<int>(timeout.count()));
    transport_->open();
    // A port that takes connections need not be that of a metastore.
    std::vector<std::string> databases;
    client_.get_all_databases(databases);
  }
  ~Connection() {
    try {
      transport_->close();
    } catch (const TException&) {
      // Nothing is waiting for an answer.
    }
  }

  api::ThriftHiveMetastoreClient& client() { return client_; }
  const std::string& name() const { return name_; }

 private:
  std::shared_ptr<apache::thrift::transport::TSocket> socket_;
  std::shared_ptr<apache::thrift::transport::TTransport> transport_;
  api::ThriftHiveMetastoreClient client_;
  std::string name_;
};

Metastore::Metastore(const MetastoreOptions& options) {
  // It would write to standard error what an exception tells, too.
  apache::thrift::GlobalOutput.setOutputFunction([](const char*) {});
  std::vector<Address> addresses;
  for (const auto& text : options.addresses) addresses.push_back(RequireAddress(text));
  std::string failures;
  for (const auto& address : addresses) {
    try {
      connection_ = std::make_unique<Connection>(address, options.timeout);
      return;
    } catch (const TException& error) {
      failures += fmt::format("{}{}:{}: {}", failures.empty() ? "" : "; ", address.host, address.port, error.what());
    }
  }
  throw base::UnavailableError("no metastore of Hive answers, start it or set hive.metastore: {}", failures);
}

Metastore::~Metastore() = default;

template <typename Call>
auto Metastore::Ask(const std::string& what, Call call) {
  try {
    return call(connection_->client());
  } catch (const TTransportException& error) {
    throw base::UnavailableError("the metastore at {} went away while asked to {}, run the command again: {}",
                                 connection_->name(), what, error.what());
  } catch (const TException& error) {
    throw base::IoError("the metastore at {} does not {}: {}", connection_->name(), what, WhatItSays(error));
  }
}

void Metastore::CreateDatabaseIfAbsent(const std::string& name, const std::string& location,
                                       const std::string& comment) {
  Ask("create the database " + name, [&](auto& client) {
    std::vector<std::string> databases;
    client.get_all_databases(databases);
    if (std::ranges::find(databases, name) != databases.end()) return;
    api::Database database;
    database.name = name;
    database.description = comment;
    database.locationUri = location;
    try {
      client.create_database(database);
    } catch (const api::AlreadyExistsException&) {
      // Somebody else was first.
    }
  });
}

std::vector<std::string> Metastore::ListTables(const std::string& database) {
  return Ask("list the tables of " + database, [&](auto& client) {
    std::vector<std::string> names;
    client.get_all_tables(names, database);
    return names;
  });
}

std::optional<HiveTable> Metastore::FindTable(const std::string& database, const std::string& name) {
  return Ask(fmt::format("show the table {}.{}", database, name), [&](auto& client) -> std::optional<HiveTable> {
    api::GetTableRequest request;
    request.dbName = database;
    request.tblName = name;
    api::GetTableResult result;
    try {
      client.get_table_req(result, request);
    } catch (const api::NoSuchObjectException&) {
      return std::nullopt;
    }
    HiveTable table;
    table.database = database;
    table.name = name;
    table.location = result.table.sd.location;
    table.columns = ToColumns(result.table.sd.cols);
    table.partition_columns = ToColumns(result.table.partitionKeys);
    table.properties = result.table.parameters;
    return table;
  });
}

void Metastore::CreateTable(const HiveTable& table) {
  Ask(fmt::format("create the table {}.{}", table.database, table.name),
      [&](auto& client) { client.create_table_with_environment_context(ToTable(table), WithoutStatistics()); });
}

void Metastore::ChangeTable(const HiveTable& table) {
  Ask(fmt::format("change the table {}.{}", table.database, table.name), [&](auto& client) {
    client.alter_table_with_environment_context(table.database, table.name, ToTable(table), WithoutStatistics());
  });
}

void Metastore::DropTable(const HiveTable& table) {
  Ask(fmt::format("drop the table {}.{}", table.database, table.name), [&](auto& client) {
    try {
      client.drop_table(table.database, table.name, false);
    } catch (const api::NoSuchObjectException&) {
      // It is gone.
    }
  });
}

std::vector<HivePartition> Metastore::ListPartitions(const HiveTable& table) {
  return Ask(fmt::format("list the partitions of {}.{}", table.database, table.name), [&](auto& client) {
    std::vector<api::Partition> found;
    client.get_partitions(found, table.database, table.name, -1);
    std::vector<HivePartition> partitions;
    for (const auto& partition : found) partitions.push_back({partition.values, partition.sd.location});
    return partitions;
  });
}

void Metastore::AddPartitions(const HiveTable& table, const std::vector<HivePartition>& partitions) {
  Ask(fmt::format("add partitions to {}.{}", table.database, table.name),
      [&](auto& client) { client.add_partitions(ToPartitions(table, partitions)); });
}

void Metastore::MovePartitions(const HiveTable& table, const std::vector<HivePartition>& partitions) {
  Ask(fmt::format("move partitions of {}.{}", table.database, table.name), [&](auto& client) {
    client.alter_partitions_with_environment_context(table.database, table.name, ToPartitions(table, partitions),
                                                     WithoutStatistics());
  });
}

void Metastore::DropPartition(const HiveTable& table, const HivePartition& partition) {
  Ask(fmt::format("drop a partition of {}.{}", table.database, table.name), [&](auto& client) {
    try {
      client.drop_partition(table.database, table.name, partition.values, false);
    } catch (const api::NoSuchObjectException&) {
      // It is gone.
    }
  });
}

}  // namespace qlake::hive
