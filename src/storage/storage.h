#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "storage/hdfs_options.h"

namespace qlake::storage {

struct Entry {
  std::string path;  // As the caller named the folder, "/", and the name below it.
  uint64_t bytes = 0;
  base::Timestamp modified;
};

// Where a lake lies: a local disk, HDFS, later an object store. Paths are relative to the storage's root, with "/"
// between parts and none in front; no part is "." or "..". Read, ReadRange, Find, Url and LocalPath of a storage on
// the local disk also take an absolute path of it, "/data/x.parquet", which the logs of foreign tables may name;
// nothing is written there. Every method throws Error{kIo} when the machine fails it and Error{kInput} on a path that
// is not of that form. Thread-safe.
class Storage {
 public:
  virtual ~Storage() = default;

  // The whole file, or `length` bytes from `offset` on. Throws Error{kIo} when there is no such file or range.
  virtual std::string Read(std::string_view path) const = 0;
  virtual std::string ReadRange(std::string_view path, uint64_t offset, uint64_t length) const = 0;
  // Nothing when there is no such file.
  virtual std::optional<std::string> ReadIfPresent(std::string_view path) const = 0;
  virtual std::optional<Entry> Find(std::string_view path) const = 0;

  // Files (no folders) right in the folder, or anywhere below it, sorted by path. An absent folder is an empty one.
  virtual std::vector<Entry> List(std::string_view folder) const = 0;
  virtual std::vector<Entry> ListAll(std::string_view folder) const = 0;

  // Names of the folders right in the folder, sorted. An absent folder is an empty one.
  virtual std::vector<std::string> ListFolders(std::string_view folder) const = 0;

  // Writes a file in one piece, its folders with it; an old one of that name is overwritten. Not durable before Sync().
  // A crash may leave any part of it, so only files that nothing refers to yet are written so.
  virtual void Write(std::string_view path, std::string_view bytes) = 0;

  // Adds to the end of a file that Write() began, for files too large to hold in memory. As durable as Write().
  virtual void Append(std::string_view path, std::string_view bytes) = 0;

  // Makes files written before, and the folders that name them, durable: one parallel batch.
  virtual void Sync(std::span<const std::string> paths) = 0;

  // Creates the file with these bytes, durable and in one piece, unless the name is taken: then returns false and
  // changes nothing. Of several racing callers exactly one gets true. On Error{kIo} the outcome is unknown.
  [[nodiscard]] virtual bool PutIfAbsent(std::string_view path, std::string_view bytes) = 0;

  // Replaces the file in one piece, durably: temporary file, fsync, rename. Readers see the old or the new bytes.
  virtual void Replace(std::string_view path, std::string_view bytes) = 0;

  // An absent file is no error.
  virtual void Remove(std::string_view path) = 0;

  // Gives a file another name, its folders with it, however large it is. Not durable before Sync(). REQUIRES: nothing
  // refers to the file, and nothing has the new name.
  virtual void Move(std::string_view from, std::string_view to) = 0;
  // The folder with all that is in it, which nothing refers to. An absent one is no error.
  virtual void RemoveFolder(std::string_view folder) = 0;

  // What an engine opens wherever it runs: an absolute path of the local disk, or hdfs://...
  virtual std::string Url(std::string_view path) const = 0;

  // Where on the local disk the file lies, or its copy that FetchCopies() makes: for engines that open nothing else. ""
  // is the root of all that. Does no I/O on the file. Copies go with this object.
  virtual std::string LocalPath(std::string_view path) const = 0;
  // Sees to it that files which nobody changes can be opened at their LocalPath(). None but on other storages than the
  // local disk.
  virtual void FetchCopies(std::span<const std::string> paths) const = 0;
  // What FetchCopies() made goes, and LocalPath() may be another then. REQUIRES: nobody has any of it open.
  virtual void RemoveCopies() const = 0;
};

// Whether the address is that of a storage on HDFS, hdfs://host:port/folder.
bool IsOnHdfs(std::string_view address);

// A storage at an address: on HDFS, or on the local disk below a folder, which is created when absent. When the
// environment names a fault in QLAKE_STORAGE_FAULT (see faulty_storage.h), that fault is injected: the crash tests use
// it.
std::unique_ptr<Storage> OpenStorage(const std::string& address, const HdfsOptions& hdfs);
std::unique_ptr<Storage> OpenLocalStorage(const std::string& root);

}  // namespace qlake::storage
