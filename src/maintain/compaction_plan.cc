#include "maintain/compaction_plan.h"

#include <algorithm>
#include <tuple>

namespace qlake::maintain {
namespace {

constexpr uint64_t kJoinRatio = 2;  // A file of at most so many times the smaller ones' bytes joins them.

}  // namespace

uint64_t FullBytes(const MergeSizes& sizes) { return sizes.target_bytes / 4 * 3; }

std::vector<std::vector<std::string>> PlanMerges(std::vector<SizedFile> files, const MergeSizes& sizes) {
  std::erase_if(files, [&](const SizedFile& file) { return file.bytes >= FullBytes(sizes); });
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return std::tie(a.bytes, a.path) < std::tie(b.bytes, b.path); });
  std::vector<std::vector<std::string>> groups;
  for (size_t begin = 0; begin < files.size();) {
    uint64_t bytes = files[begin].bytes;
    size_t end = begin + 1;  // Of the group, as far as it is known.
    for (size_t i = begin + 1; i < files.size() && bytes < sizes.target_bytes; ++i) {
      if (files[i].bytes <= kJoinRatio * bytes) end = i + 1;
      bytes += files[i].bytes;
    }
    if (end - begin < std::max<size_t>(sizes.files_min, 2)) {
      ++begin;
      continue;
    }
    auto& group = groups.emplace_back();
    for (; begin < end; ++begin) group.push_back(files[begin].path);
  }
  return groups;
}

}  // namespace qlake::maintain
