#pragma once

#include <atomic>
#include <cstdint>

#include "engine/duckdb/database.h"

namespace qlake::engine {

// Adds up how far the readings of raw files that run now have come, together; starts anew when the first one begins.
// Thread-safe.
class ScanMeter {
 public:
  // Runs as long as it lives.
  class Reading {
   public:
    Reading(ScanMeter& meter, uint64_t bytes) : meter_(meter) { meter_.Begin(bytes); }
    ~Reading() { --meter_.running_; }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    ScanMeter& meter_;
  };

  void Note(uint64_t bytes, int64_t rows) {
    bytes_done_ += bytes;
    rows_done_ += rows;
  }
  ScanProgress progress() const { return {bytes_done_, bytes_total_, rows_done_}; }

 private:
  void Begin(uint64_t bytes) {
    if (running_++ == 0) {
      bytes_done_ = 0;
      bytes_total_ = 0;
      rows_done_ = 0;
    }
    bytes_total_ += bytes;
  }

  std::atomic<int> running_ = 0;
  std::atomic<uint64_t> bytes_done_ = 0;
  std::atomic<uint64_t> bytes_total_ = 0;
  std::atomic<int64_t> rows_done_ = 0;
};

}  // namespace qlake::engine
