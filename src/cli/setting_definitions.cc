#include "cli/setting_definitions.h"

#include <cctype>

#include "run/calendar.h"
#include "schedule/occasion.h"

namespace qlake::cli {
namespace {

constexpr uint64_t kMemoryBytesMin = uint64_t{128} << 20;
constexpr std::chrono::milliseconds kHdfsLeaseMin{1'000};

SettingType AnOccasion() {
  return TextThat("a minute of each hour such as :20, a time of the day such as 01:00, every 5m, or off",
                  [](const auto& text) { return schedule::Occasion::Parse(text).has_value(); });
}

SettingType SomeExpectations() {
  return TextThat("auto, off, an hour such as 2023-05-20T00, or branches=2023-05-20T00, sales_agents=2023-05-20T00",
                  [](const auto& text) { return run::Expectations::Parse(text).has_value(); });
}

}  // namespace

const std::vector<SettingDefinition>& SettingDefinitions() {
  static const std::vector<SettingDefinition> definitions = {
      {"project", "--project", "", PathOfAnything(),
       "folder of a project written by qlake init (default: the built-in one)"},
      {"landing", "--landing", "landing", PathOfAnything(), "landing zone: folder with a folder for each drop"},
      {"lake", "--lake", "lake", LakeFolder(), "folder of the lake, or hdfs://host:port/folder"},
      {"dump_dir", "--dump-dir", "dump", LocalFolder(), "folder for the B2B files"},
      {"engine", "--engine", "duckdb", OneOf({"duckdb", "spark"}),
       "engine that computes: duckdb, in this process, or spark"},
      {"memory", "--memory", "1GiB", SizeOf(kMemoryBytesMin), "memory that the work may take"},
      {"settle", "--settle", "0s", DurationOf(), "leave files younger than that for the next time"},
      {"lease_wait", "--lease-wait", "10s", DurationOf(), "how long to wait for another writer of the lake"},

      {"run.retry_for", "--retry-for", "0s", DurationOf(),
       "how long a run is tried again while the lease or a server is not to be had"},
      {"run.timeout", "--timeout", "0s", DurationOf(),
       "interrupt the SQL of a run after that time; the next one goes on; 0s: never"},
      {"disk.free_min", "--disk-free-min", "256MiB", SizeOf(0), "write nothing to a disk with less room than that"},

      {"schedule.ingest", "", ":00", AnOccasion(), "when to ingest: :20 (each hour), 01:00, every 5m, or off"},
      {"schedule.process", "", ":20", AnOccasion(), "when to process"},
      {"schedule.dump", "", "01:00", AnOccasion(), "when to dump the days that are over"},
      {"schedule.compact", "", ":40", AnOccasion(), "when to compact"},
      {"schedule.repair", "", ":01", AnOccasion(), "when to repair the tables of Hive, if one is configured"},
      {"schedule.vacuum", "", "off", AnOccasion(), "when to vacuum"},
      {"schedule.metrics", "", "every 5m", AnOccasion(), "when to write metrics.file, if it is set"},
      {"schedule.folder", "--schedule-folder", "schedule", LocalFolder(),
       "folder for locks and logs of scheduled jobs"},
      {"schedule.timeout", "", "6h", DurationOf(), "end a job that takes longer"},

      {"calendar.expect", "", "auto", SomeExpectations(),
       "from which hour on files are expected: an hour for all sources, source=hour, source=hour, auto (from the first "
       "to the newest that came), or off"},
      {"calendar.grace", "", "1h", DurationOf(), "how long after an hour's end its files may come"},
      {"metrics.file", "--metrics-file", "", PathOfAnything(),
       "file for node_exporter's textfile collector, such as /var/lib/node_exporter/qlake.prom"},

      {"spark.connect", "--spark-connect", "sc://127.0.0.1:15002", AnyText(),
       "Spark Connect server, sc://host:port, of engine spark; sc://host:port/;use_ssl=true for TLS"},
      {"spark.token", "", "", Secret(), "token that the server asks for"},
      {"spark.ca_file", "--spark-ca-file", "", PathOfAnything(),
       "PEM file of the authorities to trust, with use_ssl (default: the system's)"},

      {"hive.metastore", "--metastore", "", AnyText(),
       "metastore of Hive, thrift://host:port; several addresses of one with commas between"},
      {"hive.database", "--hive-database", "qlake", AnyText(), "database of Hive in which repair enters the tables"},
      {"hive.spark_database", "--hive-spark-database", "qlake_delta", AnyText(),
       "database of the metastore in which Spark finds the same tables, as Delta tables; none: no such entries"},
      {"hive.keep", "--hive-keep", "1d", DurationOf(),
       "how long files that Hive no longer shows stay, for queries that still read them"},
      {"hive.repair_after_run", "--repair-after-run", "false", Switch(),
       "repair after each run or process that published something"},
      {"hive.timeout", "--hive-timeout", "5m", DurationOf(), "how long to wait for the metastore's answer"},

      {"hiveserver.address", "--hiveserver", "", AnyText(), "HiveServer2, host:port, that doctor --compare asks"},
      {"hiveserver.auth", "--hiveserver-auth", "plain", OneOf({"nosasl", "plain"}),
       "nosasl where its hive.server2.authentication is NOSASL; plain for NONE, LDAP and others that take a password"},
      {"hiveserver.user", "--hiveserver-user", "anonymous", AnyText(), "user of HiveServer2"},
      {"hiveserver.password", "", "", Secret(), "password of that user"},

      {"hdfs.webhdfs", "--webhdfs", "", AnyText(),
       "where the NameNodes of a lake on HDFS answer WebHDFS, http(s)://host:port with commas between (default: port "
       "9870 of the lake's host)"},
      {"hdfs.auth", "--hdfs-auth", "simple", OneOf({"simple", "kerberos"}),
       "kerberos where HDFS asks for tickets: those of kinit, or of the keytab in KRB5_CLIENT_KTNAME"},
      {"hdfs.user", "--hdfs-user", "", AnyText(), "user on HDFS, with simple (default: that of the process)"},
      {"hdfs.delegation_token", "", "", Secret(), "token of HDFS, instead of user and ticket"},
      {"hdfs.ca_file", "--hdfs-ca-file", "", PathOfAnything(),
       "PEM file of the authorities to trust for https (default: the system's)"},
      {"hdfs.retry_for", "--hdfs-retry-for", "60s", DurationOf(), "how long to ask again while HDFS does not answer"},
      {"hdfs.lease", "--hdfs-lease", "8s", DurationOf(kHdfsLeaseMin),
       "after that time without a sign of life a writer of a lake on HDFS loses its lease"},

      {"kafka.brokers", "--brokers", "", AnyText(), "brokers of Kafka, host:port with commas between"},
      {"kafka.topic", "--topic", "app-events", AnyText(), "topic of the app's events"},
      {"kafka.group", "--group", "qlake", AnyText(), "instances of one group share the partitions"},
      {"kafka.protocol", "--kafka-protocol", "plaintext", OneOf({"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"}),
       "plaintext, ssl, sasl_plaintext or sasl_ssl"},
      {"kafka.mechanism", "--kafka-mechanism", "SCRAM-SHA-512", OneOf({"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}),
       "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, with sasl_*"},
      {"kafka.username", "--kafka-username", "", AnyText(), "user, with sasl_*"},
      {"kafka.password", "", "", Secret(), "password, with sasl_*"},
      {"kafka.ca_file", "--kafka-ca-file", "", PathOfAnything(),
       "PEM file of the authorities to trust, with *ssl (default: the system's)"},
      {"kafka.certificate_file", "--kafka-certificate-file", "", PathOfAnything(),
       "PEM file of our certificate, for brokers that ask for one"},
      {"kafka.key_file", "--kafka-key-file", "", PathOfAnything(), "PEM file of its key"},
      {"kafka.key_password", "", "", Secret(), "password of that key"},

      {"registry.url", "--registry", "", AnyText(), "schema registry (Confluent's API), if messages carry schema ids"},
      {"registry.username", "--registry-username", "", AnyText(), "user of the registry"},
      {"registry.password", "", "", Secret(), "password of the registry"},
      {"registry.ca_file", "--registry-ca-file", "", PathOfAnything(),
       "PEM file of the authorities to trust for https (default: the system's)"},

      {"log.level", "--log-level", "warn", OneOf({"debug", "info", "warn", "error", "off"}),
       "debug, info, warn, error or off"},
      {"log.file", "--log-file", "", PathOfAnything(), "write the log there instead of to standard error"},
      {"log.format", "", "auto", OneOf({"auto", "json", "human"}),
       "json: one object a line; human: text; auto: human on a terminal, else json"},
      {"log.rotate_bytes", "", "16MiB", SizeOf(0),
       "when the log file has that size, it becomes FILE.1 and a new one begins; 0B: never"},
      {"log.keep", "", "5", IntegerOf(0, 10'000), "so many earlier log files are kept"},
  };
  return definitions;
}

const SettingDefinition* FindSetting(const std::string& key) {
  for (const auto& definition : SettingDefinitions()) {
    if (definition.key == key) return &definition;
  }
  return nullptr;
}

std::string SettingDefinition::environment() const {
  std::string name = "QLAKE_";
  for (unsigned char c : key) name += c == '.' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

}  // namespace qlake::cli
