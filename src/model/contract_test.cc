#include "model/contract.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/model.h"
#include "model/project.h"

namespace qlake::model {
namespace {

std::string ErrorOf(const std::string& toml) {
  try {
    ParseContract("sources/x.toml", toml);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::kInput);
    return error.message();
  }
  return "no error";
}

constexpr const char* kHead = "file = \"x_*.csv\"\nkey = [\"id\"]\n[[column]]\nname = \"id\"\n";

TEST(ContractTest, TheBuiltInProjectParses) {
  auto project = Project::BuiltIn();
  ASSERT_EQ(project.contracts().size(), 3u);
  EXPECT_EQ(project.contracts()[2].name, "sales_transactions");
  EXPECT_EQ(project.contracts()[2].columns.size(), 21u);
  EXPECT_EQ(project.models().back().kind, ModelKind::kAggregate);
  EXPECT_EQ(Project::FromJsonText(project.ToJsonText()).Sha256(), project.Sha256());
}

TEST(ContractTest, AnUnknownKeyIsNamedWithItsLine) {
  EXPECT_EQ(
      ErrorOf(std::string(kHead) + "requird = true\n"),
      "sources/x.toml:5: unknown key requird: known are name, aliases, type, clean, required, range, values, pattern, "
      "personal, on_violation");
}

TEST(ContractTest, WhatItCannotMeanIsRefused) {
  EXPECT_NE(ErrorOf(std::string(kHead) + "type = \"DATUM\"\n").find(":5: type must be"), std::string::npos);
  EXPECT_NE(ErrorOf(std::string(kHead) + "on_violation = \"drop\"\n").find("quarantine, null, warn or fail: drop"),
            std::string::npos);
  EXPECT_NE(ErrorOf(std::string(kHead) + "required = true\non_violation = \"null\"\n").find("cannot become NULL"),
            std::string::npos);
  EXPECT_NE(ErrorOf("file = \"x\"\nkey = [\"idd\"]\n[[column]]\nname = \"id\"\n").find("no [[column]] is named idd"),
            std::string::npos);
  EXPECT_NE(ErrorOf("file = \n").find("sources/x.toml:1"), std::string::npos);
}

// What the reader would judge by: a bound or a value that is none of the type would only show when rows come.
TEST(ContractTest, ABoundOrAValueThatIsNoneOfTheTypeIsRefusedWithItsLine) {
  auto error_of = [](const std::string& type, const std::string& rule) {
    return ErrorOf(fmt::format("{}[[column]]\nname = \"x\"\ntype = \"{}\"\n{}\n", kHead, type, rule));
  };
  EXPECT_EQ(error_of("INTEGER", "range = { min = \"one\" }"), "sources/x.toml:8: a bound must be a INTEGER: one");
  EXPECT_EQ(error_of("INTEGER", "range = { max = 2147483648 }"),
            "sources/x.toml:8: a bound must be a INTEGER: 2147483648");
  EXPECT_EQ(error_of("DATE", "range = { min = \"2023-02-29\" }"),
            "sources/x.toml:8: a bound must be a DATE: 2023-02-29");
  EXPECT_EQ(error_of("DECIMAL(4,2)", "range = { max = \"100.00\" }"),
            "sources/x.toml:8: a bound must be a DECIMAL(4,2): 100.00");
  EXPECT_EQ(error_of("INTEGER", "range = { min = 1.5 }"),
            "sources/x.toml:8: a bound must be an integer, or a text (a date, a decimal)");
  EXPECT_EQ(error_of("INTEGER", "range = 5"), "sources/x.toml:8: range must look like { min = 1, max = 9 }");
  EXPECT_EQ(error_of("BIGINT", "values = [\"1\", \"1e3\"]"), "sources/x.toml:8: each of values must be a BIGINT: 1e3");
  EXPECT_EQ(error_of("BOOLEAN", "values = [\"maybe\"]"), "sources/x.toml:8: each of values must be a BOOLEAN: maybe");
  EXPECT_EQ(error_of("DECIMAL(4,2)", "values = [\"1.005\"]"),
            "sources/x.toml:8: each of values must be a DECIMAL(4,2): 1.005");
  EXPECT_EQ(error_of("BIGINT", "values = [1]"), "sources/x.toml:8: values must hold texts only");
  EXPECT_EQ(error_of("DATE", "pattern = \"2023.*\""), "sources/x.toml:8: pattern is for columns of type TEXT only");
  EXPECT_EQ(error_of("BOOLEAN", "clean = \"clean_email\""), "sources/x.toml:8: clean is for columns of type TEXT only");
  EXPECT_NE(error_of("DATE", "on_violation = \"warn\"").find("a value that is missing or of another type cannot stay"),
            std::string::npos);
  EXPECT_EQ(error_of("DECIMAL(38,2)", "range = { min = \"-1.50\", max = \"+0099.\" }\nvalues = [\"1.5\", \"2\"]"),
            "no error");
}

TEST(ModelTest, AHeadWithoutAKindIsRefused) {
  EXPECT_THROW(ParseModel("models/marts/x.sql", "-- source: a\nSELECT 1\n"), base::Error);
  EXPECT_THROW(ParseModel("models/marts/x.sql", "-- kind: merge by a\n-- source: a\nSELECT 1\n"), base::Error);
  auto model = ParseModel("models/marts/x.sql", "-- kind: upsert by a, b\n-- source: s\n-- What a row is.\nSELECT 1\n");
  EXPECT_EQ(model.table, "marts.x");
  EXPECT_EQ(model.key, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(model.description, "What a row is.");
}

}  // namespace
}  // namespace qlake::model
