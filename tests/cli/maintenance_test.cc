// compact, compact raw, vacuum, history, restore and verify on the real binary.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/clock.h"
#include "base/json.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFact = "warehouse/sales_transactions_fact";

class MaintenanceTest : public LakeTest {
 public:
  void TestBody() override {}

  // One hour: new sales on three dates, one that came before, one that is broken.
  void DropHour(int hour) const {
    std::string id = std::to_string(hour);
    std::string drop = "2023-05-20T" + std::string(hour < 10 ? "0" : "") + id;
    Drop(drop, "sales_transactions_1.csv",
         SalesCsv({{.id = "trx-" + id + "a"},
                   {.id = "trx-" + id + "b", .date = "2023-5-19", .address = "1 A St/Oslo/OS/01"},
                   {.id = "trx-" + id + "c", .date = "2023-5-18", .customer = std::to_string(85000 + hour)},
                   {.id = "trx-" + id + "a"},
                   {.id = "trx-" + id + "d", .units = "0"}}));
    if (hour % 3 == 0) {
      Drop(drop, "sales_agents_1.csv", "sales_person_id,name,hire_date\n1,Zoe " + id + ",2020-1-1\n");
    }
  }
  void RunHours(int first, int last) const {
    for (int hour = first; hour <= last; ++hour) {
      DropHour(hour);
      MustRun({"run"});
    }
  }

  base::Json MustRunJson(std::vector<std::string> arguments, const Environment& environment = {}) const {
    arguments.push_back("--json");
    return base::Json::parse(MustRun(arguments, environment), nullptr, false);
  }
  std::string PublishedAt() const { return MustRunJson({"status"})["published_at"].get<std::string>(); }

  // The lake's clock so many days from now: what is done then finds all that is there old.
  static Environment DaysFromNow(int days) {
    auto now = std::chrono::system_clock::now().time_since_epoch() + std::chrono::hours(24 * days);
    return {{"QLAKE_NOW", base::FormatTimestamp({std::chrono::duration_cast<std::chrono::microseconds>(now).count()})}};
  }

  std::vector<std::string> FilesBelow(const std::string& folder, const std::string& ending) const {
    std::vector<std::string> files;
    std::error_code absent;
    for (const auto& entry : fs::recursive_directory_iterator(lake() + "/" + folder, absent)) {
      if (entry.is_regular_file() && entry.path().string().ends_with(ending)) files.push_back(entry.path());
    }
    return files;
  }
  int64_t NewestVersion(const std::string& table) const {
    auto history = MustRunJson({"history", table, "--limit", "1"});
    return std::stoll(history[0]["version"].get<std::string>());
  }
  std::string CommitOf(const std::string& table, int64_t version) const {
    std::ostringstream path;
    path << lake() << "/" << table << "/_delta_log/" << std::string(20 - std::to_string(version).size(), '0') << version
         << ".json";
    return path.str();
  }
};

TEST_F(MaintenanceTest, CompactKeepsEveryRowAndLeavesFewFiles) {
  RunHours(1, 9);
  std::string content = Content();
  auto dry = MustRunJson({"compact", "--dry-run"});
  EXPECT_EQ(Content(), content);
  auto report = MustRunJson({"compact"});
  bool saw_fact = false;
  for (size_t i = 0; i < report["tables"].size(); ++i) {
    const auto& table = report["tables"][i];
    EXPECT_EQ(table["files_merged"], dry["tables"][i]["files_merged"]) << "the dry run said otherwise";
    EXPECT_LE(table["files_after"], table["files_before"]);
    if (table["table"] != "warehouse.sales_transactions_fact") continue;
    saw_fact = true;
    EXPECT_EQ(table["files_before"], 27);
    EXPECT_EQ(table["files_after"], 3);
    EXPECT_EQ(table["small_files_left"], 0);
    EXPECT_EQ(table["rows"], 27);
  }
  EXPECT_TRUE(saw_fact);
  EXPECT_EQ(Content(), content) << "readers of the publication see the compacted files at once";
  EXPECT_EQ(MustRunJson({"verify", "--checksum"})["findings"].size(), 0u);

  std::string commit = ReadFile(CommitOf(kFact, NewestVersion("sales_transactions_fact")));
  EXPECT_NE(commit.find("\"dataChange\":false"), std::string::npos);
  EXPECT_EQ(commit.find("\"dataChange\":true"), std::string::npos);
  EXPECT_NE(commit.find("OPTIMIZE"), std::string::npos);

  EXPECT_NE(MustRun({"compact"}).find("nothing to compact"), std::string::npos);
  // The next hour goes on from the compacted tables, and finds the key index fit for them.
  std::string log = folder() + "/log.jsonl";
  DropHour(10);
  MustRun({"run", "--log-level", "info", "--log-file", log});
  EXPECT_EQ(ReadFile(log).find("building the key index"), std::string::npos);
  MaintenanceTest undisturbed;
  undisturbed.RunHours(1, 10);
  EXPECT_EQ(Content(), undisturbed.Content());
}

