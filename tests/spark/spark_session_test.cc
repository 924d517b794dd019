// The room spark against an actual Spark.
#include <arrow/api.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "spark/session.h"
#include "support/cuttable_proxy.h"
#include "support/failure_of.h"
#include "support/qlake_process.h"
#include "support/spark_server.h"

namespace qlake::testing {
namespace {

using namespace std::chrono_literals;
using spark::Session;
using spark::SessionOptions;

SessionOptions At(int port) {
  return {.connection = {.port = port}, .config = {{"spark.sql.session.timeZone", "UTC"}}, .on_progress = nullptr};
}

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

int64_t Integer(const arrow::Table& table, int column = 0) {
  return std::static_pointer_cast<arrow::Int64Scalar>(table.column(column)->GetScalar(0).ValueOrDie())->value;
}

// That the ids come from 0 upwards, each once.
class Counting {
 public:
  spark::AnswerVisitor visitor() {
    return {.on_schema = nullptr, .on_rows = [this](const std::shared_ptr<arrow::RecordBatch>& batch) {
              auto ids = std::static_pointer_cast<arrow::Int64Array>(batch->column(0));
              for (int64_t i = 0; i < ids->length(); ++i) is_in_order_ &= ids->Value(i) == next_++;
              return true;
            }};
  }
  int64_t count() const { return next_; }
  bool is_in_order() const { return is_in_order_; }

 private:
  int64_t next_ = 0;
  bool is_in_order_ = true;
};

// Of this process, in bytes: what it holds at most since the last reset.
int64_t PeakBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}
void ResetPeak() { std::ofstream("/proc/self/clear_refs") << 5; }

class SparkSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(QLAKE_REPOSITORY "/.deps/spark/venv")) {
      GTEST_SKIP() << "SKIPPED: Spark is not installed here, run scripts/spark.sh install";
    }
    char pattern[] = "/tmp/qlake_session_XXXXXX";
    folder_ = mkdtemp(pattern);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  int port() { return SparkServer::Shared().port(); }
  Session& session() {
    if (!session_) session_ = std::make_unique<Session>(At(port()));
    return *session_;
  }
  std::string Table(const std::string& name) const { return "delta.`" + folder_ + "/" + name + "`"; }

  std::string folder_;
  std::unique_ptr<Session> session_;
};

TEST_F(SparkSessionTest, ASessionHasSettingsAndViewsOfItsOwn) {
  Session other(At(port()));
  EXPECT_EQ(session().ServerVersion(), "4.2.0");
  EXPECT_EQ(session().id().size(), 36u);
  EXPECT_EQ(session().Get("spark.sql.session.timeZone"), "UTC");
  session().Set({{"spark.sql.session.timeZone", "Asia/Tokyo"}, {"spark.sql.shuffle.partitions", "3"}});
  EXPECT_EQ(session().Get("spark.sql.session.timeZone"), "Asia/Tokyo");
  session().Unset({"spark.sql.session.timeZone"});
  EXPECT_EQ(session().Get("spark.sql.session.timeZone"), "UTC");
  EXPECT_EQ(session().Get("no.such.key"), std::nullopt);
  session().Execute({.sql = "CREATE TEMPORARY VIEW numbers AS SELECT id FROM range(7)", .parameters = {}});
  EXPECT_EQ(Integer(*session().Fetch({.sql = "SELECT count(*) FROM numbers", .parameters = {}})), 7);
  EXPECT_TRUE(Contains(
      FailureOf([&] { other.Fetch({.sql = "SELECT * FROM numbers", .parameters = {}}); }, base::ErrorKind::kInput),
      "TABLE_OR_VIEW_NOT_FOUND"));
}

