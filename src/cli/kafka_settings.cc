#include "cli/kafka_settings.h"

#include "base/error.h"

namespace qlake::cli {

const std::vector<std::string>& KafkaConnectionKeys() {
  static const std::vector<std::string> keys = {"kafka.brokers",          "kafka.protocol", "kafka.mechanism",
                                                "kafka.username",         "kafka.password", "kafka.ca_file",
                                                "kafka.certificate_file", "kafka.key_file", "kafka.key_password"};
  return keys;
}

kafka::Connection KafkaConnectionOf(const Settings& settings) {
  auto value = [&](const std::string& key) { return settings.all.at(key).value; };
  kafka::Connection connection;
  connection.brokers = value("kafka.brokers");
  if (connection.brokers.empty()) {
    throw base::InputError(
        "no brokers of kafka are set: --brokers host:port, QLAKE_KAFKA_BROKERS, or brokers below "
        "[kafka] in qlake.toml");
  }
  connection.protocol = value("kafka.protocol");
  connection.mechanism = value("kafka.mechanism");
  connection.username = value("kafka.username");
  if (connection.protocol.starts_with("sasl_")) {
    if (connection.username.empty()) {
      throw base::InputError(
          "kafka.protocol {} needs a user: --kafka-username, QLAKE_KAFKA_USERNAME, or username below "
          "[kafka] in qlake.toml",
          connection.protocol);
    }
    connection.password = SecretOf(settings, "kafka.password");
  }
  connection.ca_file = value("kafka.ca_file");
  connection.certificate_file = value("kafka.certificate_file");
  connection.key_file = value("kafka.key_file");
  connection.key_password = SecretOf(settings, "kafka.key_password");
  return connection;
}

}  // namespace qlake::cli
