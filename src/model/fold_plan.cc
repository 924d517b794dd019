#include "model/fold_plan.h"

#include <algorithm>
#include <tuple>

namespace qlake::model {
namespace {

int TierOf(int64_t rows) {
  int tier = 0;
  for (int64_t limit = kFirstTierRows; rows >= limit; limit *= kTierFactor) ++tier;
  return tier;
}

}  // namespace

std::vector<std::string> PlanFold(std::vector<SummedFile> files, int64_t batch_rows) {
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return std::tie(a.rows, a.path) < std::tie(b.rows, b.path); });
  std::vector<std::string> folded;
  int64_t coming_rows = batch_rows;  // At most: rows of one key become one.
  for (auto first = files.begin(); first != files.end();) {
    int tier = TierOf(first->rows);
    auto last = std::find_if(first, files.end(), [&](const auto& file) { return TierOf(file.rows) > tier; });
    auto count = static_cast<size_t>(last - first) + (TierOf(coming_rows) == tier ? 1 : 0);
    int64_t tier_rows = 0;
    for (auto file = first; file != last; ++file) tier_rows += file->rows;
    if (count >= (tier == 0 ? kFilesOfFirstTier : kFilesPerTier) || tier_rows <= coming_rows) {
      for (auto file = first; file != last; ++file) folded.push_back(file->path);
      coming_rows += tier_rows;
    }
    first = last;
  }
  return folded;
}

}  // namespace qlake::model
