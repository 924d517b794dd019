#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/json.h"
#include "support/lake_fixture.h"

// What `qlake runs` and `qlake status` tell of a lake's life.
namespace qlake::testing {
namespace {

namespace fs = std::filesystem;

class RunsTest : public LakeTest {
 protected:
  void DropSale(const std::string& hour, const std::string& id) const {
    Drop("2023-05-20T" + hour, "sales_transactions_1.csv", SalesCsv({{.id = id}}));
  }
  base::Json Json(const std::vector<std::string>& arguments, const Environment& environment = {}) const {
    return base::Json::parse(MustRun(arguments, environment), nullptr, false);
  }
  base::Json Runs() const { return Json({"runs", "--format", "json"}); }
  base::Json Show(const base::Json& run) const { return Json({"runs", "show", run["run_id"], "--json"}); }
  size_t Notes() const {
    std::error_code absent;
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(lake() + "/_qlake/runs", absent)) count += entry.exists() ? 1 : 0;
    return count;
  }
  static base::Json StepOf(const base::Json& run, const std::string& name) {
    for (const auto& step : run["details"]["steps"]) {
      if (step["step"] == name) return step;
    }
    ADD_FAILURE() << "no step " << name << " in " << run.dump();
    return base::Json::object();
  }
};

TEST_F(RunsTest, EveryStepIsAccountedForWithVersionsInAndOut) {
  DropSale("10", "trx-1");
  MustRun({"run"});
  DropSale("11", "trx-2");
  MustRun({"run"});
  auto runs = Runs();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0]["state"], "done");
  EXPECT_GT(runs[0]["started_at"], runs[1]["started_at"]) << "the newest first";
  auto run = Show(runs[0]);
  auto ingest = StepOf(run, "ingest");
  EXPECT_EQ(ingest["rows"], 1);
  EXPECT_EQ(ingest["files"], 1);
  EXPECT_GT(ingest["bytes"], 100);
  EXPECT_EQ(ingest["tables"]["raw.files"]["from"], 0);
  EXPECT_EQ(ingest["tables"]["raw.files"]["to"], 1);
  auto process = StepOf(run, "process");
  EXPECT_GT(process["seconds"], 0.0);
  EXPECT_GT(process["peak_memory_bytes"], 10'000'000);
  auto fact = process["tables"]["warehouse.sales_transactions_fact"];
  EXPECT_EQ(fact["from"], process["reads"]["warehouse.sales_transactions_fact"]);
  EXPECT_EQ(fact["inserted"], 1);
  EXPECT_GT(fact["bytes_written"], 0);
  EXPECT_EQ(StepOf(run, "dump")["state"], "done");
  std::string text = MustRun({"runs", "show", runs[0]["run_id"]});
  EXPECT_NE(text.find("warehouse.sales_transactions_fact"), std::string::npos) << text;
  EXPECT_EQ(Notes(), 0u);
}

TEST_F(RunsTest, AnIdleRunLeavesNothing) {
  DropSale("10", "trx-1");
  MustRun({"run"});
  MustRun({"run"});
  EXPECT_EQ(Runs().size(), 1u);
  EXPECT_EQ(Notes(), 0u);
}

TEST_F(RunsTest, AFailedRunNamesItsTablesAndTheError) {
  DropSale("10", "trx-1");
  MustRun({"run"});
  DropSale("11", "trx-2");
  // Calls of one kind are made in the same order each time: some call fails behind the fact's commit.
  base::Json failed;
  for (int call = 1; call < 60 && failed.is_null(); ++call) {
    auto result = Run({"run"}, {{"QLAKE_STORAGE_FAULT", "put:" + std::to_string(call) + ":EIO"}});
    if (result.exit_code == 0) break;
    auto newest = Runs()[0];
    if (newest["state"] != "failed") continue;
    auto run = Show(newest);
    for (const auto& step : run["details"]["steps"]) {
      if (step["step"] == "process" && !step["tables"].empty()) failed = run;
    }
  }
  ASSERT_FALSE(failed.is_null()) << "no call failed behind a commit";
  auto process = StepOf(failed, "process");
  EXPECT_EQ(process["state"], "failed");
  EXPECT_NE(process["stage"], "");
  EXPECT_EQ(process["message"], failed["message"]);
  for (const auto& [table, change] : process["tables"].items()) EXPECT_GT(change["to"], change["from"]) << table;
  EXPECT_EQ(Json({"status", "--json"})["failures"][0]["run_id"], failed["run_id"]);
  MustRun({"run"});
  EXPECT_TRUE(Json({"status", "--json"})["failures"].empty()) << "what was made good since is no failure";
}

