#include "storage/local_storage.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <random>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "storage/disk_observer.h"
#include "storage/path.h"
#include "storage/unfinished.h"

namespace qlake::storage {
namespace {

constexpr size_t kSyncThreads = 32;  // fsyncs wait for the device, not for the processor.
constexpr mode_t kFolderMode = 0755;

// Unique among processes (also of containers that share a disk but not their process ids) and threads.
std::string NewTemporaryName() {
  static const unsigned int salt = std::random_device()();
  static std::atomic<uint64_t> counter = 0;
  return fmt::format("{}{}-{:08x}-{}", kUnfinishedPrefix, ::getpid(), salt, counter++);
}

Entry ToEntry(std::string path, const struct stat& status) {
  return {.path = std::move(path),
          .bytes = static_cast<uint64_t>(status.st_size),
          .modified = {status.st_mtim.tv_sec * 1'000'000 + status.st_mtim.tv_nsec / 1000}};
}

void SyncPath(const std::string& absolute) { PosixFile::OpenToRead(absolute).Sync(); }

// Every folder that is absent, from the top, each made durable in the one above.
void MakeRoot(const std::filesystem::path& root) {
  std::error_code ignored;  // What stands in the way shows in mkdir() below.
  if (std::filesystem::is_directory(root, ignored)) return;
  if (root.has_parent_path() && root != root.parent_path()) MakeRoot(root.parent_path());
  if (::mkdir(root.c_str(), kFolderMode) != 0 && errno != EEXIST)
    throw PosixError("create folder", root.c_str(), errno);
  SyncPath(root.parent_path());
}

}  // namespace

// A hidden file that waits for its name; removed with the object.
class LocalStorage::TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty() && ::unlink(path_.c_str()) == 0) ObservedDisk().Removed(path_);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

LocalStorage::LocalStorage(const std::string& root) {
  if (root.empty()) throw base::InputError("the lake's folder has no name");
  root_ = std::filesystem::absolute(root).lexically_normal().string();
  while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
  MakeRoot(root_);
}

std::string LocalStorage::Absolute(std::string_view path) const { return path.empty() ? root_ : JoinPath(root_, path); }

std::string LocalStorage::AbsoluteToRead(std::string_view path) const {
  if (path.starts_with('/')) {
    RequireFilePath(path.substr(1));
    return std::string(path);
  }
  RequireFilePath(path);
  return Absolute(path);
}

std::string LocalStorage::Url(std::string_view path) const {
  if (path.empty()) return root_;
  return AbsoluteToRead(path);
}

std::string LocalStorage::LocalPath(std::string_view path) const { return Url(path); }

std::string LocalStorage::Read(std::string_view path) const {
  return PosixFile::OpenToRead(AbsoluteToRead(path)).ReadToEnd();
}

std::string LocalStorage::ReadRange(std::string_view path, uint64_t offset, uint64_t length) const {
  return PosixFile::OpenToRead(AbsoluteToRead(path)).ReadRange(offset, length);
}

std::optional<std::string> LocalStorage::ReadIfPresent(std::string_view path) const {
  RequireFilePath(path);
  auto file = PosixFile::OpenToReadIfPresent(Absolute(path));
  if (!file) return std::nullopt;
  return file->ReadToEnd();
}

