#include "cli/quantity.h"

#include <gtest/gtest.h>

namespace qlake::cli {
namespace {

using std::chrono::milliseconds;

TEST(QuantityTest, SizesHaveAWholeNumberAndAUnit) {
  EXPECT_EQ(ParseSize("1GiB"), uint64_t{1} << 30);
  EXPECT_EQ(ParseSize("512MB"), 512'000'000u);
  EXPECT_EQ(ParseSize("64KiB"), 65'536u);
  EXPECT_EQ(ParseSize("0B"), 0u);
  for (const char* wrong : {"", "1", "GiB", "1.5GiB", "-1GiB", "+1GiB", "1 GiB", " 1GiB", "1GiB ", "1gib", "1G",
                            "99999999TiB", "18446744073709551616B", "0x10B"}) {
    EXPECT_EQ(ParseSize(wrong), std::nullopt) << wrong;
  }
}

TEST(QuantityTest, DurationsHaveAWholeNumberAndAUnit) {
  EXPECT_EQ(ParseDuration("30s"), milliseconds(30'000));
  EXPECT_EQ(ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(ParseDuration("5m"), milliseconds(300'000));
  EXPECT_EQ(ParseDuration("1d"), milliseconds(86'400'000));
  EXPECT_EQ(ParseDuration("0s"), milliseconds(0));
  for (const char* wrong : {"", "30", "s", "1.5s", "-1s", "30 s", "30S", "5min", "9999999999999d"}) {
    EXPECT_EQ(ParseDuration(wrong), std::nullopt) << wrong;
  }
}

TEST(QuantityTest, PeopleReadRoundNumbers) {
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1500), "1.5 KB");
  EXPECT_EQ(FormatBytes(999'999), "1.0 MB");
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(-999), "-999");
  EXPECT_EQ(FormatCount(-1000), "-1,000");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatSeconds(0.26), "0.3 s");
  EXPECT_EQ(FormatSeconds(12.9), "12 s");
  EXPECT_EQ(FormatSeconds(185), "3 min 5 s");
}

}  // namespace
}  // namespace qlake::cli
