#include "cli/settings.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "cli/hdfs_settings.h"

namespace qlake::cli {
namespace {

namespace fs = std::filesystem;

// Runs in a folder of its own, since ./qlake.toml counts.
class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() : working_folder_(fs::current_path()) {
    char path[] = "/tmp/qlake_settings_XXXXXX";
    folder_ = mkdtemp(path);
    fs::current_path(folder_);
  }
  ~SettingsTest() override {
    fs::current_path(working_folder_);
    fs::remove_all(folder_);
    for (const char* name : {"QLAKE_LAKE", "QLAKE_SECRET_FOR_TEST", "QLAKE_KAFKA_PASSWORD"}) unsetenv(name);
  }

  static void Put(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  static std::string FailureOf(const std::map<std::string, std::string>& flags) {
    try {
      ResolveSettings(flags, "");
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::kInput);
      return error.message();
    }
    return "no failure";
  }

  fs::path working_folder_;
  fs::path folder_;
};

TEST_F(SettingsTest, WithoutAnythingTheDefaultsCount) {
  Settings settings = ResolveSettings({}, "");
  EXPECT_EQ(settings.lake, "lake");
  EXPECT_EQ(settings.landing, "landing");
  EXPECT_EQ(settings.dump_folder, "dump");
  EXPECT_EQ(settings.memory_bytes, uint64_t{1} << 30);
  EXPECT_EQ(settings.settle.count(), 0);
  EXPECT_EQ(settings.lease_wait.count(), 10'000);
  EXPECT_EQ(settings.all.at("lake").origin, "default");
}

TEST_F(SettingsTest, ALakeOnHdfsIsAnAddressAndNoPath) {
  fs::create_directory("conf");
  Put("conf/qlake.toml",
      "lake = \"hdfs://namenode:8020/lake\"\n[hdfs]\nwebhdfs = \"http://a:9870, b:9870\"\ndelegation_token = { env = "
      "\"QLAKE_SECRET_FOR_TEST\" }\n");
  setenv("QLAKE_SECRET_FOR_TEST", "hunter2", 1);
  Settings settings = ResolveSettings({}, "conf/qlake.toml");
  EXPECT_EQ(settings.lake, "hdfs://namenode:8020/lake");
  auto options = LakeOptionsOf(settings, settings.lake);
  EXPECT_EQ(options.hdfs.webhdfs, (std::vector<std::string>{"http://a:9870", "b:9870"}));
  EXPECT_EQ(options.hdfs.delegation_token, "hunter2");
  EXPECT_EQ(options.hdfs.auth, storage::HdfsAuth::kSimple);
  EXPECT_EQ(options.hdfs_lease.count(), 8'000);
  EXPECT_NE(
      FailureOf({{"lake", "s3://bucket/lake"}}).find("lake (--lake) must be a folder of the local disk or hdfs://"),
      std::string::npos);
  Settings kerberos = ResolveSettings({{"hdfs.auth", "kerberos"}}, "conf/qlake.toml");
  EXPECT_EQ(LakeOptionsOf(kerberos, kerberos.lake).hdfs.auth, storage::HdfsAuth::kKerberos);
  EXPECT_NE(FailureOf({{"hdfs.auth", "tls"}}).find("hdfs.auth (--hdfs-auth) must be"), std::string::npos);
  EXPECT_NE(FailureOf({{"hdfs.lease", "10ms"}}).find("hdfs.lease (--hdfs-lease) must be"), std::string::npos);
}

TEST_F(SettingsTest, AFlagCountsBeforeTheEnvironmentAndThatBeforeTheFile) {
  Put("qlake.toml", "lake = \"from_file\"\n");
  EXPECT_EQ(ResolveSettings({}, "").lake, "from_file");
  setenv("QLAKE_LAKE", "from_environment", 1);
  EXPECT_EQ(ResolveSettings({}, "").all.at("lake").origin, "QLAKE_LAKE");
  Settings settings = ResolveSettings({{"lake", "from_flag"}}, "");
  EXPECT_EQ(settings.lake, "from_flag");
  EXPECT_EQ(settings.all.at("lake").origin, "--lake");
}

TEST_F(SettingsTest, TheProjectsFileCountsWhenThereIsNoneHere) {
  fs::create_directory("project");
  Put("project/qlake.toml", "lake = \"of_project\"\n");
  EXPECT_EQ(ResolveSettings({{"project", "project"}}, "").lake, "project/of_project");
  Put("qlake.toml", "lake = \"of_folder\"\n");
  EXPECT_EQ(ResolveSettings({{"project", "project"}}, "").lake, "of_folder");
  EXPECT_EQ(ResolveSettings({}, "project/qlake.toml").lake, "project/of_project");
}

TEST_F(SettingsTest, AWrongValueIsNamedWithItsOrigin) {
  EXPECT_EQ(FailureOf({{"memory", "lots"}}),
            "memory (--memory) must be a size of at least 128MiB, such as 512MB or 1GiB: lots");
  EXPECT_EQ(FailureOf({{"settle", "30"}}), "settle (--settle) must be a duration such as 500ms, 30s or 5m: 30");
  EXPECT_EQ(FailureOf({{"engine", "flink"}}), "engine (--engine) must be one of duckdb, spark: flink");
  EXPECT_EQ(FailureOf({{"log.level", "loud"}}),
            "log.level (--log-level) must be one of debug, info, warn, error, off: loud");
  Put("qlake.toml", "\nlease_wait = \"soon\"\n");
  EXPECT_EQ(FailureOf({}), "lease_wait (qlake.toml:2) must be a duration such as 500ms, 30s or 5m: soon");
}

TEST_F(SettingsTest, ANumberIsHeldAgainstItsLimitsWithItsOrigin) {
  Put("qlake.toml", "[log]\nkeep = 20000\n");
  EXPECT_EQ(FailureOf({}), "log.keep (qlake.toml:2) must be a whole number from 0 to 10000: 20000");
  Put("qlake.toml", "[log]\nkeep = 3\nrotate_bytes = \"1MB\"\n");
  Settings settings = ResolveSettings({}, "");
  EXPECT_EQ(settings.Integer("log.keep"), 3);
  EXPECT_EQ(settings.Bytes("log.rotate_bytes"), 1'000'000u);
  EXPECT_FALSE(settings.IsDefault("log.keep"));
  EXPECT_TRUE(settings.IsDefault("memory"));
}

TEST_F(SettingsTest, AMissingConfigFileThatWasNamedIsAnError) {
  EXPECT_THROW(ResolveSettings({}, "nowhere.toml"), base::Error);
}

TEST_F(SettingsTest, AReferenceIsResolvedFromVariableFileAndCommand) {
  setenv("QLAKE_SECRET_FOR_TEST", "from_variable", 1);
  Put("lake_name", "from_file\n");
  Put("qlake.toml",
      "lake = { env = \"QLAKE_SECRET_FOR_TEST\" }\nlanding = { file = \"lake_name\" }\n"
      "dump_dir = { command = \"echo from_command\" }\n");
  Settings settings = ResolveSettings({}, "");
  EXPECT_EQ(settings.lake, "from_variable");
  EXPECT_EQ(settings.landing, "from_file");
  EXPECT_EQ(settings.dump_folder, "from_command");
}

TEST_F(SettingsTest, AReferenceToNothingSaysWhatIsMissing) {
  Put("qlake.toml", "lake = { env = \"QLAKE_SECRET_FOR_TEST\" }\n");
  EXPECT_EQ(FailureOf({}), "the variable that qlake.toml:1 refers to is not set: QLAKE_SECRET_FOR_TEST");
  Put("qlake.toml", "lake = { file = \"nowhere\" }\n");
  EXPECT_EQ(FailureOf({}), "cannot read the file that qlake.toml:1 refers to: nowhere");
  Put("qlake.toml", "lake = { command = \"false\" }\n");
  EXPECT_EQ(FailureOf({}), "the command that qlake.toml:1 refers to failed: false");
}

TEST_F(SettingsTest, ASecretIsFetchedOnlyWhenItIsAskedFor) {
  Put("qlake.toml", "[kafka]\npassword = { env = \"QLAKE_SECRET_FOR_TEST\" }\n");
  Settings settings = ResolveSettings({}, "");
  EXPECT_EQ(settings.all.at("kafka.password").value, "");
  EXPECT_THROW(SecretOf(settings, "kafka.password"), base::Error);
  setenv("QLAKE_SECRET_FOR_TEST", "hunter2", 1);
  EXPECT_EQ(SecretOf(settings, "kafka.password"), "hunter2");
  EXPECT_EQ(SecretOf(ResolveSettings({}, "/dev/null"), "kafka.password"), "");
}

TEST_F(SettingsTest, ASecretOfTheEnvironmentStandsNowhereElse) {
  setenv("QLAKE_KAFKA_PASSWORD", "hunter2", 1);
  Settings settings = ResolveSettings({}, "");
  EXPECT_EQ(settings.all.at("kafka.password").value, "");
  EXPECT_EQ(Describe(*settings.all.at("kafka.password").reference), "(from variable QLAKE_KAFKA_PASSWORD)");
  EXPECT_EQ(SecretOf(settings, "kafka.password"), "hunter2");
}

TEST_F(SettingsTest, ASettingOfKafkaThatIsNoneIsRefusedWithItsOrigin) {
  EXPECT_EQ(FailureOf({{"kafka.protocol", "tls"}}),
            "kafka.protocol (--kafka-protocol) must be one of plaintext, ssl, sasl_plaintext, sasl_ssl: tls");
}

TEST_F(SettingsTest, AWrongValueThatCameByReferenceIsNotShown) {
  setenv("QLAKE_SECRET_FOR_TEST", "hunter2", 1);
  Put("qlake.toml", "memory = { env = \"QLAKE_SECRET_FOR_TEST\" }\n");
  EXPECT_EQ(FailureOf({}).find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace qlake::cli
