// Many processes commit to one table while they are killed at random: the table has every version once, and every row.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "base/test_seed.h"
#include "delta/log_listing.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"
#include "storage/storage.h"

namespace qlake::testing {
namespace {

using delta::Snapshot;
using delta::Version;

constexpr const char* kTable = "t";
constexpr int kWriters = 16;

int Setting(const char* name, int by_default) {
  const char* given = std::getenv(name);
  return given != nullptr ? std::atoi(given) : by_default;
}

std::string AppOf(int writer) { return "writer-" + std::to_string(writer); }

// The rows of a file are in its statistics, so that packed files can be made and counted without being read.
delta::AddFile WriteFile(storage::Storage& storage, const std::string& path, const std::vector<std::string>& rows) {
  storage.Write(std::string(kTable) + "/" + path, fmt::format("{}", fmt::join(rows, "\n")));
  base::Json stats = {{"numRecords", rows.size()}, {"rows", rows}};
  return {.path = path, .size_bytes = 1, .stats = stats.dump()};
}

std::vector<std::string> RowsOf(const delta::AddFile& file) {
  return base::Json::parse(file.stats.text()).at("rows").get<std::vector<std::string>>();
}

// One process. Its step number n is one version, which carries its progress: an append of the row n, or, each fifth, a
// compaction of some files, whoever wrote them. It finds out from the log how far it has come.
class Writer {
 public:
  Writer(storage::Storage& storage, int number, unsigned seed)
      : storage_(storage), number_(number), random_(seed ^ static_cast<unsigned>(::getpid())) {}

  void Run(int steps) {
    snapshot_ = Snapshot::Load(storage_, kTable);
    while (snapshot_->TransactionVersion(AppOf(number_)) < steps) {
      int step = static_cast<int>(std::max<int64_t>(0, snapshot_->TransactionVersion(AppOf(number_)))) + 1;
      static_cast<void>(step % 5 == 0 ? Compact(step) : Append(step));
      snapshot_ = snapshot_->Refresh(storage_);
    }
  }

 private:
  delta::CommitOutcome Append(int step) {
    delta::Transaction transaction(storage_, kTable, snapshot_);
    std::string row = fmt::format("{}/{}", number_, step);
    transaction.Stage(WriteFile(storage_, NewPath(step), {row}));
    return Commit(std::move(transaction), step);
  }

  delta::CommitOutcome Compact(int step) {
    delta::Transaction transaction(storage_, kTable, snapshot_);
    std::vector<std::string> rows;
    for (const auto& [path, file] : snapshot_->files()) {
      if (random_() % 4 != 0) continue;
      for (auto& row : RowsOf(file)) rows.push_back(std::move(row));
      transaction.Stage(delta::RemoveFile{.path = path, .data_change = false});
    }
    if (!rows.empty()) {
      delta::AddFile packed = WriteFile(storage_, NewPath(step), rows);
      packed.data_change = false;
      transaction.Stage(std::move(packed));
    }
    return Commit(std::move(transaction), step);
  }

  std::string NewPath(int step) { return fmt::format("w={}/{}-{}-{}", number_, step, ::getpid(), random_()); }

  delta::CommitOutcome Commit(delta::Transaction transaction, int step) {
    transaction.Stage(delta::SetTransaction{.app_id = AppOf(number_), .version = step});
    return std::move(transaction).Commit(base::SystemClock(), {.operation = "CONTEND"});
  }

  storage::Storage& storage_;
  int number_;
  std::mt19937 random_;
  std::optional<Snapshot> snapshot_;
};

class ContentionTest : public ::testing::Test {
 protected:
  ContentionTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "qlake_contention_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~ContentionTest() override {
    if (std::getenv("QLAKE_KEEP") == nullptr) std::filesystem::remove_all(root_);
  }

