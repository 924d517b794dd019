#include "stream/spark_kafka_source.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "base/json.h"

namespace qlake::stream {
namespace {

std::string ReadPem(const std::string& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file || text.empty()) throw base::InputError("cannot read the certificate or key for kafka: {}", path);
  return text;
}

// A value of a JAAS configuration.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

}  // namespace

std::map<std::string, std::string> SparkKafkaOptions(const kafka::Connection& connection) {
  std::map<std::string, std::string> options = {{"kafka.bootstrap.servers", connection.brokers},
                                                // As the embedded client does.
                                                {"kafka.isolation.level", "read_committed"},
                                                {"failOnDataLoss", "true"}};
  std::string protocol = connection.protocol;
  std::ranges::transform(protocol, protocol.begin(), [](unsigned char c) { return std::toupper(c); });
  options["kafka.security.protocol"] = protocol;
  if (protocol.starts_with("SASL_")) {
    options["kafka.sasl.mechanism"] = connection.mechanism;
    std::string module = connection.mechanism == "PLAIN" ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
    options["kafka.sasl.jaas.config"] =
        fmt::format("org.apache.kafka.common.security.{} required username={} password={};", module,
                    Quoted(connection.username), Quoted(connection.password));
  }
  if (!protocol.ends_with("SSL")) return options;
  if (!connection.ca_file.empty()) {
    options["kafka.ssl.truststore.type"] = "PEM";
    options["kafka.ssl.truststore.certificates"] = ReadPem(connection.ca_file);
  }
  if (!connection.certificate_file.empty()) {
    options["kafka.ssl.keystore.type"] = "PEM";
    options["kafka.ssl.keystore.certificate.chain"] = ReadPem(connection.certificate_file);
    options["kafka.ssl.keystore.key"] = ReadPem(connection.key_file);
    if (!connection.key_password.empty()) options["kafka.ssl.key.password"] = connection.key_password;
  }
  return options;
}

std::string StartingOffsets(const std::string& topic, const std::map<int32_t, int64_t>& next) {
  base::Json offsets = base::Json::object();
  for (const auto& [partition, offset] : next) offsets[std::to_string(partition)] = offset;
  return base::Json({{topic, offsets}}).dump();
}

}  // namespace qlake::stream
