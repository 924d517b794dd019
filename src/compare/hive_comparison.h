#pragma once

#include <functional>
#include <string>

#include "compare/comparison_report.h"
#include "hive/hive_server.h"
#include "hive/metastore.h"
#include "lake/lake.h"
#include "model/project.h"

namespace qlake::compare {

struct HiveComparisonOptions {
  std::string database = "qlake";  // Of Hive, in which `repair` enters the lake's tables.
  size_t differences_max = 10;     // Told of each table.
  std::function<void(const std::string& stage)> on_stage;
};

// What HiveServer2 reads of each table for readers, row by row against what the embedded engine reads of the lake at
// the version that the metastore says Hive shows. Tables that are not registered, or registered anew meanwhile, are
// left out; what Hive refuses to read differs. Changes nothing.
ComparisonReport CompareWithHive(lake::Lake& lake, const model::Project& project, hive::Metastore& metastore,
                                 hive::HiveServer& server, const HiveComparisonOptions& options);

}  // namespace qlake::compare
