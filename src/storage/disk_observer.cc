#include "storage/disk_observer.h"

#include <atomic>

namespace qlake::storage {
namespace {

class Nobody final : public DiskObserver {
  void Created(const std::string&) override {}
  void Wrote(const std::string&, std::string_view) override {}
  void Synced(const std::string&) override {}
  void MadeFolder(const std::string&) override {}
  void Linked(const std::string&, const std::string&) override {}
  void Renamed(const std::string&, const std::string&) override {}
  void Removed(const std::string&) override {}
};

Nobody nobody;
std::atomic<DiskObserver*> present = &nobody;

}  // namespace

void ObserveDisk(DiskObserver* observer) { present = observer == nullptr ? &nobody : observer; }

DiskObserver& ObservedDisk() { return *present; }

}  // namespace qlake::storage