std::optional<Entry> LocalStorage::Find(std::string_view path) const {
  std::string absolute = AbsoluteToRead(path);
  struct stat status {};
  if (::stat(absolute.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw PosixError("look at", absolute, errno);
  }
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  return ToEntry(std::string(path), status);
}

std::vector<Entry> LocalStorage::List(std::string_view folder) const {
  RequireFolderPath(folder);
  std::vector<Entry> entries;
  ListInto(folder, entries);
  std::ranges::sort(entries, {}, &Entry::path);
  return entries;
}

std::vector<Entry> LocalStorage::ListAll(std::string_view folder) const {
  RequireFolderPath(folder);
  std::vector<Entry> entries;
  ListAllInto(folder, entries);
  std::ranges::sort(entries, {}, &Entry::path);
  return entries;
}

std::vector<std::string> LocalStorage::ListFolders(std::string_view folder) const {
  RequireFolderPath(folder);
  std::vector<Entry> files;
  std::vector<std::string> names;
  for (const std::string& path : ListInto(folder, files)) names.push_back(path.substr(path.rfind('/') + 1));
  std::ranges::sort(names);
  return names;
}

void LocalStorage::ListAllInto(std::string_view folder, std::vector<Entry>& entries) const {
  for (const std::string& below : ListInto(folder, entries)) ListAllInto(below, entries);
}

std::vector<std::string> LocalStorage::ListInto(std::string_view folder, std::vector<Entry>& entries) const {
  std::vector<std::string> folders;
  std::string absolute = Absolute(folder);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(absolute.c_str()), ::closedir);
  if (!stream) {
    if (errno == ENOENT || errno == ENOTDIR) return folders;
    throw PosixError("list", absolute, errno);
  }
  while (true) {
    errno = 0;
    const dirent* item = ::readdir(stream.get());
    if (item == nullptr) break;
    std::string_view name = item->d_name;
    if (name == "." || name == ".." || name.starts_with(kUnfinishedPrefix)) continue;
    struct stat status {};
    if (::fstatat(::dirfd(stream.get()), item->d_name, &status, 0) != 0) {
      if (errno == ENOENT) continue;  // Removed since readdir() saw it.
      throw PosixError("look at", JoinPath(absolute, name), errno);
    }
    if (S_ISREG(status.st_mode)) entries.push_back(ToEntry(JoinPath(folder, name), status));
    if (S_ISDIR(status.st_mode)) folders.push_back(JoinPath(folder, name));
  }
  if (errno != 0) throw PosixError("list", absolute, errno);
  return folders;
}

void LocalStorage::Write(std::string_view path, std::string_view bytes) {
  RequireFilePath(path);
  PosixFile file = CreateWithFolders(path, PosixFile::IfTaken::kTruncate);
  file.WriteAll(bytes);
  file.Close();
}

void LocalStorage::Append(std::string_view path, std::string_view bytes) {
  RequireFilePath(path);
  PosixFile file = PosixFile::OpenToAppend(Absolute(path));
  file.WriteAll(bytes);
  file.Close();
}

PosixFile LocalStorage::CreateWithFolders(std::string_view path, PosixFile::IfTaken if_taken) {
  std::string absolute = Absolute(path);
  if (auto file = PosixFile::Create(absolute, if_taken)) return std::move(*file);
  MakeFolders(ParentOf(path));
  if (auto file = PosixFile::Create(absolute, if_taken)) return std::move(*file);
  throw PosixError("create", absolute, ENOENT);
}

void LocalStorage::MakeFolders(std::string_view folder) {
  std::string absolute = Absolute(folder);
  int error = ::mkdir(absolute.c_str(), kFolderMode) == 0 ? 0 : errno;
  if (error == EEXIST) return;
  if (error == ENOENT && !folder.empty()) {
    MakeFolders(ParentOf(folder));
    error = ::mkdir(absolute.c_str(), kFolderMode) == 0 ? 0 : errno;
  }
  if (error != 0 && error != EEXIST) throw PosixError("create folder", absolute, error);
  if (error == 0) ObservedDisk().MadeFolder(absolute);
  std::lock_guard lock(mutex_);
  durable_folders_.erase(std::string(folder));  // It may have been there before and been removed.
}

void LocalStorage::Sync(std::span<const std::string> paths) {
  for (const std::string& path : paths) RequireFilePath(path);
  base::ParallelFor(paths.size(), kSyncThreads, [&](size_t i) { SyncPath(Absolute(paths[i])); });
  SyncFoldersOf(paths);
}

