#include "cli/hive_settings.h"

#include "base/error.h"
#include "cli/hdfs_settings.h"
#include "run/maintenance.h"

namespace qlake::cli {

std::vector<std::string> WithHiveKeys(std::vector<std::string> keys) {
  for (const auto& definition : SettingDefinitions()) {
    if (definition.key.starts_with("hive.")) keys.push_back(definition.key);
  }
  return keys;
}

hive::MetastoreOptions MetastoreOf(const Settings& settings) {
  hive::MetastoreOptions options;
  options.addresses = SplitAtCommas(settings.Text("hive.metastore"));
  if (options.addresses.empty()) {
    throw base::InputError(
        "no metastore of Hive is set: --metastore thrift://host:port, QLAKE_HIVE_METASTORE, or metastore below "
        "[hive] in qlake.toml");
  }
  options.timeout = settings.Duration("hive.timeout");
  return options;
}

hive::RepairOptions RepairOptionsOf(const Settings& settings) {
  hive::RepairOptions options;
  options.database = settings.Text("hive.database");
  options.spark_database = settings.Text("hive.spark_database");
  if (options.spark_database == "none") options.spark_database.clear();
  options.keep = settings.Duration("hive.keep");
  return options;
}

hive::HiveServerOptions HiveServerOf(const Settings& settings) {
  hive::HiveServerOptions options;
  options.address = settings.Text("hiveserver.address");
  if (options.address.empty()) {
    throw base::InputError(
        "no HiveServer2 is set: --hiveserver host:port, QLAKE_HIVESERVER_ADDRESS, or address below [hiveserver] in "
        "qlake.toml");
  }
  options.sasl = settings.Text("hiveserver.auth") == "plain";
  options.user = settings.Text("hiveserver.user");
  options.password = SecretOf(settings, "hiveserver.password");
  options.timeout = settings.Duration("hive.timeout");
  return options;
}

void RepairAfterRun(const Context& context, lake::Lake& lake, const model::Project& project,
                    const run::RunReport& report) {
  bool published = report.process.batches > 0 || report.process.finished_earlier_run || report.event_marts > 0;
  if (!published || !context.settings.IsOn("hive.repair_after_run")) return;
  run::Maintenance maintenance(lake, project,
                               {context.settings.lease_wait, context.settings.Bytes("disk.free_min"), nullptr});
  try {
    maintenance.Repair(MetastoreOf(context.settings), RepairOptionsOf(context.settings));
  } catch (const base::Error& error) {
    throw base::Error(error.kind(),
                      "the run is done, but Hive does not show it yet, run qlake repair: " + error.message());
  }
}

}  // namespace qlake::cli
