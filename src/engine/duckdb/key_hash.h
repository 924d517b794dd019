#pragma once

#include <xxhash.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/duckdb/file_stager.h"

namespace qlake::engine {

// 128 bits that stand for a key: XXH3 of its values as texts (a cast to VARCHAR), each with kContentSeparator behind
// it, NULL as kContentNull.
struct KeyHash {
  uint64_t high = 0;
  uint64_t low = 0;
};

inline void AppendKeyPart(std::optional<std::string_view> value, std::string& joined) {
  value ? static_cast<void>(joined.append(*value)) : joined.push_back(kContentNull);
  joined.push_back(kContentSeparator);
}

inline KeyHash HashKey(std::string_view joined) {
  XXH128_hash_t hash = XXH3_128bits(joined.data(), joined.size());
  return {hash.high64, hash.low64};
}

}  // namespace qlake::engine
