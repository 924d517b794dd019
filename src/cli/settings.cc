#include "cli/settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "cli/config_file.h"
#include "cli/quantity.h"

namespace qlake::cli {
namespace {

constexpr const char* kFileName = "qlake.toml";
constexpr std::chrono::milliseconds kHdfsLeaseMin{1'000};
constexpr uint64_t kMemoryBytesMin = uint64_t{128} << 20;

std::optional<std::string> FromEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

// Empty: there is none.
std::string FindConfigFile(const std::map<std::string, std::string>& flags, const std::string& config_file) {
  if (!config_file.empty()) return config_file;
  if (std::filesystem::exists(kFileName)) return kFileName;
  auto flag = flags.find("project");
  auto project = flag != flags.end() ? flag->second : FromEnvironment(FindSetting("project")->environment);
  if (!project) return "";
  std::filesystem::path in_project = std::filesystem::path(*project) / kFileName;
  return std::filesystem::exists(in_project) ? in_project.string() : "";
}

// Gives the settings their types.
class Interpreter {
 public:
  explicit Interpreter(Settings& settings) : settings_(settings) {}

  void Interpret() {
    settings_.project = Value("project");
    settings_.landing = Value("landing");
    settings_.lake = Lake("lake");
    settings_.dump_folder = LocalFolder("dump_dir");
    settings_.log_file = Value("log.file");
    settings_.log_level = LogLevel("log.level");
    CheckOneOf("engine", {"duckdb", "spark"});
    settings_.memory_bytes = Memory("memory");
    // A part of a second of age counts as a whole one.
    settings_.settle = std::chrono::ceil<std::chrono::seconds>(Duration("settle"));
    settings_.lease_wait = Duration("lease_wait");
    settings_.hdfs_retry_for = Duration("hdfs.retry_for");
    settings_.hdfs_lease = Duration("hdfs.lease");
    if (settings_.hdfs_lease < kHdfsLeaseMin) Refuse("hdfs.lease", "a duration of at least 1s");
    CheckOneOf("kafka.protocol", {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"});
    CheckOneOf("kafka.mechanism", {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"});
  }

 private:
  const std::string& Value(const std::string& key) const { return settings_.all.at(key).value; }

  [[noreturn]] void Refuse(const std::string& key, std::string_view wanted) const {
    const Setting& setting = settings_.all.at(key);
    std::string shown = setting.reference ? Describe(*setting.reference) : setting.value;
    throw base::InputError("{} ({}) must be {}: {}", key, setting.origin, wanted, shown);
  }

  std::string LocalFolder(const std::string& key) const {
    if (Value(key).empty()) Refuse(key, "a folder");
    if (Value(key).find("://") != std::string::npos) Refuse(key, "a folder of the local disk");
    return Value(key);
  }

  std::string Lake(const std::string& key) const {
    if (Value(key).empty()) Refuse(key, "a folder");
    if (Value(key).find("://") != std::string::npos && !Value(key).starts_with("hdfs://")) {
      Refuse(key, "a folder of the local disk or hdfs://host:port/folder");
    }
    return Value(key);
  }

  void CheckOneOf(const std::string& key, const std::vector<std::string>& values) const {
    if (std::ranges::find(values, Value(key)) == values.end()) {
      Refuse(key, fmt::format("one of {}", fmt::join(values, ", ")));
    }
  }

  uint64_t Memory(const std::string& key) const {
    auto bytes = ParseSize(Value(key));
    if (!bytes || *bytes < kMemoryBytesMin) Refuse(key, "a size of at least 128MiB, such as 512MB or 1GiB");
    return *bytes;
  }

  std::chrono::milliseconds Duration(const std::string& key) const {
    auto duration = ParseDuration(Value(key));
    if (!duration) Refuse(key, "a duration such as 500ms, 30s or 5m");
    return *duration;
  }

  base::LogLevel LogLevel(const std::string& key) const {
    static const std::map<std::string, base::LogLevel> levels = {{"debug", base::LogLevel::kDebug},
                                                                 {"info", base::LogLevel::kInfo},
                                                                 {"warn", base::LogLevel::kWarn},
                                                                 {"error", base::LogLevel::kError},
                                                                 {"off", base::LogLevel::kOff}};
    auto found = levels.find(Value(key));
    if (found == levels.end()) Refuse(key, "debug, info, warn, error or off");
    return found->second;
  }

  Settings& settings_;
};

}  // namespace

const std::vector<SettingDefinition>& SettingDefinitions() {
  static const std::vector<SettingDefinition> definitions = {
      {"project", "QLAKE_PROJECT", "--project", "", true,
       "folder of a project written by qlake init (default: the built-in one)"},
      {"landing", "QLAKE_LANDING", "--landing", "landing", true, "landing zone: folder with a folder for each drop"},
      {"lake", "QLAKE_LAKE", "--lake", "lake", true, "folder of the lake, or hdfs://host:port/folder"},
      {"dump_dir", "QLAKE_DUMP_DIR", "--dump-dir", "dump", true, "folder for the B2B files"},
      {"engine", "QLAKE_ENGINE", "--engine", "duckdb", false,
       "engine that computes: duckdb, in this process, or spark"},
      {"spark.connect", "QLAKE_SPARK_CONNECT", "--spark-connect", "sc://127.0.0.1:15002", false,
       "Spark Connect server, sc://host:port, of engine spark; sc://host:port/;use_ssl=true for TLS"},
      {"spark.token", "QLAKE_SPARK_TOKEN", "", "", false, "token that the server asks for", true},
      {"spark.ca_file", "QLAKE_SPARK_CA_FILE", "--spark-ca-file", "", true,
       "PEM file of the authorities to trust, with use_ssl (default: the system's)"},
      {"memory", "QLAKE_MEMORY", "--memory", "1GiB", false, "memory that the work may take"},
      {"settle", "QLAKE_SETTLE", "--settle", "0s", false, "leave files younger than that for the next time"},
      {"lease_wait", "QLAKE_LEASE_WAIT", "--lease-wait", "10s", false,
       "how long to wait for another writer of the lake"},
      {"hdfs.webhdfs", "QLAKE_HDFS_WEBHDFS", "--webhdfs", "", false,
       "where the NameNodes of a lake on HDFS answer WebHDFS, http(s)://host:port with commas between (default: port "
       "9870 of the lake's host)"},
      {"hdfs.user", "QLAKE_HDFS_USER", "--hdfs-user", "", false, "user on HDFS (default: that of the process)"},
      {"hdfs.delegation_token", "QLAKE_HDFS_DELEGATION_TOKEN", "", "", false, "token of HDFS, instead of a user", true},
      {"hdfs.ca_file", "QLAKE_HDFS_CA_FILE", "--hdfs-ca-file", "", true,
       "PEM file of the authorities to trust for https (default: the system's)"},
      {"hdfs.retry_for", "QLAKE_HDFS_RETRY_FOR", "--hdfs-retry-for", "60s", false,
       "how long to ask again while HDFS does not answer"},
      {"hdfs.lease", "QLAKE_HDFS_LEASE", "--hdfs-lease", "8s", false,
       "after that time without a sign of life a writer of a lake on HDFS loses its lease"},
      {"kafka.brokers", "QLAKE_KAFKA_BROKERS", "--brokers", "", false,
       "brokers of Kafka, host:port with commas between"},
      {"kafka.topic", "QLAKE_KAFKA_TOPIC", "--topic", "app-events", false, "topic of the app's events"},
      {"kafka.group", "QLAKE_KAFKA_GROUP", "--group", "qlake", false, "instances of one group share the partitions"},
      {"kafka.protocol", "QLAKE_KAFKA_PROTOCOL", "--kafka-protocol", "plaintext", false,
       "plaintext, ssl, sasl_plaintext or sasl_ssl"},
      {"kafka.mechanism", "QLAKE_KAFKA_MECHANISM", "--kafka-mechanism", "SCRAM-SHA-512", false,
       "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, with sasl_*"},
      {"kafka.username", "QLAKE_KAFKA_USERNAME", "--kafka-username", "", false, "user, with sasl_*"},
      {"kafka.password", "QLAKE_KAFKA_PASSWORD", "", "", false, "password, with sasl_*", true},
      {"kafka.ca_file", "QLAKE_KAFKA_CA_FILE", "--kafka-ca-file", "", true,
       "PEM file of the authorities to trust, with *ssl (default: the system's)"},
      {"kafka.certificate_file", "QLAKE_KAFKA_CERTIFICATE_FILE", "--kafka-certificate-file", "", true,
       "PEM file of our certificate, for brokers that ask for one"},
      {"kafka.key_file", "QLAKE_KAFKA_KEY_FILE", "--kafka-key-file", "", true, "PEM file of its key"},
      {"kafka.key_password", "QLAKE_KAFKA_KEY_PASSWORD", "", "", false, "password of that key", true},
      {"registry.url", "QLAKE_REGISTRY_URL", "--registry", "", false,
       "schema registry (Confluent's API), if messages carry schema ids"},
      {"registry.username", "QLAKE_REGISTRY_USERNAME", "--registry-username", "", false, "user of the registry"},
      {"registry.password", "QLAKE_REGISTRY_PASSWORD", "", "", false, "password of the registry", true},
      {"registry.ca_file", "QLAKE_REGISTRY_CA_FILE", "--registry-ca-file", "", true,
       "PEM file of the authorities to trust for https (default: the system's)"},
      {"log.level", "QLAKE_LOG_LEVEL", "--log-level", "warn", false, "debug, info, warn, error or off"},
      {"log.file", "QLAKE_LOG_FILE", "--log-file", "", true, "write the log there instead of to standard error"},
  };
  return definitions;
}

const SettingDefinition* FindSetting(const std::string& key) {
  for (const auto& definition : SettingDefinitions()) {
    if (definition.key == key) return &definition;
  }
  return nullptr;
}

std::string SecretOf(const Settings& settings, const std::string& key) {
  const Setting& setting = settings.all.at(key);
  return setting.reference ? ResolveSecret(*setting.reference, setting.origin) : setting.value;
}

Settings ResolveSettings(const std::map<std::string, std::string>& flags, const std::string& config_file) {
  std::map<std::string, Setting> file;
  std::string path = FindConfigFile(flags, config_file);
  if (!path.empty()) file = ReadConfigFile(path);

  Settings settings;
  for (const auto& definition : SettingDefinitions()) {
    Setting& setting = settings.all[definition.key];
    setting = {definition.default_value, "default", std::nullopt};
    if (auto found = file.find(definition.key); found != file.end()) setting = found->second;
    if (auto value = FromEnvironment(definition.environment)) {
      setting = {*value, definition.environment, std::nullopt};
      if (definition.is_secret) {
        setting = {"", definition.environment,
                   SecretReference{SecretReference::Source::kEnvironment, definition.environment}};
      }
    }
    if (auto found = flags.find(definition.key); found != flags.end()) {
      setting = {found->second, definition.flag, std::nullopt};
    }
    if (setting.reference && !definition.is_secret) setting.value = ResolveSecret(*setting.reference, setting.origin);
  }
  Interpreter(settings).Interpret();
  return settings;
}

}  // namespace qlake::cli
