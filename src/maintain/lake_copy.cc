#include "maintain/lake_copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/sha256.h"
#include "lake/lease.h"
#include "lake/unfinished_copy.h"
#include "maintain/raw_bytes.h"
#include "storage/path.h"

namespace qlake::maintain {
namespace {

using storage::Entry;

constexpr const char* kOwnFolder = "_qlake/";        // Leases, spilled rows, key indexes: each lake's own.
constexpr const char* kNotesFolder = "_qlake/copy";  // Of the files that were copied and held against their sums.
constexpr const char* kLogFolder = "_delta_log";
constexpr const char* kLastCheckpoint = "_last_checkpoint";
constexpr uint64_t kPieceBytes = uint64_t{32} << 20;
constexpr size_t kThreads = 4;     // Each holds one piece.
constexpr size_t kLogThreads = 8;  // Log files are small: they wait for the storage.
constexpr size_t kFilesPerNote = 64;
constexpr int kTries = 3;  // Of a file whose writing fails: HDFS may have lost the server that it went to.

// Tables whose versions speak of other tables' come behind these, in this order.
constexpr const char* kLastTables[] = {"raw.files", "ops.steps", "ops.ledger"};

int RankOf(const std::string& table) {
  auto found = std::ranges::find(kLastTables, table);
  return found == std::end(kLastTables) ? -1 : static_cast<int>(found - std::begin(kLastTables));
}

std::string NameOf(const Entry& file) { return file.path.substr(file.path.rfind('/') + 1); }

// Of one version the commit comes first: a checkpoint adds nothing to it. The hint at the newest checkpoint is the
// last.
bool ComesBefore(const Entry& a, const Entry& b) {
  auto key = [](const Entry& file) {
    std::string name = NameOf(file);
    bool is_version = name.size() > 20 && std::all_of(name.begin(), name.begin() + 20, ::isdigit);
    return std::tuple(!is_version, is_version ? name.substr(0, 20) : std::string(),
                      name.find(".checkpoint.") == std::string::npos, name);
  };
  return key(a) < key(b);
}

class LakeCopy {
 public:
  LakeCopy(lake::Lake& from, lake::Lake& to, const CopyOptions& options) : from_(from), to_(to), options_(options) {}

  CopyReport Run() {
    // 1. Nobody writes to either meanwhile. A crash anywhere below leaves a copy that is run again.
    lake::RequireNoUnfinishedCopy(from_);
    if (from_.TableNames().empty()) throw base::InputError("there is no lake to copy: {}", from_.options().root);
    from_lease_ = lake::TakeLease(from_, options_.run_id, options_.lease_wait);
    to_lease_ = lake::TakeLease(to_, options_.run_id, options_.lease_wait);
    Say("listing");
    ListLogs();
    ListFiles();
    RequirePrefix();
    // 2. Who comes upon it now is told that it is not finished.
    Mark();
    base::CrashPoint("copy.after_mark");
    // 3. What the logs name: durable before any log does.
    Say("copying files");
    CopyFiles();
    // 4. The logs, which carry the source's epochs: whoever writes to the copy needs greater ones.
    Say("copying logs");
    to_lease_->RaiseEpoch(from_lease_->epoch());
    CopyLogs();
    base::CrashPoint("copy.before_end");
    // 5. The mark goes last.
    RequireLeases();
    Unmark();
    return report_;
  }

 private:
  struct TableLog {
    std::string table;
    std::vector<Entry> files;  // In the order in which they are copied.
  };

  void Say(const std::string& stage) const {
    if (options_.on_stage) options_.on_stage(stage);
  }

  // One that was stopped for long must not write into what another has finished meanwhile.
  void RequireLeases() const {
    from_lease_->RequireHeld();
    to_lease_->RequireHeld();
  }

  void RequireNotCancelled() const {
    if (options_.cancelled != nullptr && *options_.cancelled) throw base::UnavailableError("interrupted");
  }

  storage::Storage& source() { return from_.storage(); }
  storage::Storage& target() { return to_.storage(); }

  // Before the files are listed: what a stream adds between is named by no log that is copied.
  void ListLogs() {
    for (const auto& table : from_.TableNames()) {
      RequireNothingOutside(table);
      TableLog log{table, source().List(LogFolderOf(table))};
      std::ranges::sort(log.files, ComesBefore);
      logs_.push_back(std::move(log));
    }
    std::ranges::stable_sort(logs_, {}, [](const TableLog& log) { return RankOf(log.table); });
    report_.tables = static_cast<int64_t>(logs_.size());
    for (const auto& log : logs_) Count(log.files);
  }

