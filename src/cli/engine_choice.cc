#include "cli/engine_choice.h"

#include "base/error.h"
#include "engine/spark/spark_engine.h"
#include "spark/connection.h"

namespace qlake::cli {
namespace {

const std::string& Value(const Context& context, const std::string& key) { return context.settings.all.at(key).value; }

bool IsSpark(const Context& context) { return Value(context, "engine") == "spark"; }

}  // namespace

std::vector<std::string> WithEngineKeys(std::vector<std::string> keys) {
  keys.insert(keys.end(), {"engine", "spark.connect", "spark.token", "spark.ca_file"});
  return keys;
}

std::unique_ptr<engine::Engine> MakeSparkEngine(const Context& context, const storage::Storage& storage) {
  if (!IsSpark(context)) return nullptr;
  spark::Connection connection = spark::ParseAddress(Value(context, "spark.connect"));
  connection.token = SecretOf(context.settings, "spark.token");
  connection.ca_file = Value(context, "spark.ca_file");
  return std::make_unique<engine::SparkEngine>(storage, connection);
}

void RequireDuckdb(const Context& context, const std::string& command) {
  if (!IsSpark(context)) return;
  throw base::InputError(
      "qlake {} computes on duckdb only in this version (report, dump and sql also on spark): give it --engine duckdb, "
      "engine is set to spark by {}",
      command, context.settings.all.at("engine").origin);
}

}  // namespace qlake::cli
