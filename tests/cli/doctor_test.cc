#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

class DoctorTest : public LakeTest {
 protected:
  // In the test's folder, so that its qlake.toml counts.
  ProcessResult Doctor(std::vector<std::string> flags = {}, const Environment& environment = {}) const {
    flags.insert(flags.begin(), "doctor");
    flags.emplace_back("--json");
    return Qlake(flags, environment, folder());
  }
  void Configure(const std::string& text) const { std::ofstream(folder() + "/qlake.toml") << text; }

  static base::Json FindingOf(const ProcessResult& result, const std::string& severity, const std::string& part) {
    auto json = base::Json::parse(result.out, nullptr, false);
    for (const auto& finding : json["findings"]) {
      bool is_it =
          finding["severity"] == severity && finding["what"].get<std::string>().find(part) != std::string::npos;
      if (is_it) return finding;
    }
    ADD_FAILURE() << "no " << severity << " with " << part << " in\n" << result.out << result.err;
    return {{"area", ""}, {"remedy", ""}};
  }
};

TEST_F(DoctorTest, AGoodSetupHasNoErrors) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"run"});
  auto result = Doctor();
  EXPECT_EQ(result.exit_code, 0) << result.out;
  auto json = base::Json::parse(result.out);
  EXPECT_EQ(json["errors"], 0);
  for (const char* area : {"versions", "clock", "config", "permissions", "disk", "tables"}) {
    EXPECT_TRUE(std::ranges::any_of(json["findings"], [&](const auto& finding) { return finding["area"] == area; }))
        << area;
  }
  EXPECT_NE(Qlake({"doctor"}, {}, folder()).out.find("0 errors"), std::string::npos);
}

TEST_F(DoctorTest, AConfigThatIsWrongIsAnErrorWithItsLine) {
  Configure("lake = \"lake\"\nmemroy = \"1GiB\"\n");
  auto result = Doctor();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(FindingOf(result, "error", "qlake.toml:2: did you mean memory?")["area"], "config");
}

TEST_F(DoctorTest, AVariableThatIsNoSettingIsTold) {
  auto finding = FindingOf(Doctor({}, {{"QLAKE_LAEK", "x"}}), "warning", "QLAKE_LAEK");
  EXPECT_EQ(finding["remedy"], "did you mean QLAKE_LAKE?");
}

TEST_F(DoctorTest, ASecretThatCannotBeHadIsToldAndNoneIsShown) {
  Configure("[kafka]\npassword = { file = \"nowhere\" }\n[registry]\npassword = { env = \"PASS\" }\n");
  auto result = Doctor({}, {{"PASS", "hunter2"}});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(FindingOf(result, "error", "qlake.toml:2")["area"], "config");
  EXPECT_EQ((result.out + result.err).find("hunter2"), std::string::npos);
}

TEST_F(DoctorTest, APlaceThatCannotBeWrittenIsTold) {
  std::ofstream(folder() + "/file") << "";
  auto result = Doctor({"--dump-dir", "file/dump"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(FindingOf(result, "error", "the dump folder cannot be made")["area"], "permissions");
}

TEST_F(DoctorTest, ADiskWithoutRoomIsTold) {
  auto result = Doctor({}, {{"QLAKE_DISK_FREE_MIN", "1000000TB"}});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(FindingOf(result, "error", "less than disk.free_min")["area"], "disk");
}

TEST_F(DoctorTest, ServersThatAreNotThereAreTold) {
  auto result = Doctor({"--brokers", "127.0.0.1:1", "--registry", "http://127.0.0.1:1", "--engine", "spark",
                        "--spark-connect", "sc://127.0.0.1:1"});
  EXPECT_EQ(result.exit_code, 1);
  auto json = base::Json::parse(result.out);
  for (const char* area : {"broker", "registry", "cluster"}) {
    EXPECT_TRUE(std::ranges::any_of(json["findings"],
                                    [&](const auto& finding) {
                                      return finding["area"] == area && finding["severity"] == "error" &&
                                             finding["remedy"].is_string();
                                    }))
        << area << result.out;
  }
}

TEST_F(DoctorTest, WhatWasLeftHalfDoneIsTold) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  Run({"run"}, {{"QLAKE_CRASH_AT", "process.before_ledger"}});
  auto result = Doctor();
  EXPECT_EQ(result.exit_code, 0);
  FindingOf(result, "warning", "was killed");
  EXPECT_EQ(FindingOf(result, "warning", "a batch was begun and not finished")["remedy"], "qlake process ends it");
}

TEST_F(DoctorTest, ALakeOfTheFutureAndAnUnfinishedCopyAreErrors) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  MustRun({"run"}, {{"QLAKE_NOW", "2023-05-20T12:00:00Z"}});
  auto result = Doctor({}, {{"QLAKE_NOW", "2023-05-20T11:00:00Z"}});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(FindingOf(result, "error", "ahead of this clock")["area"], "clock");
  std::filesystem::create_directories(lake() + "/_qlake/copy");
  std::ofstream(lake() + "/_qlake/copy/source.json") << "{\"source\":\"elsewhere\"}";
  FindingOf(Doctor(), "error", "a copy that was not finished");
}

TEST_F(DoctorTest, SmallFilesAreToldWithTheRemedy) {
  std::vector<Sale> sales;
  for (int day = 1; day <= 28; ++day) {
    for (int month = 1; month <= 2; ++month) {
      sales.push_back({.id = "trx", .date = "2023-" + std::to_string(month) + "-" + std::to_string(day)});
    }
  }
  for (int hour = 10; hour < 14; ++hour) {
    for (size_t i = 0; i < sales.size(); ++i) sales[i].id = "trx-" + std::to_string(hour) + "-" + std::to_string(i);
    Drop("2023-05-20T" + std::to_string(hour), "sales_transactions_1.csv", SalesCsv(sales));
    MustRun({"run"});
  }
  auto finding = FindingOf(Doctor(), "warning", "warehouse.sales_transactions_fact: ");
  EXPECT_NE(finding["remedy"].get<std::string>().find("qlake compact warehouse.sales_transactions_fact"),
            std::string::npos);
}

}  // namespace
}  // namespace qlake::testing
