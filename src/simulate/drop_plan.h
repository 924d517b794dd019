#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "simulate/drops.h"

namespace qlake::simulate {

enum class Source { kBranch, kAgent, kTransaction };

struct PlannedFile {
  int64_t hour = 0;  // Counted from the first drop's, which is 0.
  Source source = Source::kBranch;
  bool corrected = false;

  bool operator==(const PlannedFile&) const = default;
};

// The files that a phase writes, in order.
std::vector<PlannedFile> PlanPhase(const DropOptions& options, Phase phase);

// How often branches and agents have changed by the hour: 0 in the first three, 1 on the day after, and so on.
int64_t EditionOf(int64_t hour);
int64_t BranchCount(int64_t hour);
int64_t AgentCount(int64_t hour);

// What the hour's transactions repeat.
enum class Repeat {
  kNone,
  kWholeFile,   // The file of kRepeatDistance hours before, byte for byte.
  kHalfOfRows,  // Every other row of kRepeatDistance hours before, exported anew.
};
inline constexpr int64_t kRepeatDistance = 2;
Repeat RepeatOf(int64_t hour);

// How the hour's transaction files look; all but kUsual need options.dirty above 0.
enum class FileForm {
  kUsual,
  kByteOrderMarkAndLf,
  kOtherColumnOrder,
  // A second transactions file stands beside the usual one, and it is ...
  kEmptyPart,
  kHeaderOnlyPart,
  kNoCsvPart,
  kCutPart,
};
FileForm FormOf(const DropOptions& options, int64_t hour);

}  // namespace qlake::simulate
