#pragma once

#include <string>
#include <string_view>

namespace qlake::storage {

// Hears, in their order, of all changes that this process makes to the local disk through LocalStorage: tests make of
// them what a power loss at any moment would have left. Called right after each, from any thread. Paths are absolute.
class DiskObserver {
 public:
  virtual ~DiskObserver() = default;
  virtual void Created(const std::string& path) = 0;                        // Empty, an old one of that name gone.
  virtual void Wrote(const std::string& path, std::string_view bytes) = 0;  // At its end.
  virtual void Synced(const std::string& path) = 0;                         // A file's bytes, or a folder's names.
  virtual void MadeFolder(const std::string& path) = 0;
  virtual void Linked(const std::string& path, const std::string& new_path) = 0;
  virtual void Renamed(const std::string& path, const std::string& new_path) = 0;
  virtual void Removed(const std::string& path) = 0;
};

// Nobody by default; null ends it. For a test with no other thread at a storage.
void ObserveDisk(DiskObserver* observer);
DiskObserver& ObservedDisk();

}  // namespace qlake::storage
