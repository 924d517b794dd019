#pragma once

#include "cli/finding.h"
#include "cli/settings.h"

// What `qlake doctor` asks of the servers that the settings name; of those that they do not name, nothing. None throws
// for what it finds.
namespace qlake::cli {

void CheckBroker(const Settings& settings, Findings& findings);
void CheckRegistry(const Settings& settings, Findings& findings);
void CheckSpark(const Settings& settings, Findings& findings);
void CheckHdfs(const Settings& settings, Findings& findings);
void CheckMetastore(const Settings& settings, Findings& findings);

}  // namespace qlake::cli
