#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "support/lake_fixture.h"
#include "support/qlake_process.h"

// Completion in the actual shells, and the manual's pages in the actual formatters.
namespace qlake::testing {
namespace {

namespace fs = std::filesystem;

class ManualTest : public ::testing::Test {
 protected:
  ManualTest() {
    char path[] = "/tmp/qlake_manual_XXXXXX";
    folder_ = mkdtemp(path);
  }
  ~ManualTest() override { fs::remove_all(folder_); }

  std::string ScriptOf(const std::string& shell) const {
    auto result = Qlake({"completion", shell});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::string path = folder_ + "/completion." + shell;
    std::ofstream(path) << result.out;
    return path;
  }

  static std::set<std::string> Words(const std::string& text) {
    std::istringstream stream(text);
    std::set<std::string> words;
    for (std::string word; stream >> word;) words.insert(word);
    return words;
  }

  // What bash offers behind these words, the last of which is under way.
  std::set<std::string> InBash(const std::vector<std::string>& words) const {
    std::string line = "COMP_WORDS=(";
    for (const auto& word : words) line += "'" + word + "' ";
    auto result =
        RunProgram({"/bin/bash", "--norc", "-c",
                    "source " + ScriptOf("bash") + "; " + line + "); COMP_CWORD=" + std::to_string(words.size() - 1) +
                        "; _qlake; printf '%s\\n' \"${COMPREPLY[@]}\""});
    EXPECT_EQ(result.err, "");
    return Words(result.out);
  }

  std::set<std::string> InFish(const std::string& line) const {
    auto result = RunProgram(
        {"/usr/bin/fish", "--no-config", "-c", "source " + ScriptOf("fish") + "; complete -C '" + line + "' | cut -f1"},
        {{"HOME", folder_}, {"XDG_CONFIG_HOME", folder_}, {"XDG_DATA_HOME", folder_}});
    EXPECT_EQ(result.err, "");
    return Words(result.out);
  }

  // What an interactive zsh prints when Tab is pressed behind the line.
  std::string InZsh(const std::string& line) const {
    std::string path = folder_ + "/drive.zsh";
    std::ofstream(path) << "zmodload zsh/zpty\n"
                           "zpty z zsh -f -i\n"
                           "zpty -w z 'PS1=; PS2=; stty -echo; autoload -Uz compinit; compinit -D -u'\n"
                           "zpty -w z 'source "
                        << ScriptOf("zsh")
                        << "'\n"
                           "zpty -w z 'LISTMAX=1000; COLUMNS=200; zstyle \":completion:*\" list-colors \"\"; bindkey "
                           "\"^I\" list-choices; echo rea\\dy'\n"
                           "zpty -r z answer '*ready*'\n"
                           "zpty -n -w z $'"
                        << line
                        << "\\t'\n"
                           "sleep 1\n"
                           "while zpty -r -t z answer; do print -r -- $answer; done\n"
                           "zpty -d z\n";
    return RunProgram({"/usr/bin/zsh", "-f", path}, {{"TERM", "dumb"}, {"HOME", folder_}}).out;
  }

