#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

namespace qlake::lake {

// What a key index knows of one row. These 32 bytes are also its form on disk, little-endian.
struct KeyEntry {
  uint64_t key_high = 0;  // 128 bits of the hash of the row's key.
  uint64_t key_low = 0;
  uint64_t content = 0;  // The first 64 bits of the row's content hash.
  uint32_t seq = 0;      // raw.files.seq of the row's file.
  uint32_t line = 0;     // The row's line in it.

  bool operator==(const KeyEntry&) const = default;
};
static_assert(sizeof(KeyEntry) == 32);

inline bool HasSameKey(const KeyEntry& a, const KeyEntry& b) {
  return a.key_high == b.key_high && a.key_low == b.key_low;
}

inline bool IsBeforeKey(const KeyEntry& a, const KeyEntry& b) {
  return a.key_high != b.key_high ? a.key_high < b.key_high : a.key_low < b.key_low;
}

// By key, then seq, then line. Nearly always the first half of the hash decides.
struct KeyEntryOrder {
  bool operator()(const KeyEntry& a, const KeyEntry& b) const {
    if (a.key_high != b.key_high) return a.key_high < b.key_high;
    return std::tie(a.key_low, a.seq, a.line) < std::tie(b.key_low, b.seq, b.line);
  }
};

// Sorts in place, made for many entries whose key_high is a hash: far faster than std::sort then, as fast in any case.
void SortEntries(std::span<KeyEntry> entries);

// The first entry after `from` that is not before the key of `probe`. By doubling steps, because it is mostly near.
// REQUIRES: sorted; the entry at `from` is before that key.
size_t AdvanceToKey(std::span<const KeyEntry> entries, size_t from, const KeyEntry& probe);

// Appends the entries that have the key of a probe and a seq of at most `seq_max`, each once. Costs about as much as
// the shorter of both lists is long. REQUIRES: both are sorted.
void AppendMatches(std::span<const KeyEntry> entries, std::span<const KeyEntry> probes, uint32_t seq_max,
                   std::vector<KeyEntry>& found);

}  // namespace qlake::lake