TEST_F(SparkSessionTest, RowsKeepTheirTypesAndAnEmptyAnswerHasItsColumns) {
  auto rows = session().Fetch(
      {.sql = "SELECT 12.30BD AS paid, TIMESTAMP'2023-05-20T14:00:00Z' AS t, NULL AS n, 'ä' AS s", .parameters = {}});
  EXPECT_EQ(rows->schema()->field(0)->type()->ToString(), "decimal128(4, 2)");
  EXPECT_EQ(rows->schema()->field(1)->type()->ToString(), "timestamp[us, tz=UTC]");
  EXPECT_EQ(rows->column(0)->GetScalar(0).ValueOrDie()->ToString(), "12.30");
  EXPECT_EQ(rows->column(2)->null_count(), 1);
  EXPECT_EQ(rows->column(3)->GetScalar(0).ValueOrDie()->ToString(), "ä");
  rows = session().Fetch({.sql = "SELECT 1 AS a, 'x' AS b WHERE false", .parameters = {}});
  EXPECT_EQ(rows->num_rows(), 0);
  EXPECT_EQ(rows->num_columns(), 2);
}

TEST_F(SparkSessionTest, ParametersArriveAsTheyAre) {
  auto rows =
      session().Fetch({.sql = "SELECT :text AS a, :n + 1 AS b, :none IS NULL AS c, :d AS d",
                       .parameters = {{"text", "it's \\n ä𝄞"}, {"n", int64_t{41}}, {"none", nullptr}, {"d", 0.1}}});
  EXPECT_EQ(rows->column(0)->GetScalar(0).ValueOrDie()->ToString(), "it's \\n ä𝄞");
  EXPECT_EQ(Integer(*rows, 1), 42);
  EXPECT_EQ(rows->column(2)->GetScalar(0).ValueOrDie()->ToString(), "true");
  EXPECT_EQ(rows->column(3)->GetScalar(0).ValueOrDie()->ToString(), "0.1");
}

TEST_F(SparkSessionTest, WhatIsWrongWithTheSqlIsSaidWithItsPlace) {
  struct Case {
    std::string sql;
    std::string error_class;
    int line;
    int column;
  };
  for (const Case& wrong : {Case{"SELECT a\nFROM t\nWHRE x y", "PARSE_SYNTAX_ERROR", 3, 6},
                            Case{"SELECT\n  'ä𝄞' AS t, nix FROM range(1)", "UNRESOLVED_COLUMN.WITH_SUGGESTION", 2, 14},
                            Case{"SELECT\n 1/0", "DIVIDE_BY_ZERO", 2, 2}}) {
    try {
      session().Fetch({.sql = wrong.sql, .parameters = {}});
      ADD_FAILURE() << wrong.sql;
    } catch (const spark::StatementError& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::kInput);
      EXPECT_EQ(error.cause().error_class, wrong.error_class) << error.message();
      EXPECT_EQ(error.cause().line, wrong.line) << error.message();
      EXPECT_EQ(error.cause().column, wrong.column) << error.message();
      EXPECT_FALSE(Contains(error.message(), "SQLSTATE")) << error.message();
      EXPECT_FALSE(Contains(error.message(), "\n")) << error.message();
    }
  }
}

TEST_F(SparkSessionTest, ACommandIsDoneOnceAndTellsWhatItDid) {
  session().Execute({.sql = "CREATE TABLE " + Table("t") + " (id BIGINT, v STRING) USING delta", .parameters = {}});
  session().Execute({.sql = "INSERT INTO " + Table("t") + " SELECT id, 'old' FROM range(10)", .parameters = {}});
  auto answer =
      session().Execute({.sql = "MERGE INTO " + Table("t") +
                                " t USING (SELECT id FROM range(8, 13)) s ON t.id = s.id WHEN MATCHED THEN UPDATE "
                                "SET v = 'new' WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, 'new')",
                         .parameters = {}});
  EXPECT_EQ(answer.rows->schema()->field(0)->name(), "num_affected_rows");
  EXPECT_EQ(Integer(*answer.rows), 5);
  auto counts = session().Execute({.sql = "SELECT count(*), count_if(v = 'new') FROM " + Table("t"), .parameters = {}});
  EXPECT_EQ(Integer(*counts.rows, 0), 13);
  EXPECT_EQ(Integer(*counts.rows, 1), 5);
  EXPECT_FALSE(counts.metrics.empty());
}

