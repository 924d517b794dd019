#pragma once

#include "cli/context.h"
#include "run/runner.h"

namespace qlake::cli {

// What a run did: for people on standard output, or, with --json, one object.
void PrintRun(Context& context, const run::RunReport& report);

// Warnings of an ingest, on standard error: files that wait or belong to nothing.
void WarnOfFiles(const ingest::IngestReport& report);

// kExitQuarantined when `strict` and the run sent rows to quarantine, else kExitDone.
int ExitCodeOf(const run::RunReport& report, bool strict);

// The keys that RunSettingsOf() reads and all commands of the Runner obey.
std::vector<std::string> WithRunKeys(std::vector<std::string> keys);

// The Runner's settings from the context's.
run::RunSettings RunSettingsOf(const Context& context, const std::string& hour);

}  // namespace qlake::cli