  pid_t Start(int writer, int steps, unsigned seed) const {
    pid_t pid = ::fork();
    if (pid != 0) return pid;
    try {
      auto storage = storage::OpenLocalStorage(root_);
      Writer(*storage, writer, seed).Run(steps);
      ::_exit(0);
    } catch (const std::exception& error) {
      std::cerr << "writer " << writer << ": " << error.what() << std::endl;
      ::_exit(1);
    }
  }

  // Until all writers are done; kills one now and then and starts it again, as long as that leaves them the time to get
  // anywhere. Gives the number of kills.
  int RunWriters(int steps, unsigned seed) {
    const int kills_max = 20 + 3 * steps;
    std::mt19937 random(seed);
    std::map<pid_t, int> running;
    for (int writer = 0; writer < kWriters; ++writer) running.emplace(Start(writer, steps, seed), writer);
    int kills = 0;
    while (!running.empty()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
      Reap(running);
      if (running.empty() || kills >= kills_max) continue;
      auto victim = std::next(running.begin(), static_cast<int>(random() % running.size()));
      ::kill(victim->first, SIGKILL);
      int status = 0;
      ::waitpid(victim->first, &status, 0);
      int writer = victim->second;
      running.erase(victim);
      if (WIFSIGNALED(status)) {
        ++kills;
        running.emplace(Start(writer, steps, ++seed), writer);
      } else {
        EXPECT_EQ(WEXITSTATUS(status), 0) << "writer " << writer;
      }
    }
    return kills;
  }

  static void Reap(std::map<pid_t, int>& running) {
    for (auto it = running.begin(); it != running.end();) {
      int status = 0;
      bool has_ended = ::waitpid(it->first, &status, WNOHANG) == it->first;
      if (has_ended) {
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "writer " << it->second;
      }
      it = has_ended ? running.erase(it) : std::next(it);
    }
  }

  std::string root_;
};

TEST_F(ContentionTest, KilledWritersLoseAndDoubleNothing) {
  auto seed = static_cast<unsigned>(base::TestSeed());
  int steps = Setting("QLAKE_COMMITS", 10);
  std::cerr << "QLAKE_COMMITS=" << steps << "\n";
  auto storage = storage::OpenLocalStorage(root_);
  delta::Transaction create(*storage, kTable, std::nullopt);
  create.Stage(delta::Metadata{.schema_json = delta::ToSchemaJson({{.name = "row"}})});
  ASSERT_TRUE(std::holds_alternative<delta::Committed>(std::move(create).Commit(base::SystemClock(), {})));

  int kills = RunWriters(steps, seed);
  std::cerr << kills << " kills\n";
  EXPECT_GT(kills, 0);

  auto snapshot = Snapshot::Load(*storage, kTable);
  EXPECT_EQ(snapshot->version(), kWriters * steps) << "each step is one version";
  delta::LogListing log(*storage, kTable);
  for (Version version = 0; version <= snapshot->version(); ++version) ASSERT_NE(log.CommitOf(version), nullptr);
  std::multiset<std::string> rows;
  for (const auto& [path, file] : snapshot->files()) {
    EXPECT_TRUE(storage->Find(std::string(kTable) + "/" + path)) << path;
    for (const auto& row : RowsOf(file)) rows.insert(row);
  }
  std::multiset<std::string> expected;
  for (int writer = 0; writer < kWriters; ++writer) {
    for (int step = 1; step <= steps; ++step) {
      if (step % 5 != 0) expected.insert(fmt::format("{}/{}", writer, step));
    }
  }
  EXPECT_EQ(rows, expected);
  // Read from the first commit on, without any checkpoint, the table is the same.
  for (const auto& file : storage->List(std::string(kTable) + "/_delta_log")) {
    if (file.path.find("checkpoint") != std::string::npos) storage->Remove(file.path);
  }
  auto replayed = Snapshot::Load(*storage, kTable);
  EXPECT_EQ(replayed->files().size(), snapshot->files().size());
  for (const auto& [path, file] : snapshot->files()) EXPECT_TRUE(replayed->files().contains(path)) << path;
}

}  // namespace
}  // namespace qlake::testing
