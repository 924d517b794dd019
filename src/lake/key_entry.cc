#include "lake/key_entry.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "base/parallel.h"

namespace qlake::lake {
namespace {

// 2,048 buckets keep their ends, which every move touches, in the processor's first cache. Measured on 2.4 million
// entries: 8 bits at a time took half as long again, 12 bits twice as long.
constexpr int kDigitBits = 11;
constexpr size_t kBucketsMax = size_t{1} << kDigitBits;
constexpr size_t kInsertionMax = 32;
constexpr size_t kParallelMin = 1 << 17;
constexpr size_t kSortThreads = 2;

void InsertionSort(std::span<KeyEntry> entries) {
  for (size_t i = 1; i < entries.size(); ++i) {
    KeyEntry entry = entries[i];
    size_t hole = i;
    for (; hole > 0 && KeyEntryOrder()(entry, entries[hole - 1]); --hole) entries[hole] = entries[hole - 1];
    entries[hole] = entry;
  }
}

// Some bits of key_high.
struct Digit {
  int shift;
  int bits;
  size_t Of(const KeyEntry& entry) const { return (entry.key_high >> shift) & ((size_t{1} << bits) - 1); }
  size_t count() const { return size_t{1} << bits; }
};

// Where each bucket begins, and after the last its end.
using BucketStarts = std::array<size_t, kBucketsMax + 1>;

// Moves the entries to the buckets of their digit, in place ("American flag"): each entry moves once.
BucketStarts Distribute(std::span<KeyEntry> entries, Digit digit) {
  BucketStarts starts{};
  for (const auto& entry : entries) ++starts[digit.Of(entry) + 1];
  for (size_t bucket = 0; bucket < digit.count(); ++bucket) starts[bucket + 1] += starts[bucket];
  BucketStarts next = starts;
  for (size_t bucket = 0; bucket < digit.count(); ++bucket) {
    while (next[bucket] < starts[bucket + 1]) {
      KeyEntry entry = entries[next[bucket]];
      for (size_t home = digit.Of(entry); home != bucket; home = digit.Of(entry)) {
        std::swap(entry, entries[next[home]++]);
      }
      entries[next[bucket]++] = entry;
    }
  }
  return starts;
}

// The next digit of entries that agree in the first `bits_used` bits; of few entries only so much that the buckets are
// not more than they. No bits: they agree in all of key_high, or nearly so.
Digit NextDigit(size_t count, int bits_used) {
  int bits = std::min({kDigitBits, static_cast<int>(std::bit_width(count)) - 1, 64 - bits_used});
  return {64 - bits_used - bits, bits};
}

void SortFromBit(std::span<KeyEntry> entries, int bits_used) {
  if (entries.size() <= kInsertionMax) return InsertionSort(entries);
  Digit digit = NextDigit(entries.size(), bits_used);
  if (digit.bits == 0) return std::sort(entries.begin(), entries.end(), KeyEntryOrder());
  BucketStarts starts = Distribute(entries, digit);
  for (size_t bucket = 0; bucket < digit.count(); ++bucket) {
    SortFromBit(entries.subspan(starts[bucket], starts[bucket + 1] - starts[bucket]), bits_used + digit.bits);
  }
}

}  // namespace

void SortEntries(std::span<KeyEntry> entries) {
  if (entries.size() < kParallelMin) return SortFromBit(entries, 0);
  Digit digit = NextDigit(entries.size(), 0);
  BucketStarts starts = Distribute(entries, digit);
  base::ParallelFor(digit.count(), kSortThreads, [&](size_t bucket) {
    SortFromBit(entries.subspan(starts[bucket], starts[bucket + 1] - starts[bucket]), digit.bits);
  });
}

size_t AdvanceToKey(std::span<const KeyEntry> entries, size_t from, const KeyEntry& probe) {
  size_t step = 1;
  while (from + step < entries.size() && IsBeforeKey(entries[from + step], probe)) {
    from += step;
    step *= 2;
  }
  auto rest = entries.subspan(from + 1, std::min(step, entries.size() - from) - 1);
  return from + 1 + static_cast<size_t>(std::ranges::lower_bound(rest, probe, IsBeforeKey) - rest.begin());
}

void AppendMatches(std::span<const KeyEntry> entries, std::span<const KeyEntry> probes, uint32_t seq_max,
                   std::vector<KeyEntry>& found) {
  size_t entry = 0;
  size_t probe = 0;
  while (entry < entries.size() && probe < probes.size()) {
    if (IsBeforeKey(entries[entry], probes[probe])) {
      entry = AdvanceToKey(entries, entry, probes[probe]);
    } else if (IsBeforeKey(probes[probe], entries[entry])) {
      probe = AdvanceToKey(probes, probe, entries[entry]);
    } else {
      if (entries[entry].seq <= seq_max) found.push_back(entries[entry]);
      ++entry;
    }
  }
}

}  // namespace qlake::lake
