// Tables that other engines wrote, through the binary: the rows that their writers read are the rows that we read.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "support/foreign_engines.h"
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

class ForeignTableTest : public LakeTest {
 protected:
  // FOLDER/NAME is a table, NAME.json or NAME.vVERSION.json are its rows as its writer reads them. Returns the names.
  Rows WriteTables(ForeignEngine engine, const std::string& script, std::vector<std::string> arguments) const {
    arguments.push_back(folder());
    auto written = RunScript(engine, script, arguments);
    EXPECT_EQ(written.exit_code, 0) << written.out << written.err;
    Rows names;
    for (const auto& entry : fs::directory_iterator(folder())) {
      if (entry.path().extension() == ".json") names.push_back(entry.path().stem());
    }
    return names;
  }
  void ExpectItsWritersRows(std::string name) const {
    SCOPED_TRACE(name);
    std::string rows = ReadFile(folder() + "/" + name + ".json");
    std::string version;
    if (size_t point = name.find(".v"); point != std::string::npos) {
      version = name.substr(point + 2);
      name.resize(point);
    }
    auto answer = Select(fs::path(folder()) / name, version);
    ASSERT_EQ(answer.exit_code, 0) << answer.err;
    EXPECT_EQ(Sorted(base::Json::parse(answer.out)), Sorted(base::Json::parse(rows)));
  }
};

#define SKIP_WITHOUT(engine) \
  if (std::string missing = MissingInstallation(engine); !missing.empty()) GTEST_SKIP() << missing

TEST_F(ForeignTableTest, WhatAProtocolOfSparkCanAskOfAReaderIsRead) {
  SKIP_WITHOUT(ForeignEngine::kSpark);
  auto names = WriteTables(ForeignEngine::kSpark, "spark_tables.py", {"features"});
  EXPECT_EQ(names.size(), 14U);
  for (const auto& name : names) ExpectItsWritersRows(name);

  auto refused = Select(folder() + "/variant");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.out, "");
  EXPECT_NE(refused.err.find("variantType"), std::string::npos) << refused.err;
}

TEST_F(ForeignTableTest, WhatStatementsOfSparkLeaveIsRead) {
  SKIP_WITHOUT(ForeignEngine::kSpark);
  auto names = WriteTables(ForeignEngine::kSpark, "spark_tables.py", {"statements"});
  EXPECT_EQ(names.size(), 23U);
  for (const auto& name : names) ExpectItsWritersRows(name);
}

TEST_F(ForeignTableTest, WhatDeltalakeWritesIsRead) {
  SKIP_WITHOUT(ForeignEngine::kDeltalake);
  auto names = WriteTables(ForeignEngine::kDeltalake, "deltalake_tables.py", {});
  EXPECT_GE(names.size(), 8U);
  for (const auto& name : names) ExpectItsWritersRows(name);
}

}  // namespace
}  // namespace qlake::testing
