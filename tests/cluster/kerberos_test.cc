// The real binary on an actual HDFS that asks for tickets of an actual KDC: who gets in, who does not and what he is
// told, how often Kerberos is asked, and that nothing secret is shown.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/json.h"
#include "http/client.h"
#include "storage/hdfs_storage.h"
#include "support/hdfs_cluster.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

using namespace std::chrono_literals;

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

class KerberosTest : public LakeTest {
 public:
  KerberosTest() : cluster_(Cluster()), hdfs_(cluster_.NewFolder() + "/lake") {}

  // One for all tests: it takes ten seconds to start.
  static HdfsCluster& Cluster() {
    static HdfsCluster cluster(std::vector<std::string>{"kerberos", "hdfs"});
    return cluster;
  }

  // Where `user` has his tickets; he has none yet.
  Environment As(const std::string& user, Environment more = {}) const {
    more.insert({{"KRB5_CONFIG", cluster_.krb5_config()},
                 {"KRB5CCNAME", "FILE:" + folder() + "/tickets-" + user},
                 {"QLAKE_HDFS_AUTH", "kerberos"},
                 {"QLAKE_HDFS_WEBHDFS", cluster_.webhdfs()}});
    return more;
  }
  Environment WithTicket(const std::string& user, const Environment& more = {}) const {
    Kinit(user, "1h");
    return As(user, more);
  }
  void Kinit(const std::string& user, const std::string& lifetime) const {
    auto kinit = RunProgram({"/usr/bin/kinit", "-l", lifetime, "-k", "-t", cluster_.keytab(user), user}, As(user));
    ASSERT_EQ(kinit.exit_code, 0) << kinit.err;
  }

  ProcessResult OnHdfs(std::vector<std::string> arguments, const Environment& environment) const {
    if (arguments.front() == "ingest") arguments.insert(arguments.end(), {"--landing", landing(), "--quiet"});
    arguments.insert(arguments.end(), {"--lake", hdfs_, "--log-level", "debug", "--log-file", log()});
    return Qlake(arguments, environment, folder());
  }
  std::string MustOnHdfs(const std::vector<std::string>& arguments, const Environment& environment) const {
    auto result = OnHdfs(arguments, environment);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }
  // It ends with exit code 2 at once, and says so.
  void ExpectRefused(const Environment& environment, const std::string& words) const {
    auto refused = OnHdfs({"ingest"}, environment);
    EXPECT_EQ(refused.exit_code, 2) << refused.err;
    EXPECT_NE(refused.err.find(words), std::string::npos) << refused.err;
    EXPECT_EQ(Log().find("is asked again"), std::string::npos) << Log();
  }

  // What this process asks itself, it asks as that user.
  void Become(const std::string& user) const {
    for (const auto& [name, value] : WithTicket(user)) setenv(name.c_str(), value.c_str(), 1);
  }
  storage::HdfsOptions Options() const {
    return {.webhdfs = {cluster_.webhdfs()}, .auth = storage::HdfsAuth::kKerberos, .retry_for = 30s};
  }

  HdfsCluster& cluster() const { return cluster_; }
  const std::string& hdfs() const { return hdfs_; }
  std::string log() const { return folder() + "/log"; }
  std::string Log() const { return ReadFile(log()); }

 private:
  HdfsCluster& cluster_;
  std::string hdfs_;
};

TEST_F(KerberosTest, ATicketOpensTheLakeAndNothingSecretIsShown) {
  Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "a"}, {.id = "b"}}));
  MustRun({"run"});
  Environment ticket = WithTicket("lake");
  auto copied = Qlake({"copy", "--from", lake(), "--to", hdfs(), "--quiet"}, ticket, folder());
  ASSERT_EQ(copied.exit_code, 0) << copied.err;
  Drop("2023-05-20T15", "sales_transactions_2.csv", SalesCsv({{.id = "c"}}));
  MustOnHdfs({"ingest"}, ticket);
  // The name of the process's user is never claimed: what is there belongs to whom the ticket is of.
  Become("lake");
  http::Client client({});
  auto status = client.Send({.url = cluster().webhdfs() + "/webhdfs/v1" + hdfs().substr(hdfs().find('/', 7)) +
                                    "?op=GETFILESTATUS",
                             .negotiates = true});
  EXPECT_EQ(base::Json::parse(status.body)["FileStatus"]["owner"], "lake") << status.body;
  EXPECT_NE(MustOnHdfs({"ledger"}, ticket).find("sales_transactions_1.csv"), std::string::npos);
  EXPECT_EQ(CountOf(MustOnHdfs({"history", "raw.files", "--format", "csv"}, ticket), "\n"), 3);
  MustOnHdfs({"verify", "--checksum", "--quiet"}, ticket);
  EXPECT_NE(OnHdfs({"doctor"}, ticket).out.find("HDFS answers"), std::string::npos);
  std::string log = Log();
  for (const char* secret : {"hadoop.auth", "Negotiate ", "s=", "YII"}) {
    EXPECT_EQ(log.find(secret), std::string::npos) << secret << log;
  }
  EXPECT_EQ(CountOf(log, "delegation="), CountOf(log, "delegation=***")) << log;
}

