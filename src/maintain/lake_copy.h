#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "lake/lake.h"

namespace qlake::maintain {

struct CopyOptions {
  std::string run_id;
  std::chrono::milliseconds lease_wait{10'000};
  std::function<void(const std::string& stage)> on_stage;
  const std::atomic<bool>* cancelled = nullptr;  // Ends the copy between two files with Error{kUnavailable}.
  std::atomic<uint64_t>* bytes_done = nullptr;   // How far it has come.
};

struct CopyReport {
  int64_t tables = 0;
  int64_t files = 0;  // Of the lake.
  uint64_t bytes = 0;
  int64_t files_copied = 0;  // The others were there already, and right.
  uint64_t bytes_copied = 0;
};

// Makes `to` the same lake as `from` is now: tables with all their versions and progress, received bytes, what the
// project was. What can be made anew (the key index) is left out. Both lakes' leases are held, so that no batch,
// compaction or vacuum is at work; streams may write to `from` and go on behind the copy.
//
// Every file is read back and held against the SHA-256 of what was read. Log files come last, each table's in order and
// the publications after all others, so that nobody ever reads a table that lacks a file, and a report finds the lake
// whole or not at all; until the end lake::RequireNoUnfinishedCopy keeps writers away. Cut short, by kill -9 too, it
// goes on where it was when it is run again; after the end it brings what has come since.
//
// Throws Error{kInput} when there is no lake at `from`, when its logs name files outside of it, or when `to` has
// versions that `from` has not.
CopyReport CopyLake(lake::Lake& from, lake::Lake& to, const CopyOptions& options);

}  // namespace qlake::maintain
