#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace qlake::maintain {

struct SizedFile {
  std::string path;
  uint64_t bytes = 0;
};

// How files of one partition grow to a size at which they are left alone.
struct MergeSizes {
  uint64_t target_bytes = uint64_t{32} << 20;
  size_t files_min = 4;  // So many are merged at least.
};

// From here on a file is as large as it shall be: rows compress better together, so merged files end below the target.
uint64_t FullBytes(const MergeSizes& sizes);

// Which files of one partition become one, group by group; each group comes to about the target or less. Files are
// taken from the smallest up, and a file joins only when it is at most twice as large as all the smaller ones together:
// so a row is written again each time that its file has grown by a half, and a big file is never written for the sake
// of a few small ones. What stays is a handful of files, each at least twice the sum of the ones below it, and fewer
// than files_min others. Pure.
std::vector<std::vector<std::string>> PlanMerges(std::vector<SizedFile> files, const MergeSizes& sizes);

}  // namespace qlake::maintain