// A file's name is durable when its folder is fsynced, and the folder's name when the one above is: up to the root.
void LocalStorage::SyncFoldersOf(std::span<const std::string> paths) {
  std::set<std::string> to_sync;
  std::set<std::string> made_durable;
  {
    std::lock_guard lock(mutex_);
    for (std::string_view path : paths) {
      std::string_view folder = ParentOf(path);
      to_sync.emplace(folder);
      while (!folder.empty() && !durable_folders_.contains(folder) && made_durable.emplace(folder).second) {
        folder = ParentOf(folder);
        to_sync.emplace(folder);
      }
    }
  }
  std::vector<std::string> folders(to_sync.begin(), to_sync.end());
  base::ParallelFor(folders.size(), kSyncThreads, [&](size_t i) { SyncPath(Absolute(folders[i])); });
  std::lock_guard lock(mutex_);
  durable_folders_.merge(made_durable);
}

// The bytes, durable, under a hidden name in the folder of `final_path`.
LocalStorage::TemporaryFile LocalStorage::WriteTemporary(std::string_view final_path, std::string_view bytes) {
  std::string path = JoinPath(ParentOf(final_path), NewTemporaryName());
  PosixFile file = CreateWithFolders(path, PosixFile::IfTaken::kFail);
  TemporaryFile temporary(Absolute(path));
  file.WriteAll(bytes);
  file.Sync();
  file.Close();
  return temporary;
}

bool LocalStorage::PutIfAbsent(std::string_view path, std::string_view bytes) {
  RequireFilePath(path);
  std::string absolute = Absolute(path);
  if (::access(absolute.c_str(), F_OK) == 0) return false;
  {
    // 1. The bytes, fsynced, under a hidden name. A crash here leaves that file, which no list shows.
    TemporaryFile temporary = WriteTemporary(path, bytes);
    // 2. link(2) gives them their name, or fails when it is taken, in one step for all processes. A crash here leaves
    //    both names; the file is whole, but its name may be lost with the power: the caller has no answer yet.
    if (::link(temporary.path().c_str(), absolute.c_str()) != 0) {
      if (errno == EEXIST) return false;
      throw PosixError("create", absolute, errno);
    }
    ObservedDisk().Linked(temporary.path(), absolute);
    // 3. The hidden name goes. A crash here leaves only the name that is wanted.
  }
  // 4. The name becomes durable. Only now is the answer true.
  std::string own_path(path);
  SyncFoldersOf(std::span(&own_path, 1));
  return true;
}

void LocalStorage::Replace(std::string_view path, std::string_view bytes) {
  RequireFilePath(path);
  std::string absolute = Absolute(path);
  // 1. The bytes, fsynced, under a hidden name. A crash here leaves that file and the old bytes.
  TemporaryFile temporary = WriteTemporary(path, bytes);
  // 2. rename(2): readers see the old or the new bytes. A crash here leaves either.
  if (::rename(temporary.path().c_str(), absolute.c_str()) != 0) throw PosixError("replace", absolute, errno);
  ObservedDisk().Renamed(temporary.path(), absolute);
  // 3. The new name becomes durable.
  std::string own_path(path);
  SyncFoldersOf(std::span(&own_path, 1));
}

void LocalStorage::Remove(std::string_view path) {
  RequireFilePath(path);
  std::string absolute = Absolute(path);
  if (::unlink(absolute.c_str()) == 0) return ObservedDisk().Removed(absolute);
  if (errno != ENOENT && errno != ENOTDIR) throw PosixError("remove", absolute, errno);
}

void LocalStorage::Move(std::string_view from, std::string_view to) {
  RequireFilePath(from);
  RequireFilePath(to);
  std::string absolute = Absolute(from);
  std::string new_absolute = Absolute(to);
  int error = ::rename(absolute.c_str(), new_absolute.c_str()) == 0 ? 0 : errno;
  if (error == ENOENT) {
    MakeFolders(ParentOf(to));
    error = ::rename(absolute.c_str(), new_absolute.c_str()) == 0 ? 0 : errno;
  }
  if (error != 0) throw PosixError("move to " + new_absolute, absolute, error);
  ObservedDisk().Renamed(absolute, new_absolute);
}

void LocalStorage::RemoveFolder(std::string_view folder) {
  RequireFilePath(folder);
  std::error_code error;
  std::filesystem::remove_all(Absolute(folder), error);
  if (error) throw PosixError("remove", Absolute(folder), error.value());
}

}  // namespace qlake::storage
