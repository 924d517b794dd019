#include "simulate/drops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"

namespace qlake::simulate {
namespace {

namespace fs = std::filesystem;
using Fields = std::vector<std::string>;

// Column positions in a transactions file of the usual form.
enum Column { kDate, kId, kCustomer, kFirstName, kLastName, kMail, kAgent, kBranch, kProduct, kProductName };
constexpr size_t kOffer1 = 11, kUnits = 16, kOnline = 18, kAddress = 20;

Fields SplitFields(const std::string& line) {
  Fields fields;
  for (size_t at = 0; at <= line.size();) {
    const size_t end = std::min(line.find(',', at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return fields;
}

class DropsTest : public testing::Test {
 protected:
  DropsTest() { options_.start = *base::ParseHour("2023-05-20T14"); }
  ~DropsTest() override { fs::remove_all(folder_); }

  DropReport Write(Phase phase = Phase::kInitial) { return WriteDrops(folder_, options_, phase); }

  std::map<std::string, std::string> AllFiles() const {
    std::map<std::string, std::string> files;
    if (!fs::exists(folder_)) return files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (entry.is_regular_file()) files[fs::relative(entry.path(), folder_)] = ReadFile(entry.path());
    }
    return files;
  }

  // Of the hour that counts from 1, as the file names do.
  std::string Read(const std::string& name, int64_t hour, const std::string& suffix = "") const {
    const std::string folder = base::FormatHour({options_.start.hours + hour - 1});
    return ReadFile(folder_ / folder / (name + "_" + std::to_string(hour) + suffix + ".csv"));
  }

  // Without the header.
  std::vector<Fields> Rows(const std::string& name, int64_t hour) const {
    std::vector<Fields> rows;
    const std::string bytes = Read(name, hour);
    for (size_t at = bytes.find("\r\n") + 2; at < bytes.size();) {
      const size_t end = bytes.find("\r\n", at);
      rows.push_back(SplitFields(bytes.substr(at, end - at)));
      at = end + 2;
    }
    return rows;
  }
  std::vector<Fields> Transactions(int64_t hour) const { return Rows("sales_transactions", hour); }

  DropOptions options_;
  fs::path folder_ = fs::path(testing::TempDir()) /
                     (std::string("drops_") + testing::UnitTest::GetInstance()->current_test_info()->name());

 private:
  static std::string ReadFile(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file.good()) << path;
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(DropsTest, EachHourHasAFolderWithThreeWholeFiles) {
  options_.hours = 2;
  Write();
  std::vector<std::string> names;
  for (const auto& [name, bytes] : AllFiles()) names.push_back(name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"2023-05-20T14/branches_1.csv", "2023-05-20T14/sales_agents_1.csv",
                                      "2023-05-20T14/sales_transactions_1.csv", "2023-05-20T15/branches_2.csv",
                                      "2023-05-20T15/sales_agents_2.csv", "2023-05-20T15/sales_transactions_2.csv"}));
}

TEST_F(DropsTest, TheSameOptionsGiveTheSameBytesAndAnotherSeedOthers) {
  options_.hours = 13;
  options_.rows = 200;
  options_.dirty = 0.1;
  options_.late = options_.missing = options_.correct = 2;
  Write();
  Write(Phase::kFollowup);
  const auto first = AllFiles();
  fs::remove_all(folder_);
  Write();
  Write(Phase::kFollowup);
  EXPECT_EQ(AllFiles(), first);
  fs::remove_all(folder_);
  options_.seed = 2;
  Write();
  EXPECT_NE(Read("sales_transactions", 13), first.at("2023-05-21T02/sales_transactions_13.csv"));
}

TEST_F(DropsTest, TheReportIsTrue) {
  options_.hours = 6;
  options_.dirty = 0;
  const DropReport report = Write();
  int64_t bytes = 0;
  int64_t rows = 0;
  int64_t transactions = 0;
  int64_t repeated = 0;
  std::set<std::string> ids;
  for (const auto& [name, content] : AllFiles()) bytes += static_cast<int64_t>(content.size());
  for (int64_t hour = 1; hour <= 6; ++hour) {
    rows += static_cast<int64_t>(Rows("branches", hour).size() + Rows("sales_agents", hour).size());
    for (const Fields& row : Transactions(hour)) {
      ++transactions;
      repeated += ids.insert(row[kId]).second ? 0 : 1;
    }
  }
  EXPECT_EQ(report.files, 18);
  EXPECT_EQ(report.bytes, bytes);
  EXPECT_EQ(report.transactions, transactions);
  EXPECT_EQ(report.transactions, 9000);
  EXPECT_EQ(report.rows, rows + transactions);
  EXPECT_EQ(report.repeated, repeated);
  EXPECT_EQ(report.repeated, 1500 + 750);
  EXPECT_EQ(report.broken, 0);
}

TEST_F(DropsTest, BranchRowsEndOneFieldEarlyAndOnlineRowsHaveNoAgent) {
  options_.dirty = 0;
  Write();
  EXPECT_TRUE(
      Read("sales_transactions", 1)
          .starts_with("transaction_date,transaction_id,customer_id,customer_fname,cusomter_lname,cusomter_email,"));
  const std::vector<Fields> rows = Transactions(1);
  ASSERT_EQ(rows.size(), 1500u);
  for (const Fields& row : rows) {
    const bool online = row[kOnline] == "yes";
    EXPECT_EQ(row.size(), online ? 21u : 20u);
    EXPECT_EQ(row[kAgent].empty(), online);
    EXPECT_EQ(row[kBranch].empty(), online);
    EXPECT_EQ(row[kId].size(), 16u);
  }
}

TEST_F(DropsTest, EveryEmailEndingShowsAndAQuoteIsDoubled) {
  options_.dirty = 0;
  Write();
  std::set<std::string> endings;
  for (const Fields& row : Transactions(1)) {
    const size_t end = row[kMail].find(".com");
    ASSERT_NE(end, std::string::npos);
    endings.insert(row[kMail].substr(end + 4));
    EXPECT_EQ(row[kMail].starts_with('"'), row[kMail].ends_with("\"\"\""));
  }
  EXPECT_EQ(endings, (std::set<std::string>{";", "'", "]", "\\", "{", ">", "^",      "*",   "[",  ":",  "&",  "(",
                                            "/", "<", "|", "]x", "m", " ", "\"\"\"", "#4r", "}4", "%x", "$u", ")x"}));
}

TEST_F(DropsTest, CustomersChangeTheirNamesBetweenExportsButNotWithin) {
  options_.dirty = 0;
  Write();
  std::map<std::string, std::string> first;
  for (const Fields& row : Transactions(1)) {
    const std::string name = row[kFirstName] + " " + row[kLastName];
    EXPECT_EQ(first.emplace(row[kCustomer], name).first->second, name);
  }
  EXPECT_EQ(first.size(), 101u);
  int conflicts = 0;
  for (const Fields& row : Transactions(2))
    conflicts += first[row[kCustomer]] != row[kFirstName] + " " + row[kLastName];
  EXPECT_GT(conflicts, 1000);
}

TEST_F(DropsTest, ThirtyProductsOfWhichBootsAndSandalsAreTwoEach) {
  options_.dirty = 0;
  Write();
  std::map<std::string, std::set<std::string>> ids_of_name;
  std::set<std::string> ids;
  for (const Fields& row : Transactions(1)) {
    ids.insert(row[kProduct]);
    ids_of_name[row[kProductName]].insert(row[kProduct]);
  }
  EXPECT_EQ(ids.size(), 30u);
  for (const auto& [name, its_ids] : ids_of_name) {
    EXPECT_EQ(its_ids.size(), name == "Boots" || name == "Sandals" ? 2u : 1u) << name;
  }
}

TEST_F(DropsTest, AddressesHaveLeadingZerosASlashInAStreetAndAMissingCity) {
  options_.dirty = 0;
  Write();
  std::string addresses;
  for (int64_t hour = 1; hour <= 4; ++hour) {
    for (const Fields& row : Transactions(hour)) addresses += row.size() > kAddress ? row[kAddress] + "\n" : "";
  }
  EXPECT_NE(addresses.find("/MA/01040\n"), std::string::npos);
  EXPECT_NE(addresses.find("421 1/2 6th Street Southeast/Washington/DC/20003\n"), std::string::npos);
  EXPECT_NE(addresses.find("//VT/05443\n"), std::string::npos);
}

TEST_F(DropsTest, SpreadDatesLieInTheTwoYearsBeforeTheStartAndAreUnpadded) {
  options_.dirty = 0;
  Write();
  std::set<std::string> dates;
  for (const Fields& row : Transactions(1)) dates.insert(row[kDate]);
  EXPECT_GT(dates.size(), 550u);
  for (const std::string& date : dates) EXPECT_EQ(date.find("-0"), std::string::npos) << date;
  EXPECT_TRUE(dates.begin()->starts_with("2021-"));
  EXPECT_TRUE(dates.rbegin()->starts_with("2023-"));
}

TEST_F(DropsTest, RecentDatesLieInTheLastDaysBeforeTheHour) {
  options_.dirty = 0;
  options_.hours = 40;
  options_.rows = 100;
  options_.recent_dates = true;
  Write();
  std::set<std::string> dates;
  for (const Fields& row : Transactions(40)) dates.insert(row[kDate]);  // 2023-05-22T05.
  EXPECT_TRUE(dates.contains("2023-5-22"));
  EXPECT_LE(dates.size(), 6u);
  for (const std::string& date : dates) {
    EXPECT_GE(date, "2023-5-17");
    EXPECT_LE(date, "2023-5-22");
  }
}

TEST_F(DropsTest, DatesAreSpreadOverTheDaysThatAreAskedFor) {
  options_.dirty = 0;
  options_.rows = 500;
  options_.spread_days = 7;
  Write();
  std::set<std::string> dates;
  for (const Fields& row : Transactions(1)) dates.insert(row[kDate]);
  EXPECT_EQ(dates.size(), 7u);
}

TEST_F(DropsTest, TheThirdHourPushesTheFirstAgainByteForByte) {
  Write();
  EXPECT_EQ(Read("sales_transactions", 3), Read("sales_transactions", 1));
  EXPECT_NE(Read("sales_transactions", 2), Read("sales_transactions", 1));
}

TEST_F(DropsTest, TheSixthHourExportsHalfOfTheFourthAgainWithOtherEmailEndings) {
  options_.hours = 6;
  options_.dirty = 0;
  Write();
  std::map<std::string, Fields> fourth;
  for (const Fields& row : Transactions(4)) fourth[row[kId]] = row;
  int again = 0;
  int other_endings = 0;
  for (Fields row : Transactions(6)) {
    if (!fourth.contains(row[kId])) continue;
    ++again;
    other_endings += row[kMail] != fourth[row[kId]][kMail];
    row[kMail] = fourth[row[kId]][kMail];
    EXPECT_EQ(row, fourth[row[kId]]);
  }
  EXPECT_EQ(again, 750);
  EXPECT_GT(other_endings, 600);
}

TEST_F(DropsTest, TheFourthHourBringsABranchAnAgentAndOtherHireDates) {
  Write();
  EXPECT_EQ(Read("branches", 3), Read("branches", 1));
  EXPECT_EQ(Rows("branches", 3).size(), 5u);
  EXPECT_EQ(Rows("branches", 4).size(), 6u);
  const std::vector<Fields> before = Rows("sales_agents", 3);
  const std::vector<Fields> after = Rows("sales_agents", 4);
  ASSERT_EQ(before.size(), 10u);
  ASSERT_EQ(after.size(), 11u);
  int changed = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i][1], after[i][1]);
    changed += before[i][2] != after[i][2];
  }
  EXPECT_GT(changed, 5);
}

