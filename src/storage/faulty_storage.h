#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "storage/storage.h"

namespace qlake::storage {

// Which call of a storage fails, and how. As text, in QLAKE_STORAGE_FAULT: <op>:<n>:<kind>[:persistent], for example
// "put:1:EIO_AFTER" or "write:3:SHORT" or "any:7:EIO:persistent".
struct Fault {
  enum class Op {
    kAny,
    kRead,     // Read, ReadRange, ReadIfPresent
    kWrite,    // Write, Append
    kPut,      // PutIfAbsent
    kSync,     // Sync
    kReplace,  // Replace
    kRemove,   // Remove
    kList,     // List, ListAll, ListFolders, Find
  };
  enum class Kind {
    kEio,       // Nothing happened.
    kEnospc,    // Nothing happened.
    kShort,     // A Write or Append leaves half of its bytes and fails with ENOSPC; any other call as under kEnospc.
    kEioAfter,  // It happened, but the caller hears of an error: the outcome is unknown to it.
  };
  Op op = Op::kAny;
  uint64_t call = 1;  // The n-th call of that kind fails, the first is 1.
  Kind kind = Kind::kEio;
  bool persistent = false;  // And every one after it.
};

// Throws Error{kInput} that shows the form when the text is not of it.
Fault ParseFault(std::string_view text);

// A storage that fails on demand: a double for the machine's failures. Thread-safe.
class FaultyStorage final : public Storage {
 public:
  FaultyStorage(std::unique_ptr<Storage> storage, Fault fault) : storage_(std::move(storage)), fault_(fault) {}

  bool fired() const { return fired_; }  // Whether any call has failed by the fault.

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
  std::string Url(std::string_view path) const override { return storage_->Url(path); }
  std::string LocalPath(std::string_view path) const override { return storage_->LocalPath(path); }
  void FetchCopies(std::span<const std::string> paths) const override { storage_->FetchCopies(paths); }
  void RemoveCopies() const override { storage_->RemoveCopies(); }

 private:
  bool IsDue(Fault::Op op) const;
  template <typename Call>
  auto Run(Fault::Op op, std::string_view path, Call call) const;

  std::unique_ptr<Storage> storage_;
  Fault fault_;
  mutable std::atomic<uint64_t> calls_ = 0;
  mutable std::atomic<bool> fired_ = false;
};

}  // namespace qlake::storage
