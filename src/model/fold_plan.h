#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace qlake::model {

// A mart's table is a heap of files whose rows add up. Every batch brings one file more; so that neither their number
// nor what a reader has to add up grows with the number of batches, files are folded into one by size. Tier 0 holds
// files below 4,096 rows, every next tier files of up to eight times as many. Small files are cheap to read, and wait
// until there are eight; of larger ones a tier keeps one, as batches tend to bring the same keys: two would be twice
// the rows. A row is written again a few times in each tier, so a batch costs its own rows times the number of tiers,
// whatever the mart holds.
inline constexpr int64_t kFirstTierRows = 4096;
inline constexpr int64_t kTierFactor = 8;       // In rows, from a tier to the next.
inline constexpr size_t kFilesOfFirstTier = 8;  // That many become one, so that a tier is left with fewer;
inline constexpr size_t kFilesPerTier = 2;      // and so many of any other tier.

struct SummedFile {
  std::string path;
  int64_t rows = 0;
};

// The paths of the files to fold with the rows that a batch brings, in the order of their sizes. From the lowest tier
// up, a tier is folded when it is full, the coming file counted where it belongs to it, and when it holds no more rows
// than what comes with the tiers below; so a batch as large as the mart folds it all.
std::vector<std::string> PlanFold(std::vector<SummedFile> files, int64_t batch_rows);

}  // namespace qlake::model
