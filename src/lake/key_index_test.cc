#include "lake/key_index.h"

#include <fmt/format.h>

#include <atomic>
#include <fstream>
#include <map>
#include <thread>

#include "base/error.h"
#include "base/test_seed.h"
#include "lake/key_test_lake.h"
#include "storage/faulty_storage.h"

namespace qlake::lake {
namespace {

class KeyIndexTest : public KeyTestLake {
 protected:
  std::string ManifestPath() const { return KeyManifestPath(kTestTable); }
  KeyManifest Manifest() const { return *ReadKeyManifest(*storage_, kTestTable); }
};

TEST_F(KeyIndexTest, WhatWasPublishedIsFoundAgain) {
  EXPECT_FALSE(Open());
  Entries entries = NewEntries(10'000, 1);
  AddAndPublish(entries, 4);
  auto index = Open();
  ASSERT_TRUE(index);
  EXPECT_EQ(index->covers(), 4);
  EXPECT_EQ(index->entries(), 10'000u);
  EXPECT_TRUE(Find(*index, entries) == entries);
}

TEST_F(KeyIndexTest, RowsOfOneKeyAreFoundAcrossRunsUpToASeq) {
  Entries first = NewEntries(5'000, 1);
  Entries second = first;
  for (auto& entry : second) entry.seq = 2;
  Entries third = NewEntries(2'000, 3);
  AddAndPublish(first, 1);
  AddAndPublish(second, 2);
  AddAndPublish(third, 3);
  auto index = Open();
  EXPECT_EQ(index->manifest().runs.size(), 3u);
  Entries probes = {first[17], first[4'000], third[5]};
  probes = Sorted(probes);
  EXPECT_EQ(Find(*index, probes).size(), 5u);
  EXPECT_EQ(Find(*index, probes, 2).size(), 4u);
  EXPECT_EQ(Find(*index, probes, 1).size(), 2u);
  EXPECT_EQ(Find(*index, probes, 0).size(), 0u);
  Entries both = first;
  both.insert(both.end(), second.begin(), second.end());
  EXPECT_TRUE(Find(*index, first) == Sorted(both));
}

TEST_F(KeyIndexTest, FindAppends) {
  Entries entries = NewEntries(100, 1);
  AddAndPublish(entries, 1);
  Entries found = {{UINT64_MAX, 1}};
  ASSERT_TRUE(Open()->Find(entries, 1, found));
  EXPECT_EQ(found.size(), 101u);
  EXPECT_EQ(found.front().key_high, UINT64_MAX);
}

TEST_F(KeyIndexTest, AnUpdateIsInvisibleBeforeItIsPublished) {
  AddAndPublish(NewEntries(100, 1), 1);
  auto base = Open();
  KeyIndexUpdate update(*storage_, kTestTable, &*base);
  update.Add(NewEntries(50, 2));
  EXPECT_EQ(update.paths().size(), 1u);
  EXPECT_EQ(Open()->entries(), 100u);
  std::move(update).Publish(kTestTableId, 2);
  EXPECT_EQ(Open()->entries(), 150u);
  EXPECT_EQ(base->entries(), 100u);
}

TEST_F(KeyIndexTest, WithoutRowsTheSameRunsCoverALaterVersion) {
  AddAndPublish(NewEntries(100, 1), 1);
  auto runs = Manifest().runs;
  AddAndPublish({}, 7);
  EXPECT_EQ(Open()->covers(), 7);
  EXPECT_EQ(Manifest().runs, runs);
}

TEST_F(KeyIndexTest, AnIndexOfATableWithoutRowsIsAnIndex) {
  AddAndPublish({}, 0);
  auto index = Open();
  ASSERT_TRUE(index);
  EXPECT_EQ(index->entries(), 0u);
  EXPECT_TRUE(Find(*index, NewEntries(10, 1)).empty());
}

TEST_F(KeyIndexTest, WithoutABaseAllRowsAreReplaced) {
  Entries old = NewEntries(1'000, 1);
  AddAndPublish(old, 1);
  AddAndPublish(NewEntries(1'000, 1), 2);
  KeyIndexUpdate update(*storage_, kTestTable, nullptr);
  Entries all;
  for (uint32_t batch = 0; batch < 20; ++batch) {
    Entries entries = NewEntries(500, batch);
    update.Add(entries);
    all.insert(all.end(), entries.begin(), entries.end());
  }
  std::move(update).Publish(kTestTableId, 3);
  auto index = Open();
  EXPECT_EQ(index->covers(), 3);
  EXPECT_TRUE(Find(*index, old).empty());
  EXPECT_TRUE(Find(*index, Sorted(all)) == Sorted(all));
  // What the batches were merged from is gone; only the runs of the manifest before may be there beside the new ones.
  EXPECT_EQ(RunFiles().size(), Manifest().runs.size() + 2);
}

TEST_F(KeyIndexTest, ManySmallAddsLieInFewRunsAndAreWrittenFewTimes) {
  Entries all;
  uint64_t bytes_written = 0;
  for (uint32_t hour = 1; hour <= 200; ++hour) {
    Entries entries = NewEntries(150, hour);
    all.insert(all.end(), entries.begin(), entries.end());
    auto before = hour == 1 ? KeyManifest() : Manifest();
    AddAndPublish(entries, hour);
    auto after = Manifest();
    for (const auto& run : after.runs) {
      if (std::ranges::find(before.runs, run) == before.runs.end()) bytes_written += run.bytes;
    }
    ASSERT_LE(after.runs.size(), 14u) << "hour " << hour;
    ASSERT_LE(RunFiles().size(), after.runs.size() + before.runs.size()) << "hour " << hour;
  }
  auto index = Open();
  EXPECT_EQ(index->entries(), 30'000u);
  EXPECT_TRUE(Find(*index, Sorted(all)) == Sorted(all));
  EXPECT_LT(bytes_written, 8 * 30'000 * sizeof(KeyEntry));
}

TEST_F(KeyIndexTest, AnotherTableOfTheNameHasNoIndex) {
  AddAndPublish(NewEntries(10, 1), 1);
  EXPECT_TRUE(Open());
  EXPECT_FALSE(KeyIndex::Open(*storage_, kTestTable, "another-id"));
  EXPECT_FALSE(KeyIndex::Open(*storage_, "warehouse.another_fact", kTestTableId));
}

TEST_F(KeyIndexTest, AnIndexWithADamagedOrMissingRunIsNone) {
  AddAndPublish(NewEntries(1'000, 1), 1);
  AddAndPublish(NewEntries(1'000, 2), 2);
  std::string path = KeyRunPath(kTestTable, Manifest().runs[0].name);
  std::string whole = storage_->Read(path);
  std::string flipped = whole;
  flipped[flipped.size() - 20] ^= 1;
  for (const std::string& damaged : {whole.substr(0, whole.size() - 1), whole.substr(0, 100), std::string(), flipped,
                                     whole + "x", std::string(whole.size(), '\0')}) {
    storage_->Write(path, damaged);
    EXPECT_FALSE(Open()) << damaged.size() << " bytes";
  }
  storage_->Write(path, whole);
  EXPECT_TRUE(Open());
  storage_->Remove(path);
  EXPECT_FALSE(Open());
}

TEST_F(KeyIndexTest, AnIndexWithADamagedManifestIsNone) {
  AddAndPublish(NewEntries(10, 1), 1);
  std::string whole = storage_->Read(ManifestPath());
  std::string name = Manifest().runs[0].name;
  auto with = [&](const std::string& from, const std::string& to) {
    std::string text = whole;
    size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const std::string& damaged :
       {std::string(), std::string("garbage"), std::string("null"), std::string("[]"), std::string("{}"),
        std::string(1000, '['), std::string("\xff\xfe\0", 3), whole.substr(0, whole.size() / 2),
        with("\"format\": 1", "\"format\": 2"), with("\"version\": 1", "\"version\": -1"),
        with("\"version\": 1", "\"version\": \"1\""), with("\"entries\": 10", "\"entries\": 11"),
        with("\"entries\": 10", "\"entries\": 18446744073709551615"), with("\"entries\": 10", "\"entries\": 1e3"),
        with(name, "../../../etc/passwd.run"), with(name, "absent.run"), with(name, ""), with(name, ".run"),
        with("\"runs\"", "\"nothing\"")}) {
    storage_->Write(ManifestPath(), damaged);
    EXPECT_FALSE(Open()) << damaged;
  }
  storage_->Write(ManifestPath(), whole);
  EXPECT_TRUE(Open());
}

TEST_F(KeyIndexTest, AnyFlippedByteOfTheManifestIsHarmless) {
  AddAndPublish(NewEntries(10, 1), 1);
  std::string whole = storage_->Read(ManifestPath());
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x01);
    storage_->Write(ManifestPath(), damaged);
    EXPECT_NO_THROW(Open()) << damaged;
  }
}

TEST_F(KeyIndexTest, ADamagedPageIsNoticedByASearchThatLeavesNothingBehind) {
  AddAndPublish(NewEntries(1'000, 1), 1);
  Entries entries = NewEntries(1'000, 2);
  AddAndPublish(entries, 2);
  std::string path = KeyRunPath(kTestTable, Manifest().runs[1].name);
  std::string bytes = storage_->Read(path);
  bytes[900 * sizeof(KeyEntry)] ^= 1;
  storage_->Write(path, bytes);
  auto index = Open();
  ASSERT_TRUE(index);
  Entries found = {{1, 1}};
  EXPECT_FALSE(index->Find(entries, UINT32_MAX, found));
  EXPECT_EQ(found.size(), 1u);
}

TEST_F(KeyIndexTest, AMergeThatMeetsDamageTakesTheIndexAway) {
  for (uint32_t hour = 1; hour <= 7; ++hour) AddAndPublish(NewEntries(1'000, hour), hour);
  std::string path = KeyRunPath(kTestTable, Manifest().runs[3].name);
  std::string bytes = storage_->Read(path);
  bytes[0] ^= 1;
  storage_->Write(path, bytes);
  ASSERT_TRUE(Open());  // The page is not read before it is asked for.
  AddAndPublish(NewEntries(1'000, 8), 8);
  EXPECT_FALSE(Open());
  // The next index begins anew and clears the old one away.
  AddAndPublish(NewEntries(1'000, 8), 8);
  EXPECT_EQ(Open()->entries(), 1'000u);
  EXPECT_EQ(RunFiles().size(), 1u);
}

TEST_F(KeyIndexTest, LeftoversOfUpdatesThatWereNeverPublishedGoWithTheNextOne) {
  AddAndPublish(NewEntries(1'000, 1), 1);
  for (int crash = 0; crash < 5; ++crash) {
    auto base = Open();
    KeyIndexUpdate update(*storage_, kTestTable, &*base);
    update.Add(NewEntries(1'000, 2));
  }
  EXPECT_EQ(RunFiles().size(), 6u);
  AddAndPublish(NewEntries(1'000, 2), 2);
  EXPECT_EQ(RunFiles().size(), 2u);
  EXPECT_EQ(Open()->entries(), 2'000u);
}

TEST_F(KeyIndexTest, AnIoErrorAnywhereLeavesTheOldIndexOrTheNewOne) {
  for (uint32_t hour = 1; hour <= 7; ++hour) AddAndPublish(NewEntries(20, hour), hour);
  std::string folder = storage_->Url(KeyIndexFolder(kTestTable));
  std::string kept = root_ + "/kept";
  std::filesystem::copy(folder, kept);
  for (const char* kind : {"EIO", "ENOSPC", "SHORT", "EIO_AFTER"}) {
    for (int call = 1;; ++call) {
      std::filesystem::remove_all(folder);
      std::filesystem::copy(kept, folder);
      storage::FaultyStorage faulty(storage::OpenLocalStorage(root_),
                                    storage::ParseFault(fmt::format("any:{}:{}", call, kind)));
      std::string error;
      try {
        auto base = KeyIndex::Open(faulty, kTestTable, kTestTableId);
        KeyIndexUpdate update(faulty, kTestTable, base ? &*base : nullptr);
        update.Add(NewEntries(20, 8));  // The eighth run: all are merged.
        std::move(update).Publish(kTestTableId, 8);
      } catch (const base::Error& failure) {
        error = failure.message();
      }
      auto index = Open();
      ASSERT_TRUE(index) << error;
      EXPECT_EQ(index->entries(), index->covers() == 8 ? 160u : 140u) << kind << " " << call << ": " << error;
      if (!faulty.fired()) {
        EXPECT_GT(call, 8);
        EXPECT_EQ(index->covers(), 8);
        break;
      }
      EXPECT_NE(error, "") << kind << " " << call;
    }
  }
}

TEST_F(KeyIndexTest, ReadersKeepWhatTheyOpenedWhileUpdatesArePublished) {
  constexpr uint32_t kHours = 60;
  std::vector<Entries> batches;
  for (uint32_t hour = 1; hour <= kHours; ++hour) batches.push_back(NewEntries(300, hour));
  AddAndPublish(batches[0], 1);
  std::atomic<bool> is_done = false;
  auto read = [&] {
    auto storage = storage::OpenLocalStorage(root_);
    auto oldest = KeyIndex::Open(*storage, kTestTable, kTestTableId);
    ASSERT_TRUE(oldest);
    uint64_t entries_of_oldest = oldest->entries();
    delta::Version last = 0;
    while (!is_done) {
      auto index = KeyIndex::Open(*storage, kTestTable, kTestTableId);
      ASSERT_TRUE(index);
      ASSERT_GE(index->covers(), last);
      last = index->covers();
      ASSERT_EQ(index->entries(), static_cast<uint64_t>(last) * 300);
      for (size_t hour = 0; hour < static_cast<size_t>(last); ++hour) {
        ASSERT_TRUE(Find(*index, batches[hour]) == batches[hour]) << last;
      }
      ASSERT_EQ(oldest->entries(), entries_of_oldest);
      ASSERT_TRUE(Find(*oldest, batches[0]) == batches[0]);
    }
  };
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  for (uint32_t hour = 2; hour <= kHours; ++hour) AddAndPublish(batches[hour - 1], hour);
  is_done = true;
}

// Random histories against a std::map. QLAKE_SEED=N replays one, QLAKE_ROUNDS=N asks for more of them.
TEST_F(KeyIndexTest, ARandomHistoryGivesTheIndexThatAMapGives) {
  const char* given_rounds = std::getenv("QLAKE_ROUNDS");
  uint64_t seed = base::TestSeed();
  int rounds = given_rounds != nullptr ? std::atoi(given_rounds) : 3;
  for (int round = 0; round < rounds; ++round, ++seed) {
    SCOPED_TRACE(fmt::format("QLAKE_SEED={}", seed));
    std::mt19937_64 random(seed);
    // Few keys, some of them alike in their first half, so that they come again in many files.
    Entries keys = NewEntries(400, 0);
    for (size_t i = 1; i < keys.size(); i += 3) keys[i].key_high = keys[i - 1].key_high;
    std::map<std::pair<uint64_t, uint64_t>, Entries> rows;
    delta::Version version = 0;
    for (uint32_t seq = 1; seq <= 60; ++seq) {
      auto base = Open();
      bool replaces = !base || random() % 25 == 0;
      if (replaces) rows.clear();
      KeyIndexUpdate update(*storage_, kTestTable, replaces ? nullptr : &*base);
      Entries written;
      for (uint64_t adds = random() % 4; adds > 0; --adds) {
        Entries entries;
        for (uint64_t count = random() % (random() % 10 == 0 ? 9'000 : 300); count > 0; --count) {
          KeyEntry entry = keys[random() % keys.size()];
          entry.content = random();
          entry.seq = seq;
          entry.line = static_cast<uint32_t>(random());
          entries.push_back(entry);
        }
        SortEntries(entries);
        update.Add(entries);
        written.insert(written.end(), entries.begin(), entries.end());
      }
      if (random() % 5 == 0 && !replaces) continue;  // A crash before the publication.
      std::move(update).Publish(kTestTableId, ++version);
      for (const auto& entry : written) rows[{entry.key_high, entry.key_low}].push_back(entry);

      auto index = Open();
      ASSERT_TRUE(index);
      ASSERT_EQ(index->covers(), version);
      uint32_t seq_max = random() % 2 == 0 ? UINT32_MAX : static_cast<uint32_t>(random() % (seq + 1));
      Entries probes;
      for (uint64_t count = random() % 50; count > 0; --count) probes.push_back(keys[random() % keys.size()]);
      if (random() % 2 == 0) probes.push_back(NewEntries(1, 0).front());
      probes = Sorted(probes);
      std::map<std::pair<uint64_t, uint64_t>, bool> probed;
      for (const auto& probe : probes) probed[{probe.key_high, probe.key_low}] = true;
      Entries expected;
      for (const auto& [key, entries] : rows) {
        if (!probed.contains(key)) continue;
        for (const auto& entry : entries) {
          if (entry.seq <= seq_max) expected.push_back(entry);
        }
      }
      Entries found = Find(*index, probes, seq_max);
      ASSERT_TRUE(std::ranges::is_sorted(found, KeyEntryOrder()));
      // Lines are random, so two entries may differ in their content only.
      auto in_full = [](const KeyEntry& a, const KeyEntry& b) {
        return KeyEntryOrder()(a, b) || (!KeyEntryOrder()(b, a) && a.content < b.content);
      };
      std::ranges::sort(found, in_full);
      std::ranges::sort(expected, in_full);
      ASSERT_TRUE(found == expected) << found.size() << " of " << expected.size() << " at seq " << seq;
    }
    storage_->Remove(ManifestPath());
  }
}

// What a killed child of the next test does: a second update in the folder that the environment names.
TEST(KeyIndexCrashChild, DISABLED_PublishesASecondUpdate) {
  const char* root = std::getenv("QLAKE_TEST_INDEX_ROOT");
  ASSERT_NE(root, nullptr) << "only run by KeyIndexTest.AKilledUpdateLeavesTheOldIndexOrTheNewOne";
  auto storage = storage::OpenLocalStorage(root);
  auto base = KeyIndex::Open(*storage, kTestTable, kTestTableId);
  KeyIndexUpdate update(*storage, kTestTable, &*base);
  update.Add(std::vector<KeyEntry>{{1, 1, 1, 2, 1}});
  std::move(update).Publish(kTestTableId, 2);
}

TEST_F(KeyIndexTest, AKilledUpdateLeavesTheOldIndexOrTheNewOne) {
  struct Case {
    const char* label;
    delta::Version covers;
  };
  for (const Case& crash : {Case{"index.before_manifest", 1}, Case{"index.after_manifest", 2}}) {
    KeyIndexUpdate fresh(*storage_, kTestTable, nullptr);
    fresh.Add(NewEntries(100, 1));
    std::move(fresh).Publish(kTestTableId, 1);
    std::string command = fmt::format(
        "QLAKE_CRASH_AT={} QLAKE_TEST_INDEX_ROOT={} {} --gtest_also_run_disabled_tests "
        "--gtest_filter=KeyIndexCrashChild.* >/dev/null 2>&1",
        crash.label, root_, std::filesystem::read_symlink("/proc/self/exe").string());
    int status = std::system(command.c_str());
    ASSERT_EQ(WEXITSTATUS(status), 128 + 9) << crash.label;
    auto index = Open();
    ASSERT_TRUE(index) << crash.label;
    EXPECT_EQ(index->covers(), crash.covers);
    EXPECT_EQ(index->entries(), crash.covers == 1 ? 100u : 101u);
    AddAndPublish({}, 3);
    AddAndPublish({}, 4);
    EXPECT_EQ(RunFiles().size(), Manifest().runs.size()) << crash.label;
  }
}

}  // namespace
}  // namespace qlake::lake
