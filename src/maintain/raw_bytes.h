#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "storage/storage.h"

namespace qlake::maintain {

// Where the bytes of a received file lie.
struct RawRange {
  std::string path;
  uint64_t offset = 0;
  uint64_t length = 0;
};

// Reads the range in pieces, so that files of any size take little memory, and returns its SHA-256. Throws Error{kIo}
// when the range is not there.
std::string VisitRaw(const storage::Storage& storage, const RawRange& range,
                     const std::function<void(std::string_view bytes)>& on_bytes = {});

}  // namespace qlake::maintain