TEST_F(DropsTest, SomeTransactionsNameAnAgentBeforeTheAgentsFileDoes) {
  options_.dirty = 0;
  Write();
  int unheard_of = 0;
  for (int64_t hour = 1; hour <= 3; ++hour) {
    for (const Fields& row : Transactions(hour)) unheard_of += row[kAgent] == "11";
  }
  EXPECT_GT(unheard_of, 0);
  EXPECT_LT(unheard_of, 60);
}

TEST_F(DropsTest, EveryKindOfBrokenRowShowsAndTheShareIsAsAsked) {
  options_.hours = 1;
  options_.rows = 10'000;
  options_.dirty = 0.05;
  const DropReport report = Write();
  EXPECT_NEAR(static_cast<double>(report.broken), 500, 100);
  std::map<std::string, int> seen;
  std::map<std::string, std::string> units_of_id;
  for (const Fields& row : Transactions(1)) {
    if (row.size() > kUnits + 1) {
      const auto offers = std::count(row.begin() + kOffer1, row.begin() + kUnits, "True");
      seen["two offers"] += offers == 2;
      seen["bad price"] += row[kUnits + 1] == "free";
      if (!row[kId].empty())
        seen["conflict"] += units_of_id.emplace(row[kId], row[kUnits]).first->second != row[kUnits];
    }
    seen["bad date"] += row[kDate] == "2023-13-45";
    seen["no id"] += row[kId].empty();
    seen["too many fields"] += row.back() == "fields";
    seen["too few fields"] += row.size() == kUnits + 1;
    if (row.size() > kUnits) seen["bad units"] += row[kUnits] == "-3";
    seen["unclosed quote"] += row[kMail].starts_with('"') && !row[kMail].ends_with("\"\"\"");
    seen["no UTF-8"] += row[kFirstName] ==
                        "Ren\xE9"
                        "e";
    seen["line feed"] += row.back().find('\n') != std::string::npos;
  }
  EXPECT_EQ(seen.size(), 11u);
  for (const auto& [kind, count] : seen) EXPECT_GT(count, 0) << kind;
}

