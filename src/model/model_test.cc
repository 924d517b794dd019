#include "model/model.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace qlake::model {
namespace {

constexpr const char* kPath = "models/warehouse/sales.sql";

Model Parse(const std::string& head) {
  return ParseModel(kPath, "-- kind: upsert by id\n-- source: sales\n" + head + "SELECT id FROM staged.sales\n");
}

std::string ErrorOf(const std::string& head) {
  try {
    Parse(head);
  } catch (const base::Error& error) {
    return error.kind() == base::ErrorKind::kInput ? error.message() : "an error of another kind";
  }
  return "no error";
}

TEST(ModelTest, TheHeadSaysWhatTheTableAsksOfItsWriters) {
  Model model = Parse(
      "-- check: units_positive: units > 0\n-- check: told: note <> 'a: b'\n"
      "-- property: delta.enableChangeDataFeed = true\n-- property: delta.logRetentionDuration=interval 60 days\n"
      "-- Sales by id.\n");
  EXPECT_EQ(model.settings.checks,
            (std::vector<delta::Constraint>{{"units_positive", "units > 0"}, {"told", "note <> 'a: b'"}}));
  EXPECT_EQ(model.settings.properties,
            (std::map<std::string, std::string>{{"delta.enableChangeDataFeed", "true"},
                                                {"delta.logRetentionDuration", "interval 60 days"}}));
  EXPECT_EQ(model.description, "Sales by id.");
}

TEST(ModelTest, AMistakeInTheHeadIsToldWithItsLine) {
  EXPECT_EQ(
      ErrorOf("-- property: delta.enableChangeDataFed = true\n"),
      "models/warehouse/sales.sql:3: a table has no property delta.enableChangeDataFed that a project may set: did "
      "you mean delta.enableChangeDataFeed?");
  EXPECT_NE(ErrorOf("-- property: delta.appendOnly = yes\n").find(":3: delta.appendOnly must be true or false: yes"),
            std::string::npos);
  EXPECT_NE(ErrorOf("-- property: delta.appendOnly\n").find("must look like"), std::string::npos);
  EXPECT_NE(ErrorOf("-- property: delta.appendOnly = true\n-- property: delta.appendOnly = false\n").find(":4: "),
            std::string::npos);
  EXPECT_NE(ErrorOf("-- check: units > 0\n").find("must look like"), std::string::npos);
  EXPECT_NE(ErrorOf("-- check: a b: units > 0\n").find("must look like"), std::string::npos);
  EXPECT_NE(ErrorOf("-- check: a: x > 0\n-- check: a: y > 0\n").find("another check of this name: a"),
            std::string::npos);
}

}  // namespace
}  // namespace qlake::model