  static std::string LogFolderOf(const std::string& table) {
    return storage::JoinPath(lake::TablePath(table), kLogFolder);
  }

  void RequireNothingOutside(const std::string& table) {
    auto snapshot = from_.Load(table);
    if (!snapshot) return;
    for (const auto& [path, file] : snapshot->files()) {
      if (!path.starts_with('/') && path.find("://") == std::string::npos) continue;
      throw base::InputError("table {} names a file that lies outside of the lake, and cannot be copied: {}", table,
                             path);
    }
  }

  void ListFiles() {
    std::set<std::string> log_folders;
    for (const auto& log : logs_) log_folders.insert(LogFolderOf(log.table));
    for (auto& file : source().ListAll("")) {
      if (file.path.starts_with(kOwnFolder)) continue;
      if (log_folders.contains(std::string(storage::ParentOf(file.path)))) continue;
      files_.push_back(std::move(file));
    }
    Count(files_);
  }

  void Count(const std::vector<Entry>& files) {
    report_.files += static_cast<int64_t>(files.size());
    for (const auto& file : files) report_.bytes += file.bytes;
  }

  // The target's tables are earlier states of the source's.
  void RequirePrefix() {
    std::map<std::string, delta::Version> newest;
    for (const auto& table : to_.TableNames()) {
      auto ours = to_.Load(table);
      if (!ours) continue;
      std::string name = fmt::format("{:020}.json", ours->version());
      auto theirs = source().ReadIfPresent(storage::JoinPath(LogFolderOf(table), name));
      auto present = target().ReadIfPresent(storage::JoinPath(LogFolderOf(table), name));
      // A log may begin with a checkpoint: then there is no commit to compare.
      if (theirs == present && theirs) continue;
      if (!present && ours->version() <= VersionOf(table)) continue;
      throw base::InputError(
          "{} is no copy of {}: version {} of table {} is another; give a folder that is empty, or where a copy of "
          "that "
          "lake lies",
          to_.options().root, from_.options().root, ours->version(), table);
    }
  }

  delta::Version VersionOf(const std::string& table) const {
    auto snapshot = from_.Load(table);
    return snapshot ? snapshot->version() : delta::kNoVersion;
  }

  void Mark() {
    base::Json mark = {{"source", from_.options().root}};
    if (target().PutIfAbsent(lake::kUnfinishedCopyPath, mark.dump())) return;
    base::Json present = base::Json::parse(target().Read(lake::kUnfinishedCopyPath), nullptr, false);
    if (present == mark) return;
    throw base::InputError("{} is an unfinished copy of another lake: finish that, or give another folder; it is of {}",
                           to_.options().root, present.is_object() ? present.value("source", "") : "");
  }

  void CopyFiles() {
    std::map<std::string, uint64_t> noted = ReadNotes();
    std::vector<const Entry*> missing;
    for (const auto& file : files_) {
      // One that was noted while a stream still wrote it has grown since.
      auto found = noted.find(file.path);
      if (found == noted.end() || found->second != file.bytes) missing.push_back(&file);
    }
    for (size_t begin = 0; begin < missing.size(); begin += kFilesPerNote) {
      size_t count = std::min(kFilesPerNote, missing.size() - begin);
      base::ParallelFor(count, kThreads, [&](size_t i) { CopyFile(*missing[begin + i]); });
      std::vector<std::string> paths;
      for (size_t i = 0; i < count; ++i) paths.push_back(missing[begin + i]->path);
      target().Sync(paths);
      base::CrashPoint("copy.after_files");
      Note(std::span(missing).subspan(begin, count));
    }
  }

  // Paths of files that were copied and verified, and the bytes that they had.
  std::map<std::string, uint64_t> ReadNotes() {
    std::map<std::string, uint64_t> noted;
    for (const auto& note : target().List(kNotesFolder)) {
      if (note.path == lake::kUnfinishedCopyPath) continue;
      base::Json files = base::Json::parse(target().Read(note.path), nullptr, false);
      for (const auto& [path, bytes] : files.items()) {
        if (bytes.is_number_unsigned()) noted[path] = bytes.get<uint64_t>();
      }
      ++notes_;
    }
    return noted;
  }

