#include "storage/hdfs_storage.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/parallel.h"
#include "storage/path.h"
#include "storage/posix_file.h"
#include "storage/unfinished.h"

namespace qlake::storage {
namespace {

constexpr std::string_view kScheme = "hdfs://";
constexpr size_t kThreads = 16;  // They wait for servers, not for the processor.
constexpr uint64_t kFetchBytes = 16 << 20;

// Unique among all processes that ever write to the lake.
std::string NewTemporaryName() {
  static const uint64_t salt = (uint64_t{std::random_device()()} << 32) | std::random_device()();
  static std::atomic<uint64_t> counter = 0;
  return fmt::format("{}{}-{:016x}-{}", kUnfinishedPrefix, ::getpid(), salt, counter++);
}

base::Timestamp FromMilliseconds(int64_t ms) { return {ms * 1000}; }

// What of an answer that ought to be of HDFS is not.
base::Json ParseAnswer(const HdfsAnswer& answer, std::string_view member, const std::string& path) {
  base::Json json = base::Json::parse(answer.body, nullptr, false);
  if (!json.is_object() || !json.contains(member)) {
    throw base::IoError("what answers for HDFS about {} does not speak WebHDFS, set hdfs.webhdfs: {}", path,
                        base::MaskSecrets(answer.body.substr(0, 200)));
  }
  return json[member];
}

}  // namespace

HdfsStorage::HdfsStorage(const std::string& url, const HdfsOptions& options)
    : authority_(url.starts_with(kScheme) ? url.substr(kScheme.size(), url.find('/', kScheme.size()) - kScheme.size())
                                          : ""),
      hdfs_(authority_, options) {
  if (authority_.empty()) throw base::InputError("a lake on HDFS is hdfs://host:port/folder, not {}", url);
  size_t folder = kScheme.size() + authority_.size();
  root_ = url.substr(std::min(folder, url.size()));
  while (root_.ends_with('/')) root_.pop_back();
  if (root_.empty()) throw base::InputError("a lake on HDFS needs a folder, as in hdfs://host:port/folder: {}", url);
  RequireFilePath(std::string_view(root_).substr(1));
}

std::string HdfsStorage::Absolute(std::string_view path) const { return path.empty() ? root_ : JoinPath(root_, path); }

std::string HdfsStorage::AbsoluteFile(std::string_view path) const {
  RequireFilePath(path);
  return Absolute(path);
}

std::string HdfsStorage::Url(std::string_view path) const {
  RequireFolderPath(path);
  return fmt::format("{}{}{}", kScheme, authority_, Absolute(path));
}

base::Error HdfsStorage::Failure(std::string_view verb, std::string_view path, const HdfsAnswer& answer) const {
  return base::IoError("cannot {} {}{}{}: {} {}", verb, kScheme, authority_, Absolute(path), answer.exception,
                       answer.message);
}

std::string HdfsStorage::Read(std::string_view path) const {
  HdfsAnswer answer = hdfs_.Open(AbsoluteFile(path));
  if (!answer.ok()) throw Failure("read", path, answer);
  return std::move(answer.body);
}

std::string HdfsStorage::ReadRange(std::string_view path, uint64_t offset, uint64_t length) const {
  std::string absolute = AbsoluteFile(path);
  auto beyond = [&](uint64_t size) {
    return base::IoError("cannot read {}: {} bytes from offset {} on are beyond its end at {}", Url(path), length,
                         offset, size);
  };
  // HDFS knows no range of no bytes, and takes none beyond what its numbers hold.
  if (length == 0 || length > INT64_MAX) {
    auto entry = Find(path);
    if (!entry) throw base::IoError("cannot read {}: there is no such file", Url(path));
    if (length > 0 || offset > entry->bytes) throw beyond(entry->bytes);
    return "";
  }
  HdfsAnswer answer = hdfs_.Open(absolute, fmt::format("&offset={}&length={}", offset, length));
  if (!answer.ok()) throw Failure("read", path, answer);
  if (answer.body.size() != length) throw beyond(offset + answer.body.size());
  return std::move(answer.body);
}

std::optional<std::string> HdfsStorage::ReadIfPresent(std::string_view path) const {
  HdfsAnswer answer = hdfs_.Open(AbsoluteFile(path));
  if (answer.exception == "FileNotFoundException" || answer.exception == "ParentNotDirectoryException") {
    return std::nullopt;
  }
  if (!answer.ok()) throw Failure("read", path, answer);
  return std::move(answer.body);
}

std::optional<Entry> HdfsStorage::Find(std::string_view path) const {
  std::string absolute = AbsoluteFile(path);
  HdfsAnswer answer = hdfs_.Get("GETFILESTATUS", absolute);
  // A path below a file is refused by way of its access rights.
  if (answer.exception == "FileNotFoundException" || answer.exception == "ParentNotDirectoryException" ||
      (answer.exception == "AccessControlException" &&
       answer.message.find("is not a directory") != std::string::npos)) {
    return std::nullopt;
  }
  if (!answer.ok()) throw Failure("look at", path, answer);
  base::Json status = ParseAnswer(answer, "FileStatus", absolute);
  if (status.value("type", "") != "FILE") return std::nullopt;
  return Entry{.path = std::string(path),
               .bytes = status.value("length", uint64_t{0}),
               .modified = FromMilliseconds(status.value("modificationTime", int64_t{0}))};
}

HdfsStorage::Listing HdfsStorage::ListFolder(std::string_view folder) const {
  Listing listing;
  std::string after;
  while (true) {
    std::string parameters = after.empty() ? "" : "&startAfter=" + http::EncodeUrl(after, false);
    HdfsAnswer answer = hdfs_.Get("LISTSTATUS_BATCH", Absolute(folder), parameters);
    // Absent, or removed while it was listed.
    if (answer.exception == "FileNotFoundException" || answer.exception == "ParentNotDirectoryException" ||
        (answer.exception == "AccessControlException" &&
         answer.message.find("is not a directory") != std::string::npos)) {
      return listing;
    }
    if (!answer.ok()) throw Failure("list", folder, answer);
    base::Json part = ParseAnswer(answer, "DirectoryListing", Absolute(folder));
    for (const base::Json& status : part.at("partialListing").at("FileStatuses").at("FileStatus")) {
      std::string name = status.at("pathSuffix");
      if (name.empty()) return listing;  // A file, which lists itself.
      after = name;
      if (status.at("type") == "DIRECTORY") {
        listing.folders.push_back(JoinPath(folder, name));
      } else {
        auto& entries = name.starts_with(kUnfinishedPrefix) ? listing.unfinished : listing.files;
        entries.push_back({.path = JoinPath(folder, name),
                           .bytes = status.at("length"),
                           .modified = FromMilliseconds(status.at("modificationTime"))});
      }
    }
    if (part.value("remainingEntries", 0) == 0) return listing;
  }
}

std::vector<Entry> HdfsStorage::List(std::string_view folder) const {
  RequireFolderPath(folder);
  std::vector<Entry> entries = ListFolder(folder).files;
  std::ranges::sort(entries, {}, &Entry::path);
  return entries;
}

std::vector<Entry> HdfsStorage::ListAll(std::string_view folder) const { return ListTree(folder, &Listing::files); }

std::vector<Entry> HdfsStorage::ListUnfinished(std::string_view folder) const {
  return ListTree(folder, &Listing::unfinished);
}

std::vector<Entry> HdfsStorage::ListTree(std::string_view folder, std::vector<Entry> Listing::*kind) const {
  RequireFolderPath(folder);
  std::vector<Entry> entries;
  // Level by level, the folders of one side by side.
  std::vector<std::string> level = {std::string(folder)};
  while (!level.empty()) {
    std::vector<Listing> listings(level.size());
    base::ParallelFor(level.size(), kThreads, [&](size_t i) { listings[i] = ListFolder(level[i]); });
    level.clear();
    for (Listing& listing : listings) {
      std::ranges::move(listing.*kind, std::back_inserter(entries));
      std::ranges::move(listing.folders, std::back_inserter(level));
    }
  }
  std::ranges::sort(entries, {}, &Entry::path);
  return entries;
}

std::vector<std::string> HdfsStorage::ListFolders(std::string_view folder) const {
  RequireFolderPath(folder);
  std::vector<std::string> names;
  for (const auto& path : ListFolder(folder).folders) names.push_back(path.substr(path.rfind('/') + 1));
  std::ranges::sort(names);
  return names;
}

void HdfsStorage::Write(std::string_view path, std::string_view bytes) {
  HdfsAnswer answer = hdfs_.Create(AbsoluteFile(path), bytes);
  if (!answer.ok()) throw Failure("write", path, answer);
}

void HdfsStorage::Append(std::string_view path, std::string_view bytes) {
  std::string absolute = AbsoluteFile(path);
  if (bytes.empty()) return;
  HdfsAnswer answer = hdfs_.Append(absolute, bytes);
  if (!answer.ok()) throw Failure("append to", path, answer);
}

// HDFS has made durable what it has closed. That the files are there is asked all the same: a log must not name what
// was lost with a server.
void HdfsStorage::Sync(std::span<const std::string> paths) {
  base::ParallelFor(paths.size(), kThreads, [&](size_t i) {
    if (!Find(paths[i])) throw base::IoError("cannot make {} durable: there is no such file", Url(paths[i]));
  });
}

std::string HdfsStorage::WriteTemporary(std::string_view final_path, std::string_view bytes) {
  std::string path = JoinPath(ParentOf(final_path), NewTemporaryName());
  Write(path, bytes);
  return path;
}

// A NameNode answers a rename with options by an empty body or by a failure. HttpFS leaves the options out and says
// 200 {"boolean":false} of a name that is taken: two writers would both have it.
HdfsAnswer HdfsStorage::Rename(const std::string& from, std::string_view to, std::string_view option) {
  HdfsAnswer answer =
      hdfs_.Put("RENAME", Absolute(from),
                fmt::format("&destination={}&renameoptions={}", http::EncodeUrl(Absolute(to), true), option));
  if (answer.ok() && (answer.status != 200 || !answer.body.empty())) {
    throw base::IoError(
        "what answers for HDFS about {} does not rename as a NameNode does (HttpFS does not), set hdfs.webhdfs: {}",
        Url(to), base::MaskSecrets(answer.body.substr(0, 200)));
  }
  return answer;
}

bool HdfsStorage::PutIfAbsent(std::string_view path, std::string_view bytes) {
  AbsoluteFile(path);
  // 1. The bytes under a name that is nobody else's. A crash here leaves a hidden file.
  std::string temporary = WriteTemporary(path, bytes);
  // 2. The name, which the NameNode gives once. A crash here leaves the hidden file or the whole one.
  HdfsAnswer answer = Rename(temporary, path, "NONE");
  if (answer.ok()) return true;
  // 3. An earlier attempt whose answer got lost may have been the winner: then the hidden file is gone. libcurl, too,
  //    repeats a request on a connection that died.
  if (!Find(temporary)) {
    auto present = ReadIfPresent(path);
    if (present && *present == bytes) return true;
    throw base::IoError("whether {} was created is unknown: {} {}", Url(path), answer.exception, answer.message);
  }
  bool is_taken = answer.exception == "FileAlreadyExistsException" ||
                  hdfs_.Get("GETFILESTATUS", Absolute(path)).ok();  // By a folder, for example.
  Remove(temporary);
  if (!is_taken) throw Failure("create", path, answer);
  return false;
}

void HdfsStorage::Replace(std::string_view path, std::string_view bytes) {
  AbsoluteFile(path);
  std::string temporary = WriteTemporary(path, bytes);
  HdfsAnswer answer = Rename(temporary, path, "OVERWRITE");
  if (answer.ok() || !Find(temporary)) return;
  Remove(temporary);
  throw Failure("replace", path, answer);
}

void HdfsStorage::Remove(std::string_view path) {
  HdfsAnswer answer = hdfs_.Delete(AbsoluteFile(path));
  bool is_gone =
      answer.ok() || answer.exception == "FileNotFoundException" || answer.exception == "ParentNotDirectoryException";
  if (!is_gone) throw Failure("remove", path, answer);
}

void HdfsStorage::Move(std::string_view from, std::string_view to) {
  AbsoluteFile(from);
  HdfsAnswer made = hdfs_.Put("MKDIRS", Absolute(ParentOf(to)));
  if (!made.ok()) throw Failure("create the folder of", to, made);
  HdfsAnswer answer = Rename(std::string(from), to, "NONE");
  // An earlier attempt may have done it, whose answer got lost.
  if (answer.ok() || (!Find(from) && Find(to))) return;
  throw Failure("move to " + Url(to), from, answer);
}

void HdfsStorage::RemoveFolder(std::string_view folder) {
  HdfsAnswer answer = hdfs_.Delete(AbsoluteFile(folder), "&recursive=true");
  bool is_gone =
      answer.ok() || answer.exception == "FileNotFoundException" || answer.exception == "ParentNotDirectoryException";
  if (!is_gone) throw Failure("remove", folder, answer);
}

ScratchFolder& HdfsStorage::copies() const {
  std::lock_guard lock(mutex_);
  if (!copies_) copies_ = std::make_unique<ScratchFolder>();
  return *copies_;
}

std::string HdfsStorage::LocalPath(std::string_view path) const {
  RequireFolderPath(path);
  return path.empty() ? copies().path() : JoinPath(copies().path(), path);
}

void HdfsStorage::FetchCopies(std::span<const std::string> paths) const {
  base::ParallelFor(paths.size(), kThreads, [&](size_t i) { FetchCopy(paths[i]); });
}

void HdfsStorage::RemoveCopies() const {
  std::lock_guard lock(mutex_);
  copies_.reset();
}

void HdfsStorage::FetchCopy(const std::string& path) const {
  std::filesystem::path local = LocalPath(path);
  if (std::filesystem::exists(local)) return;
  auto entry = Find(path);
  if (!entry) throw base::IoError("cannot read {}: there is no such file", Url(path));
  // Whole when it has its name: two threads may fetch one file at a time.
  std::filesystem::create_directories(local.parent_path());
  std::string unfinished = (local.parent_path() / NewTemporaryName()).string();
  auto file = PosixFile::Create(unfinished, PosixFile::IfTaken::kFail);
  if (!file) throw base::IoError("cannot copy {} to {}: the folder is gone", Url(path), unfinished);
  for (uint64_t offset = 0; offset < entry->bytes; offset += kFetchBytes) {
    file->WriteAll(ReadRange(path, offset, std::min(kFetchBytes, entry->bytes - offset)));
  }
  file->Close();
  std::filesystem::rename(unfinished, local);
}

}  // namespace qlake::storage
