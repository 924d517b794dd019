// kill -9 at every label of compact, compact raw, vacuum and restore, and every storage call failed in turn: readers
// see the lake of before or after, the command run again ends it, and the hours that follow are those of a lake that
// was never disturbed. docs/testing.md lists the labels and the faults.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>

#include "base/clock.h"
#include "base/json.h"
#include "support/lake_fixture.h"

namespace qlake::testing {
namespace {

constexpr int kKilled = 128 + 9;
constexpr int kHours = 3;

Environment InAYear() {
  auto now = std::chrono::system_clock::now().time_since_epoch() + std::chrono::hours(24 * 365);
  return {{"QLAKE_NOW", base::FormatTimestamp({std::chrono::duration_cast<std::chrono::microseconds>(now).count()})}};
}

// Hours with a duplicate, a conflict, a quarantined row and a changing agent; a lake of some of them is copied for each
// crash.
class MaintenanceLake : public LakeTest {
 public:
  void TestBody() override {}
  void DropHour(int hour) const {
    std::string id = std::to_string(hour);
    std::string drop = "2023-05-20T1" + id;
    Drop(drop, "sales_transactions_1.csv",
         SalesCsv({{.id = "trx-" + id + "a", .agent = id},
                   {.id = "trx-" + id + "b", .date = "2023-5-19", .address = "1 A St/Oslo/OS/01"},
                   {.id = "trx-0a", .units = id},
                   {.id = "trx-" + id + "a", .agent = id},
                   {.id = "trx-" + id + "d", .units = "0"}}));
    Drop(drop, "sales_agents_1.csv", "sales_person_id,name,hire_date\n1,Zoe " + id + ",2020-1-1\n");
  }
  void RunHours(int first, int last) const {
    for (int hour = first; hour <= last; ++hour) {
      DropHour(hour);
      MustRun({"run"});
    }
  }
  void CopyFrom(const MaintenanceLake& other) const {
    for (const char* folder : {"/lake", "/landing", "/dump"}) {
      RunProgram({"/bin/cp", "-aT", other.folder() + folder, folder_of(folder)});
    }
  }
  std::string folder_of(const std::string& name) const { return folder() + name; }
  void ExpectSound(const std::string& when) const {
    auto verified = Run({"verify", "--checksum"});
    EXPECT_EQ(verified.exit_code, 0) << when << "\n" << verified.out << verified.err;
  }
};

// A lake to begin with, the command that is disturbed, and what readers may see then.
struct Case {
  std::string name;
  std::vector<std::string> command;
  Environment environment;
  std::function<void(const MaintenanceLake&)> prepare;
  bool goes_back = false;  // The command takes the lake back to its first publication.
};

struct Prepared {
  MaintenanceLake lake;
  std::string content;        // Before the command,
  std::string content_after;  // and after it.
  std::string content_later;  // When all files are processed and one hour more has come.
  std::vector<std::string> command;
};

void Nothing(const MaintenanceLake&) {}
void CompactAll(const MaintenanceLake& lake) {
  lake.MustRun({"compact", "--min-files", "2"});
  lake.MustRun({"compact", "raw"});
}

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {{"compact", {"compact", "--min-files", "2"}, {}, Nothing},
                                          {"raw", {"compact", "raw"}, {}, Nothing},
                                          {"vacuum", {"vacuum"}, InAYear(), CompactAll},
                                          {"restore", {"restore", "--to", ""}, {}, Nothing, true}};
  return cases;
}

const Case& CaseOf(const std::string& name) {
  for (const auto& candidate : Cases()) {
    if (candidate.name == name) return candidate;
  }
  throw std::runtime_error("no such case: " + name);
}

// Made once a case: every crash begins with a copy.
const Prepared& PreparedOf(const std::string& name) {
  static std::map<std::string, std::unique_ptr<Prepared>> all;
  auto& prepared = all[name];
  if (prepared) return *prepared;
  prepared = std::make_unique<Prepared>();
  const Case& wanted = CaseOf(name);
  prepared->command = wanted.command;
  auto& lake = prepared->lake;
  lake.RunHours(0, 1);
  if (wanted.goes_back) {
    auto status = base::Json::parse(lake.MustRun({"status", "--json"}));
    prepared->command.back() = status["published_at"].get<std::string>();
    prepared->content_after = lake.Content();
  }
  lake.RunHours(2, kHours);
  wanted.prepare(lake);
  prepared->content = lake.Content();
  if (!wanted.goes_back) prepared->content_after = prepared->content;
  MaintenanceLake undisturbed;
  undisturbed.RunHours(0, kHours + 1);
  prepared->content_later = undisturbed.Content();
  return *prepared;
}

void ExpectOldOrNew(const MaintenanceLake& lake, const Prepared& prepared, const std::string& when) {
  std::string content = lake.Content();
  EXPECT_TRUE(content == prepared.content || content == prepared.content_after) << when << "\n" << content;
}

// The command again, or, for every other one, the next run at once: both have to cope with what was left.
void ExpectGoesOn(const MaintenanceLake& lake, const Prepared& prepared, const Case& wanted, bool again,
                  const std::string& when) {
  if (again) {
    lake.MustRun(prepared.command, wanted.environment);
    EXPECT_EQ(lake.Content(), prepared.content_after) << when;
    lake.ExpectSound(when);
  }
  lake.RunHours(kHours + 1, kHours + 1);
  EXPECT_EQ(lake.Content(), prepared.content_later) << when;
  EXPECT_EQ(lake.UnclosedLedger(), "") << when;
}

struct KillAt {
  const char* command;
  const char* label;
};

class MaintenanceKillTest : public ::testing::TestWithParam<KillAt> {};

TEST_P(MaintenanceKillTest, ReadersSeeOldOrNewAndTheNextCommandEndsIt) {
  auto [name, label] = GetParam();
  const Case& wanted = CaseOf(name);
  const Prepared& prepared = PreparedOf(name);
  // `make soak` takes every pass (QLAKE_KILL_STEP=1).
  const char* given = std::getenv("QLAKE_KILL_STEP");
  int step = given != nullptr ? std::atoi(given) : 11;
  int kills = 0;
  for (int pass = 1; pass < 400; pass += step) {
    MaintenanceLake lake;
    lake.CopyFrom(prepared.lake);
    Environment crash = wanted.environment;
    crash["QLAKE_CRASH_AT"] = std::string(label) + ":" + std::to_string(pass);
    auto result = lake.Run(prepared.command, crash);
    if (result.exit_code != kKilled) {
      EXPECT_EQ(result.exit_code, 0) << result.err;
      break;
    }
    ++kills;
    std::string when = std::string(name) + " killed at " + label + " pass " + std::to_string(pass);
    ExpectOldOrNew(lake, prepared, when);
    lake.ExpectSound(when);
    ExpectGoesOn(lake, prepared, wanted, kills % 2 == 1, when);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(kills, 0) << "nothing passes " << label;
}

INSTANTIATE_TEST_SUITE_P(
    EveryLabel, MaintenanceKillTest,
    ::testing::Values(KillAt{"compact", "compact.before_files"}, KillAt{"compact", "compact.after_files"},
                      KillAt{"compact", "compact.before_commit"}, KillAt{"compact", "delta.before_log"},
                      KillAt{"compact", "delta.after_log"}, KillAt{"compact", "index.before_manifest"},
                      KillAt{"compact", "compact.after_commit"}, KillAt{"raw", "raw_pack.before_container"},
                      KillAt{"raw", "raw_pack.after_container"}, KillAt{"raw", "raw_pack.before_commit"},
                      KillAt{"raw", "delta.before_log"}, KillAt{"raw", "raw_pack.after_commit"},
                      KillAt{"vacuum", "vacuum.after_start"}, KillAt{"vacuum", "vacuum.before_remove"},
                      KillAt{"vacuum", "vacuum.before_end"}, KillAt{"restore", "restore.before_intent"},
                      KillAt{"restore", "restore.after_intent"}, KillAt{"restore", "restore.before_table"},
                      KillAt{"restore", "restore.after_table"}, KillAt{"restore", "restore.before_ledger"},
                      KillAt{"restore", "restore.after_ledger"}),
    [](const auto& test) {
      std::string name = std::string(test.param.command) + "_" + test.param.label;
      for (char& c : name) c = c == '.' ? '_' : c;
      return name;
    });

class MaintenanceFaultTest : public ::testing::TestWithParam<std::tuple<const char*, const char*>> {};

// Some of the storage's calls fail, one at a time; `make soak` fails every one (QLAKE_FAULT_STEP=1).
TEST_P(MaintenanceFaultTest, TheAnswerIsTrueAndTheTableIsAtTheOldOrTheNewVersion) {
  auto [name, fault] = GetParam();
  const Case& wanted = CaseOf(name);
  const Prepared& prepared = PreparedOf(name);
  const char* given = std::getenv("QLAKE_FAULT_STEP");
  int step = given != nullptr ? std::atoi(given) : 61;
  int failures = 0;
  int calm = 0;  // How often in a row nothing failed: some calls may fail without harm, but not many.
  for (int call = 1; call < 3000 && calm < 3; call += step) {
    MaintenanceLake lake;
    lake.CopyFrom(prepared.lake);
    Environment environment = wanted.environment;
    environment["QLAKE_STORAGE_FAULT"] = "any:" + std::to_string(call) + ":" + fault;
    auto result = lake.Run(prepared.command, environment);
    std::string when = std::string(name) + " with " + environment["QLAKE_STORAGE_FAULT"] + "\n" + result.err;
    ASSERT_TRUE(result.exit_code == 0 || result.exit_code == 1) << when << result.exit_code;
    failures += result.exit_code != 0;
    ExpectOldOrNew(lake, prepared, when);
    if (result.exit_code == 0) {
      EXPECT_EQ(lake.Content(), prepared.content_after) << when;
    }
    lake.ExpectSound(when);
    ExpectGoesOn(lake, prepared, wanted, failures % 2 == 1, when);
    if (::testing::Test::HasFailure()) return;
    calm = result.exit_code == 0 ? calm + 1 : 0;
  }
  EXPECT_GT(failures, 0) << fault;
}

INSTANTIATE_TEST_SUITE_P(EveryCommand, MaintenanceFaultTest,
                         ::testing::Combine(::testing::Values("compact", "raw", "vacuum", "restore"),
                                            ::testing::Values("EIO", "EIO_AFTER", "ENOSPC:persistent")),
                         [](const auto& test) {
                           std::string name = std::string(std::get<0>(test.param)) + "_" + std::get<1>(test.param);
                           for (char& c : name) c = c == ':' ? '_' : c;
                           return name;
                         });

// A reader holds a version while the table is compacted under it and goes on.
TEST(MaintenanceReaderTest, AVersionStaysReadableThroughCompactionAndVacuumWithinTheRetention) {
  MaintenanceLake lake;
  lake.CopyFrom(PreparedOf("compact").lake);
  std::vector<std::string> read = {"sql",
                                   "--table",
                                   lake.lake() + "/warehouse/sales_transactions_fact",
                                   "SELECT * FROM t ORDER BY transaction_id",
                                   "--as-of",
                                   "3",
                                   "--format",
                                   "csv"};
  std::string before = Qlake(read).out;
  ASSERT_NE(before, "");
  lake.MustRun({"compact", "--min-files", "2"});
  EXPECT_EQ(Qlake(read).out, before);
  lake.MustRun({"vacuum"});
  EXPECT_EQ(Qlake(read).out, before);
}

}  // namespace
}  // namespace qlake::testing
