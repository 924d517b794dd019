#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lake/lake.h"
#include "maintain/work_budget.h"

namespace qlake::maintain {

inline constexpr const char* kRawPackApp = "qlake.compact_raw";  // txn of raw.files: how often bytes were packed.
inline constexpr const char* kContainerEnding = ".pack";

struct RawPackOptions {
  bool open_days = false;  // Also today's files, and later ones.
  bool dry_run = false;
  std::string run_id;
  std::chrono::milliseconds lease_wait{10'000};
  std::function<void(const std::string& stage)> on_stage;
};

struct RawPackReport {
  int64_t files_packed = 0;  // Or, in a dry run, that would be.
  int64_t containers = 0;
  uint64_t bytes = 0;
  int64_t files_waiting = 0;  // Of days that are open, or alone in their day.
  bool out_of_budget = false;
};

// Packs the bytes of received files, one file each below raw/bytes/, into one container for each source and day that is
// over: raw/bytes/<source>/data_date=D/<uuid>.pack, the files' bytes one behind the other. raw.files then says path and
// offset in it; every other column stays. Each file's SHA-256 is proven from the container, read back, before raw.files
// names it; a file whose own bytes are not what raw.files says is Error{kCorrupt}, and its day stays as it is. The
// files themselves stay for readers of versions before and go with what RawLeftovers finds. The lease is held for the
// commits only. Safe to kill anywhere: a container that raw.files does not name is a leftover.
RawPackReport PackRaw(lake::Lake& lake, const RawPackOptions& options, WorkBudget& budget);

}  // namespace qlake::maintain
