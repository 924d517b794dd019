#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace qlake::delta {

// An optional value that takes a pointer's room while there is none, for what few of very many objects have. Copies
// share the value, which does not change.
template <typename T>
class Boxed {
 public:
  Boxed() = default;
  Boxed(std::nullopt_t) {}                                                 // NOLINT: as an optional is
  Boxed(T value) : value_(std::make_shared<const T>(std::move(value))) {}  // NOLINT
  Boxed(std::optional<T> value) {
    if (value) *this = Boxed(*std::move(value));
  }  // NOLINT

  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  T value_or(T other) const { return value_ ? *value_ : std::move(other); }
  void reset() { value_.reset(); }

 private:
  std::shared_ptr<const T> value_;
};

}  // namespace qlake::delta
