#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"

// The landing zone: a folder of the local disk where the source system drops its files. Read, never written.
namespace qlake::ingest {

struct LandedFile {
  std::string drop;  // Path of its folder below the landing zone: 2023-05-20T14, 2023-05-20/14.
  std::string name;
  std::string path;
  uint64_t bytes = 0;
  base::Timestamp modified;
};

struct LandingScan {
  std::vector<LandedFile> files;     // Complete ones, by (drop, name).
  std::vector<std::string> waiting;  // "why: path" of those not complete yet; the next ingest looks again.
  std::vector<std::string> ignored;  // "why: path" of what is no part of a drop.
};

// Looks at every file below the landing zone. A file is complete when its name is not hidden and ends neither in .tmp
// nor in .part, and it has not changed for `settle` before `now`. Throws Error{kInput} when there is no such folder.
LandingScan ScanLanding(const std::string& landing, std::chrono::seconds settle, base::Timestamp now);

// A file's bytes, mapped into memory, for as long as the object lives.
class MappedFile {
 public:
  // Never throws for what is wrong with one file: problem() says it, and the other files go on.
  explicit MappedFile(const LandedFile& file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& problem() const { return problem_; }  // Why its bytes cannot be had now; empty: they can.
  // Whether size and time are what the scan saw: call it before and after reading.
  bool IsUnchanged() const;
  std::string_view bytes() const { return bytes_; }

 private:
  LandedFile file_;
  int fd_ = -1;
  std::string problem_;
  std::string_view bytes_;
};

// Natural order of names: runs of digits count as numbers, so group2 stands before group10.
bool NaturalLess(std::string_view a, std::string_view b);

// The hour that a drop's path names: 2023-05-20T14 or 2023-05-20/14 at its end.
std::optional<base::Hour> HourFromDropName(std::string_view drop);

}  // namespace qlake::ingest
