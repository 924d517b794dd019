#include "storage/scratch_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>

#include "storage/posix_file.h"

namespace qlake::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "qlake-scratch-";

std::string Prefix() { return fmt::format("{}{}-", kPrefix, ::geteuid()); }

int OpenFolder(const fs::path& path) { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

// Those whose owners are gone: nobody holds their locks.
void RemoveAbandoned(const fs::path& parent) {
  std::error_code ignored;  // What cannot be removed is left to the next.
  for (const auto& entry : fs::directory_iterator(parent, ignored)) {
    if (!entry.path().filename().string().starts_with(Prefix())) continue;
    int descriptor = OpenFolder(entry.path());
    if (descriptor < 0) continue;
    // The folder stays locked while it goes, so that nobody takes it for an abandoned one, too.
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) fs::remove_all(entry.path(), ignored);
    ::close(descriptor);
  }
}

}  // namespace

ScratchFolder::ScratchFolder() {
  fs::path parent = fs::temp_directory_path();
  RemoveAbandoned(parent);
  while (true) {
    std::string pattern = (parent / (Prefix() + "XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr) throw PosixError("create folder", pattern, errno);
    int descriptor = OpenFolder(pattern);
    // Another process may have taken it for an abandoned one before it was locked.
    if (descriptor >= 0 && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 && fs::exists(pattern)) {
      path_ = pattern;
      lock_fd_ = descriptor;
      return;
    }
    if (descriptor >= 0) ::close(descriptor);
  }
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // The next process removes what is left.
  fs::remove_all(path_, ignored);
  ::close(lock_fd_);
}

}  // namespace qlake::storage
