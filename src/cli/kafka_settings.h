#pragma once

#include <string>
#include <vector>

#include "cli/settings.h"
#include "kafka/connection.h"

namespace qlake::cli {

// The keys of all settings that KafkaConnectionOf reads, for CommandLine::Add.
const std::vector<std::string>& KafkaConnectionKeys();

// How to reach the cluster of the settings; secrets are fetched now. Throws Error{kInput} when no brokers are set, or
// no user where one is needed.
kafka::Connection KafkaConnectionOf(const Settings& settings);

}  // namespace qlake::cli