TEST_F(DropsTest, LaterHoursOfADirtySourceHaveOddFiles) {
  options_.hours = 11;
  options_.rows = 100;
  const DropReport report = Write();
  EXPECT_EQ(report.files, 11 * 3 + 4);
  EXPECT_EQ(report.transactions, 11 * 100 + 3);
  EXPECT_TRUE(Read("sales_transactions", 5).starts_with("\xEF\xBB\xBFtransaction_date,"));
  EXPECT_EQ(Read("sales_transactions", 5).find('\r'), std::string::npos);
  EXPECT_TRUE(Read("sales_transactions", 7).starts_with("transaction_id,transaction_date,"));
  EXPECT_EQ(Read("sales_transactions", 8, "_part2"), "");
  EXPECT_TRUE(Read("sales_transactions", 9, "_part2").ends_with(",shipping_address\r\n"));
  EXPECT_NE(Read("sales_transactions", 10, "_part2").find('\0'), std::string::npos);
  EXPECT_TRUE(Read("sales_transactions", 11, "_part2").ends_with(",trx-00"));
}

TEST_F(DropsTest, NewColumnsShowFromTheDriftOn) {
  options_.dirty = 0;
  options_.drift_at = 1;
  options_.hours = 2;
  Write();
  EXPECT_NE(Read("sales_transactions", 2).find(",shipping_address,logs,source\r\n"), std::string::npos);
  EXPECT_EQ(Read("sales_transactions", 1).find("logs"), std::string::npos);
  for (const Fields& row : Transactions(2)) EXPECT_EQ(row.size(), 23u);
}

