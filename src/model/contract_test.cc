#include "model/contract.h"

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