TEST_F(MaintenanceTest, CompactLeavesPartitionsThatAreNotOverAloneUnlessTold) {
  Environment then = {{"QLAKE_NOW", "2023-05-20T12:00:00Z"}};
  for (int hour = 1; hour <= 5; ++hour) {
    DropHour(hour);
    MustRun({"run"}, then);
  }
  auto closed = MustRunJson({"compact", "sales_transactions_fact"}, then)["tables"][0];
  EXPECT_EQ(closed["open_partitions"], 1);
  EXPECT_EQ(closed["files_after"], 5 + 2);
  auto open = MustRunJson({"compact", "sales_transactions_fact", "--open"}, then)["tables"][0];
  EXPECT_EQ(open["files_after"], 3);
}

TEST_F(MaintenanceTest, CompactEndsWithItsBudgetAndGoesOnTheNextTime) {
  RunHours(1, 5);
  std::string content = Content();
  auto first = MustRunJson({"compact", "--budget-bytes", "1B"});
  EXPECT_EQ(first["out_of_budget"], true);
  auto second = MustRunJson({"compact", "--budget-time", "1h", "--budget-bytes", "1GB"});
  EXPECT_EQ(second["out_of_budget"], false);
  EXPECT_EQ(Content(), content);
}

TEST_F(MaintenanceTest, WrongNamesAndValuesExitWith2AndSayWhatIsRight) {
  RunHours(1, 1);
  auto misspelt = Run({"compact", "sales_transaction_fact"});
  EXPECT_EQ(misspelt.exit_code, 2);
  EXPECT_NE(misspelt.err.find("did you mean sales_transactions_fact?"), std::string::npos) << misspelt.err;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"vacuum", "--retain", "soon"},
                                             {"compact", "--target-size", "big"},
                                             {"compact", "--target-size", "10GiB"},
                                             {"compact", "--min-files", "1"},
                                             {"compact", "--budget-time", "1"},
                                             {"history", "no_such_table"},
                                             {"history"},
                                             {"restore", "--to", "3"},
                                             {"restore", "--to", "1999-01-01T00:00:00Z"},
                                             {"restore", "customer_dim", "--to", "999"},
                                             {"restore", "customer_dim"},
                                             {"sql", "SELECT * FROM customer_dim, product_dim", "--as-of", "0"},
                                             {"sql", "SELECT * FROM customer_dim", "--as-of", "999"}}) {
    auto result = Run(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments[0] << " " << arguments.back() << "\n" << result.err;
    EXPECT_FALSE(result.err.empty());
  }
}

TEST_F(MaintenanceTest, AnHourAfterACompactionOfRawReadsWhatItReadBefore) {
  RunHours(1, 4);
  std::string rows = Sql("SELECT * FROM raw.sales_transactions ORDER BY _file_id, _line");
  std::string content = Content();
  auto raw = MustRunJson({"compact", "raw"})["raw"];
  EXPECT_EQ(raw["files_packed"], 4) << "the one file of the agents' day is alone";
  EXPECT_EQ(raw["containers"], 1);
  EXPECT_EQ(FilesBelow("raw/bytes", ".pack").size(), 1u);
  EXPECT_EQ(FilesBelow("raw/bytes/sales_transactions", "").size(), 4u + 1u) << "readers of before keep their files";
  EXPECT_EQ(Sql("SELECT * FROM raw.sales_transactions ORDER BY _file_id, _line"), rows);
  EXPECT_NE(MustRun({"compact", "raw"}).find("nothing to pack"), std::string::npos);

  // A correction derives everything anew, from the container.
  Drop("2023-05-20T02", "sales_transactions_1.csv", SalesCsv({{.id = "trx-2a", .units = "7"}}));
  MustRun({"run"});
  MaintenanceTest undisturbed;
  undisturbed.RunHours(1, 4);
  undisturbed.Drop("2023-05-20T02", "sales_transactions_1.csv", SalesCsv({{.id = "trx-2a", .units = "7"}}));
  undisturbed.MustRun({"run"});
  EXPECT_EQ(Content(), undisturbed.Content());
  EXPECT_NE(Content(), content);

  // Once nobody can want them, the files go; the correction's own bytes stay, nothing has packed them.
  MustRun({"vacuum"}, DaysFromNow(8));
  EXPECT_EQ(FilesBelow("raw/bytes/sales_transactions", "").size(), 1u + 1u);
  EXPECT_EQ(MustRunJson({"verify", "--checksum"})["findings"].size(), 0u);
  Drop("2023-05-20T03", "sales_transactions_1.csv", SalesCsv({{.id = "trx-3a", .units = "8"}}));
  MustRun({"run"});
  EXPECT_EQ(UnclosedLedger(), "");
}

