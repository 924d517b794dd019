#include "base/log.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/rotating_file.h"

namespace qlake::base {
namespace {

namespace fs = std::filesystem;

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    char path[] = "/tmp/qlake_log_XXXXXX";
    folder_ = mkdtemp(path);
  }
  ~LogTest() override {
    StartLog({.level = LogLevel::kOff});
    fs::remove_all(folder_);
  }

  std::string file() const { return folder_ / "deep" / "qlake.log"; }
  static std::vector<std::string> Lines(const std::string& path) {
    std::ifstream stream(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }
  Json OnlyLine() const {
    auto lines = Lines(file());
    EXPECT_EQ(lines.size(), 1u);
    return Json::parse(lines.at(0));
  }

  fs::path folder_;
};

TEST_F(LogTest, ALineHasItsFieldsInOneOrder) {
  StartLog({.level = LogLevel::kInfo, .file = file()});
  LogScope run({.run_id = "r1"});
  LogScope step({.step = "ingest"});
  LogInfo("committed", {{"rows", 3}, {"hour", "h"}, {"version", 7}, {"table", "raw.files"}});
  Json line = OnlyLine();
  EXPECT_EQ(line["time"].get<std::string>().size(), std::string("2023-05-20T14:03:07.000000Z").size());
  line.erase("time");
  EXPECT_EQ(line.dump(), R"({"level":"INFO","run_id":"r1","step":"ingest","table":"raw.files","version":7,"hour":"h",)"
                         R"("message":"committed","fields":{"rows":3}})");
}

TEST_F(LogTest, AScopeEndsWithItsContext) {
  StartLog({.level = LogLevel::kInfo, .file = file()});
  LogScope run({.run_id = "r1", .step = "run"});
  { LogScope step({.step = "ingest"}); }
  LogInfo("x");
  EXPECT_EQ(OnlyLine()["step"], "run");
}

TEST_F(LogTest, LinesBelowTheLevelAreNotWritten) {
  StartLog({.level = LogLevel::kWarn, .file = file()});
  LogDebug("a");
  LogInfo("b");
  LogError("c");
  EXPECT_EQ(OnlyLine()["level"], "ERROR");
}

TEST_F(LogTest, PersonalDataIsMaskedHoweverDeepItStands) {
  StartLog({.level = LogLevel::kInfo, .file = file()});
  LogInfo("no such customer: ann.lee@gmail.com", {{"reasons", {"email: bob@x.y", {{"url", "http://h/?token=t1"}}}}});
  Json line = OnlyLine();
  EXPECT_EQ(line["message"], "no such customer: a***(17)");
  EXPECT_EQ(line["fields"]["reasons"][0], "email: b***(7)");
  EXPECT_EQ(line["fields"]["reasons"][1]["url"], "http://h/?token=***");
}

TEST_F(LogTest, BytesThatAreNoTextLeaveTheLineJson) {
  StartLog({.level = LogLevel::kInfo, .file = file()});
  LogInfo("bad \xff\xfe name", {{"value", "\xc3\x28\n"}});
  EXPECT_TRUE(OnlyLine().contains("fields"));
}

TEST_F(LogTest, PeopleGetOneLineOfText) {
  testing::internal::CaptureStderr();
  StartLog({.level = LogLevel::kInfo, .human = true});
  LogScope run({.run_id = "r1", .step = "process"});
  LogWarn("rows went to quarantine", {{"table", "quarantine.x"}, {"rows", 3}, {"file", "a.csv"}});
  std::string text = testing::internal::GetCapturedStderr();
  ASSERT_GT(text.size(), 9u);
  EXPECT_EQ(text.substr(9), "WARN  rows went to quarantine step=process table=quarantine.x rows=3 file=a.csv\n");
}

TEST_F(LogTest, AFullFileMovesOnAndOnlySoManyAreKept) {
  StartLog({.level = LogLevel::kInfo, .file = file(), .rotate_bytes = 1000, .files_kept = 2});
  for (int i = 0; i < 100; ++i) LogInfo("line", {{"number", i}});
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(file()).parent_path())) {
    names.insert(entry.path().filename());
    EXPECT_LE(entry.file_size(), 1000u);
  }
  EXPECT_EQ(names, (std::set<std::string>{"qlake.log", "qlake.log.1", "qlake.log.2"}));
  EXPECT_EQ(Json::parse(Lines(file()).back())["fields"]["number"], 99);
}

TEST_F(LogTest, AFileThatAnotherMovedAwayIsBegunAnew) {
  StartLog({.level = LogLevel::kInfo, .file = file()});
  LogInfo("a");
  fs::rename(file(), file() + ".old");
  LogInfo("b");
  EXPECT_EQ(OnlyLine()["message"], "b");
}

TEST_F(LogTest, AFileThatCannotBeOpenedIsWrongUse) { EXPECT_THROW(StartLog({.file = "/proc/nowhere/x.log"}), Error); }

// A stream and the commands that a clock wakes write to one file.
TEST_F(LogTest, ProcessesThatRotateOneFileLoseAndTearNothing) {
  constexpr int kProcesses = 6;
  constexpr int kLines = 400;
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    pid_t child = fork();
    if (child == 0) {
      RotatingFile log(file(), {.bytes_max = 3000, .files_kept = 1000});
      for (int i = 0; i < kLines; ++i) log.Append("p" + std::to_string(process) + " line " + std::to_string(i) + "\n");
      _exit(0);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  std::multiset<std::string> lines;
  for (const auto& entry : fs::directory_iterator(fs::path(file()).parent_path())) {
    for (const auto& line : Lines(entry.path())) lines.insert(line);
  }
  EXPECT_EQ(lines.size(), static_cast<size_t>(kProcesses) * kLines);
  for (int process = 0; process < kProcesses; ++process) {
    for (int i = 0; i < kLines; ++i) {
      EXPECT_EQ(lines.count("p" + std::to_string(process) + " line " + std::to_string(i)), 1u);
    }
  }
}

}  // namespace
}  // namespace qlake::base
