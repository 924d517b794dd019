#pragma once

#include <map>
#include <string>

#include "kafka/connection.h"

namespace qlake::stream {

// The options of Spark's source "kafka" for this cluster, by Spark's and Kafka's names. Certificates go along as text,
// for the server has no files of ours. They hold secrets: never log this. Throws Error{kInput} on a file that cannot be
// read.
std::map<std::string, std::string> SparkKafkaOptions(const kafka::Connection& connection);

// The option startingOffsets: {"topic":{"0":17}}
std::string StartingOffsets(const std::string& topic, const std::map<int32_t, int64_t>& next);

}  // namespace qlake::stream
