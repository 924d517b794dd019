// The numbers of a lake: true, to promtool's liking, all described, and none named in packaging/ that does not exist.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <regex>
#include <set>
#include <thread>

#include "base/json.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = QLAKE_REPOSITORY;

std::set<std::string> NamesIn(const std::string& text) {
  std::regex name("qlake_[a-z0-9_]+");
  std::set<std::string> names;
  for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it) names.insert(it->str());
  return names;
}

// The table of docs/operations.md.
std::set<std::string> DescribedNames() {
  std::set<std::string> names;
  std::ifstream page(kRoot / "docs/operations.md");
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("| `qlake_")) names.merge(NamesIn(line.substr(0, line.find('|', 2))));
  }
  return names;
}

std::string Promtool() { return (kRoot / ".deps/prometheus/promtool").string(); }

bool HasPromtool() {
  if (fs::exists(Promtool())) return true;
  std::cerr << "SKIPPED: there is no promtool, scripts/install.sh --test installs it\n";
  return false;
}

// The answer to GET, all of it.
std::string Get(int port, const std::string& path) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  bool is_sent = connect(fd, reinterpret_cast<struct sockaddr*>(&address), sizeof address) == 0 &&
                 write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size());
  char buffer[4096];
  for (ssize_t length = 0; is_sent && (length = read(fd, buffer, sizeof buffer)) > 0;) {
    answer.append(buffer, static_cast<size_t>(length));
  }
  close(fd);
  return answer;
}

class MetricsTest : public LakeTest {
 protected:
  // Two hours with a gap of one between them; events.
  void MakeLake() const {
    Drop("2023-05-20T10", "sales_transactions_1.csv",
         SalesCsv({{.id = "trx-1"}, {.id = "trx-1"}, {.id = "trx-2"}, {.id = "trx-3", .units = "x"}}));
    Drop("2023-05-20T12", "sales_transactions_2.csv", SalesCsv({{.id = "trx-4"}}));
    MustRun({"ingest"});
    MustRun({"process"});
    Qlake({"simulate", "events", "--out", folder() + "/events.jsonl", "--count", "50", "--start",
           "2023-05-20T09:00:00Z", "--bad", "no-json=0.2"});
    MustRun({"stream", "--from-file", folder() + "/events.jsonl", "--until-idle"},
            {{"QLAKE_NOW", "2023-05-20T10:00:00Z"}});
  }
};

TEST_F(MetricsTest, TheNumbersAreThoseOfTheLedgerTheCalendarAndTheTables) {
  MakeLake();
  std::string text = MustRun({"metrics"}, {{"QLAKE_NOW", "2023-05-20T15:00:00Z"}});
  for (const char* line :
       {"qlake_rows{hop=\"ingest\",outcome=\"received\",source=\"sales_transactions\"} 5\n",
        "qlake_rows{hop=\"process\",outcome=\"loaded\",source=\"sales_transactions\"} 3\n",
        "qlake_rows{hop=\"process\",outcome=\"quarantined\",source=\"sales_transactions\"} 1\n",
        "qlake_rows{hop=\"process\",outcome=\"duplicate\",source=\"sales_transactions\"} 1\n",
        "qlake_rows_unaccounted{source=\"sales_transactions\"} 0\n",
        "qlake_quarantine_ratio{source=\"sales_transactions\"} 0.2",
        "qlake_source_gaps{source=\"sales_transactions\"} 1\n",
        "qlake_received_files{source=\"sales_transactions\"} 2\n",
        "qlake_waiting_files{source=\"sales_transactions\"} 0\n",
        "qlake_source_freshness_seconds{source=\"sales_transactions\"} 7",
        "qlake_report_freshness_seconds{report=\"top-products\"} 7",
        "qlake_runs_total{command=\"process\",state=\"done\"} 1\n", "qlake_table_files{table=\"raw.files\"} 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

TEST_F(MetricsTest, PromtoolFindsNothingToSay) {
  if (!HasPromtool()) GTEST_SKIP();
  MakeLake();
  std::ofstream(folder() + "/metrics") << MustRun({"metrics"});
  auto verdict = RunProgram({"/bin/sh", "-c", "\"$0\" check metrics < \"$1\"", Promtool(), folder() + "/metrics"});
  EXPECT_EQ(verdict.exit_code, 0) << verdict.out << verdict.err;
  EXPECT_EQ(verdict.err, "");
  auto rules = RunProgram({Promtool(), "check", "rules", (kRoot / "packaging/prometheus/qlake-alerts.yml").string()});
  EXPECT_EQ(rules.exit_code, 0) << rules.out << rules.err;
}

TEST_F(MetricsTest, EveryNumberIsDescribedAndDashboardAndAlertsNameNoOther) {
  MakeLake();
  auto described = DescribedNames();
  ASSERT_GT(described.size(), 15u);
  // Without the values of labels, which name files.
  auto collected = NamesIn(std::regex_replace(MustRun({"metrics"}), std::regex("\"[^\"]*\""), ""));
  for (const auto& name : collected) EXPECT_TRUE(described.contains(name)) << name << " is not in docs/operations.md";
  // Only a broker tells how far a topic is.
  collected.insert("qlake_stream_lag_messages");
  for (const auto& name : described) EXPECT_TRUE(collected.contains(name)) << name << " is described, and never told";
  for (const char* file : {"packaging/prometheus/qlake-alerts.yml", "packaging/grafana/qlake.json"}) {
    for (const auto& name : NamesIn(ReadFile(kRoot / file))) {
      EXPECT_TRUE(described.contains(name)) << file << " names " << name;
    }
  }
  auto dashboard = base::Json::parse(ReadFile(kRoot / "packaging/grafana/qlake.json"));
  EXPECT_GT(dashboard["panels"].size(), 10u);
}

TEST_F(MetricsTest, TheFileForTheCollectorIsReplacedInOnePiece) {
  MakeLake();
  std::string file = folder() + "/collector/qlake.prom";
  fs::create_directories(folder() + "/collector");
  std::ofstream(file) << "old";
  MustRun({"metrics", "--metrics-file", file});
  EXPECT_NE(ReadFile(file).find("qlake_rows{"), std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder() + "/collector"), fs::directory_iterator()), 1);
  EXPECT_EQ(Run({"metrics", "--metrics-file", "/no/such/folder/qlake.prom"}).exit_code, 1);
}

TEST_F(MetricsTest, ServeAnswersOnLoopbackAndEndsAtSigterm) {
  MakeLake();
  RunningQlake server({"serve", "--port", "0", "--json", "--lake", lake()}, {}, folder());
  std::string told;
  for (int i = 0; i < 1'000 && told.find('\n') == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    told = server.OutputSoFar();
  }
  ASSERT_NE(told, "");
  int port = base::Json::parse(told)["port"];
  std::string answer = Get(port, "/metrics");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  EXPECT_NE(answer.find("text/plain; version=0.0.4"), std::string::npos);
  EXPECT_NE(answer.find("qlake_rows{"), std::string::npos);
  EXPECT_TRUE(Get(port, "/healthz").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(Get(port, "/nothing").starts_with("HTTP/1.1 404"));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait().exit_code, 0);
  auto taken = Run({"serve", "--host", "192.0.2.1", "--port", "9"});
  EXPECT_EQ(taken.exit_code, 2);
  EXPECT_NE(taken.err.find("192.0.2.1:9"), std::string::npos) << taken.err;
}

}  // namespace
}  // namespace qlake::testing
