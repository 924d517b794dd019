// What can be checked of the house's rules is checked: arrows between rooms, third-party headers, paths named in docs.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = QLAKE_REPOSITORY;

std::string ReadText(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<fs::path> SourceFiles() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "src")) {
    if (entry.path().extension() == ".cc" || entry.path().extension() == ".h") files.push_back(entry.path());
  }
  return files;
}

std::string RoomOf(const fs::path& file) {
  fs::path relative = file.lexically_relative(kRoot / "src");
  return relative.has_parent_path() ? relative.begin()->string() : "";
}

// Room -> the rooms that CMakeLists.txt lets it include.
std::map<std::string, std::set<std::string>> AllowedRooms() {
  std::map<std::string, std::set<std::string>> rooms;
  std::string text = ReadText(kRoot / "CMakeLists.txt");
  std::regex line(R"(qlake_room\((\w+)\s+ROOMS([^)]*?)(?:LIBRARIES[^)]*)?\))");
  for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it) {
    std::stringstream names((*it)[2].str());
    auto& allowed = rooms[(*it)[1].str()];
    for (std::string name; names >> name;) allowed.insert(name);
  }
  return rooms;
}

TEST(TidyTest, IncludesBetweenRoomsFollowTheArchitecture) {
  auto rooms = AllowedRooms();
  ASSERT_GT(rooms.size(), 10u);
  std::regex include("#include \"([a-z_]+)/");
  for (const auto& file : SourceFiles()) {
    std::string room = RoomOf(file);
    if (room.empty()) continue;
    ASSERT_TRUE(rooms.contains(room)) << file << " is in a room that CMakeLists.txt does not list";
    std::string text = ReadText(file);
    for (std::sregex_iterator it(text.begin(), text.end(), include), end; it != end; ++it) {
      std::string other = (*it)[1].str();
      EXPECT_TRUE(other == room || rooms[room].contains(other)) << file << " includes " << other << "/";
    }
  }
}

TEST(TidyTest, ThirdPartyHeadersStayInTheirRooms) {
  const std::map<std::string, std::set<std::string>> homes = {{"duckdb.h", {"engine"}},
                                                              {"CLI/", {"cli"}},
                                                              {"toml++/", {"model", "cli"}},
                                                              {"openssl/", {"base", "report"}},
                                                              {"spdlog/", {"base"}},
                                                              {"xxhash.h", {"engine", "lake"}},
                                                              {"simdjson.h", {"rows", "delta", "events", "stream"}},
                                                              {"parquet/", {"parquet"}},
                                                              {"librdkafka/", {"kafka"}},
                                                              {"curl/", {"http"}},
                                                              {"httplib.h", {"serve"}},
                                                              {"prometheus/", {"serve"}},
                                                              {"grpc/", {"spark"}},
                                                              {"grpcpp/", {"spark"}},
                                                              {"google/", {"spark"}},
                                                              {"thrift/", {"hive"}},
                                                              {"nlohmann/", {"base"}}};
  std::regex include("#include <([^>]+)>");
  for (const auto& file : SourceFiles()) {
    std::string text = ReadText(file);
    for (std::sregex_iterator it(text.begin(), text.end(), include), end; it != end; ++it) {
      for (const auto& [header, rooms] : homes) {
        bool is_home = (*it)[1].str().rfind(header, 0) != 0 || rooms.contains(RoomOf(file));
        EXPECT_TRUE(is_home) << file << " includes " << header;
      }
    }
  }
}

TEST(TidyTest, FileNamesSayWhatTheyHold) {
  std::regex empty_word("(^|_)(util|utils|helper|helpers|common|misc|manager|processor|impl)(_|$)");
  for (const auto& file : SourceFiles()) EXPECT_FALSE(std::regex_search(file.stem().string(), empty_word)) << file;
}

TEST(TidyTest, PathsNamedInDocumentsExist) {
  std::regex path("`((?:src|tests|project|scripts|docs|cmake|bench|packaging)/[A-Za-z0-9_./-]+)`");
  std::vector<fs::path> documents = {kRoot / "README.md"};
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "docs")) documents.push_back(entry.path());
  for (const auto& document : documents) {
    std::string text = ReadText(document);
    for (std::sregex_iterator it(text.begin(), text.end(), path), end; it != end; ++it) {
      EXPECT_TRUE(fs::exists(kRoot / (*it)[1].str())) << document << " names " << (*it)[1].str();
    }
  }
}

TEST(TidyTest, EveryCrashLabelIsCrashedByATest) {
  std::regex label("CrashPoint\\(\"([a-z_.]+)\"\\)");
  // A label that a whole run need not pass is crashed by a unit test of its room.
  std::string test =
      ReadText(kRoot / "tests/crash/crash_test.cc") + ReadText(kRoot / "tests/crash/maintenance_crash_test.cc") +
      ReadText(kRoot / "tests/stream/event_test.cc") + ReadText(kRoot / "tests/cluster/hdfs_lake_test.cc") +
      ReadText(kRoot / "tests/cluster/hive_lake_test.cc") + ReadText(kRoot / "tests/parity/process_parity_test.cc") +
      ReadText(kRoot / "tests/crash/part_failure_test.cc");
  for (const auto& file : SourceFiles()) {
    if (file.stem().string().ends_with("_test")) test += ReadText(file);
  }
  for (const auto& file : SourceFiles()) {
    std::string text = ReadText(file);
    for (std::sregex_iterator it(text.begin(), text.end(), label), end; it != end; ++it) {
      EXPECT_NE(test.find('"' + (*it)[1].str() + '"'), std::string::npos) << (*it)[1].str() << " in " << file;
    }
  }
}

}  // namespace
}  // namespace qlake::testing
