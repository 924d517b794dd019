#pragma once

#include <string>
#include <vector>

#include "cli/settings.h"
#include "lake/lake.h"

namespace qlake::cli {

// "a, b" -> a and b: a setting of several values.
std::vector<std::string> SplitAtCommas(const std::string& text);

// The keys, and those of a lake on HDFS: a command that obeys them runs on one, with Spark if it computes.
std::vector<std::string> WithHdfsKeys(std::vector<std::string> keys);

// Of the lake at that address. Throws Error{kInput} when its token cannot be had.
lake::LakeOptions LakeOptionsOf(const Settings& settings, const std::string& lake);

}  // namespace qlake::cli
