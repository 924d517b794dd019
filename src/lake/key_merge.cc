#include "lake/key_merge.h"

#include <algorithm>
#include <optional>

namespace qlake::lake {
namespace {

constexpr size_t kOutputPages = 256;  // 1 MiB a write.

// Where a merge stands in one of its inputs.
struct Input {
  std::span<const KeyEntry> entries;  // Not empty while the input is among those to merge.
  std::optional<KeyRunReader> more;   // Nothing for entries in memory.
};

enum class Step { kMore, kEnd, kDamaged };

Step Refill(Input& input) {
  if (!input.entries.empty()) return Step::kMore;
  if (!input.more) return Step::kEnd;
  auto block = input.more->Next();
  if (!block) return Step::kDamaged;
  input.entries = *block;
  return block->empty() ? Step::kEnd : Step::kMore;
}

bool StandsAfter(const Input* a, const Input* b) { return KeyEntryOrder()(b->entries.front(), a->entries.front()); }

}  // namespace

bool MergeRuns(const storage::Storage& storage, std::span<const KeyRun> runs, std::span<const KeyEntry> entries,
               KeyRunWriter& writer) {
  std::vector<Input> inputs;
  for (const auto& run : runs) inputs.push_back({{}, KeyRunReader(storage, run)});
  inputs.push_back({entries, std::nullopt});
  std::vector<Input*> heap;  // The input whose next entry comes first is at its front.
  for (auto& input : inputs) {
    Step step = Refill(input);
    if (step == Step::kDamaged) return false;
    if (step == Step::kMore) heap.push_back(&input);
  }
  std::ranges::make_heap(heap, StandsAfter);
  std::vector<KeyEntry> output;
  output.reserve(kOutputPages * kPageEntries);
  while (!heap.empty()) {
    std::ranges::pop_heap(heap, StandsAfter);
    Input& first = *heap.back();
    output.push_back(first.entries.front());
    first.entries = first.entries.subspan(1);
    if (output.size() == output.capacity()) {
      writer.Add(output);
      output.clear();
    }
    Step step = Refill(first);
    if (step == Step::kDamaged) return false;
    if (step == Step::kMore) {
      std::ranges::push_heap(heap, StandsAfter);
    } else {
      heap.pop_back();
    }
  }
  if (!output.empty()) writer.Add(output);
  return true;
}

}  // namespace qlake::lake