TEST_F(SparkSessionTest, TwoMillionRowsStreamInBoundedMemory) {
  Counting counting;
  session().Query({.sql = "SELECT id, CAST(id AS STRING) AS s FROM range(0, 1000, 1, 20)", .parameters = {}}, {});
  ResetPeak();
  int64_t before = PeakBytes();
  session().Query(
      {.sql = "SELECT id, repeat(CAST(id AS STRING), 10) AS s FROM range(0, 2000000, 1, 20)", .parameters = {}},
      counting.visitor());
  EXPECT_EQ(counting.count(), 2'000'000);
  EXPECT_TRUE(counting.is_in_order());
  // The answer is some 150 MB.
  EXPECT_LT(PeakBytes() - before, int64_t{64} << 20);
}

TEST_F(SparkSessionTest, AnAnswerThatIsNoLongerWantedEndsAtTheServer) {
  int64_t rows = 0;
  session().Query({.sql = "SELECT id FROM range(0, 4000000000, 1, 4000)", .parameters = {}},
                  {.on_schema = nullptr, .on_rows = [&](const auto& batch) {
                     rows += batch->num_rows();
                     return rows < 50'000;
                   }});
  EXPECT_EQ(Integer(*session().Fetch({.sql = "SELECT 1L", .parameters = {}})), 1);
}

TEST_F(SparkSessionTest, ACutAnswerGoesOnWhereItWasCut) {
  CuttableProxy proxy(port());
  Session through(At(proxy.port()));
  proxy.CutAfter(3'000'000);
  Counting counting;
  through.Query({.sql = "SELECT id, repeat('x', 20) AS s FROM range(0, 1000000, 1, 20)", .parameters = {}},
                counting.visitor());
  EXPECT_GE(proxy.cuts(), 5);
  EXPECT_EQ(counting.count(), 1'000'000);
  EXPECT_TRUE(counting.is_in_order());
}

TEST_F(SparkSessionTest, ACommandWhoseConnectionBreaksAllTheTimeIsDoneOnce) {
  session().Execute({.sql = "CREATE TABLE " + Table("once") + " (id BIGINT) USING delta", .parameters = {}});
  CuttableProxy proxy(port());
  for (int64_t bytes : {1, 200, 400, 800}) {
    proxy.CutAfter(0);
    Session through(At(proxy.port()));
    proxy.CutAfter(bytes);
    std::thread well_again([&] {
      std::this_thread::sleep_for(3s);
      proxy.CutAfter(0);
    });
    through.Execute({.sql = "INSERT INTO " + Table("once") + " VALUES (:n)", .parameters = {{"n", bytes}}});
    well_again.join();
  }
  EXPECT_GE(proxy.cuts(), 4);
  auto rows = session().Fetch({.sql = "SELECT count(*), count(DISTINCT id) FROM " + Table("once"), .parameters = {}});
  EXPECT_EQ(Integer(*rows, 0), 4);
  EXPECT_EQ(Integer(*rows, 1), 4);
}

TEST_F(SparkSessionTest, ANetworkThatSwallowsEverythingIsNoticed) {
  CuttableProxy proxy(port());
  SessionOptions options = At(proxy.port());
  options.connection.timeout = 1s;
  options.connection.answer_timeout = 5s;
  options.connection.reattach_for = 1s;
  Session through(options);
  proxy.Freeze();
  std::string message =
      FailureOf([&] { through.Fetch({.sql = "SELECT 1", .parameters = {}}); }, base::ErrorKind::kUnavailable);
  EXPECT_TRUE(Contains(message, "does not answer")) << message;
}