TEST_F(KerberosTest, KerberosIsAskedOnceACommandAndTheKdcOnceATicket) {
  for (int hour = 10; hour < 20; ++hour) {
    Drop("2023-05-20T" + std::to_string(hour), "sales_transactions_1.csv", SalesCsv({{.id = std::to_string(hour)}}));
  }
  Environment lake = WithTicket("lake");
  size_t before = CountOf(cluster().KdcLog(), "TGS_REQ");
  MustOnHdfs({"ingest"}, lake);
  EXPECT_EQ(CountOf(Log(), "Kerberos has said who asks"), 1) << Log();
  MustOnHdfs({"history", "raw.files"}, lake);
  EXPECT_EQ(CountOf(Log(), "Kerberos has said who asks"), 2) << Log();
  EXPECT_EQ(CountOf(cluster().KdcLog(), "TGS_REQ"), before + 1) << "the ticket for HTTP/localhost lies in the cache";
}

TEST_F(KerberosTest, AKeytabIsAsGoodAsATicket) {
  Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "a"}}));
  MustOnHdfs({"ingest"}, As("lake", {{"KRB5_CLIENT_KTNAME", "FILE:" + cluster().keytab("lake")}}));
  MustOnHdfs({"verify", "--quiet"}, As("lake"));
}

TEST_F(KerberosTest, WithoutATicketItSaysWhatToDo) {
  ExpectRefused(As("lake"), "run kinit, or name a keytab in KRB5_CLIENT_KTNAME");
  ExpectRefused(As("lake", {{"KRB5_CLIENT_KTNAME", "FILE:/no/such.keytab"}}), "run kinit");
}

TEST_F(KerberosTest, ATicketThatHasExpiredIsSaidToHave) {
  Kinit("lake", "1s");
  while (OnHdfs({"ingest"}, As("lake")).exit_code == 0) std::this_thread::sleep_for(50ms);
  ExpectRefused(As("lake"), "Ticket expired");
}

TEST_F(KerberosTest, AServerThatTheKdcDoesNotKnowIsToldByItsName) {
  std::string port = cluster().webhdfs().substr(cluster().webhdfs().rfind(':'));
  Environment lake = WithTicket("lake");
  lake["QLAKE_HDFS_WEBHDFS"] = "http://127.0.0.1" + port;
  ExpectRefused(lake, "ask the server by the name that its principal HTTP/name has");
}

TEST_F(KerberosTest, WhoMayNotWriteIsToldWhoHeIs) {
  Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "a"}}));
  MustOnHdfs({"ingest"}, WithTicket("lake"));
  Drop("2023-05-20T15", "sales_transactions_1.csv", SalesCsv({{.id = "b"}}));
  Environment stranger = WithTicket("stranger");
  auto refused = OnHdfs({"ingest"}, stranger);
  EXPECT_EQ(refused.exit_code, 1) << refused.err;
  EXPECT_NE(refused.err.find("Permission denied: user=stranger"), std::string::npos) << refused.err;
  MustOnHdfs({"history", "raw.files"}, stranger);
}

TEST_F(KerberosTest, WhatDoesNotGoTogetherIsRefused) {
  Environment named = WithTicket("lake");
  named["QLAKE_HDFS_USER"] = "somebody";
  ExpectRefused(named, "hdfs.user cannot be set with hdfs.auth kerberos");
  named["QLAKE_HDFS_AUTH"] = "simple";
  ExpectRefused(named, "on a cluster with Kerberos, hdfs.auth");
}

TEST_F(KerberosTest, ATokenServesWithoutATicket) {
  Become("lake");
  http::Client client({});
  auto answer = client.Send({.url = cluster().webhdfs() + "/webhdfs/v1/?op=GETDELEGATIONTOKEN", .negotiates = true});
  ASSERT_EQ(answer.status, 200) << answer.body;
  std::string token = base::Json::parse(answer.body)["Token"]["urlString"];
  Drop("2023-05-20T14", "sales_transactions_1.csv", SalesCsv({{.id = "a"}}));
  MustOnHdfs({"ingest"}, As("nobody", {{"QLAKE_HDFS_DELEGATION_TOKEN", token}}));
  EXPECT_EQ(Log().find(token), std::string::npos) << Log();
  std::string garbled = token.substr(0, token.size() / 2) + (token[token.size() / 2] == 'A' ? 'B' : 'A') +
                        token.substr(token.size() / 2 + 1);
  ExpectRefused(As("nobody", {{"QLAKE_HDFS_DELEGATION_TOKEN", garbled}}), "does not accept hdfs.delegation_token");
}

TEST_F(KerberosTest, ANameNodeThatForgetsWhoAskedIsToldAgain) {
  Become("lake");
  storage::HdfsStorage storage(hdfs(), Options());
  storage.Write("before", std::string(3'000'000, 'x'));
  cluster().Restart("namenode");
  storage.Write("after", "y");
  EXPECT_EQ(storage.Read("before").size(), 3'000'000u);
  EXPECT_EQ(storage.Read("after"), "y");
}

TEST_F(KerberosTest, AKdcThatIsAwayIsWaitedFor) {
  Environment lake = WithTicket("lake");
  cluster().Kill("kdc");
  auto failed = OnHdfs({"ingest", "--hdfs-retry-for", "500ms"}, lake);
  EXPECT_EQ(failed.exit_code, 1) << failed.err;
  EXPECT_NE(failed.err.find("no KDC answers"), std::string::npos) << failed.err;
  EXPECT_NE(Log().find("is asked again"), std::string::npos) << Log();
  cluster().Restart("kdc");
  MustOnHdfs({"ingest"}, lake);
}

}  // namespace
}  // namespace qlake::testing
