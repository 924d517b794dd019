#include "base/seal.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "base/error.h"

namespace qlake::base {
namespace {

std::string SealOf(std::string_view bytes, size_t position) {
  QLAKE_CHECK(bytes.size() >= kSealDigits && position <= bytes.size() - kSealDigits);
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  auto add = [&](std::string_view part) {
    QLAKE_CHECK(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  };
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  QLAKE_CHECK(context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
  add(bytes.substr(0, position));
  add(kSealPlaceholder);
  add(bytes.substr(position + kSealDigits));
  QLAKE_CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), &length) == 1);
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  return hex;
}

}  // namespace

void Seal(std::string& bytes, size_t position) { bytes.replace(position, kSealDigits, SealOf(bytes, position)); }

bool IsSealIntact(std::string_view bytes, size_t position) {
  return bytes.substr(position, kSealDigits) == SealOf(bytes, position);
}

}  // namespace qlake::base
