#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/error.h"
#include "storage/hdfs_options.h"
#include "storage/scratch_folder.h"
#include "storage/storage.h"
#include "storage/web_hdfs.h"

namespace qlake::storage {

// Storage on HDFS, over WebHDFS. A file counts as durable once HDFS has closed it: each of its DataNodes has all bytes
// then. A put or a replacement in flight is a hidden file ".qlake-put-..." in the folder of its name; a crash may leave
// it there, and no list shows it.
class HdfsStorage final : public Storage {
 public:
  // `url`: hdfs://host:port/folder. Does no I/O. Throws Error{kInput} when it is not of that form.
  HdfsStorage(const std::string& url, const HdfsOptions& options);

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
  void FetchCopies(std::span<const std::string> paths) const override;
  void RemoveCopies() const override;

  // storage::ListUnfinished().
  std::vector<Entry> ListUnfinished(std::string_view folder) const;

 private:
  struct Listing {
    std::vector<Entry> files;
    std::vector<Entry> unfinished;
    std::vector<std::string> folders;
  };

  std::string Absolute(std::string_view path) const;  // In HDFS.
  std::string AbsoluteFile(std::string_view path) const;
  base::Error Failure(std::string_view verb, std::string_view path, const HdfsAnswer& answer) const;
  Listing ListFolder(std::string_view folder) const;
  // What lies anywhere below the folder, of one kind, by path.
  std::vector<Entry> ListTree(std::string_view folder, std::vector<Entry> Listing::*kind) const;
  std::string WriteTemporary(std::string_view final_path, std::string_view bytes);
  HdfsAnswer Rename(const std::string& from, std::string_view to, std::string_view option);
  void FetchCopy(const std::string& path) const;
  ScratchFolder& copies() const;

  std::string authority_;  // host:port
  std::string root_;       // Absolute, without "/" at its end: empty is HDFS's own root.
  mutable WebHdfs hdfs_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<ScratchFolder> copies_;  // Guarded by mutex_; made at the first use.
};

}  // namespace qlake::storage
