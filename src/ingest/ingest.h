#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/duckdb/database.h"
#include "lake/records.h"
#include "lake/source.h"
#include "lake/writer.h"

namespace qlake::ingest {

struct IngestOptions {
  std::string landing;             // Folder of the landing zone.
  std::optional<base::Hour> hour;  // The data hour of drops whose names tell none.
  std::chrono::seconds settle{0};  // A file younger than that is left for the next time.
  std::function<bool()> is_over;   // Asked before each file; true: Error{kUnavailable}, and nothing is taken in.
};

struct IngestReport {
  std::vector<lake::FileRecord> taken;  // New files and corrections, by seq.
  int64_t corrections = 0;              // Of these, files that came before with other bytes.
  int64_t unchanged = 0;                // Files that are in the lake already.
  int64_t rows = 0;
  int64_t bytes = 0;
  std::vector<std::string> waiting;  // Files not complete yet, with the reason.
  std::vector<std::string> ignored;  // Files of no source or no drop, with the reason.
};

// drop -> raw: keeps the bytes of every new or changed file of the landing zone and enters it in raw.files, all of them
// in one commit. Again on the same landing zone it does nothing. Safe to kill anywhere.
IngestReport Ingest(lake::Writer& writer, const std::vector<lake::Source>& sources, const IngestOptions& options,
                    const std::function<void(const engine::ScanProgress&)>& on_progress = {});

// The data hour of every drop that `known` does not have, by the rules of docs/lake.md: the hour in its name, else
// consecutive hours in natural name order that end with `arrival`, skipping taken ones; one drop alone takes `arrival`
// itself.
std::map<std::string, base::Hour> AssignHours(const std::vector<std::string>& drops,
                                              const std::map<std::string, base::Hour>& known, base::Hour arrival);

}  // namespace qlake::ingest
