#include "delta/deleted_rows.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/error.h"
#include "delta/path_encoding.h"
#include "delta/z85.h"
#include "storage/path.h"

namespace qlake::delta {
namespace {

// Of RoaringBitmapArray (PROTOCOL.md, "Deletion Vector Format"; the native form is what Delta's own library may write,
// and what the protocol's inline example has, there with the highest byte of its numbers first).
constexpr char kFileVersion = 1;
constexpr uint32_t kPortableMagic = 1681511377;
constexpr uint32_t kNativeMagic = 1681511376;
constexpr uint32_t kNativeMagicReversed = 0xD0D33964;
// Of the Roaring format specification, which both keep their 32-bit bitmaps in.
constexpr uint32_t kCookieWithRuns = 12347;
constexpr uint32_t kCookieWithoutRuns = 12346;
constexpr uint32_t kContainersForOffsets = 4;  // With runs, fewer containers than these have no table of offsets.
constexpr uint32_t kArrayRowsMax = 4096;
constexpr uint32_t kContainerRows = 65536;

uint32_t Crc32(std::string_view bytes) {
  constexpr auto kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < table.size(); ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? value >> 1 ^ 0xEDB88320 : value >> 1;
      table[i] = value;
    }
    return table;
  }();
  uint32_t crc = 0xFFFFFFFF;
  for (char c : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~crc;
}

uint32_t BigEndian32(std::string_view bytes) {
  uint32_t value = 0;
  for (char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin, in the folder of the prefix that may stand before the UUID.
std::string FileOfUuid(const std::string& prefix_and_uuid) {
  constexpr size_t kUuidDigits = 20;
  size_t prefix = prefix_and_uuid.size() - std::min(kUuidDigits, prefix_and_uuid.size());
  auto uuid = DecodeZ85(std::string_view(prefix_and_uuid).substr(prefix));
  if (!uuid || uuid->size() != 16) {
    throw base::CorruptError("a deletion vector is not named by a UUID: \"{}\"", prefix_and_uuid);
  }
  std::string name = "deletion_vector_";
  for (size_t i = 0; i < uuid->size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) name += '-';
    name += fmt::format("{:02x}", static_cast<unsigned char>((*uuid)[i]));
  }
  return storage::JoinPath(prefix_and_uuid.substr(0, prefix), name + ".bin");
}

std::string PathOf(const std::string& table_path, const DeletionVector& vector) {
  if (vector.storage_type == "u") return storage::JoinPath(table_path, FileOfUuid(vector.path_or_inline));
  auto path = DecodePath(vector.path_or_inline);
  if (!path || path->empty()) throw base::CorruptError("a deletion vector has no path: \"{}\"", vector.path_or_inline);
  return LocateFile(table_path, *path);
}

// One vector of a file: its size, its bytes and their checksum, both numbers with the highest byte first.
std::string ReadBytes(const storage::Storage& storage, const std::string& path, const DeletionVector& vector,
                      const std::string& name) {
  auto offset = static_cast<uint64_t>(vector.offset.value_or(0));
  auto size = static_cast<size_t>(vector.size_bytes);
  auto file = storage.Find(path);
  if (!file) throw base::CorruptError("{} is absent: {}", name, path);
  if (file->bytes < offset + size + 8) throw base::CorruptError("{} is damaged: it is cut off: {}", name, path);
  if (storage.ReadRange(path, 0, 1)[0] != kFileVersion) {
    throw base::InputError("{} is in a file of a version that is not supported: {}", name, path);
  }
  std::string bytes = storage.ReadRange(path, offset, size + 8);
  if (BigEndian32(bytes) != size) {
    throw base::CorruptError("{} is of another size than the log says: {} bytes", name, BigEndian32(bytes));
  }
  std::string_view data = std::string_view(bytes).substr(4, size);
  if (BigEndian32(std::string_view(bytes).substr(4 + size)) != Crc32(data)) {
    throw base::CorruptError("{} is damaged: its checksum differs", name);
  }
  return std::string(data);
}

std::string InlineBytes(const DeletionVector& vector, const std::string& name) {
  auto bytes = DecodeZ85(vector.path_or_inline);
  auto size = static_cast<size_t>(vector.size_bytes);
  // Z85 counts in fours: there may be up to three bytes more.
  if (!bytes || bytes->size() < size || bytes->size() >= size + 4) {
    throw base::CorruptError("{} is not {} bytes of base 85", name, vector.size_bytes);
  }
  bytes->resize(size);
  return *std::move(bytes);
}

}  // namespace

// Reads a serialized RoaringBitmapArray and takes nothing in it on trust: an inline vector has no checksum.
class RoaringParser {
 public:
  RoaringParser(std::string_view bytes, const std::string& name) : rest_(bytes), name_(name) {}