TEST_F(MaintenanceTest, ADamagedContainerNeverCostsTheLastCopy) {
  RunHours(1, 2);
  MustRun({"compact", "raw"});
  std::string container = FilesBelow("raw/bytes", ".pack").front();
  std::string bytes = ReadFile(container);
  bytes[bytes.size() / 2] ^= 1;
  std::ofstream(container, std::ios::binary) << bytes;
  for (const char* command : {"vacuum", "compact"}) {
    auto result = Run({command, std::string(command) == "compact" ? "raw" : "--retain=7d"}, DaysFromNow(8));
    EXPECT_EQ(result.exit_code, 1) << command;
    EXPECT_NE(result.err.find("last copy stays"), std::string::npos) << result.err;
  }
  EXPECT_EQ(FilesBelow("raw/bytes/sales_transactions", "").size(), 1u + 2u - 1u)
      << "only the file whose bytes the container still gives back has gone";
  auto verified = Run({"verify", "--checksum"});
  EXPECT_EQ(verified.exit_code, 1);
  EXPECT_NE(verified.out.find("not those that were received"), std::string::npos) << verified.out;
}

TEST_F(MaintenanceTest, VacuumRemovesWhatNobodyCanReadAndNothingElse) {
  RunHours(1, 5);
  std::string then = PublishedAt();
  std::string count = "SELECT count(*), sum(units) FROM sales_transactions_fact";
  std::string before = Sql(count);
  MustRun({"compact"});
  RunHours(6, 6);
  std::string content = Content();
  fs::path foreign = fs::path(lake()) / kFact / "notes.txt";
  std::ofstream(foreign) << "mine";
  std::ofstream(fs::path(lake()) / "ops/.qlake-put-1-2-3") << "half";
  std::ofstream(fs::path(lake()) / "_qlake/index/warehouse.sales_transactions_fact/left.run") << "half";
  std::ofstream(fs::path(lake()) / kFact / "part-orphan.parquet") << "no version names it";
  fs::path change_data = fs::path(lake()) / kFact / "_change_data/cdc-1.parquet";
  fs::create_directories(change_data.parent_path());
  std::ofstream(change_data) << "as old as what it tells of";

  auto as_of = [&] { return MustRun({"sql", count, "--as-of", then, "--format", "csv"}); };
  std::string then_answer = as_of();
  EXPECT_NE(MustRun({"vacuum"}).find("nothing to remove"), std::string::npos) << "all of it is young";
  MustRun({"vacuum"}, DaysFromNow(6));
  EXPECT_EQ(as_of(), then_answer) << "still within the retention";

  std::string listed = MustRun({"vacuum", "--dry-run"}, DaysFromNow(8));
  EXPECT_NE(listed.find("part-orphan.parquet"), std::string::npos) << listed;
  EXPECT_NE(listed.find(".qlake-put-1-2-3"), std::string::npos) << listed;
  EXPECT_NE(listed.find("left.run"), std::string::npos) << listed;
  EXPECT_TRUE(fs::exists(fs::path(lake()) / kFact / "part-orphan.parquet"));
  size_t files_before = FilesBelow(kFact, ".parquet").size();
  MustRun({"vacuum"}, DaysFromNow(8));
  EXPECT_LT(FilesBelow(kFact, ".parquet").size(), files_before - 1);
  EXPECT_FALSE(fs::exists(fs::path(lake()) / "ops/.qlake-put-1-2-3"));
  EXPECT_FALSE(fs::exists(fs::path(lake()) / "_qlake/index/warehouse.sales_transactions_fact/left.run"));
  EXPECT_FALSE(fs::exists(change_data));
  EXPECT_TRUE(fs::exists(foreign));
  EXPECT_EQ(Content(), content);
  EXPECT_EQ(MustRunJson({"verify", "--checksum"})["findings"].size(), 0u);
  std::string history = MustRun({"history", "sales_transactions_fact"});
  EXPECT_NE(history.find("VACUUM START"), std::string::npos) << history;
  EXPECT_NE(history.find("VACUUM END"), std::string::npos) << history;
  EXPECT_NE(MustRun({"vacuum"}, DaysFromNow(8)).find("nothing to remove"), std::string::npos);
  RunHours(7, 7);
  EXPECT_EQ(UnclosedLedger(), "");
}

