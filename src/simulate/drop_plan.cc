#include "simulate/drop_plan.h"

#include <algorithm>
#include <iterator>

#include "simulate/catalogue.h"
#include "simulate/random.h"

namespace qlake::simulate {
namespace {

constexpr int64_t kFirstChangeHour = 3;

enum Stream : uint64_t { kLateStream = 100, kMissingStream, kCorrectStream };

// `count` of the items, chosen by the seed, in the order in which they stand.
template <typename Item>
std::vector<Item> Choose(std::vector<Item> items, int64_t count, Random random) {
  size_t to_choose = std::min(items.size(), static_cast<size_t>(count));
  std::vector<Item> chosen;
  for (size_t left = items.size(); left > 0 && to_choose > 0; --left) {
    if (random.Below(static_cast<uint32_t>(left)) >= to_choose) continue;
    chosen.push_back(items[items.size() - left]);
    --to_choose;
  }
  return chosen;
}

template <typename Item>
bool Contains(const std::vector<Item>& items, const Item& item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

// An hour can be late only when another comes after it.
std::vector<int64_t> LateHours(const DropOptions& options) {
  std::vector<int64_t> hours;
  for (int64_t hour = 0; hour + 1 < options.hours; ++hour) hours.push_back(hour);
  return Choose(hours, options.late, Random({.seed = options.seed, .stream = kLateStream}));
}

std::vector<PlannedFile> ArrivingFiles(const DropOptions& options) {
  std::vector<PlannedFile> files;
  for (int64_t hour = 0; hour < options.hours; ++hour) {
    for (const Source source : {Source::kBranch, Source::kAgent, Source::kTransaction}) {
      files.push_back({.hour = hour, .source = source});
    }
  }
  const std::vector<PlannedFile> missing =
      Choose(files, options.missing, Random({.seed = options.seed, .stream = kMissingStream}));
  std::erase_if(files, [&](const PlannedFile& file) { return Contains(missing, file); });
  return files;
}

}  // namespace

std::vector<PlannedFile> PlanPhase(const DropOptions& options, Phase phase) {
  std::vector<PlannedFile> initial = ArrivingFiles(options);
  const std::vector<int64_t> late_hours = LateHours(options);
  const auto first_late = std::stable_partition(
      initial.begin(), initial.end(), [&](const PlannedFile& file) { return !Contains(late_hours, file.hour); });
  std::vector<PlannedFile> followup(first_late, initial.end());
  initial.erase(first_late, initial.end());
  if (phase == Phase::kInitial) return initial;
  for (PlannedFile file : Choose(initial, options.correct, Random({.seed = options.seed, .stream = kCorrectStream}))) {
    file.corrected = true;
    followup.push_back(file);
  }
  return followup;
}

int64_t EditionOf(int64_t hour) { return hour < kFirstChangeHour ? 0 : 1 + (hour - kFirstChangeHour) / 24; }

int64_t BranchCount(int64_t hour) { return std::min<int64_t>(5 + EditionOf(hour), kBranches.size()); }

int64_t AgentCount(int64_t hour) { return std::min<int64_t>(10 + EditionOf(hour), kAgents.size()); }

Repeat RepeatOf(int64_t hour) {
  if (hour < kRepeatDistance) return Repeat::kNone;
  if (hour % 6 == 2) return Repeat::kWholeFile;
  return hour % 6 == 5 ? Repeat::kHalfOfRows : Repeat::kNone;
}

FileForm FormOf(const DropOptions& options, int64_t hour) {
  if (options.dirty <= 0) return FileForm::kUsual;
  switch (hour % 12) {
    case 4:
      return FileForm::kByteOrderMarkAndLf;
    case 6:
      return FileForm::kOtherColumnOrder;
    case 7:
      return FileForm::kEmptyPart;
    case 8:
      return FileForm::kHeaderOnlyPart;
    case 9:
      return FileForm::kNoCsvPart;
    case 10:
      return FileForm::kCutPart;
    default:
      return FileForm::kUsual;
  }
}

}  // namespace qlake::simulate
