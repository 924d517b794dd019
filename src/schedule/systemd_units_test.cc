#include "schedule/systemd_units.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace qlake::schedule {
namespace {

TEST(SystemdUnitsTest, WordsAndPathsAreProofAgainstSystemd) {
  UnitOptions options{
      "qlake-ingest", "qlake ingest", "/a 5%b", {"/bin/q", "a \"b\" $c %d \\"}, *Occasion::Parse(":00")};
  auto units = SystemdUnits(options);
  ASSERT_EQ(units.size(), 2u);
  EXPECT_NE(units["qlake-ingest.service"].find("\nWorkingDirectory=/a 5%%b\n"), std::string::npos);
  EXPECT_NE(units["qlake-ingest.service"].find("\nExecStart=\"/bin/q\" \"a \\\"b\\\" $$c %%d \\\\\"\n"),
            std::string::npos);
  EXPECT_NE(units["qlake-ingest.timer"].find("\nOnCalendar=*-*-* *:00:00 UTC\n"), std::string::npos);
  options.folder = "/a\nExecStart=/bin/evil";
  EXPECT_THROW(SystemdUnits(options), base::Error);
}

}  // namespace
}  // namespace qlake::schedule
