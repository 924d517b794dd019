#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "base/test_seed.h"
#include "delta/action_json.h"
#include "delta/checkpoint.h"
#include "delta/deleted_rows.h"
#include "delta/test_table.h"
#include "parquet/table_codec.h"

// Bytes of a table's log are changed, removed, doubled or cut off. A log of ours then is an error or the rows that were
// written; any other's is an error or some rows, and never a crash. QLAKE_ROUNDS asks for more than the short form.
namespace qlake::delta {
namespace {

int Rounds(int by_default) {
  const char* given = std::getenv("QLAKE_ROUNDS");
  return given != nullptr ? std::atoi(given) : by_default;
}

class LogFuzzTest : public ::testing::Test {
 protected:
  LogFuzzTest() : random_(static_cast<unsigned>(base::TestSeed())) {}

  size_t Below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random_); }

  // One place of the bytes is not as it was.
  std::string Garble(const std::string& whole) {
    std::string bytes = whole;
    size_t at = Below(bytes.size());
    switch (Below(6)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << Below(8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(Below(256));
        break;
      case 2:
        bytes.erase(at, 1 + Below(4));
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, 1 + Below(40)));
        break;
      case 4:
        bytes.resize(at);
        break;
      case 5:  // A letter or a digit for another: what JSON would not notice.
        at = bytes.find_first_of("abcdefghijklmnopqrstuvwxyz0123456789", at);
        if (at != std::string::npos) bytes[at] = bytes[at] <= '9' ? static_cast<char>('0' + Below(10)) : 'x';
        break;
    }
    return bytes;
  }

  std::mt19937 random_;
};

// All that a reader of rows takes from a snapshot.
std::string RowsOf(const Snapshot& snapshot) {
  std::string text = FormatAction(snapshot.protocol()) + FormatAction(snapshot.metadata());
  for (const auto& [path, file] : snapshot.files()) text += FormatAction(file) + "\n";
  return text;
}

// Nothing when the log is refused.
std::optional<std::string> TryToLoad(const storage::Storage& storage, std::optional<Version> version = std::nullopt) {
  try {
    auto snapshot = Snapshot::Load(storage, "t", version);
    return snapshot ? std::optional(RowsOf(*snapshot)) : std::nullopt;
  } catch (const base::Error& error) {
    EXPECT_FALSE(error.message().empty());
    return std::nullopt;
  }
}

void WriteTableOfOurs(TestTable& table) {
  table.Create();
  for (int i = 0; i < 8; ++i) {
    Transaction append = table.Begin();
    std::string city = i % 2 == 0 ? "Oslo" : "Bergen";
    AddFile file = table.NewFile(fmt::format("city={}/{}", city, i), {{"city", city}});
    file.tags = {{"qlake.columns", "1"}};
    append.Stage(file);
    append.Stage(SetTransaction{.app_id = "a", .version = i});
    if (i == 5) append.Stage(TestTable::Removal(table.Load().files().at("city=Oslo/0")));
    static_cast<void>(std::move(append).Commit(TestTable::Clock(), {.checkpoint_interval = 4}));
  }
}

TEST_F(LogFuzzTest, ALogOfOursIsRefusedOrReadsAsItWasWritten) {
  TestTable table;
  WriteTableOfOurs(table);
  const std::string rows = RowsOf(table.Load());
  int refused = 0;
  int rounds = Rounds(500);
  std::vector<storage::Entry> log = table.storage().List("t/_delta_log");
  for (int round = 0; round < rounds; ++round) {
    const storage::Entry& file = log[Below(log.size())];
    std::string whole = table.storage().Read(file.path);
    table.storage().Write(file.path, Garble(whole));
    auto found = TryToLoad(table.storage());
    ASSERT_TRUE(!found || *found == rows) << file.path << ", round " << round << "\n" << *found;
    refused += found ? 0 : 1;
    table.storage().Write(file.path, whole);
  }
  EXPECT_GT(refused, rounds / 20);
}

