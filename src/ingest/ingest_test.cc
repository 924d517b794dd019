#include "ingest/ingest.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "ingest/landing.h"

namespace qlake::ingest {
namespace {

base::Hour Hour(const char* text) { return *base::ParseHour(text); }

TEST(NaturalOrderTest, NumbersInNamesCountAsNumbers) {
  std::vector<std::string> names = {"group10", "group2", "group1", "a", "group02", "group"};
  std::sort(names.begin(), names.end(), NaturalLess);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "group", "group1", "group02", "group2", "group10"}));
}

TEST(DropNameTest, AnHourIsReadFromTheEndOfThePath) {
  EXPECT_EQ(HourFromDropName("2023-05-20T14"), Hour("2023-05-20T14"));
  EXPECT_EQ(HourFromDropName("2023-05-20/14"), Hour("2023-05-20T14"));
  EXPECT_EQ(HourFromDropName("shop/2023-05-20/14"), Hour("2023-05-20T14"));
  for (const char* drop : {"group1", "2023-05-20", "x2023-05-20T14", "2023-05-20T24", "2023-05-20-14", ""}) {
    EXPECT_EQ(HourFromDropName(drop), std::nullopt) << drop;
  }
}

TEST(AssignHoursTest, SeveralUnnamedDropsEndWithTheArrivalHourInNaturalOrder) {
  auto hours = AssignHours({"group10", "group2", "group1"}, {}, Hour("2023-05-20T14"));
  EXPECT_EQ(hours["group1"], Hour("2023-05-20T12"));
  EXPECT_EQ(hours["group2"], Hour("2023-05-20T13"));
  EXPECT_EQ(hours["group10"], Hour("2023-05-20T14"));
}

TEST(AssignHoursTest, TakenHoursAreSkippedAndKnownOnesNeverMove) {
  auto hours =
      AssignHours({"a", "b"}, {{"old", Hour("2023-05-20T14")}, {"a", Hour("2023-05-20T01")}}, Hour("2023-05-20T14"));
  EXPECT_EQ(hours["a"], Hour("2023-05-20T01"));
  EXPECT_EQ(hours["b"], Hour("2023-05-20T14"));  // Alone without an hour: the arrival hour itself.
  hours = AssignHours({"b", "c"}, {{"old", Hour("2023-05-20T14")}}, Hour("2023-05-20T14"));
  EXPECT_EQ(hours["c"], Hour("2023-05-20T13"));
  EXPECT_EQ(hours["b"], Hour("2023-05-20T12"));
}

TEST(AssignHoursTest, AnHourInTheNameWins) {
  auto hours = AssignHours({"2023-05-20T03", "x"}, {}, Hour("2023-05-20T14"));
  EXPECT_EQ(hours["2023-05-20T03"], Hour("2023-05-20T03"));
}

TEST(MappedFileTest, AFileThatAWriterHasOpenIsNotRead) {
  std::string path = ::testing::TempDir() + "/qlake_mapped_file.csv";
  std::ofstream writer(path);
  writer << "a\n1\n" << std::flush;
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  LandedFile landed{"drop",
                    "file",
                    path,
                    static_cast<uint64_t>(status.st_size),
                    {int64_t{status.st_mtim.tv_sec} * 1'000'000 + status.st_mtim.tv_nsec / 1000}};
  EXPECT_EQ(MappedFile(landed).problem(), "it is being written");
  writer.close();
  EXPECT_EQ(MappedFile(landed).bytes(), "a\n1\n");
  landed.bytes = 1;
  EXPECT_EQ(MappedFile(landed).problem(), "it changed a moment ago");
  landed.path += ".gone";
  EXPECT_EQ(MappedFile(landed).problem(), "it cannot be opened, No such file or directory");
}

}  // namespace
}  // namespace qlake::ingest
