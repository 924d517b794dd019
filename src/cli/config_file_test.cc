#include "cli/config_file.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/nearest_name.h"

namespace qlake::cli {
namespace {

std::string FailureOf(const std::string& text) {
  try {
    ParseConfigFile("qlake.toml", text);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::kInput);
    return error.message();
  }
  return "no failure";
}

TEST(ConfigFileTest, EachValueKnowsItsLine) {
  auto settings = ParseConfigFile("qlake.toml", "# where it lies\nlake = \"/srv/lake\"\n\n[log]\nlevel = \"info\"\n");
  EXPECT_EQ(settings.size(), 2u);
  EXPECT_EQ(settings.at("lake").value, "/srv/lake");
  EXPECT_EQ(settings.at("lake").origin, "qlake.toml:2");
  EXPECT_EQ(settings.at("log.level").value, "info");
  EXPECT_EQ(settings.at("log.level").origin, "qlake.toml:5");
}

TEST(ConfigFileTest, PathsAreRelativeToTheFilesFolder) {
  auto settings =
      ParseConfigFile("/etc/qlake/qlake.toml", "lake = \"../lake\"\nlanding = \"/landing\"\nmemory = \"1GiB\"\n");
  EXPECT_EQ(settings.at("lake").value, "/etc/lake");
  EXPECT_EQ(settings.at("landing").value, "/landing");
  EXPECT_EQ(settings.at("memory").value, "1GiB");
}

TEST(ConfigFileTest, AnUnknownKeyIsNamedWithItsLineAndTheNearestOne) {
  EXPECT_EQ(FailureOf("landing = \"x\"\n\nlak = \"lake\"\n"), "unknown key lak at qlake.toml:3: did you mean lake?");
  EXPECT_EQ(FailureOf("[log]\nlevle = \"info\"\n"), "unknown key log.levle at qlake.toml:2: did you mean log.level?");
  EXPECT_NE(FailureOf("colour = \"red\"\n").find("known are project, landing, lake"), std::string::npos);
  EXPECT_EQ(FailureOf("[kafak]\n"), "unknown key kafak at qlake.toml:1: did you mean kafka?");
  EXPECT_NE(FailureOf("[kafka]\ncolour = \"red\"\n").find(": known are kafka.brokers, kafka.topic,"),
            std::string::npos);
  EXPECT_NE(FailureOf("[lok]\nlevel = \"info\"\n").find("unknown key lok at qlake.toml:1"), std::string::npos);
}

TEST(ConfigFileTest, AKeyInTheWrongSectionIsToldWhereItStands) {
  EXPECT_EQ(FailureOf("[log]\nlevel = \"info\"\nlanding = \"x\"\n"),
            "unknown key log.landing at qlake.toml:3: landing stands above the first [section]");
  EXPECT_EQ(FailureOf("brokers = \"host:9092\"\n"),
            "unknown key brokers at qlake.toml:1: brokers stands below [kafka]");
}

TEST(ConfigFileTest, ANumberStandsWithoutQuotes) {
  auto settings = ParseConfigFile("qlake.toml", "[log]\nkeep = 7\n");
  EXPECT_EQ(settings.at("log.keep").value, "7");
  EXPECT_EQ(FailureOf("[log]\nkeep = \"7\"\n"),
            "log.keep at qlake.toml:2 must be a whole number from 0 to 10000 without quotes, such as 5");
  EXPECT_EQ(FailureOf("[log]\nkeep = 7.5\n"),
            "log.keep at qlake.toml:2 must be a whole number from 0 to 10000 without quotes, such as 5");
}

TEST(ConfigFileTest, AValueMustBeAText) {
  EXPECT_EQ(FailureOf("memory = 1\n"), "memory at qlake.toml:1 must be a text in quotes, such as \"1GiB\"");
  EXPECT_EQ(FailureOf("project = 1\n"), "project at qlake.toml:1 must be a text in quotes");
  EXPECT_NE(FailureOf("lake = [\"a\"]\n").find("lake at qlake.toml:1"), std::string::npos);
  EXPECT_NE(FailureOf("log = \"info\"\n").find("unknown key log at qlake.toml:1"), std::string::npos);
}

TEST(ConfigFileTest, BrokenTomlIsNamedWithItsLine) {
  EXPECT_EQ(FailureOf("lake = \"a\"\nlanding = \n").find("qlake.toml:2: "), 0u);
  EXPECT_EQ(FailureOf("lake = \"a\"\nlake = \"b\"\n").find("qlake.toml:2: "), 0u);
}

TEST(ConfigFileTest, ASecretWrittenDownIsRefusedAndNotRepeated) {
  for (const std::string text : {"password = \"hunter2\"\n", "api_token = \"hunter2\"\n", "secret = 5\n",
                                 "key = \"hunter2\"\n", "lake = \"https://host/?key=hunter2\"\n"}) {
    std::string failure = FailureOf(text);
    EXPECT_NE(failure.find("a secret must not stand in the file"), std::string::npos) << failure;
    EXPECT_NE(failure.find("qlake.toml:1"), std::string::npos) << failure;
    EXPECT_EQ(failure.find("hunter2"), std::string::npos) << failure;
  }
}

TEST(ConfigFileTest, AReferenceSaysWhereTheValueIsToBeHad) {
  auto settings =
      ParseConfigFile("qlake.toml", "lake = { env = \"LAKE\" }\nlanding = { command = \"pass landing\" }\n");
  EXPECT_EQ(settings.at("lake").reference->source, SecretReference::Source::kEnvironment);
  EXPECT_EQ(settings.at("lake").reference->text, "LAKE");
  EXPECT_EQ(settings.at("landing").reference->source, SecretReference::Source::kCommand);
  EXPECT_NE(FailureOf("lake = { env = \"A\", file = \"B\" }\n").find("lake at qlake.toml:1 must be"),
            std::string::npos);
  EXPECT_NE(FailureOf("lake = { vault = \"A\" }\n").find("lake at qlake.toml:1 must be"), std::string::npos);
}

TEST(NearestNameTest, OnlyANearNameIsSuggested) {
  std::vector<std::string> names = {"lake", "landing", "lease_wait"};
  EXPECT_EQ(base::NearestName("lak", names), "lake");
  EXPECT_EQ(base::NearestName("alke", names), "lake") << "swapped neighbours are one mistake";
  EXPECT_EQ(base::NearestName("lease-wait", names), "lease_wait");
  EXPECT_EQ(base::NearestName("engine", names), std::nullopt);
}

}  // namespace
}  // namespace qlake::cli
