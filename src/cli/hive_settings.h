#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "hive/hive_server.h"
#include "hive/metastore.h"
#include "hive/repair.h"
#include "lake/lake.h"
#include "model/project.h"
#include "run/runner.h"

namespace qlake::cli {

// The keys, and those of Hive.
std::vector<std::string> WithHiveKeys(std::vector<std::string> keys);

// Throws Error{kInput} when no metastore is set.
hive::MetastoreOptions MetastoreOf(const Settings& settings);
hive::RepairOptions RepairOptionsOf(const Settings& settings);
// Throws Error{kInput} when no HiveServer2 is set.
hive::HiveServerOptions HiveServerOf(const Settings& settings);

// Has Hive show what the run published, when hive.repair_after_run asks for that. The run is done whatever comes of it.
void RepairAfterRun(const Context& context, lake::Lake& lake, const model::Project& project,
                    const run::RunReport& report);

}  // namespace qlake::cli