TEST_F(DropsTest, LateHoursArriveWithTheFollowup) {
  options_.hours = 5;
  options_.late = 2;
  EXPECT_EQ(Write().files, 9);
  const auto initial = AllFiles();
  EXPECT_EQ(Write(Phase::kFollowup).files, 6);
  EXPECT_EQ(AllFiles().size(), 15u);
  for (const auto& [name, bytes] : initial) EXPECT_EQ(AllFiles().at(name), bytes) << name;
}

TEST_F(DropsTest, CorrectedFilesHaveOtherBytesUnderTheSameName) {
  options_.correct = 5;
  Write();
  const auto initial = AllFiles();
  EXPECT_EQ(Write(Phase::kFollowup).files, 5);
  const auto followed = AllFiles();
  ASSERT_EQ(followed.size(), initial.size());
  int changed = 0;
  for (const auto& [name, bytes] : followed) changed += bytes != initial.at(name);
  EXPECT_EQ(changed, 5);
}

TEST_F(DropsTest, MissingFilesNeverArrive) {
  options_.missing = 3;
  options_.late = 1;
  Write();
  Write(Phase::kFollowup);
  EXPECT_EQ(AllFiles().size(), 9u);
}

TEST_F(DropsTest, TheFollowupOfPlainDropsWritesNothing) {
  EXPECT_EQ(Write(Phase::kFollowup).files, 0);
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(DropsTest, OptionsThatMakeNoSenseAreRefused) {
  options_.rows = -1;
  EXPECT_THROW(Write(), base::Error);
  options_.rows = 1;
  options_.dirty = 1.5;
  EXPECT_THROW(Write(), base::Error);
}

}  // namespace
}  // namespace qlake::simulate
