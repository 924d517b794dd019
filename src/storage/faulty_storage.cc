#include "storage/faulty_storage.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <vector>

#include "base/error.h"
#include "storage/posix_file.h"

namespace qlake::storage {
namespace {

template <typename T>
struct Named {
  std::string_view name;
  T value;
};

constexpr std::array<Named<Fault::Op>, 8> kOps = {{{"any", Fault::Op::kAny},
                                                   {"read", Fault::Op::kRead},
                                                   {"write", Fault::Op::kWrite},
                                                   {"put", Fault::Op::kPut},
                                                   {"sync", Fault::Op::kSync},
                                                   {"replace", Fault::Op::kReplace},
                                                   {"remove", Fault::Op::kRemove},
                                                   {"list", Fault::Op::kList}}};
constexpr std::array<Named<Fault::Kind>, 4> kKinds = {{{"EIO", Fault::Kind::kEio},
                                                       {"ENOSPC", Fault::Kind::kEnospc},
                                                       {"SHORT", Fault::Kind::kShort},
                                                       {"EIO_AFTER", Fault::Kind::kEioAfter}}};

base::Error NoFault(std::string_view text) {
  return base::InputError(
      "QLAKE_STORAGE_FAULT is not <any|read|write|put|sync|replace|remove|list>:<call, from 1>:"
      "<EIO|ENOSPC|SHORT|EIO_AFTER>[:persistent]: \"{}\"",
      text);
}

template <typename T, size_t N>
T ByName(const std::array<Named<T>, N>& named, std::string_view name, std::string_view text) {
  auto found = std::ranges::find(named, name, &Named<T>::name);
  if (found == named.end()) throw NoFault(text);
  return found->value;
}

std::string_view NameOf(Fault::Op op) { return std::ranges::find(kOps, op, &Named<Fault::Op>::value)->name; }

uint64_t ParseCall(std::string_view part, std::string_view text) {
  uint64_t call = 0;
  auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), call);
  if (error != std::errc() || end != part.data() + part.size() || call == 0) throw NoFault(text);
  return call;
}

std::vector<std::string_view> SplitAtColons(std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t start = 0; start <= text.size();) {
    size_t end = std::min(text.find(':', start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

}  // namespace

Fault ParseFault(std::string_view text) {
  std::vector<std::string_view> parts = SplitAtColons(text);
  if (parts.size() != 3 && parts.size() != 4) throw NoFault(text);
  if (parts.size() == 4 && parts[3] != "persistent") throw NoFault(text);
  return {.op = ByName(kOps, parts[0], text),
          .call = ParseCall(parts[1], text),
          .kind = ByName(kKinds, parts[2], text),
          .persistent = parts.size() == 4};
}

bool FaultyStorage::IsDue(Fault::Op op) const {
  if (fault_.op != Fault::Op::kAny && fault_.op != op) return false;
  uint64_t call = ++calls_;
  if (call != fault_.call && !(fault_.persistent && call > fault_.call)) return false;
  fired_ = true;
  return true;
}

template <typename Call>
auto FaultyStorage::Run(Fault::Op op, std::string_view path, Call call) const {
  if (!IsDue(op)) return call();
  if (fault_.kind == Fault::Kind::kEioAfter) static_cast<void>(call());
  bool is_full = fault_.kind == Fault::Kind::kEnospc || fault_.kind == Fault::Kind::kShort;
  throw PosixError(fmt::format("{} (injected fault)", NameOf(op)), path, is_full ? ENOSPC : EIO);
}

std::string FaultyStorage::Read(std::string_view path) const {
  return Run(Fault::Op::kRead, path, [&] { return storage_->Read(path); });
}

std::string FaultyStorage::ReadRange(std::string_view path, uint64_t offset, uint64_t length) const {
  return Run(Fault::Op::kRead, path, [&] { return storage_->ReadRange(path, offset, length); });
}

std::optional<std::string> FaultyStorage::ReadIfPresent(std::string_view path) const {
  return Run(Fault::Op::kRead, path, [&] { return storage_->ReadIfPresent(path); });
}

std::optional<Entry> FaultyStorage::Find(std::string_view path) const {
  return Run(Fault::Op::kList, path, [&] { return storage_->Find(path); });
}

std::vector<Entry> FaultyStorage::List(std::string_view folder) const {
  return Run(Fault::Op::kList, folder, [&] { return storage_->List(folder); });
}

std::vector<Entry> FaultyStorage::ListAll(std::string_view folder) const {
  return Run(Fault::Op::kList, folder, [&] { return storage_->ListAll(folder); });
}

std::vector<std::string> FaultyStorage::ListFolders(std::string_view folder) const {
  return Run(Fault::Op::kList, folder, [&] { return storage_->ListFolders(folder); });
}

void FaultyStorage::Write(std::string_view path, std::string_view bytes) {
  if (fault_.kind != Fault::Kind::kShort) {
    return Run(Fault::Op::kWrite, path, [&] { storage_->Write(path, bytes); });
  }
  if (!IsDue(Fault::Op::kWrite)) return storage_->Write(path, bytes);
  storage_->Write(path, bytes.substr(0, bytes.size() / 2));
  throw PosixError("write (injected fault)", path, ENOSPC);
}

void FaultyStorage::Append(std::string_view path, std::string_view bytes) {
  if (fault_.kind != Fault::Kind::kShort) {
    return Run(Fault::Op::kWrite, path, [&] { storage_->Append(path, bytes); });
  }
  if (!IsDue(Fault::Op::kWrite)) return storage_->Append(path, bytes);
  storage_->Append(path, bytes.substr(0, bytes.size() / 2));
  throw PosixError("write (injected fault)", path, ENOSPC);
}

void FaultyStorage::Sync(std::span<const std::string> paths) {
  std::string_view first = paths.empty() ? std::string_view() : std::string_view(paths.front());
  Run(Fault::Op::kSync, first, [&] { storage_->Sync(paths); });
}

bool FaultyStorage::PutIfAbsent(std::string_view path, std::string_view bytes) {
  return Run(Fault::Op::kPut, path, [&] { return storage_->PutIfAbsent(path, bytes); });
}

void FaultyStorage::Replace(std::string_view path, std::string_view bytes) {
  Run(Fault::Op::kReplace, path, [&] { storage_->Replace(path, bytes); });
}

void FaultyStorage::Remove(std::string_view path) {
  Run(Fault::Op::kRemove, path, [&] { storage_->Remove(path); });
}

void FaultyStorage::Move(std::string_view from, std::string_view to) {
  Run(Fault::Op::kWrite, to, [&] { storage_->Move(from, to); });
}

void FaultyStorage::RemoveFolder(std::string_view folder) {
  Run(Fault::Op::kRemove, folder, [&] { storage_->RemoveFolder(folder); });
}

}  // namespace qlake::storage
