#include "model/event_contract.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "model/project.h"

namespace qlake::model {
namespace {

constexpr const char* kHead = "type = \"kind\"\ntime = \"at\"\nnested = \"more\"\n";
constexpr const char* kColumns =
    "[[column]]\nname = \"kind\"\nknown = [\"a\"]\n[[column]]\nname = \"at\"\ntype = \"TIMESTAMP\"\n";

std::string WhyWrong(const std::string& text) {
  try {
    ParseEventContract("events/x.toml", text);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::kInput);
    return error.message();
  }
  return "";
}

TEST(EventContractTest, TheBuiltInOneIsOfTheShopsEvents) {
  auto project = Project::BuiltIn();
  ASSERT_EQ(project.events().size(), 1u);
  const auto& shape = project.events()[0];
  EXPECT_EQ(shape.name, "app_events");
  EXPECT_EQ(shape.columns.size(), 11u);
  EXPECT_EQ(shape.columns[shape.time_column].name, "timestamp");
  EXPECT_EQ(shape.known_types.size(), 4u);
  EXPECT_EQ(shape.columns[7].range_max, 50000);
  EXPECT_FALSE(project.event_models().empty());
}

TEST(EventContractTest, ZonesAndBoundsAreRead) {
  auto shape = ParseEventContract(
      "events/x.toml",
      std::string(kHead) + "zone = \"-02:30\"\n" + kColumns +
          "[[column]]\nname = \"n\"\ntype = \"DECIMAL(5,2)\"\nnested = true\nrange = { min = \"0.5\" }\n");
  EXPECT_EQ(shape.zone_offset_us, -int64_t{150} * 60 * 1'000'000);
  EXPECT_EQ(shape.columns[2].range_min, 50);
}

TEST(EventContractTest, EveryMistakeNamesFileAndLine) {
  EXPECT_EQ(WhyWrong(std::string(kHead) + kColumns), "");
  EXPECT_EQ(WhyWrong("x = 1"),
            "events/x.toml:1: unknown key x: known are description, type, time, nested, zone, "
            "earliest, ahead_hours_max, bytes_max, depth_max, column");
  for (const char* wrong :
       {"[[column]]\nname = \"_x\"\n", "[[column]]\nname = \"at\"\n", "[[column]]\nname = \"x\"\ntype = \"DOUBLE\"\n",
        "[[column]]\nname = \"x\"\ntype = \"INTEGER\"\ndigits = 3\n",
        "[[column]]\nname = \"x\"\nrange = { min = \"1\" }\n",
        "[[column]]\nname = \"x\"\ntype = \"INTEGER\"\nrange = { min = \"1.5\" }\n",
        "[[column]]\nname = \"x\"\nknown = [\"a\"]\n"}) {
    EXPECT_TRUE(WhyWrong(std::string(kHead) + kColumns + wrong).starts_with("events/x.toml:")) << wrong;
  }
  EXPECT_NE(WhyWrong("type = \"kind\"\ntime = \"kind\"\n" + std::string(kColumns)), "");
}

}  // namespace
}  // namespace qlake::model
