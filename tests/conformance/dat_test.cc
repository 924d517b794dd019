// The Delta acceptance tests, through the binary: every version of every table that they have expected rows of.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/duckdb/database.h"
#include "storage/storage.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;
using Rows = std::vector<std::string>;

// Timestamps of old Parquet files do not say that they are moments.
std::string WithoutZone(const std::string& text) {
  bool is_moment = text.size() > 20 && text[10] == 'T' && text.back() == 'Z';
  return is_moment ? text.substr(0, text.size() - 1) : text;
}

base::Json Comparable(const base::Json& value) {
  if (value.is_string()) return WithoutZone(value.get<std::string>());
  if (!value.is_structured()) return value;
  base::Json copy = value;
  for (auto& part : copy) part = Comparable(part);
  return copy;
}

Rows Sorted(const base::Json& rows) {
  Rows texts;
  for (const auto& row : rows) texts.push_back(Comparable(row).dump());
  std::ranges::sort(texts);
  return texts;
}

// Read without any of our Delta code.
base::Json ExpectedRows(const fs::path& folder) {
  auto storage = storage::OpenLocalStorage(folder);
  engine::Database database(*storage, {});
  base::Json rows = base::Json::array();
  auto result =
      database.Query("SELECT * FROM read_parquet(" + engine::QuoteLiteral(folder.string() + "/*.parquet") + ")");
  for (const auto& cells : result.rows) {
    base::Json row = base::Json::object();
    for (size_t i = 0; i < cells.size(); ++i) {
      const auto& column = result.columns[i];
      if (!cells[i]) {
        row[column.name] = nullptr;
      } else {
        row[column.name] = column.json_quoted ? base::Json(*cells[i]) : base::Json::parse(*cells[i]);
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

struct Case {
  fs::path table;
  fs::path expected;  // The folder of one version.
};

std::vector<Case> FindCases(const fs::path& suite) {
  std::vector<Case> cases;
  for (const auto& table : fs::directory_iterator(suite)) {
    for (const auto& version : fs::directory_iterator(table.path() / "expected")) {
      cases.push_back({table.path() / "delta", version.path()});
    }
  }
  return cases;
}

TEST(DeltaAcceptanceTest, EveryVersionHasItsRows) {
  fs::path suite = fs::path(QLAKE_SHARED) / "suites/dat/tests/reader_tests/generated";
  if (!fs::exists(suite)) GTEST_SKIP() << "SKIPPED: the Delta acceptance tests are absent: " << suite;
  auto cases = FindCases(suite);
  for (const auto& [table, expected] : cases) {
    SCOPED_TRACE(expected.string());
    auto version = base::Json::parse(ReadFile(expected / "table_version_metadata.json"))["version"].get<int64_t>();
    std::vector<std::string> command = {"sql", "--table", table, "SELECT * FROM t", "--format", "json", "--limit", "0"};
    if (expected.filename() != "latest") command.insert(command.end(), {"--as-of", std::to_string(version)});
    auto answer = Qlake(command);
    ASSERT_EQ(answer.exit_code, 0) << answer.err;
    EXPECT_EQ(Sorted(base::Json::parse(answer.out)), Sorted(ExpectedRows(expected / "table_content")));
  }
  EXPECT_EQ(cases.size(), 19u);
}

}  // namespace
}  // namespace qlake::testing
