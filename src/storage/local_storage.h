#pragma once

#include <mutex>
#include <set>
#include <string>

#include "storage/posix_file.h"
#include "storage/storage.h"

namespace qlake::storage {

// Storage on the local disk. A put or a replacement in flight is a hidden file ".qlake-put-..." in the folder of its
// name; a crash may leave it there, and no list shows it.
class LocalStorage final : public Storage {
 public:
  // Creates the root when absent, durably.
  explicit LocalStorage(const std::string& root);

  std::string Read(std::string_view path) const override;
  std::string ReadRange(std::string_view path, uint64_t offset, uint64_t length) const override;
  std::optional<std::string> ReadIfPresent(std::string_view path) const override;
  std::optional<Entry> Find(std::string_view path) const override;
  std::vector<Entry> List(std::string_view folder) const override;
  std::vector<Entry> ListAll(std::string_view folder) const override;
  std::vector<std::string> ListFolders(std::string_view folder) const override;
  void Write(std::string_view path, std::string_view bytes) override;
  void Append(std::string_view path, std::string_view bytes) override;
  void Sync(std::span<const std::string> paths) override;
  [[nodiscard]] bool PutIfAbsent(std::string_view path, std::string_view bytes) override;
  void Replace(std::string_view path, std::string_view bytes) override;
  void Remove(std::string_view path) override;
  void Move(std::string_view from, std::string_view to) override;
  void RemoveFolder(std::string_view folder) override;
  std::string Url(std::string_view path) const override;
  std::string LocalPath(std::string_view path) const override;
  void FetchCopies(std::span<const std::string>) const override {}
  void RemoveCopies() const override {}

 private:
  class TemporaryFile;

  std::string Absolute(std::string_view path) const;
  std::string AbsoluteToRead(std::string_view path) const;
  PosixFile CreateWithFolders(std::string_view path, PosixFile::IfTaken if_taken);
  TemporaryFile WriteTemporary(std::string_view final_path, std::string_view bytes);
  void MakeFolders(std::string_view folder);
  void SyncFoldersOf(std::span<const std::string> paths);
  // Adds the files right in the folder; the folders right in it are the answer.
  std::vector<std::string> ListInto(std::string_view folder, std::vector<Entry>& entries) const;
  void ListAllInto(std::string_view folder, std::vector<Entry>& entries) const;

  std::string root_;  // Absolute, without "/" at its end.
  std::mutex mutex_;
  // Folders whose own name is known to be durable in the folder above, so that a commit does not fsync the whole chain
  // up to the root again.
  std::set<std::string, std::less<>> durable_folders_;
};

}  // namespace qlake::storage
