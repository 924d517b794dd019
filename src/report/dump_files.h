#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "report/dump.h"

// The files of a dump: how they are written and how a change of them is told.
namespace qlake::report {

inline constexpr std::string_view kDumpHeader = "sales_agent_name,product_name,total_sold_units";

struct DumpContent {
  std::string csv;  // With header.
  int64_t rows = 0;
  int64_t online_sales_left_out = 0;
};

// Writes CSV and manifest so that a crash at any point leaves something that the next call heals.
DumpReport WriteDumpFiles(const DumpContent& content, const DumpRequest& request);

// How two CSVs of a dump differ, as multisets of records. A record that goes and one that comes with the same agent and
// product are one that changed.
struct DumpChange {
  int64_t added = 0;
  int64_t removed = 0;
  int64_t changed = 0;
};
DumpChange CompareDumps(std::string_view before, std::string_view after);

}  // namespace qlake::report