  DeletedRows Parse() {
    uint32_t magic = Take<uint32_t>();
    if (magic == kPortableMagic) {
      ParsePortable();
    } else if (magic == kNativeMagic) {
      ParseNative([this] { return Take<uint32_t>(); });
    } else if (magic == kNativeMagicReversed) {
      ParseNative([this] { return BigEndian32(Take(sizeof(uint32_t))); });
    } else {
      Fail("it begins with an unknown number");
    }
    if (!rest_.empty()) Fail("it has bytes behind its end");
    return std::move(rows_);
  }

 private:
  using Container = DeletedRows::Container;

  // Each bitmap with its key, the upper half of its row numbers.
  void ParsePortable() {
    auto bitmaps = Take<uint64_t>();
    for (uint64_t i = 0; i < bitmaps; ++i) {
      auto key = Take<uint32_t>();
      ParseBitmap(key);
    }
  }

  // Each bitmap with its length; its place is its key.
  template <typename TakeNumber>
  void ParseNative(TakeNumber take_number) {
    uint32_t bitmaps = take_number();
    for (uint32_t key = 0; key < bitmaps; ++key) {
      uint32_t length = take_number();
      size_t before = rest_.size();
      ParseBitmap(key);
      if (before - rest_.size() != length) Fail("a bitmap is of another length than it says");
    }
  }

  struct Head {
    uint16_t key;
    uint32_t row_count;
    bool has_runs;
  };

  void ParseBitmap(uint32_t key) {
    std::vector<Head> heads = TakeHeads();
    for (const Head& head : heads) {
      Container container;
      container.first_row = static_cast<uint64_t>(key) << 32 | static_cast<uint64_t>(head.key) << 16;
      if (!rows_.containers_.empty() && rows_.containers_.back().first_row >= container.first_row) {
        Fail("its parts are out of order");
      }
      uint32_t row_count = 0;
      if (head.has_runs) {
        row_count = TakeRuns(container);
      } else if (head.row_count <= kArrayRowsMax) {
        row_count = TakeRows(head.row_count, container);
      } else {
        row_count = TakeBits(container);
      }
      if (row_count != head.row_count) Fail("a part holds another number of rows than it says");
      rows_.size_ += row_count;
      rows_.containers_.push_back(std::move(container));
    }
  }

  std::vector<Head> TakeHeads() {
    auto cookie = Take<uint32_t>();
    std::string_view run_flags;
    uint32_t count = 0;
    if ((cookie & 0xFFFF) == kCookieWithRuns) {
      count = (cookie >> 16) + 1;
      run_flags = Take((count + 7) / 8);
    } else if (cookie == kCookieWithoutRuns) {
      count = Take<uint32_t>();
      if (count > kContainerRows) Fail("it has more parts than there can be");
    } else {
      Fail("a bitmap begins with an unknown number");
    }
    std::vector<Head> heads;
    for (uint32_t i = 0; i < count; ++i) {
      auto key = Take<uint16_t>();
      uint32_t row_count = uint32_t{Take<uint16_t>()} + 1;
      bool has_runs = !run_flags.empty() && (static_cast<unsigned char>(run_flags[i / 8]) >> (i % 8) & 1) != 0;
      heads.push_back({key, row_count, has_runs});
    }
    if (run_flags.empty() || count >= kContainersForOffsets) Take(size_t{count} * sizeof(uint32_t));
    return heads;
  }

