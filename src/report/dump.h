#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"

// The B2B dump: what each sales agent sold of each product on one date, a file for the B2B team.
//
// FOLDER/b2b_sales_2023-05-20.csv            sales_agent_name,product_name,total_sold_units; ordered; RFC 4180
// FOLDER/b2b_sales_2023-05-20.manifest.json  rows, bytes and sha256 of the CSV, the versions that it was read from
//
// Each file is there as a whole or not at all. A CSV is finished when its manifest's sha256 is that of its bytes; a
// reader that finds another one, or no manifest, comes at the wrong moment or after a crash: the next dump heals it.
namespace qlake::report {

struct DumpRequest {
  std::string folder;  // Of the local disk; made when absent.
  base::Date date;
  std::string query_sql;                    // Answers the three columns of the CSV, in its order.
  std::string left_out_sql;                 // Answers one integer: online sales of the date, which no agent made.
  std::map<std::string, int64_t> versions;  // Of the tables that the queries read.
  base::Timestamp as_of;                    // When those versions were published.
  std::string run_id;
};

struct DumpReport {
  base::Date date;
  std::string csv_path;
  std::string manifest_path;
  int64_t rows = 0;
  uint64_t bytes = 0;
  std::string sha256;
  int64_t online_sales_left_out = 0;
  bool unchanged = false;  // Both files were there with this content and were left alone.
  bool is_first = false;   // There was no CSV of this date before; then nothing below counts.
  // Against the CSV before, by agent and product.
  int64_t rows_added = 0;
  int64_t rows_removed = 0;
  int64_t rows_changed = 0;
};

// Asks the engine, in which the tables' views are defined, and writes both files. Throws Error{kInput} when the query
// answers other columns, Error{kIo} when a file cannot be written; what was there before is then still whole.
DumpReport WriteDump(engine::Engine& engine, const DumpRequest& request);

// Dates of which the folder holds a CSV, ascending. An absent folder has none.
std::vector<base::Date> DumpedDates(const std::string& folder);

}  // namespace qlake::report
