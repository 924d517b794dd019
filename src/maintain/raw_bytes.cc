#include "maintain/raw_bytes.h"

#include <algorithm>

#include "base/sha256.h"

namespace qlake::maintain {
namespace {

constexpr uint64_t kPieceBytes = uint64_t{8} << 20;

}  // namespace

std::string VisitRaw(const storage::Storage& storage, const RawRange& range,
                     const std::function<void(std::string_view bytes)>& on_bytes) {
  base::Sha256 sha256;
  for (uint64_t done = 0; done < range.length;) {
    uint64_t length = std::min(kPieceBytes, range.length - done);
    std::string piece = storage.ReadRange(range.path, range.offset + done, length);
    sha256.Add(piece);
    if (on_bytes) on_bytes(piece);
    done += length;
  }
  return std::move(sha256).Hex();
}

}  // namespace qlake::maintain
