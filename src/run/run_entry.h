#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "lake/writer.h"

namespace qlake::run {

struct OpenRun;

// What ops.runs says of one execution of a command.
struct RunEntry {
  std::string command;
  base::Timestamp started_at;
  std::string failure;  // Empty: it is done.
  int64_t files = 0;
  int64_t rows = 0;
  base::Json details = base::Json::object();
};
void EnterRun(lake::Writer& writer, const RunEntry& entry);
// For one that ended without a word, as far as it is known.
void EnterKilledRun(lake::Writer& writer, const OpenRun& run);
// For a run that does not hold the lake's lease: nothing but this row is written, behind whatever others commit.
void EnterRunWithoutLease(lake::Lake& lake, const std::string& run_id, const RunEntry& entry);

}  // namespace qlake::run
