#include "run/disk_space.h"

#include <sys/statvfs.h>

#include <filesystem>

#include "base/error.h"

namespace qlake::run {
namespace {

namespace fs = std::filesystem;

std::string InMegabytes(uint64_t bytes) { return fmt::format("{} MB", bytes / 1'000'000); }

}  // namespace

std::optional<uint64_t> FreeBytes(const std::string& folder) {
  if (folder.find("://") != std::string::npos) return std::nullopt;
  std::error_code failed;
  fs::path place = fs::absolute(folder, failed);
  while (!fs::exists(place, failed) && place.has_relative_path()) place = place.parent_path();
  struct statvfs disk {};
  if (statvfs(place.c_str(), &disk) != 0) return std::nullopt;
  return uint64_t{disk.f_bavail} * disk.f_frsize;
}

void RequireDiskSpace(const std::string& folder, uint64_t bytes_min) {
  auto free = FreeBytes(folder);
  if (!free || *free >= bytes_min) return;
  throw base::IoError(
      "the disk of {} is nearly full, and nothing was written: {} are free, disk.free_min asks for {}; make room "
      "(qlake "
      "vacuum lets old files go) or lower disk.free_min",
      folder, InMegabytes(*free), InMegabytes(bytes_min));
}

}  // namespace qlake::run
