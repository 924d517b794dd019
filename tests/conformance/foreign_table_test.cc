// Tables that other engines wrote, through the binary: the rows that their writers read are the rows that we read.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;
using Rows = std::vector<std::string>;

Rows Sorted(const base::Json& rows) {
  Rows texts;
  for (const auto& row : rows) texts.push_back(row.dump());
  std::ranges::sort(texts);
  return texts;
}

ProcessResult Select(const fs::path& table, const std::string& as_of = "") {
  std::vector<std::string> command = {"sql", "--table", table, "SELECT * FROM t", "--format", "json", "--limit", "0"};
  if (!as_of.empty()) command.insert(command.end(), {"--as-of", as_of});
  return Qlake(command);
}

// tests/conformance/spark/NAME is a table, NAME.json or NAME.vVERSION.json are its rows as Spark reads them.
TEST(SparkTableTest, EveryTableHasTheRowsThatSparkReads) {
  fs::path folder = fs::path(QLAKE_REPOSITORY) / "tests/conformance/spark";
  int compared = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    std::string name = entry.path().stem();
    std::string version;
    if (size_t point = name.find(".v"); point != std::string::npos) {
      version = name.substr(point + 2);
      name.resize(point);
    }
    SCOPED_TRACE(entry.path().filename().string());
    auto answer = Select(folder / name, version);
    ASSERT_EQ(answer.exit_code, 0) << answer.err;
    EXPECT_EQ(Sorted(base::Json::parse(answer.out)), Sorted(base::Json::parse(ReadFile(entry.path()))));
    ++compared;
  }
  EXPECT_EQ(compared, 14);
}

TEST(SparkTableTest, WhatIsNotSupportedIsRefusedByNameBeforeARowIsRead) {
  auto answer = Select(fs::path(QLAKE_REPOSITORY) / "tests/conformance/spark/variant");
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_EQ(answer.out, "");
  EXPECT_NE(answer.err.find("variantType"), std::string::npos) << answer.err;
}

class DeltalakeTableTest : public LakeTest {
 protected:
  void SetUp() override {
    std::ifstream python(QLAKE_PYTHON);
    if (!python) GTEST_SKIP() << "SKIPPED: no Python writers here, run scripts/install.sh --test: " << QLAKE_PYTHON;
  }
};

TEST_F(DeltalakeTableTest, EveryTableHasTheRowsThatItsWriterReads) {
  auto written =
      RunProgram({QLAKE_PYTHON, std::string(QLAKE_REPOSITORY) + "/tests/conformance/write_tables.py", folder()});
  ASSERT_EQ(written.exit_code, 0) << written.err;
  int compared = 0;
  for (const auto& entry : fs::directory_iterator(folder())) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename().string());
    auto answer = Select(fs::path(entry.path()).replace_extension());
    ASSERT_EQ(answer.exit_code, 0) << answer.err;
    EXPECT_EQ(Sorted(base::Json::parse(answer.out)), Sorted(base::Json::parse(ReadFile(entry.path()))));
    ++compared;
  }
  EXPECT_EQ(compared, 7);
}

}  // namespace
}  // namespace qlake::testing
