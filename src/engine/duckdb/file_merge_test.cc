#include "engine/duckdb/file_merge.h"

#include "engine/duckdb/test_lake.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;

class FileMergeTest : public LakeTest {
 protected:
  static TableTarget Target() {
    return {"warehouse/sales",
            {{"id", {Kind::kString}},
             {"units", {Kind::kInteger}},
             {"price", {Kind::kDecimal, 18, 4}},
             {"at", {Kind::kTimestamp}},
             {"hash", {Kind::kBinary}},
             {"street", {Kind::kString}, true},
             {"day", {Kind::kDate}}},
            {"day"},
            "Sales."};
  }

  static std::string Row(const std::string& id, const std::string& day) {
    return "SELECT '" + id +
           "' AS id, CAST(NULL AS INTEGER) AS units, CAST(10.5 AS DECIMAL(18,4)) AS price, "
           "TIMESTAMPTZ '2023-05-20 14:03:07.000001+00' AS at, 'x'::BLOB AS hash, '1 A St' AS street, " +
           day + " AS day";
  }

  // Two rows a commit, one of each day, in an order that is none.
  void Fill(int commits) {
    for (int i = 0; i < commits; ++i) {
      TableChange change;
      std::string id = std::to_string((i * 7) % commits);
      change.insert_sql = Row("a" + id, "DATE '2023-05-20'") + " UNION ALL " + Row("b" + id, "CAST(NULL AS DATE)");
      Apply(Target(), change);
    }
  }

  static FileMerge MergeAll(const delta::Snapshot& snapshot) {
    FileMerge merge;
    for (const auto& [path, file] : snapshot.files()) merge.paths.push_back(path);
    merge.sort_by = {"id"};
    merge.bytes_max = 1 << 20;
    return merge;
  }
};

TEST_F(FileMergeTest, EveryPartitionBecomesOneFileOfTheSameRowsInOrder) {
  Fill(5);
  auto snapshot = *Load(Target());
  auto merged = database_->MergeFiles(snapshot, MergeAll(snapshot), base::SystemClock());
  EXPECT_EQ(merged.before.rows, 10);
  EXPECT_EQ(merged.before, merged.after);
  ASSERT_EQ(merged.files.size(), 2u);
  auto before = Rows("SELECT * FROM t.t ORDER BY id");
  delta::Transaction transaction(*storage_, Target().path, snapshot);
  for (const auto& [path, file] : snapshot.files()) {
    transaction.Stage(delta::RemoveFile{.path = path, .data_change = false, .partition_values = file.partition_values});
  }
  for (const auto& file : merged.files) {
    EXPECT_FALSE(file.data_change);
    EXPECT_EQ(file.stats.find("1 A St"), std::string::npos) << "a personal column has no statistics";
    transaction.Stage(file);
  }
  EXPECT_TRUE(std::holds_alternative<delta::Committed>(std::move(transaction).Commit(base::SystemClock(), {})));
  database_->DefineTable("t.t", *Load(Target()));
  EXPECT_EQ(Rows("SELECT * FROM t.t ORDER BY id"), before);
  EXPECT_EQ(Rows("SELECT id FROM t.t WHERE day = DATE '2023-05-20'"),
            (std::vector<std::string>{"a0", "a1", "a2", "a3", "a4"}));
}

TEST_F(FileMergeTest, RowsThatNobodyWantsSortedStayAsTheyStand) {
  Fill(5);
  auto snapshot = *Load(Target());
  auto merge = MergeAll(snapshot);
  merge.sort_by.clear();
  std::vector<std::string> expected;
  for (const auto& path : merge.paths) {
    for (const auto& id : Rows("SELECT id FROM read_parquet('" + storage_->Url(Target().path + "/" + path) + "')")) {
      if (id.starts_with("a")) expected.push_back(id);
    }
  }
  auto merged = database_->MergeFiles(snapshot, merge, base::SystemClock());
  EXPECT_EQ(merged.before, merged.after);
  ASSERT_EQ(merged.files.size(), 2u);
  std::vector<std::string> found;
  for (const auto& file : merged.files) {
    for (const auto& id :
         Rows("SELECT id FROM read_parquet('" + storage_->Url(Target().path + "/" + file.path) + "')")) {
      if (id.starts_with("a")) found.push_back(id);
    }
  }
  EXPECT_EQ(found, expected);
}

TEST_F(FileMergeTest, TheDigestTellsRowsApartAndNotTheirOrderOrFiles) {
  Fill(4);
  auto snapshot = *Load(Target());
  std::vector<std::string> paths = MergeAll(snapshot).paths;
  auto all = database_->DigestFiles(snapshot, paths);
  std::reverse(paths.begin(), paths.end());
  EXPECT_EQ(database_->DigestFiles(snapshot, paths), all);
  std::vector<std::string> fewer(paths.begin(), paths.end() - 1);
  EXPECT_NE(database_->DigestFiles(snapshot, fewer), all);
  EXPECT_EQ(database_->DigestFiles(snapshot, {}).rows, 0);
  TableChange change;
  change.insert_sql = Row("a0", "DATE '2023-05-20'");
  Apply(Target(), change);
  auto grown = *Load(Target());
  auto with_a_copy = database_->DigestFiles(grown, MergeAll(grown).paths);
  EXPECT_EQ(with_a_copy.rows, all.rows + 1);
  EXPECT_NE(with_a_copy.sum, all.sum);
}

TEST_F(FileMergeTest, AColumnToSortByMustBeTheTables) {
  Fill(2);
  auto snapshot = *Load(Target());
  auto merge = MergeAll(snapshot);
  merge.sort_by = {"no_such_column"};
  ExpectError(base::ErrorKind::kInput, "no_such_column",
              [&] { database_->MergeFiles(snapshot, merge, base::SystemClock()); });
}

}  // namespace
}  // namespace qlake::engine