  void Note(std::span<const Entry* const> files) {
    base::Json note = base::Json::object();
    for (const auto* file : files) note[file->path] = file->bytes;
    target().Replace(fmt::format("{}/{:08}.json", kNotesFolder, notes_++),
                     note.dump(-1, ' ', false, base::Json::error_handler_t::replace));
  }

  void CopyFile(const Entry& file) {
    RequireNotCancelled();
    RawRange whole{file.path, 0, file.bytes};
    auto present = target().Find(file.path);
    if (present && present->bytes == file.bytes && VisitRaw(target(), whole) == VisitRaw(source(), whole)) {
      NoteProgress(file.bytes);
      return;
    }
    for (int tries = 1;; ++tries) {
      try {
        std::string sha256 = WriteFile(file);
        std::string arrived = VisitRaw(target(), whole);
        auto now = target().Find(file.path);
        if (arrived == sha256 && now && now->bytes == file.bytes) break;
        throw base::IoError("the copy of {} differs from it: its SHA-256 is {}, not {}", file.path, arrived, sha256);
      } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::kIo || tries == kTries) throw;
        base::LogWarn("a file is copied again", {{"path", file.path}, {"why", error.message()}});
      }
    }
    CountCopied(file);
  }

  // The SHA-256 of what was read.
  std::string WriteFile(const Entry& file) {
    base::Sha256 sha256;
    for (uint64_t offset = 0; offset == 0 || offset < file.bytes; offset += kPieceBytes) {
      std::string piece =
          file.bytes == 0 ? "" : source().ReadRange(file.path, offset, std::min(kPieceBytes, file.bytes - offset));
      sha256.Add(piece);
      RequireLeases();
      if (offset == 0) {
        target().Write(file.path, piece);
      } else {
        target().Append(file.path, piece);
      }
      NoteProgress(piece.size());
    }
    return std::move(sha256).Hex();
  }

  void NoteProgress(uint64_t bytes) const {
    if (options_.bytes_done != nullptr) *options_.bytes_done += bytes;
  }

  void CountCopied(const Entry& file) {
    std::lock_guard lock(mutex_);
    ++report_.files_copied;
    report_.bytes_copied += file.bytes;
  }

  void CopyLogs() {
    auto is_last = [](const TableLog& log) { return RankOf(log.table) >= 0; };
    auto first_of_last = std::ranges::find_if(logs_, is_last);
    auto others = static_cast<size_t>(first_of_last - logs_.begin());
    base::ParallelFor(others, kLogThreads, [&](size_t i) { CopyLog(logs_[i]); });
    for (size_t i = others; i < logs_.size(); ++i) CopyLog(logs_[i]);
  }

  void CopyLog(const TableLog& log) {
    for (const auto& file : log.files) {
      RequireNotCancelled();
      base::CrashPoint("copy.before_log_file");
      CopyLogFile(file);
    }
  }

  // In one piece: a log is read while it is copied.
  void CopyLogFile(const Entry& file) {
    std::string bytes = source().Read(file.path);
    NoteProgress(bytes.size());
    RequireLeases();
    if (NameOf(file) == kLastCheckpoint) {
      if (target().ReadIfPresent(file.path) == bytes) return;
      target().Replace(file.path, bytes);
    } else if (!target().PutIfAbsent(file.path, bytes)) {
      if (target().Read(file.path) == bytes) return;
      throw base::InputError("{} is no copy of {}: {} is another; give a folder that is empty", to_.options().root,
                             from_.options().root, file.path);
    }
    if (target().Read(file.path) != bytes) {
      throw base::IoError("the copy of {} differs from it: run qlake copy again after removing it", file.path);
    }
    CountCopied(file);
  }

  void Unmark() {
    for (const auto& note : target().List(kNotesFolder)) {
      if (note.path != lake::kUnfinishedCopyPath) target().Remove(note.path);
    }
    target().Remove(lake::kUnfinishedCopyPath);
  }

  lake::Lake& from_;
  lake::Lake& to_;
  const CopyOptions& options_;
  std::unique_ptr<lake::Lease> from_lease_;
  std::unique_ptr<lake::Lease> to_lease_;
  std::vector<TableLog> logs_;  // In the order in which they are copied.
  std::vector<Entry> files_;    // All others.
  int notes_ = 0;
  std::mutex mutex_;
  CopyReport report_;  // Its counts of what was copied are guarded by mutex_.
};

}  // namespace

CopyReport CopyLake(lake::Lake& from, lake::Lake& to, const CopyOptions& options) {
  return LakeCopy(from, to, options).Run();
}

}  // namespace qlake::maintain