TEST_F(MaintenanceTest, VacuumKeepsWhatAnInterruptedBatchWillReadAgain) {
  RunHours(1, 3);
  DropHour(4);
  ASSERT_EQ(Run({"run"}, {{"QLAKE_CRASH_AT", "process.before_ledger"}}).exit_code, 128 + 9);
  MustRun({"compact", "--min-files", "2"});
  MustRun({"vacuum"}, DaysFromNow(400));
  MustRun({"run"});
  MaintenanceTest undisturbed;
  undisturbed.RunHours(1, 4);
  EXPECT_EQ(Content(), undisturbed.Content());
}

TEST_F(MaintenanceTest, ATableKnowsItsHistoryAndIsReadAtAnyVersion) {
  RunHours(1, 2);
  auto history = MustRunJson({"history", "warehouse.sales_transactions_fact"});
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0]["version"], "1");
  EXPECT_EQ(history[0]["operation"], "WRITE");
  EXPECT_EQ(history[0]["metrics"]["numOutputRows"], "3");
  EXPECT_FALSE(history[0]["run_id"].get<std::string>().empty());
  EXPECT_EQ(MustRun({"sql", "SELECT count(*) FROM sales_transactions_fact", "--as-of", "0", "--format", "csv"}),
            "count_star()\n3\n");
}

TEST_F(MaintenanceTest, WhatAnotherWriterSpoiltIsRestoredByVersion) {
  RunHours(1, 2);
  std::string content = Content();
  int64_t good = NewestVersion("sales_transactions_fact");
  std::string file = FilesBelow(std::string(kFact) + "/transaction_date=2023-05-19", ".parquet").front();
  std::string path = fs::relative(file, lake() + "/" + kFact);
  std::ofstream(CommitOf(kFact, good + 1))
      << R"({"remove":{"path":")" << path << R"(","deletionTimestamp":1700000000000,"dataChange":true}})"
      << "\n"
      << R"({"commitInfo":{"timestamp":1900000000000,"operation":"DELETE"}})"
      << "\n";
  EXPECT_EQ(MustRun({"sql", "--table", lake() + "/" + kFact, "SELECT count(*) FROM t", "--format", "csv"}),
            "count_star()\n5\n");
  std::string version = std::to_string(good);
  MustRun({"restore", "sales_transactions_fact", "--to", version, "--dry-run"});
  EXPECT_EQ(NewestVersion("sales_transactions_fact"), good + 1);
  MustRun({"restore", "sales_transactions_fact", "--to", version});
  EXPECT_EQ(MustRun({"sql", "--table", lake() + "/" + kFact, "SELECT count(*) FROM t", "--format", "csv"}),
            "count_star()\n6\n");
  EXPECT_EQ(Content(), content);
  RunHours(3, 3);
  MaintenanceTest undisturbed;
  undisturbed.RunHours(1, 3);
  EXPECT_EQ(Content(), undisturbed.Content());
}

TEST_F(MaintenanceTest, ARestoreThatWouldLoseRowsIsRefusedAndSaysWhatToDo) {
  RunHours(1, 2);
  for (const char* table : {"sales_transactions_fact", "raw.files", "ops.ledger"}) {
    auto result = Run({"restore", table, "--to", "0"});
    EXPECT_EQ(result.exit_code, 2) << table;
    EXPECT_NE(result.err.find("qlake restore --to TIME"), std::string::npos) << result.err;
  }
}

