#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace qlake::base {

// Sha256Hex() of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void Add(std::string_view bytes);
  std::string Hex() &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace qlake::base
