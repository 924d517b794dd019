#include "cli/engine_choice.h"

#include "base/error.h"
#include "engine/spark/spark_engine.h"

namespace qlake::cli {
namespace {

const std::string& Value(const Context& context, const std::string& key) { return context.settings.all.at(key).value; }

bool IsSpark(const Context& context) { return Value(context, "engine") == "spark"; }

spark::Connection ConnectionOf(const Context& context) {
  spark::Connection connection = spark::ParseAddress(Value(context, "spark.connect"));
  connection.token = SecretOf(context.settings, "spark.token");
  connection.ca_file = Value(context, "spark.ca_file");
  return connection;
}

}  // namespace

std::vector<std::string> WithEngineKeys(std::vector<std::string> keys) {
  keys.insert(keys.end(), {"engine", "spark.connect", "spark.token", "spark.ca_file"});
  return keys;
}

std::unique_ptr<engine::Engine> MakeSparkEngine(const Context& context, storage::Storage& storage) {
  return IsSpark(context) ? ConnectSpark(context, storage) : nullptr;
}

std::unique_ptr<engine::Engine> ConnectSpark(const Context& context, storage::Storage& storage) {
  return std::make_unique<engine::SparkEngine>(storage, ConnectionOf(context));
}

std::optional<spark::Connection> SparkConnectionOf(const Context& context) {
  if (!IsSpark(context)) return std::nullopt;
  return ConnectionOf(context);
}

}  // namespace qlake::cli
