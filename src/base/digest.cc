#include "base/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>

#include "base/error.h"

namespace qlake::base {

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  QLAKE_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1);
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  return hex;
}

std::string NewUuid() {
  std::array<unsigned char, 16> random{};
  QLAKE_CHECK(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
  random[6] = static_cast<unsigned char>((random[6] & 0x0f) | 0x40);
  random[8] = static_cast<unsigned char>((random[8] & 0x3f) | 0x80);
  std::string text;
  for (size_t i = 0; i < random.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    fmt::format_to(std::back_inserter(text), "{:02x}", random[i]);
  }
  return text;
}

}  // namespace qlake::base