TEST_F(SparkSessionTest, AnInterruptEndsALongStatementAndAllThatComesLater) {
  session().Fetch({.sql = "SELECT 1", .parameters = {}});
  std::thread impatient([&] {
    std::this_thread::sleep_for(3s);
    session().Interrupt();
  });
  std::string message = FailureOf(
      [&] {
        session().Fetch({.sql = "SELECT count(*) FROM range(1000000000) a, range(1000) b WHERE hash(a.id, b.id) = 7",
                         .parameters = {}});
      },
      base::ErrorKind::kUnavailable);
  impatient.join();
  EXPECT_TRUE(Contains(message, "interrupted")) << message;
  EXPECT_TRUE(Contains(
      FailureOf([&] { session().Fetch({.sql = "SELECT 1", .parameters = {}}); }, base::ErrorKind::kUnavailable),
      "interrupted"));
}

TEST_F(SparkSessionTest, ProgressIsToldWhileAStatementRuns) {
  SessionOptions options = At(port());
  int reports = 0;
  int64_t tasks = 0;
  options.on_progress = [&](const spark::Progress& progress) {
    ++reports;
    tasks = std::max(tasks, progress.tasks);
    EXPECT_LE(progress.tasks_done, progress.tasks);
  };
  Session watched(options);
  watched.Fetch({.sql = "SELECT count(*) FROM range(0, 40000000, 1, 8) WHERE hash(id) = 7", .parameters = {}});
  EXPECT_GT(reports, 0);
  EXPECT_GE(tasks, 8);
}

