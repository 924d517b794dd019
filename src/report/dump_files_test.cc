#include "report/dump_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"

namespace qlake::report {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHeader = "sales_agent_name,product_name,total_sold_units\n";

class DumpFilesTest : public ::testing::Test {
 protected:
  DumpFilesTest() {
    char path[] = "/tmp/qlake_dump_XXXXXX";
    folder_ = mkdtemp(path);
    request_.folder = folder_ / "b2b";
    request_.date = *base::ParseDate("2023-05-20");
    request_.versions = {{"marts.agent_product_sales_daily", 7}};
    request_.as_of = *base::ParseTimestamp("2023-05-21T01:00:00Z");
    request_.run_id = "run-1";
  }
  ~DumpFilesTest() override { fs::remove_all(folder_); }

  fs::path Csv() const { return folder_ / "b2b/b2b_sales_2023-05-20.csv"; }
  fs::path Manifest() const { return folder_ / "b2b/b2b_sales_2023-05-20.manifest.json"; }

  static std::string Read(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  static void Put(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

  DumpReport Write(const std::string& lines, int64_t left_out = 0) {
    int64_t rows = static_cast<int64_t>(std::count(lines.begin(), lines.end(), '\n'));
    return WriteDumpFiles({kHeader + lines, rows, left_out}, request_);
  }
  // What a reader checks before it takes the CSV.
  bool IsFinished() const {
    auto manifest = base::Json::parse(Read(Manifest()), nullptr, false);
    return manifest.is_object() && manifest["sha256"] == base::Sha256Hex(Read(Csv()));
  }
  // Whatever is not one of the two files.
  std::vector<std::string> OtherFiles() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / "b2b")) {
      if (entry.path() != Csv() && entry.path() != Manifest()) names.push_back(entry.path().filename());
    }
    return names;
  }

  fs::path folder_;
  DumpRequest request_;
};

TEST_F(DumpFilesTest, TheManifestDescribesTheCsv) {
  DumpReport report = Write("Zoe,Shirt,5\n", 3);
  EXPECT_TRUE(report.is_first);
  EXPECT_FALSE(report.unchanged);
  EXPECT_EQ(report.csv_path, Csv());
  EXPECT_EQ(Read(Csv()), std::string(kHeader) + "Zoe,Shirt,5\n");
  auto manifest = base::Json::parse(Read(Manifest()));
  EXPECT_EQ(manifest["date"], "2023-05-20");
  EXPECT_EQ(manifest["file"], "b2b_sales_2023-05-20.csv");
  EXPECT_EQ(manifest["rows"], 1);
  EXPECT_EQ(manifest["bytes"], fs::file_size(Csv()));
  EXPECT_EQ(manifest["online_sales_left_out"], 3);
  EXPECT_EQ(manifest["as_of"], "2023-05-21T01:00:00.000000Z");
  EXPECT_EQ(manifest["versions"]["marts.agent_product_sales_daily"], 7);
  EXPECT_EQ(manifest["run_id"], "run-1");
  EXPECT_TRUE(IsFinished());
  EXPECT_TRUE(OtherFiles().empty());
}

TEST_F(DumpFilesTest, TheSameContentIsLeftAlone) {
  Write("Zoe,Shirt,5\n");
  auto csv_time = fs::last_write_time(Csv());
  std::string manifest = Read(Manifest());
  request_.run_id = "run-2";
  DumpReport report = Write("Zoe,Shirt,5\n");
  EXPECT_TRUE(report.unchanged);
  EXPECT_EQ(fs::last_write_time(Csv()), csv_time);
  EXPECT_EQ(Read(Manifest()), manifest);
}

TEST_F(DumpFilesTest, OtherContentReplacesBothFilesAndIsTold) {
  Write("Adam,Shirt,2\nZoe,Boots,1\nZoe,Shirt,5\n");
  DumpReport report = Write("Adam,Shirt,3\nZoe,Hat,1\nZoe,Shirt,5\nZoe,Skirt,1\n");
  EXPECT_FALSE(report.is_first);
  EXPECT_EQ(report.rows_changed, 1);
  EXPECT_EQ(report.rows_added, 2);
  EXPECT_EQ(report.rows_removed, 1);
  EXPECT_TRUE(IsFinished());
}

