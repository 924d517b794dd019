#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/settings.h"
#include "kafka/schema_registry.h"

namespace qlake::cli {

// The keys of all settings that RegistryOf reads, for CommandLine::Add.
const std::vector<std::string>& RegistryKeys();

// The schema registry of the settings, its password fetched now; nothing when none is set.
std::optional<kafka::SchemaRegistryOptions> RegistryOf(const Settings& settings);

}  // namespace qlake::cli
