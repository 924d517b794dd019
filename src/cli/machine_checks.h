#pragma once

#include "cli/finding.h"
#include "cli/settings.h"

// What `qlake doctor` asks of the machine and the settings. None throws for what it finds; none changes anything that
// stays.
namespace qlake::cli {

// Variables that look like settings and are none, secrets that cannot be had, files that are not there.
void CheckSettings(const Settings& settings, Findings& findings);

// That the landing zone can be read, and the lake, the dump folder and the log written.
void CheckPermissions(const Settings& settings, Findings& findings);

// Room on the disks that are written to.
void CheckDisk(const Settings& settings, Findings& findings);

// That the kernel holds the clock for synchronised.
void CheckClock(Findings& findings);

// Of qlake, its engine and the kernel.
void CheckVersions(Findings& findings);

}  // namespace qlake::cli