TEST_F(DumpFilesTest, AnOnlineSaleMoreIsANewManifestForTheSameCsv) {
  Write("Zoe,Shirt,5\n", 3);
  DumpReport report = Write("Zoe,Shirt,5\n", 4);
  EXPECT_FALSE(report.unchanged);
  EXPECT_EQ(base::Json::parse(Read(Manifest()))["online_sales_left_out"], 4);
}

TEST_F(DumpFilesTest, ACrashBetweenTheFilesShowsAndIsHealed) {
  Write("Zoe,Shirt,5\n");
  std::string old_manifest = Read(Manifest());
  Write("Zoe,Shirt,6\n");
  Put(Manifest(), old_manifest);  // As a crash after the CSV leaves it.
  EXPECT_FALSE(IsFinished());
  EXPECT_EQ(DumpedDates(request_.folder), std::vector<base::Date>{request_.date}) << "so that a run issues it again";
  EXPECT_FALSE(Write("Zoe,Shirt,6\n").unchanged);
  EXPECT_TRUE(IsFinished());
}

TEST_F(DumpFilesTest, ACrashBeforeTheFirstManifestIsHealed) {
  Write("Zoe,Shirt,5\n");
  fs::remove(Manifest());
  EXPECT_FALSE(Write("Zoe,Shirt,5\n").unchanged);
  EXPECT_TRUE(IsFinished());
}

TEST_F(DumpFilesTest, DamagedFilesAreHealed) {
  for (const std::string manifest : {"", "{", "[]", "{\"sha256\":1}"}) {
    Write("Zoe,Shirt,5\n");
    Put(Manifest(), manifest);
    EXPECT_FALSE(Write("Zoe,Shirt,5\n").unchanged) << manifest;
    EXPECT_TRUE(IsFinished());
  }
  Put(Csv(), "sales_agent_name,prod");
  EXPECT_FALSE(Write("Zoe,Shirt,5\n").unchanged);
  EXPECT_TRUE(IsFinished());
}

TEST_F(DumpFilesTest, AnErrorLeavesTheOldFilesWhole) {
  Write("Zoe,Shirt,5\n");
  setenv("QLAKE_STORAGE_FAULT", "replace:1:ENOSPC", 1);
  EXPECT_THROW(Write("Zoe,Shirt,6\n"), base::Error);
  unsetenv("QLAKE_STORAGE_FAULT");
  EXPECT_EQ(Read(Csv()), std::string(kHeader) + "Zoe,Shirt,5\n");
  EXPECT_TRUE(IsFinished());
}

TEST_F(DumpFilesTest, OnlyCsvsOfDatesAreDumpedDates) {
  EXPECT_TRUE(DumpedDates(folder_ / "absent").empty());
  Write("Zoe,Shirt,5\n");
  request_.date = *base::ParseDate("2022-01-01");
  Write("Zoe,Shirt,5\n");
  for (const char* name :
       {"b2b_sales_.csv", "b2b_sales_2023-02-30.csv", "b2b_sales.csv", "notes.txt", ".qlake-put-1"}) {
    Put(folder_ / "b2b" / name, "");
  }
  EXPECT_EQ(DumpedDates(request_.folder),
            (std::vector<base::Date>{*base::ParseDate("2022-01-01"), *base::ParseDate("2023-05-20")}));
}

TEST(CompareDumpsTest, RecordsAreAMultisetAndMayHoldLineFeeds) {
  std::string before = std::string(kHeader) + "Zoe,Boots,1\nZoe,Boots,1\n\"A\nB\",Hat,2\n";
  std::string after = std::string(kHeader) + "Zoe,Boots,1\n\"A\nB\",Hat,3\n";
  DumpChange change = CompareDumps(before, after);
  EXPECT_EQ(change.added, 0);
  EXPECT_EQ(change.removed, 1);
  EXPECT_EQ(change.changed, 1);
}

}  // namespace
}  // namespace qlake::report
