#pragma once

#include <fmt/format.h>

#include <exception>
#include <string>
#include <utility>

namespace qlake::base {

// Kinds exist only where code reacts differently.
enum class ErrorKind {
  kInput,        // The user can fix it: a file, the config, SQL, a flag. Exit code 2.
  kUnavailable,  // Try again later, with backoff: a broker or a lease that another holds. Exit code 1.
  kCorrupt,      // Stop and touch nothing: a log or a file is not what its format says. Exit code 1.
  kIo,           // The machine failed us: disk full, permission, a device error. Exit code 1.
};

// A failure: this run of this step cannot go on. The message says what failed, where, the value (masked when
// personal) and what to do; lower case, values last. Caught in main, the Runner's loop and the HTTP handler only.
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}
  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorKind kind_;
  std::string message_;
};

template <typename... Args>
Error InputError(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorKind::kInput, fmt::format(format, std::forward<Args>(args)...)};
}
template <typename... Args>
Error UnavailableError(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorKind::kUnavailable, fmt::format(format, std::forward<Args>(args)...)};
}
template <typename... Args>
Error CorruptError(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorKind::kCorrupt, fmt::format(format, std::forward<Args>(args)...)};
}
template <typename... Args>
Error IoError(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorKind::kIo, fmt::format(format, std::forward<Args>(args)...)};
}

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace qlake::base

// An invariant of our own, checked in release builds too: a false condition is a bug of qlake, so it aborts.
#define QLAKE_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::qlake::base::CheckFailed(#condition, __FILE__, __LINE__))
