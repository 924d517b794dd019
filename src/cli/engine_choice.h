#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "engine/engine.h"
#include "spark/connection.h"
#include "storage/storage.h"

namespace qlake::cli {

// The keys of all settings that MakeSparkEngine reads, and `keys` before them, for CommandLine::Add.
std::vector<std::string> WithEngineKeys(std::vector<std::string> keys);

// The server of the settings, its token fetched now; nothing when the engine of the settings is the embedded one.
// Reaches no server yet. Throws Error{kInput} when the address or the token cannot be read.
std::optional<spark::Connection> SparkConnectionOf(const Context& context);

// The engine of the settings when that is Spark; nothing when it is the embedded one. Reaches no server yet. Throws
// Error{kInput} when the address or the token cannot be read.
std::unique_ptr<engine::Engine> MakeSparkEngine(const Context& context, storage::Storage& storage);

// The same whatever engine the settings choose.
std::unique_ptr<engine::Engine> ConnectSpark(const Context& context, storage::Storage& storage);

}  // namespace qlake::cli