  std::string folder_;
};

std::set<std::string> CommandsInHelp() {
  std::istringstream help(Qlake({"--help"}).out);
  std::set<std::string> commands;
  bool is_list = false;
  for (std::string line; std::getline(help, line);) {
    if (line == "Subcommands:") is_list = true;
    if (is_list && line.starts_with("  ") && line.size() > 2 && line[2] != ' ') {
      commands.insert(line.substr(2, line.find(' ', 2) - 2));
    }
    if (is_list && line.empty()) break;
  }
  return commands;
}

TEST_F(ManualTest, BashOffersCommandsFlagsAndValues) {
  auto commands = InBash({"qlake", ""});
  for (const auto& command : CommandsInHelp()) EXPECT_TRUE(commands.contains(command)) << command;
  EXPECT_GT(commands.size(), 20u);
  EXPECT_EQ(InBash({"qlake", "ver"}), (std::set<std::string>{"verify"}));
  EXPECT_EQ(InBash({"qlake", "runs", "s"}), (std::set<std::string>{"show"}));
  EXPECT_EQ(InBash({"qlake", "compact", "--dry"}), (std::set<std::string>{"--dry-run"}));
  EXPECT_EQ(InBash({"qlake", "dump", "--lake", "run", "--eng"}), (std::set<std::string>{"--engine"}))
      << "a value is no command";
  EXPECT_EQ(InBash({"qlake", "run", "--engine", ""}), (std::set<std::string>{"duckdb", "spark"}));
  EXPECT_EQ(InBash({"qlake", "run", "--engine", "=", "sp"}), (std::set<std::string>{"spark"}));
  EXPECT_EQ(InBash({"qlake", "sql", "--format", "m"}), (std::set<std::string>{"markdown"}));
  EXPECT_TRUE(InBash({"qlake", "run", "--landing", ""}).empty()) << "paths are the shell's own";
}

TEST_F(ManualTest, FishOffersCommandsFlagsAndValues) {
  if (!fs::exists("/usr/bin/fish")) GTEST_SKIP() << "there is no fish on this machine: scripts/install.sh --test";
  auto commands = InFish("qlake ");
  for (const auto& command : CommandsInHelp()) EXPECT_TRUE(commands.contains(command)) << command;
  EXPECT_EQ(InFish("qlake runs s"), (std::set<std::string>{"show"}));
  EXPECT_EQ(InFish("qlake compact --dry"), (std::set<std::string>{"--dry-run"}));
  EXPECT_EQ(InFish("qlake run --engine "), (std::set<std::string>{"duckdb", "spark"}));
  EXPECT_TRUE(InFish("qlake completion ").contains("zsh"));
}

TEST_F(ManualTest, ZshOffersCommandsFlagsAndValues) {
  if (!fs::exists("/usr/bin/zsh")) GTEST_SKIP() << "there is no zsh on this machine: scripts/install.sh --test";
  std::string commands = InZsh("qlake ");
  for (const char* command : {"ingest", "process", "doctor", "runs"}) {
    EXPECT_NE(commands.find(command), std::string::npos) << command << "\n" << commands;
  }
  EXPECT_NE(InZsh("qlake runs ").find("show"), std::string::npos);
  EXPECT_NE(InZsh("qlake compact --dr").find("--dry-run"), std::string::npos);
  std::string engines = InZsh("qlake run --engine ");
  EXPECT_NE(engines.find("spark"), std::string::npos) << engines;
}

TEST_F(ManualTest, EachCommandHasAPageThatFormattersTakeWithoutAWord) {
  ASSERT_EQ(Qlake({"man", "--out", folder_ + "/man"}).exit_code, 0);
  std::vector<std::string> pages;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ + "/man")) {
    if (entry.is_regular_file()) pages.push_back(entry.path());
  }
  EXPECT_GT(pages.size(), 25u);
  for (const auto& command : CommandsInHelp()) {
    EXPECT_TRUE(fs::exists(folder_ + "/man/man1/qlake-" + command + ".1")) << command;
  }
  EXPECT_TRUE(fs::exists(folder_ + "/man/man1/qlake-runs-show.1"));
  EXPECT_TRUE(fs::exists(folder_ + "/man/man5/qlake.toml.5"));
  for (const auto& page : pages) {
    auto groff = RunProgram({"/usr/bin/groff", "-man", "-ww", "-z", "-Tutf8", page});
    EXPECT_EQ(groff.err, "") << page;
    if (!fs::exists("/usr/bin/mandoc")) continue;
    auto mandoc = RunProgram({"/usr/bin/mandoc", "-Tlint", "-Wwarning", page});
    EXPECT_EQ(mandoc.out + mandoc.err, "") << page;
  }
  if (!fs::exists("/usr/bin/mandoc")) GTEST_SKIP() << "there is no mandoc on this machine: scripts/install.sh --test";
}

TEST_F(ManualTest, APageIsReadByMan) {
  if (!fs::exists("/usr/bin/man")) GTEST_SKIP() << "there is no man on this machine: scripts/install.sh --test";
  ASSERT_EQ(Qlake({"man", "--out", folder_ + "/man"}).exit_code, 0);
  auto read = [this](const std::string& page) {
    return RunProgram({"/usr/bin/man", "--nj", "--nh", "-P", "cat", "-l", folder_ + "/man/" + page},
                      {{"MANWIDTH", "100"}})
        .out;
  };
  std::string compact = read("man1/qlake-compact.1");
  for (const char* part : {"NAME", "qlake-compact - Merge small files", "--target-size value", "EXAMPLES",
                           "qlake compact --lake lake", "EXIT STATUS"}) {
    EXPECT_NE(compact.find(part), std::string::npos) << part << "\n" << compact;
  }
  std::string settings = read("man5/qlake.toml.5");
  for (const char* part : {"[kafka]", "brokers", "QLAKE_KAFKA_BROKERS", "A secret."}) {
    EXPECT_NE(settings.find(part), std::string::npos) << part;
  }
}

TEST_F(ManualTest, AMistypedPageIsToldTheNearestOne) {
  auto result = Qlake({"man", "compcat"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("did you mean qlake-compact?"), std::string::npos) << result.err;
  EXPECT_EQ(Qlake({"man", "runs", "show"}).exit_code, 0);
}

TEST_F(ManualTest, CompletionAndManualWorkWhateverTheConfigSays) {
  std::ofstream(folder_ + "/qlake.toml") << "nonsense\n";
  EXPECT_EQ(Qlake({"completion", "bash"}, {}, folder_).exit_code, 0);
  EXPECT_EQ(Qlake({"man"}, {}, folder_).exit_code, 0);
}

}  // namespace
}  // namespace qlake::testing
