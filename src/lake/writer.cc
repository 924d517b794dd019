#include "lake/writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace qlake::lake {
namespace {

constexpr const char* kLockPath = "_qlake/writer.lock";
constexpr const char* kEpochPath = "_qlake/writer.epoch";
constexpr std::chrono::milliseconds kPollInterval{50};
constexpr size_t kPendingMax = 8;  // Commits under way beside the engine: each may hold rows.

// The lock file names its holder, for people; the lock itself is the OS's.
std::string ReadHolder(int fd) {
  char text[128];
  ssize_t length = pread(fd, text, sizeof text, 0);
  return length > 0 ? std::string(text, static_cast<size_t>(length)) : "unknown";
}

void WriteHolder(int fd, const std::string& run_id) {
  std::string text = fmt::format("pid {} run {}", getpid(), run_id);
  // For people only: a failure here changes nothing.
  if (ftruncate(fd, 0) != 0 || pwrite(fd, text.data(), text.size(), 0) < 0) base::LogDebug("lease file not written");
}

engine::TableChange ChangeOf(const TableSchema& schema, const std::vector<TextRow>& rows) {
  engine::TableChange change;
  if (!rows.empty()) change.insert_sql = SelectRows(schema, rows);
  return change;
}

engine::ApplyReport CommitComputed(const std::string& table_path, engine::ComputedChange computed) {
  auto report = std::move(computed).Commit();
  if (const auto* conflict = std::get_if<delta::Conflict>(&report.outcome)) {
    throw base::UnavailableError("another writer was at {} at version {} ({}): run the command again", table_path,
                                 conflict->version, conflict->reason);
  }
  base::LogInfo("committed", {{"table", table_path},
                              {"version", std::get<delta::Committed>(report.outcome).version},
                              {"rows_inserted", report.rows_inserted},
                              {"rows_removed", report.rows_removed},
                              {"files_added", report.files_added},
                              {"bytes_written", report.bytes_written}});
  return report;
}

}  // namespace

Writer::Writer(Lake& lake, std::string run_id, std::chrono::milliseconds wait)
    : lake_(lake), run_id_(std::move(run_id)) {
  // 1. The lock file, created when absent; a crash here leaves an empty file that nobody holds.
  std::string path = lake.storage().Url(kLockPath);
  if (!lake.storage().Find(kLockPath)) lake.storage().Write(kLockPath, "");
  lock_fd_ = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (lock_fd_ < 0) throw base::IoError("cannot open the lake's lease {}: {}", path, std::strerror(errno));
  // 2. The lock. The kernel gives it back when the process ends, however it ends.
  auto deadline = std::chrono::steady_clock::now() + wait;
  while (flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      throw base::IoError("cannot lock the lake's lease {}: {}", path, std::strerror(errno));
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      std::string holder = ReadHolder(lock_fd_);
      close(lock_fd_);
      throw base::UnavailableError(
          "the lake {} is being written by another qlake ({}): wait for it, or raise --lease-wait", lake.options().root,
          holder);
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  WriteHolder(lock_fd_, run_id_);
  // 3. The epoch, durable before the first commit that carries it. A crash here wastes a number.
  epoch_ = NextEpoch();
  lake.storage().Replace(kEpochPath, std::to_string(epoch_));
}

Writer::~Writer() {
  pending_.clear();  // Waits for them: nobody else may write before they have ended.
  if (lock_fd_ >= 0) close(lock_fd_);
}

int64_t Writer::NextEpoch() const {
  int64_t last = 0;
  auto text = lake_.storage().ReadIfPresent(kEpochPath);
  if (text && std::from_chars(text->data(), text->data() + text->size(), last).ec == std::errc()) return last + 1;
  // The file was lost, or the lake was copied without it: the tables know.
  for (const auto& table : lake_.TableNames()) {
    if (auto snapshot = lake_.Load(table)) last = std::max(last, snapshot->TransactionVersion(kWriterApp));
  }
  return last + 1;
}

engine::ComputedChange Writer::Compute(const engine::TableTarget& target, const engine::TableChange& change,
                                       std::vector<delta::SetTransaction> progress, const std::string& operation) {
  engine::ApplyOptions options;
  options.progress = std::move(progress);
  options.progress.push_back({kWriterApp, epoch_, lake_.clock().Now().us / 1000});
  options.fence_app = kWriterApp;
  options.fence_epoch = epoch_;
  options.commit.operation = operation;
  options.commit.run_id = run_id_;
  return lake_.database().Compute(target, lake_.LoadPath(target.path), change, options, lake_.clock());
}

engine::ApplyReport Writer::Commit(const engine::TableTarget& target, const engine::TableChange& change,
                                   std::vector<delta::SetTransaction> progress, const std::string& operation) {
  return CommitComputed(target.path, Compute(target, change, std::move(progress), operation));
}

void Writer::CommitLater(const engine::TableTarget& target, const engine::TableChange& change,
                         std::vector<delta::SetTransaction> progress, const std::string& operation) {
  auto computed = Compute(target, change, std::move(progress), operation);
  if (pending_.size() >= kPendingMax) pending_[pending_.size() - kPendingMax].get();
  pending_.push_back(std::async(std::launch::async, [path = target.path, computed = std::move(computed)]() mutable {
                       return CommitComputed(path, std::move(computed));
                     }).share());
}

std::vector<engine::ApplyReport> Writer::Await() {
  auto pending = std::exchange(pending_, {});
  std::vector<engine::ApplyReport> reports;
  for (const auto& commit : pending) reports.push_back(commit.get());
  return reports;
}

delta::CommitOutcome Writer::Commit(delta::Transaction transaction, delta::CommitOptions options) {
  transaction.Stage(delta::SetTransaction{kWriterApp, epoch_, lake_.clock().Now().us / 1000});
  transaction.FenceBy(kWriterApp, epoch_);
  options.run_id = run_id_;
  return std::move(transaction).Commit(lake_.clock(), options);
}

engine::ApplyReport Writer::Append(const TableSchema& schema, const std::vector<TextRow>& rows,
                                   std::vector<delta::SetTransaction> progress) {
  return Commit(TargetOf(schema), ChangeOf(schema, rows), std::move(progress));
}

void Writer::AppendLater(const TableSchema& schema, const std::vector<TextRow>& rows,
                         std::vector<delta::SetTransaction> progress) {
  CommitLater(TargetOf(schema), ChangeOf(schema, rows), std::move(progress));
}

}  // namespace qlake::lake
