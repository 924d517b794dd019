#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <vector>

#include "lake/key_index_update.h"

namespace qlake::lake {

inline constexpr const char* kTestTable = "warehouse.sales_transactions_fact";
inline constexpr const char* kTestTableId = "6f1c0a4e";

// A lake of its own for a test of the key index, and entries to put into it.
class KeyTestLake : public ::testing::Test {
 protected:
  KeyTestLake() {
    std::string pattern = (std::filesystem::temp_directory_path() / "qlake_keys_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    storage_ = storage::OpenLocalStorage(root_);
  }
  ~KeyTestLake() override { std::filesystem::remove_all(root_); }

  using Entries = std::vector<KeyEntry>;

  // Entries of keys that occur nowhere else, sorted.
  Entries NewEntries(size_t count, uint32_t seq) {
    Entries entries;
    for (size_t i = 0; i < count; ++i)
      entries.push_back({random_(), random_(), random_(), seq, static_cast<uint32_t>(i)});
    return Sorted(std::move(entries));
  }
  static Entries Sorted(Entries entries) {
    std::ranges::sort(entries, KeyEntryOrder());
    return entries;
  }

  std::optional<KeyIndex> Open() const { return KeyIndex::Open(*storage_, kTestTable, kTestTableId); }

  // Adds the entries to the index that there is, or makes one, for a version of the table.
  void AddAndPublish(const Entries& entries, delta::Version version) {
    auto base = Open();
    KeyIndexUpdate update(*storage_, kTestTable, base ? &*base : nullptr);
    update.Add(entries);
    std::move(update).Publish(kTestTableId, version);
  }

  static Entries Find(const KeyIndex& index, const Entries& probes, uint32_t seq_max = UINT32_MAX) {
    Entries found;
    EXPECT_TRUE(index.Find(probes, seq_max, found));
    return found;
  }

  // Files of the index, the manifest not counted.
  std::vector<std::string> RunFiles() const {
    std::vector<std::string> paths;
    for (const auto& file : storage_->List(KeyIndexFolder(kTestTable))) {
      if (file.path.ends_with(kKeyRunEnding)) paths.push_back(file.path);
    }
    return paths;
  }

  std::string root_;
  std::unique_ptr<storage::Storage> storage_;
  std::mt19937_64 random_{20230520};
};

}  // namespace qlake::lake
