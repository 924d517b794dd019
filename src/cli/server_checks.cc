#include "cli/server_checks.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/mask.h"
#include "cli/hdfs_settings.h"
#include "cli/hive_settings.h"
#include "cli/kafka_settings.h"
#include "cli/registry_settings.h"
#include "hive/metastore.h"
#include "kafka/cluster.h"
#include "kafka/schema_registry.h"
#include "spark/session.h"
#include "storage/storage.h"

namespace qlake::cli {
namespace {

constexpr std::chrono::milliseconds kPatience{5'000};

// The message of what cannot be reached says what to do about credentials and addresses; the rest is the same for all.
std::string RemedyFor(const base::Error& error, const std::string& server) {
  return error.kind() == base::ErrorKind::kInput ? "correct the settings"
                                                 : "see that " + server + " runs and can be reached";
}

}  // namespace

void CheckBroker(const Settings& settings, Findings& findings) {
  if (settings.Text("kafka.brokers").empty()) return;
  try {
    auto connection = KafkaConnectionOf(settings);
    connection.timeout = kPatience;
    kafka::Cluster cluster(connection);
    const std::string& name = settings.Text("kafka.topic");
    auto topic = cluster.Describe(name);
    AddFine(findings, "broker",
            fmt::format("topic {} has {} partitions on {}", name, topic.partitions, connection.brokers));
  } catch (const base::Error& error) {
    AddError(findings, "broker", error.message(), RemedyFor(error, "the broker"));
  }
}

void CheckRegistry(const Settings& settings, Findings& findings) {
  try {
    auto options = RegistryOf(settings);
    if (!options) return;
    options->timeout = kPatience;
    kafka::SchemaRegistry(*options).Find(1);  // Whether it knows the schema or not, it answers.
    AddFine(findings, "registry", "the schema registry answers: " + base::MaskSecrets(options->url));
  } catch (const base::Error& error) {
    AddError(findings, "registry", error.message(), RemedyFor(error, "the schema registry"));
  }
}

void CheckSpark(const Settings& settings, Findings& findings) {
  if (settings.Text("engine") != "spark") return;
  try {
    spark::SessionOptions options;
    options.connection = spark::ParseAddress(settings.Text("spark.connect"));
    options.connection.token = SecretOf(settings, "spark.token");
    options.connection.ca_file = settings.Text("spark.ca_file");
    spark::Session session(options);
    AddFine(findings, "cluster",
            fmt::format("Spark {} answers: {}", session.ServerVersion(),
                        base::MaskSecrets(settings.Text("spark.connect"))));
    auto extensions = session.Get("spark.sql.extensions");
    if (!extensions || extensions->find("DeltaSparkSessionExtension") == std::string::npos) {
      AddError(findings, "cluster",
               "Spark does not know Delta tables: spark.sql.extensions lacks DeltaSparkSessionExtension",
               "start the server with Delta Lake's extension and catalog (docs/engines.md)");
    }
    if (!storage::IsOnHdfs(settings.lake)) {
      AddFine(findings, "cluster",
              "writers of other engines beside qlake are supported for lakes on HDFS only; on this one let only qlake "
              "write");
    }
  } catch (const base::Error& error) {
    AddError(findings, "cluster", error.message(), RemedyFor(error, "the Spark Connect server"));
  }
}

void CheckHdfs(const Settings& settings, Findings& findings) {
  if (!storage::IsOnHdfs(settings.lake)) return;
  try {
    auto options = LakeOptionsOf(settings, settings.lake);
    options.hdfs.retry_for = kPatience;
    auto storage = storage::OpenStorage(settings.lake, options.hdfs);
    size_t folders = storage->ListFolders("").size();
    AddFine(findings, "cluster", fmt::format("HDFS answers, {} folders in the lake: {}", folders, settings.lake));
  } catch (const base::Error& error) {
    AddError(findings, "cluster", error.message(), RemedyFor(error, "HDFS (WebHDFS)"));
  }
}

void CheckMetastore(const Settings& settings, Findings& findings) {
  if (settings.Text("hive.metastore").empty()) return;
  try {
    auto options = MetastoreOf(settings);
    options.timeout = kPatience;
    const std::string& database = settings.Text("hive.database");
    size_t tables = hive::Metastore(options).ListTables(database).size();
    AddFine(findings, "cluster",
            fmt::format("the metastore answers, {} tables in {}: {}", tables, database, settings.Text("hive.metastore")));
  } catch (const base::Error& error) {
    AddError(findings, "cluster", error.message(), RemedyFor(error, "the Hive Metastore"));
  }
}

}  // namespace qlake::cli
