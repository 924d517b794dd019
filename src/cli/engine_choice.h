#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/context.h"
#include "engine/engine.h"
#include "storage/storage.h"

namespace qlake::cli {

// The keys of all settings that MakeSparkEngine reads, and `keys` before them, for CommandLine::Add.
std::vector<std::string> WithEngineKeys(std::vector<std::string> keys);

// The engine of the settings when that is Spark; nothing when it is the embedded one. Reaches no server yet. Throws
// Error{kInput} when the address or the token cannot be read.
std::unique_ptr<engine::Engine> MakeSparkEngine(const Context& context, const storage::Storage& storage);

// For a command that computes with the embedded engine alone: throws Error{kInput} that says what to switch.
void RequireDuckdb(const Context& context, const std::string& command);

}  // namespace qlake::cli