  uint32_t TakeRuns(Container& container) {
    auto count = Take<uint16_t>();
    uint32_t rows = 0;
    uint32_t free_from = 0;
    for (uint16_t i = 0; i < count; ++i) {
      uint32_t first = Take<uint16_t>();
      uint32_t last = first + Take<uint16_t>();
      if (first < free_from || last >= kContainerRows) Fail("its runs are out of order");
      container.runs.push_back({static_cast<uint16_t>(first), static_cast<uint16_t>(last)});
      rows += last - first + 1;
      free_from = last + 1;
    }
    return rows;
  }

  uint32_t TakeRows(uint32_t count, Container& container) {
    for (uint32_t i = 0; i < count; ++i) {
      auto row = Take<uint16_t>();
      if (!container.rows.empty() && row <= container.rows.back()) Fail("its rows are out of order");
      container.rows.push_back(row);
    }
    return count;
  }

  uint32_t TakeBits(Container& container) {
    uint32_t rows = 0;
    for (uint32_t i = 0; i < kContainerRows / 64; ++i) {
      container.bits.push_back(Take<uint64_t>());
      rows += static_cast<uint32_t>(std::popcount(container.bits.back()));
    }
    return rows;
  }

  std::string_view Take(size_t size) {
    if (rest_.size() < size) Fail("it is cut off");
    std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  template <typename Number>
  Number Take() {  // The lowest byte first.
    std::string_view bytes = Take(sizeof(Number));
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(Number); ++i) {
      value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return static_cast<Number>(value);
  }

  [[noreturn]] void Fail(std::string_view what) const { throw base::CorruptError("{} is damaged: {}", name_, what); }

  std::string_view rest_;
  const std::string& name_;
  DeletedRows rows_;
};

DeletedRows DeletedRows::Parse(std::string_view bytes, const std::string& name) {
  return RoaringParser(bytes, name).Parse();
}

DeletedRows DeletedRows::Read(const storage::Storage& storage, const std::string& table_path,
                              const DeletionVector& vector) {
  std::string name = fmt::format("deletion vector {} of table {}", vector.UniqueId(), table_path);
  if (vector.size_bytes < 0 || vector.offset.value_or(0) < 0) throw base::CorruptError("{} is of no size", name);
  std::string bytes;
  if (vector.storage_type == "i") {
    bytes = InlineBytes(vector, name);
  } else if (vector.storage_type == "u" || vector.storage_type == "p") {
    bytes = ReadBytes(storage, PathOf(table_path, vector), vector, name);
  } else {
    throw base::InputError("{} is stored in a way that is not supported: {}", name, vector.storage_type);
  }
  DeletedRows rows = Parse(bytes, name);
  if (static_cast<int64_t>(rows.size()) != vector.cardinality) {
    throw base::CorruptError("{} holds {} rows, the log says {}", name, rows.size(), vector.cardinality);
  }
  return rows;
}

bool DeletedRows::Container::Contains(uint16_t row) const {
  if (!bits.empty()) return (bits[row / 64] >> (row % 64) & 1) != 0;
  if (!rows.empty()) return std::ranges::binary_search(rows, row);
  auto run = std::ranges::upper_bound(runs, row, {}, &Run::first);
  return run != runs.begin() && row <= std::prev(run)->last;
}

bool DeletedRows::Contains(uint64_t row) const {
  auto above = std::ranges::upper_bound(containers_, row, {}, &Container::first_row);
  if (above == containers_.begin()) return false;
  const Container& container = *std::prev(above);
  return row - container.first_row < kContainerRows && container.Contains(static_cast<uint16_t>(row));
}

}  // namespace qlake::delta