std::shared_ptr<arrow::Table> Numbers(int64_t rows, const std::string& text) {
  arrow::Int64Builder ids;
  arrow::StringBuilder texts;
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE(texts.Append(text).ok());
  }
  return arrow::Table::Make(arrow::schema({arrow::field("id", arrow::int64()), arrow::field("text", arrow::utf8())}),
                            {ids.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
}

TEST_F(SparkSessionTest, RowsOfOursBecomeAView) {
  for (auto [rows, bytes] : {std::pair<int64_t, size_t>{0, 1}, {3, 5}, {50'000, 900}}) {
    session().CreateView("ours", *Numbers(rows, std::string(bytes, 'x')));
    auto sums = session().Fetch(
        {.sql = "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(length(text)), 0) FROM ours", .parameters = {}});
    EXPECT_EQ(Integer(*sums, 0), rows);
    EXPECT_EQ(Integer(*sums, 1), rows * (rows - 1) / 2);
    EXPECT_EQ(Integer(*sums, 2), rows * static_cast<int64_t>(bytes));
  }
}

TEST_F(SparkSessionTest, WhereNoServerListensIsSaid) {
  SessionOptions options = At(1);
  options.connection.timeout = 1s;
  std::string message = FailureOf([&] { Session nobody(options); }, base::ErrorKind::kUnavailable);
  EXPECT_TRUE(Contains(message, "127.0.0.1:1 does not answer")) << message;
}

// In front of the shared server, with a certificate that only `authority.pem` in the folder vouches for.
class TlsProxy {
 public:
  TlsProxy(const std::string& folder, int server_port) {
    for (const char* name : {"authority", "stranger"}) MakeAuthority(folder + "/" + name);
    std::string script = QLAKE_REPOSITORY "/tests/spark/tls_proxy.py";
    std::string command = "exec python3 " + script + " " + std::to_string(server_port) + " " + folder +
                          "/authority.pem " + folder + "/authority.key > " + folder + "/port";
    pipe_ = popen(command.c_str(), "w");
    for (int i = 0; i < 1000 && port_ == 0; ++i) {
      std::this_thread::sleep_for(20ms);
      std::ifstream(folder + "/port") >> port_;
    }
  }
  ~TlsProxy() { pclose(pipe_); }
  TlsProxy(const TlsProxy&) = delete;
  TlsProxy& operator=(const TlsProxy&) = delete;

  int port() const { return port_; }

 private:
  static void MakeAuthority(const std::string& path) {
    auto made = RunProgram({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", "/CN=qlake test",
                            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path + ".key", "-out", path + ".pem"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
  }

  FILE* pipe_ = nullptr;
  int port_ = 0;
};

TEST_F(SparkSessionTest, TlsIsSpokenWithThoseWhomATrustedAuthorityVouchesFor) {
  TlsProxy proxy(folder_, port());
  SessionOptions options = At(proxy.port());
  options.connection.use_tls = true;
  options.connection.ca_file = folder_ + "/authority.pem";
  options.connection.token = "any";
  {
    Session secured(options);
    EXPECT_EQ(Integer(*secured.Fetch({.sql = "SELECT 5L", .parameters = {}})), 5);
  }
  options.connection.ca_file = folder_ + "/stranger.pem";
  EXPECT_TRUE(Contains(FailureOf([&] { Session deceived(options); }, base::ErrorKind::kInput), "TLS"));
  options.connection.ca_file = folder_ + "/authority.pem";
  options.connection.port = port();
  EXPECT_TRUE(Contains(FailureOf([&] { Session plain(options); }, base::ErrorKind::kInput), "TLS"));
  options.connection.ca_file = folder_ + "/nix.pem";
  EXPECT_TRUE(Contains(FailureOf([&] { Session blind(options); }, base::ErrorKind::kInput), "nix.pem"));
}

TEST_F(SparkSessionTest, ATokenNeverLeavesTheMachineInClear) {
  SessionOptions options = At(port());
  options.connection.host = "spark.example";
  options.connection.token = "s3cret";
  std::string message = FailureOf([&] { Session naive(options); }, base::ErrorKind::kInput);
  EXPECT_TRUE(Contains(message, "in clear")) << message;
  EXPECT_FALSE(Contains(message, "s3cret")) << message;
}

// One server for all that needs a server of its own, because a start takes its time.
TEST_F(SparkSessionTest, AServerWithATokenThatIsKilledInTheMiddleOfAQueryAndStartedAnew) {
  SparkServer server("s3cret");
  SessionOptions patient = At(server.port());  // With a server that has just started on a busy machine.
  patient.connection.timeout = 10min;
  for (const char* token : {"", "wr0ng"}) {
    patient.connection.token = token;
    std::string message = FailureOf([&] { Session stranger(patient); }, base::ErrorKind::kInput);
    EXPECT_TRUE(Contains(message, "check the token")) << message;
    EXPECT_FALSE(Contains(message, "wr0ng")) << message;
  }
  patient.connection.token = "s3cret";
  SessionOptions options = patient;
  options.connection.reattach_for = 3s;
  Session known(options);
  EXPECT_EQ(Integer(*known.Fetch({.sql = "SELECT 1L", .parameters = {}})), 1);

  std::thread killer([&] {
    std::this_thread::sleep_for(2s);
    server.Kill();
  });
  std::string message = FailureOf(
      [&] {
        known.Fetch({.sql = "SELECT count(*) FROM range(1000000000) a, range(1000) b WHERE hash(a.id, b.id) = 7",
                     .parameters = {}});
      },
      base::ErrorKind::kUnavailable);
  killer.join();
  EXPECT_TRUE(Contains(message, "does not answer")) << message;

  server.Restart();
  // Which the new session has waited for, as long as that takes: the old one waits three seconds.
  EXPECT_EQ(Integer(*Session(patient).Fetch({.sql = "SELECT 1L", .parameters = {}})), 1);
  message = FailureOf([&] { known.Fetch({.sql = "SELECT 1", .parameters = {}}); }, base::ErrorKind::kUnavailable);
  EXPECT_TRUE(Contains(message, "lost our session")) << message;
}

}  // namespace
}  // namespace qlake::testing
