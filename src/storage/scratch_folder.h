#pragma once

#include <string>

namespace qlake::storage {

// A folder of the local disk below the system's folder for temporary files (TMPDIR) that goes with the object. What a
// killed process has left there is removed by the next one.
class ScratchFolder {
 public:
  ScratchFolder();  // Throws Error{kIo}.
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int lock_fd_ = -1;  // Of the folder itself: the kernel gives the lock back when the process ends, however it ends.
};

}  // namespace qlake::storage