TEST_F(MaintenanceTest, ALakeTakenBackAndThenForwardAgainHasItsAccountsBack) {
  RunHours(1, 1);
  std::string first = PublishedAt();
  RunHours(2, 3);
  std::string second = PublishedAt();
  std::string content = Content();
  MustRun({"restore", "--to", first});
  MustRun({"restore", "--to", second});
  EXPECT_EQ(Content(), content);
  // Also when other batches, with the same progress, came in between.
  MustRun({"restore", "--to", first});
  MustRun({"run"});
  MustRun({"restore", "--to", second});
  EXPECT_EQ(Content(), content);
  EXPECT_EQ(UnclosedLedger(), "");
  EXPECT_EQ(MustRunJson({"verify", "--checksum"})["findings"].size(), 0u);
}

TEST_F(MaintenanceTest, ALakeTakenBackToAPublicationProcessesTheRestAgain) {
  RunHours(1, 3);
  std::string then = PublishedAt();
  std::string content_then = Content();
  RunHours(4, 5);
  Drop("2023-05-20T02", "sales_transactions_1.csv", SalesCsv({{.id = "trx-2a", .units = "7"}}));
  MustRun({"run"});
  std::string later = PublishedAt();
  std::string content = Content();
  MustRun({"compact"});
  auto plan = MustRunJson({"restore", "--to", then, "--dry-run"});
  EXPECT_EQ(Content(), content);
  auto report = MustRunJson({"restore", "--to", then});
  EXPECT_EQ(report["tables"].size(), plan["tables"].size());
  EXPECT_EQ(report["files_waiting"], 3);
  EXPECT_EQ(Content(), content_then);
  EXPECT_EQ(MustRunJson({"verify", "--checksum"})["findings"].size(), 0u);
  // What was published before the restore stays readable as it was then.
  std::string count = "SELECT count(*), sum(units) FROM sales_transactions_fact";
  EXPECT_NE(MustRun({"sql", count, "--as-of", later, "--format", "csv"}),
            MustRun({"sql", count, "--as-of", then, "--format", "csv"}));
  MustRun({"process"});
  EXPECT_EQ(Content(), content);
  EXPECT_EQ(UnclosedLedger(), "");
  RunHours(6, 6);
  EXPECT_EQ(UnclosedLedger(), "");
}

TEST_F(MaintenanceTest, VerifyFindsWhatIsWrongAndGoesOn) {
  RunHours(1, 3);
  EXPECT_EQ(Run({"verify"}).exit_code, 0);
  fs::remove(FilesBelow(std::string(kFact) + "/transaction_date=2023-05-18", ".parquet").front());
  std::string cut = FilesBelow("warehouse/product_dim", ".parquet").front();
  fs::resize_file(cut, fs::file_size(cut) - 1);
  std::string damaged = FilesBelow(std::string(kFact) + "/transaction_date=2023-05-19", ".parquet").front();
  std::string bytes = ReadFile(damaged);
  std::fill(bytes.begin() + 4, bytes.end() - 8, '\0');
  std::ofstream(damaged, std::ios::binary) << bytes;
  std::string raw = FilesBelow("raw/bytes/sales_transactions", "").front();
  fs::resize_file(raw, fs::file_size(raw) / 2);
  auto result = Run({"verify", "--checksum"});
  EXPECT_EQ(result.exit_code, 1);
  for (const char* finding : {"a file of version 2 is missing: transaction_date=2023-05-18", "the log says",
                              "warehouse.product_dim: a file has", "transaction_date=2023-05-19", "are cut"}) {
    EXPECT_NE(result.out.find(finding), std::string::npos) << finding << "\n" << result.out;
  }
  auto json = base::Json::parse(Run({"verify", "--json"}).out, nullptr, false);
  EXPECT_GE(json["findings"].size(), 4u);
}

TEST_F(MaintenanceTest, MaintenanceIsEnteredInTheHistoryOfRuns) {
  RunHours(1, 5);
  MustRun({"compact"});
  MustRun({"compact"});
  MustRun({"compact", "raw"});
  EXPECT_EQ(Sql("SELECT command, state FROM ops.runs WHERE command LIKE 'compact%' ORDER BY started_at"),
            "compact,done\ncompact raw,done\n")
      << "one that found nothing to do is no news";
}

}  // namespace
}  // namespace qlake::testing
