#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace qlake::storage {

// Error{kIo} that says what could not be done with which file, and why: "cannot write /lake/x: No space left on
// device".
base::Error PosixError(std::string_view verb, std::string_view path, int error_number);

// An open file of the local disk, or a folder opened to be fsynced; closed with the object. Calls interrupted by a
// signal go on. Every failure is Error{kIo}.
class PosixFile {
 public:
  static PosixFile OpenToRead(const std::string& path);  // A folder too.
  static std::optional<PosixFile> OpenToReadIfPresent(const std::string& path);
  static PosixFile OpenToAppend(const std::string& path);  // Never creates it.
  enum class IfTaken { kTruncate, kFail };
  // Nothing when the folder is absent.
  static std::optional<PosixFile> Create(const std::string& path, IfTaken if_taken);

  PosixFile(PosixFile&& other) noexcept;
  PosixFile& operator=(PosixFile&& other) = delete;
  ~PosixFile();

  std::string ReadToEnd() const;
  std::string ReadRange(uint64_t offset, uint64_t length) const;
  void WriteAll(std::string_view bytes) const;
  void Sync() const;
  // Some file systems tell of a failed write only here.
  void Close();

 private:
  PosixFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  static std::optional<PosixFile> Open(const std::string& path, int flags, std::string_view verb);

  std::string path_;
  int descriptor_;
};

}  // namespace qlake::storage