TEST_F(LogFuzzTest, DamageToACommitOfOursIsNoticedWhateverItHits) {
  TestTable table;
  WriteTableOfOurs(table);
  const std::string path = CommitPath("t", 7);
  const std::string whole = table.storage().Read(path);
  const std::string rows = RowsOf(table.Load(7));
  for (size_t at = 0; at < whole.size(); at += 2) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    std::string doubled = whole;
    doubled.insert(at, 1, whole[at]);
    std::string removed = whole;
    removed.erase(at, 1);
    for (const std::string& bytes : {changed, doubled, removed, whole.substr(0, at)}) {
      table.storage().Write(path, bytes);
      auto found = TryToLoad(table.storage(), 7);
      ASSERT_TRUE(!found || *found == rows) << "byte " << at << "\n" << bytes;
    }
  }
}

// Commits, checkpoints of each kind and sidecars without a seal, as others write them.
TEST_F(LogFuzzTest, AnotherWritersLogIsRefusedOrRead) {
  TestTable table;
  WriteTableOfOurs(table);
  Snapshot snapshot = table.Load();
  std::string lines = std::string(kProtocolLine) + FormatAction(snapshot.metadata()) + "\n" +
                      R"({"add":{"path":"a%20b","partitionValues":{"city":null},"size":7,"modificationTime":1,)"
                      R"("dataChange":true,"stats":"{}","tags":{"k":"v"},"deletionVector":{"storageType":"i",)"
                      R"("pathOrInlineDv":"wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L","sizeInBytes":40,)"
                      R"("cardinality":6}}})" +
                      "\n" + R"({"remove":{"path":"z","deletionTimestamp":5,"partitionValues":{},"size":1}})" + "\n" +
                      R"({"txn":{"appId":"x","version":7,"lastUpdated":8}})" + "\n";
  std::string checkpoint = parquet::EncodeTable(*BuildCheckpoint(snapshot, 0));
  // Its seal is not found under another name of the same length.
  for (size_t at = 0; (at = checkpoint.find("qlake.seal", at)) != std::string::npos;)
    checkpoint.replace(at, 5, "klake");
  struct Target {
    std::string name;
    std::string bytes;
  };
  const std::string uuid = "80a083e8-7026-4e79-81be-64bd76c43a11";
  const std::string sidecar = R"({"sidecar":{"path":"s.parquet","sizeInBytes":1,"modificationTime":1}})";
  const std::vector<std::vector<Target>> layouts = {
      {{"00000000000000000000.json", lines}},
      {{"00000000000000000001.checkpoint.parquet", checkpoint}},
      {{"00000000000000000001.checkpoint." + uuid + ".json", lines + sidecar + "\n"},
       {"_sidecars/s.parquet", checkpoint}},
      {{"_last_checkpoint", R"({"version":1,"size":5,"parts":2,"checksum":"x"})"},
       {"00000000000000000000.json", lines}},
  };
  int rounds = Rounds(500);
  int read = 0;
  for (int round = 0; round < rounds; ++round) {
    TestTable other;
    const auto& layout = layouts[Below(layouts.size())];
    size_t garbled = Below(layout.size());
    for (size_t i = 0; i < layout.size(); ++i) {
      other.WriteLog(layout[i].name, i == garbled ? Garble(layout[i].bytes) : layout[i].bytes);
    }
    read += TryToLoad(other.storage()) ? 1 : 0;
  }
  EXPECT_GT(read, 0);
  EXPECT_LT(read, rounds);
}

TEST_F(LogFuzzTest, DeletedRowsAreRefusedOrRead) {
  const std::string portable = [] {
    std::string bytes("\xd1\xd3\x39\x64\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 16);
    bytes += std::string("\x3a\x30\x00\x00\x01\x00\x00\x00\x00\x00\x02\x00\x10\x00\x00\x00", 16);
    bytes += std::string("\x03\x00\x07\x00\x0b\x00", 6);
    return bytes;
  }();
  ASSERT_EQ(DeletedRows::Parse(portable, "rows").size(), 3u);
  int rounds = Rounds(5000);
  int refused = 0;
  for (int round = 0; round < rounds; ++round) {
    try {
      DeletedRows rows = DeletedRows::Parse(Garble(portable), "rows");
      EXPECT_LT(rows.size(), 1u << 20);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::kCorrupt) << error.message();
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace qlake::delta
