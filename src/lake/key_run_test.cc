#include "lake/key_run.h"

#include "lake/key_merge.h"
#include "lake/key_test_lake.h"

namespace qlake::lake {
namespace {

class KeyRunTest : public KeyTestLake {
 protected:
  KeyRun Written(const std::string& path, const Entries& entries) {
    KeyRunWriter writer(*storage_, path);
    writer.Add(entries);
    uint64_t bytes = writer.Finish();
    EXPECT_EQ(storage_->Find(path)->bytes, bytes);
    auto run = KeyRun::Open(*storage_, path, entries.size());
    EXPECT_TRUE(run);
    return std::move(*run);
  }

  static Entries FindIn(const KeyRun& run, const Entries& probes, uint32_t seq_max = UINT32_MAX) {
    Entries found;
    EXPECT_TRUE(run.Find(probes, seq_max, found));
    return found;
  }

  // Every entry of the run as a merge reads it.
  std::optional<Entries> ReadAll(const KeyRun& run) const {
    KeyRunReader reader(*storage_, run);
    Entries entries;
    while (true) {
      auto block = reader.Next();
      if (!block) return std::nullopt;
      if (block->empty()) return entries;
      entries.insert(entries.end(), block->begin(), block->end());
    }
  }
};

TEST_F(KeyRunTest, EveryEntryIsFoundAndReadWhateverTheSize) {
  for (size_t count : {1, 2, 127, 128, 129, 8'191, 8'192, 8'193, 100'000}) {
    Entries entries = NewEntries(count, 1);
    KeyRun run = Written("r.run", entries);
    EXPECT_EQ(run.entries(), count);
    EXPECT_TRUE(FindIn(run, entries) == entries) << count;
    EXPECT_TRUE(ReadAll(run) == entries) << count;
  }
}

TEST_F(KeyRunTest, KeysThatAreNotThereAreNotFound) {
  Entries entries = NewEntries(50'000, 1);
  KeyRun run = Written("r.run", entries);
  Entries near;
  for (const auto& entry : entries) {
    near.push_back(entry);
    near.back().key_low ^= 1;
    near.push_back(entry);
    near.back().key_high += 1;
  }
  near.push_back({0, 0});
  near.push_back({UINT64_MAX, UINT64_MAX});
  EXPECT_TRUE(FindIn(run, Sorted(near)).empty());
  EXPECT_TRUE(FindIn(run, {}).empty());
}

TEST_F(KeyRunTest, AKeyOfManyRowsIsFoundAcrossPages) {
  Entries entries = NewEntries(300, 1);
  for (uint32_t line = 0; line < 1000; ++line) entries.push_back({entries[150].key_high, 5, line, 2, line});
  for (uint32_t line = 0; line < 1000; ++line) entries.push_back({entries[150].key_high, 6, line, 3, line});
  entries = Sorted(entries);
  KeyRun run = Written("r.run", entries);
  for (uint32_t seq : {2u, 3u}) {
    Entries expected;
    std::ranges::copy_if(entries, std::back_inserter(expected), [&](const KeyEntry& e) { return e.seq == seq; });
    // A probe that comes twice finds its rows once.
    EXPECT_TRUE(FindIn(run, {expected.front(), expected.back()}) == expected);
  }
  EXPECT_TRUE(FindIn(run, entries) == entries);
  EXPECT_EQ(FindIn(run, entries, 2).size(), 1300u);
}

TEST_F(KeyRunTest, KeysThatAreNoHashesAreFoundToo) {
  for (uint64_t step : {uint64_t{1}, uint64_t{3}, uint64_t{1} << 40}) {
    Entries entries;
    for (uint64_t i = 0; i < 20'000; ++i)
      entries.push_back({(i < 19'000 ? 0 : UINT64_MAX / 2) + i / 7 * step, i, 0, 1, 1});
    KeyRun run = Written("r.run", entries);
    EXPECT_TRUE(FindIn(run, entries) == entries) << step;
    for (size_t i = 0; i < entries.size(); i += 511) EXPECT_EQ(FindIn(run, {entries[i]}).size(), 1u);
  }
}

TEST_F(KeyRunTest, AnyFlippedByteOfDirectoryOrFootMakesTheRunUnusable) {
  Written("r.run", NewEntries(1'000, 1));
  std::string bytes = storage_->Read("r.run");
  for (size_t i = 1'000 * sizeof(KeyEntry); i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    storage_->Write("damaged.run", damaged);
    EXPECT_FALSE(KeyRun::Open(*storage_, "damaged.run", 1'000)) << "byte " << i;
  }
}

TEST_F(KeyRunTest, ARunThatWasCutOrGrewOrIsAnothersIsUnusable) {
  Written("r.run", NewEntries(1'000, 1));
  std::string bytes = storage_->Read("r.run");
  for (size_t size : {size_t{0}, size_t{1}, size_t{39}, size_t{40}, bytes.size() / 2, bytes.size() - 1}) {
    storage_->Write("damaged.run", bytes.substr(0, size));
    EXPECT_FALSE(KeyRun::Open(*storage_, "damaged.run", 1'000)) << size;
  }
  storage_->Write("damaged.run", bytes + bytes.substr(bytes.size() - 40));
  EXPECT_FALSE(KeyRun::Open(*storage_, "damaged.run", 1'000));
  EXPECT_FALSE(KeyRun::Open(*storage_, "r.run", 999));
  EXPECT_FALSE(KeyRun::Open(*storage_, "absent.run", 1'000));
}

TEST_F(KeyRunTest, AFlippedByteOfAnEntryIsNoticedWhenItsPageIsRead) {
  Entries entries = NewEntries(1'000, 1);
  Written("r.run", entries);
  std::string bytes = storage_->Read("r.run");
  bytes[500 * sizeof(KeyEntry) + 20] ^= 1;
  storage_->Write("damaged.run", bytes);
  auto run = KeyRun::Open(*storage_, "damaged.run", 1'000);
  ASSERT_TRUE(run);
  Entries found;
  EXPECT_TRUE(run->Find(std::span(entries).first(300), UINT32_MAX, found));
  EXPECT_FALSE(run->Find(std::span(entries).subspan(505, 1), UINT32_MAX, found));
  EXPECT_FALSE(ReadAll(*run));
  KeyRunWriter writer(*storage_, "merged.run");
  EXPECT_FALSE(MergeRuns(*storage_, std::span(&*run, 1), entries, writer));
}

TEST_F(KeyRunTest, MergedRunsAreOneRunInOrder) {
  Entries all;
  std::vector<KeyRun> runs;
  for (size_t count : {1, 128, 30'000, 8'192, 77}) {
    Entries entries = NewEntries(count, static_cast<uint32_t>(runs.size()));
    if (!all.empty()) entries.push_back(all.front());  // A key, and here a whole entry, may be in several runs.
    entries = Sorted(entries);
    runs.push_back(Written(std::to_string(runs.size()) + ".run", entries));
    all.insert(all.end(), entries.begin(), entries.end());
  }
  Entries in_memory = NewEntries(3'000, 9);
  all.insert(all.end(), in_memory.begin(), in_memory.end());
  KeyRunWriter writer(*storage_, "merged.run");
  ASSERT_TRUE(MergeRuns(*storage_, runs, in_memory, writer));
  writer.Finish();
  auto merged = KeyRun::Open(*storage_, "merged.run", all.size());
  ASSERT_TRUE(merged);
  EXPECT_TRUE(ReadAll(*merged) == Sorted(all));
}

}  // namespace
}  // namespace qlake::lake
