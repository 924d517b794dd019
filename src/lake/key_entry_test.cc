#include "lake/key_entry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

namespace qlake::lake {
namespace {

using Entries = std::vector<KeyEntry>;

void ExpectSortsLikeTheStandardLibrary(Entries entries) {
  Entries expected = entries;
  std::ranges::sort(expected, KeyEntryOrder());
  SortEntries(entries);
  EXPECT_TRUE(entries == expected) << entries.size() << " entries";
}

Entries Make(size_t count, const std::function<KeyEntry(size_t)>& entry) {
  Entries entries;
  for (size_t i = 0; i < count; ++i) entries.push_back(entry(i));
  return entries;
}

TEST(KeyEntryTest, AnyNumberOfHashesIsSorted) {
  std::mt19937_64 random(1);
  for (size_t count : {0, 1, 2, 31, 32, 33, 100, 2'047, 5'000, 131'071, 131'072, 400'000}) {
    ExpectSortsLikeTheStandardLibrary(Make(count, [&](size_t i) {
      return KeyEntry{random(), random(), random(), 1, static_cast<uint32_t>(i)};
    }));
  }
}

TEST(KeyEntryTest, RowsOfOneKeyAreSortedByFileAndLine) {
  std::mt19937_64 random(2);
  ExpectSortsLikeTheStandardLibrary(Make(200'000, [&](size_t) {
    return KeyEntry{7, 8, 0, static_cast<uint32_t>(random() % 50), static_cast<uint32_t>(random())};
  }));
  ExpectSortsLikeTheStandardLibrary(Make(200'000, [&](size_t) {
    return KeyEntry{random() % 9, random() % 9, 0, static_cast<uint32_t>(random() % 9),
                    static_cast<uint32_t>(random())};
  }));
}

TEST(KeyEntryTest, KeysThatAreNoHashesAreSortedToo) {
  ExpectSortsLikeTheStandardLibrary(Make(200'000, [](size_t i) { return KeyEntry{i, i, 0, 1, 1}; }));
  ExpectSortsLikeTheStandardLibrary(Make(200'000, [](size_t i) { return KeyEntry{200'000 - i, i, 0, 1, 1}; }));
  ExpectSortsLikeTheStandardLibrary(Make(200'000, [](size_t i) { return KeyEntry{UINT64_MAX - i % 3, i, 0, 1, 1}; }));
}

}  // namespace
}  // namespace qlake::lake