TEST_F(RunsTest, AKilledRunIsShownAndEnteredByTheNext) {
  DropSale("10", "trx-1");
  MustRun({"run"});
  DropSale("11", "trx-2");
  ASSERT_EQ(Run({"run"}, {{"QLAKE_CRASH_AT", "process.before_ledger"}}).exit_code, 128 + SIGKILL);
  EXPECT_EQ(Notes(), 1u);
  auto killed = Runs()[0];
  EXPECT_EQ(killed["state"], "killed");
  auto shown = Show(killed);
  bool committed_fact = false;
  for (const auto& commit : shown["commits"]) {
    committed_fact |= commit["table"] == "warehouse.sales_transactions_fact" && commit["version"] == 1;
  }
  EXPECT_TRUE(committed_fact) << shown;
  auto status = Json({"status", "--json"});
  EXPECT_EQ(status["interrupted_run"], killed["run_id"]);
  EXPECT_EQ(status["failures"][0]["state"], "killed");
  MustRun({"run"});
  EXPECT_EQ(Notes(), 0u);
  EXPECT_EQ(Sql("SELECT state FROM ops.runs WHERE run_id = '" + killed["run_id"].get<std::string>() + "'"), "killed\n");
  EXPECT_EQ(Runs().size(), 3u);
}

TEST_F(RunsTest, AStreamRunsUntilItIsKilledAndIsEnteredThen) {
  DropSale("10", "trx-1");
  MustRun({"run"});
  std::ofstream(folder() + "/events.jsonl") << "";
  std::string id;
  {
    RunningQlake stream({"stream", "--lake", lake(), "--from-file", folder() + "/events.jsonl"}, {}, folder());
    for (int i = 0; i < 300 && Notes() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    auto running = Runs()[0];
    EXPECT_EQ(running["command"], "stream");
    EXPECT_EQ(running["state"], "running");
    EXPECT_EQ(Json({"status", "--json"})["running"][0]["command"], "stream");
    id = running["run_id"];
    stream.Signal(SIGKILL);
    stream.Wait();
  }
  EXPECT_EQ(Runs()[0]["state"], "killed");
  DropSale("11", "trx-2");
  MustRun({"run"});
  EXPECT_EQ(Sql("SELECT command, state FROM ops.runs WHERE run_id = '" + id + "'"), "stream,killed\n");
  EXPECT_EQ(Notes(), 0u);
}

TEST_F(RunsTest, ARunIsFoundByTheBeginningOfItsId) {
  DropSale("10", "trx-1");
  MustRun({"run"}, {{"QLAKE_NOW", "2023-05-20T11:00:00Z"}});
  EXPECT_EQ(Json({"runs", "show", "20230520T11", "--json"})["state"], "done");
  EXPECT_EQ(Run({"runs", "show", "2024"}).exit_code, 2);
  DropSale("11", "trx-2");
  MustRun({"run"}, {{"QLAKE_NOW", "2023-05-20T12:00:00Z"}});
  auto several = Run({"runs", "show", "20230520"});
  EXPECT_EQ(several.exit_code, 2);
  EXPECT_NE(several.err.find("several runs begin so"), std::string::npos) << several.err;
}

TEST_F(RunsTest, StatusIsOneScreen) {
  Environment now = {{"QLAKE_NOW", "2023-05-21T03:30:00Z"}};
  DropSale("10", "trx-1");
  DropSale("13", "trx-2");
  MustRun({"ingest"}, now);
  auto waiting = Json({"status", "--json"}, now);
  EXPECT_EQ(waiting["files_waiting"], 2);
  EXPECT_EQ(waiting["due"][0]["command"], "qlake process");
  MustRun({"process"}, now);
  DropSale("14", "trx-3");
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1", .units = "3"}}));
  auto status = Json({"status", "--json"}, now);
  EXPECT_EQ(status["due"][0]["what"], "2 files of the landing zone to be taken in") << status["due"];
  EXPECT_EQ(status["due"].back()["command"], "qlake dump --due");
  auto sales = status["sources"]["sales_transactions"];
  EXPECT_EQ(sales["newest_hour"], "2023-05-20T13");
  EXPECT_EQ(sales["age_seconds"], 13.5 * 3600);
  EXPECT_EQ(sales["complete_until"], "2023-05-20T10");
  EXPECT_EQ(sales["hours_missing"], 2);
  EXPECT_EQ(sales["rows_in"], 2);
  EXPECT_GT(status["free_bytes"], 0);
  std::string text = MustRun({"status"}, now);
  for (const char* part :
       {"due      2 files of the landing zone to be taken in: qlake ingest", "failed   nothing",
        "gaps     sales_transactions: 2 hours without a file: 2023-05-20T11 to 2023-05-20T12", "2023-05-20T13"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  EXPECT_LE(std::ranges::count(text, '\n'), 24) << text;
}

TEST_F(RunsTest, StatusTellsHowFarStreamsAre) {
  std::ofstream(folder() + "/events.jsonl") << "{\"eventType\":\"none\"}\n{\"eventType\":\"none\"}\n";
  MustRun({"stream", "--from-file", folder() + "/events.jsonl", "--until-idle", "--bad-share-max", "1"});
  auto stream = Json({"status", "--json"})["streams"][0];
  EXPECT_EQ(stream["name"], "app_events");
  EXPECT_EQ(stream["partitions"][0]["read_until"], 2);
  EXPECT_EQ(stream["partitions"][0]["dead_lettered"], 2);
  EXPECT_TRUE(stream["partitions"][0]["lag"].is_null());
  auto run = Show(Runs()[0]);
  auto dead_letters = StepOf(run, "stream")["tables"]["events.app_events_dead_letter"];
  EXPECT_GT(dead_letters["to"], dead_letters["from"]);
}

}  // namespace
}  // namespace qlake::testing
