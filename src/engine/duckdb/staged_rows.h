#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb/database.h"
#include "engine/duckdb/row_rules.h"

namespace qlake::engine {

class FileBytes;

// A text of a staged column, in 8 bytes: to 7 bytes in place, a longer one as a reference into the file's bytes or its
// arena. In place are most identifiers, and whoever reads those need not touch the file's bytes again.
class StagedText {
 public:
  static constexpr size_t kInPlaceMax = 7;
  static constexpr size_t kBytesMax = 0xF7FFFF;

  constexpr StagedText() = default;  // NULL
  // REQUIRES: size <= kInPlaceMax; bytes behind the text are zero.
  static StagedText InPlace(uint64_t bytes, size_t size) { return StagedText(kInPlace | uint64_t{size} << 56 | bytes); }
  // REQUIRES: kInPlaceMax < size <= kBytesMax; offset < 2^39, half a terabyte.
  static StagedText Reference(uint64_t offset, size_t size, bool is_copied) {
    return StagedText(uint64_t{size} << kOffsetBits | (is_copied ? kArenaBit : 0) | offset);
  }

  bool IsNull() const { return word_ == kNull; }
  bool IsInPlace() const { return word_ >= kInPlace; }  // Or NULL.
  // Of one in place.
  uint64_t bytes() const { return word_ & kBytesMask; }
  size_t in_place_size() const { return (word_ >> 56) & kInPlaceMax; }
  std::string_view in_place() const { return {reinterpret_cast<const char*>(&word_), in_place_size()}; }
  // Of a reference.
  bool IsCopied() const { return (word_ & kArenaBit) != 0; }  // It stands in the arena.
  uint64_t offset() const { return word_ & (kArenaBit - 1); }
  size_t size() const { return word_ >> kOffsetBits; }

 private:
  explicit constexpr StagedText(uint64_t word) : word_(word) {}

  static constexpr int kOffsetBits = 40;
  static constexpr uint64_t kArenaBit = uint64_t{1} << (kOffsetBits - 1);
  static constexpr uint64_t kNull = ~uint64_t{0};
  static constexpr uint64_t kInPlace = uint64_t{0xF8} << 56;
  static constexpr uint64_t kBytesMask = (uint64_t{1} << 56) - 1;

  uint64_t word_ = kNull;  // Little-endian: the bytes of a text in place come first.
};

// The values of one staged column of one file, one a row.
class StagedColumn {
 public:
  explicit StagedColumn(base::ColumnType type) : type_(type) {}

  void Reserve(size_t rows);
  void AppendNull();
  void AppendText(StagedText text) { texts_.push_back(text); }  // kString
  void ReplaceText(size_t row, StagedText text);
  void AppendBool(bool value) { Append(bools_, static_cast<int8_t>(value)); }  // kBoolean
  void AppendInt32(int32_t value) { Append(int32s_, value); }                  // kInteger, kDate
  void AppendInt64(int64_t value) { Append(int64s_, value); }                  // kLong, kDecimal to 18 digits
  void AppendWide(__int128 value) { Append(int128s_, value); }                 // kDecimal above 18 digits
  void Truncate(size_t rows);  // Takes back what was appended behind so many rows.
  // Row i becomes row places[i]. REQUIRES: places are a permutation of the rows.
  void Reorder(const std::vector<uint32_t>& places);

  base::ColumnType type() const { return type_; }
  bool IsNull(size_t row) const;
  __int128 NumberAt(size_t row) const;  // REQUIRES: no kString.
  bool has_nulls() const { return has_nulls_; }

  const std::vector<StagedText>& texts() const { return texts_; }
  const std::vector<uint8_t>& nulls() const { return nulls_; }
  const std::vector<int8_t>& bools() const { return bools_; }
  const std::vector<int32_t>& int32s() const { return int32s_; }
  const std::vector<int64_t>& int64s() const { return int64s_; }
  const std::vector<__int128>& int128s() const { return int128s_; }

 private:
  template <typename Value>
  void Append(std::vector<Value>& values, Value value) {
    values.push_back(value);
    if (has_nulls_) nulls_.push_back(0);
  }
  template <typename Value>
  void AppendNullTo(std::vector<Value>& values) {
    if (!has_nulls_) nulls_.assign(values.size(), 0);
    has_nulls_ = true;
    values.push_back(0);
    nulls_.push_back(1);
  }

  base::ColumnType type_;
  bool has_nulls_ = false;
  std::vector<StagedText> texts_;
  std::vector<int8_t> bools_;
  std::vector<int32_t> int32s_;
  std::vector<int64_t> int64s_;
  std::vector<__int128> int128s_;
  std::vector<uint8_t> nulls_;  // 1: NULL. Of columns that are no texts; empty while there is none.
};

// A value that broke a rule without costing its row.
struct Breach {
  uint32_t row = 0;
  uint16_t column = 0;
  Rule rule = Rule::kType;
};

// The rows of one file that keep their rules.
class StagedFile {
 public:
  StagedFile(const std::vector<ColumnRules>& rules, std::shared_ptr<const FileBytes> bytes);
  ~StagedFile();
  StagedFile(StagedFile&&) noexcept;

  uint32_t rows() const { return static_cast<uint32_t>(lines.size()); }
  // What lies in the place lives as long as the given text. REQUIRES: it is not NULL.
  std::string_view TextAt(const StagedText& staged) const {
    if (staged.IsInPlace()) return staged.in_place();
    return {(staged.IsCopied() ? arena.data() : text.data()) + staged.offset(), staged.size()};
  }
  std::string_view TextAt(StagedText&& staged) const = delete;
  // Appends a value as text, as a cast to VARCHAR writes it. REQUIRES: it is not NULL.
  void AppendText(const StagedColumn& column, uint32_t row, std::string& to) const;
  void Reserve(size_t rows);
  // A text to keep; a long one that is no part of the file's bytes is copied.
  StagedText Keep(std::string_view value) {
    auto offset = static_cast<uint64_t>(value.data() - text.data());
    bool is_of_file = offset < text.size() && offset + value.size() <= text.size();
    if (value.size() <= StagedText::kInPlaceMax) {
      uint64_t word = 0;
      if (is_of_file && offset + sizeof word <= text.size()) {
        std::memcpy(&word, value.data(), sizeof word);
        word &= (uint64_t{1} << (8 * value.size())) - 1;
      } else {
        std::memcpy(&word, value.data(), value.size());
      }
      return StagedText::InPlace(word, value.size());
    }
    return is_of_file && value.size() <= StagedText::kBytesMax ? StagedText::Reference(offset, value.size(), false)
                                                               : Copy(value);
  }

  std::shared_ptr<const FileBytes> bytes;
  std::string_view text;  // Of the file.
  std::string arena;      // Texts that do not stand in the file as they are meant: quotes doubled, JSON escapes.
  std::vector<StagedColumn> columns;
  std::vector<uint32_t> lines;
  std::vector<std::array<uint8_t, 16>> hashes;  // Of the content.
  std::vector<uint8_t> left_out;                // Per row, a LeftOut.
  // Rows with equal values of the column that the rows were clustered by; none before that.
  struct Cluster {
    int64_t value = 0;
    uint32_t begin = 0;
    uint32_t end = 0;
  };
  std::vector<Cluster> clusters;
  // Every kMarkRows-th row: where a reader can start to find the rows from there on again.
  std::vector<rows::Position> marks;
  std::vector<Breach> breaches;
  std::vector<RecordPlace> rejected;
  int64_t rows_read = 0;

  static constexpr uint32_t kMarkRows = 256;

 private:
  StagedText Copy(std::string_view value);
};

// A row's key and content as hashes; sorts by key, then by the order of rows.
struct KeyedRow {
  uint64_t key_high = 0;
  uint64_t key_low = 0;
  uint64_t content = 0;  // The first half of the content's hash.
  StagedRow at;

  bool SameKey(const KeyedRow& other) const { return key_high == other.key_high && key_low == other.key_low; }
};

// The rows of one source in one batch: read, typed, cleaned, judged by the rules of their columns, and kept in memory
// column by column (some 150 bytes a row beside the files' own bytes). Rows keep the order of the files and lines.
class StagedRows {
 public:
  // Reads the files, one a thread at a time. Throws Error{kIo} when one cannot be read, Error{kUnavailable} when
  // `cancelled` is set meanwhile. `on_read` is told of bytes and rows, from the reading threads.
  struct ReadOptions {
    size_t threads = 1;
    const std::atomic<bool>* cancelled = nullptr;
    std::function<void(uint64_t bytes, int64_t rows)> on_read;
  };
  StagedRows(const storage::Storage& storage, const RawScan& scan, std::vector<ColumnRules> rules,
             const ReadOptions& options);
  ~StagedRows();

  const std::vector<ColumnRules>& rules() const { return rules_; }
  const std::vector<StagedFile>& files() const { return files_; }

  // Why a row that was read is not given any more: by no scan, or not to those who want each key once.
  enum LeftOut : uint8_t { kGiven = 0, kRejected = 1, kRepeated = 2 };
  void LeaveOut(StagedRow row, LeftOut why) { files_[row.file].left_out[row.row] = why; }
  bool IsRejected(StagedRow row) const { return files_[row.file].left_out[row.row] == kRejected; }

  // Replaces a text after it was staged, for what only SQL can clean; nothing: NULL. The content's hash follows.
  void ReplaceText(StagedRow row, size_t column, std::optional<std::string_view> text);

  // Where a row's record stands, for a raw scan of such records only.
  RecordPlace PlaceOf(StagedRow row) const;
  // Rows that are asked for in no order lie apart in memory: asked for ahead, none is waited for.
  void Prefetch(StagedRow row) const {
    const auto& file = files_[row.file];
    __builtin_prefetch(&file.lines[row.row]);
    __builtin_prefetch(&file.left_out[row.row]);
  }
  int64_t LineOf(StagedRow row) const { return files_[row.file].lines[row.row]; }
  StagedRow RowAt(uint32_t file, int64_t line) const;  // REQUIRES: a row stands there.
  std::string_view HashOf(StagedRow row) const;
  // The values of some columns as texts, joined by '/', for people; NULL is nothing.
  std::string KeyText(StagedRow row, const std::vector<size_t>& columns) const;

  // Every row that is not rejected, sorted by the hash of its key columns' values.
  std::vector<KeyedRow> Keys(const std::vector<size_t>& columns, size_t threads) const;

  // Brings the rows of each file into the order of a column, a DATE or an integer, where they stood in that of their
  // lines: whoever gathers them by its values then reads memory in order. Only scans may follow: places of rows that
  // were taken before are others' now, and nobody may ask for a row by its line or for its place any more.
  void ClusterBy(size_t column, size_t threads);
  std::optional<size_t> clustered_by() const { return clustered_by_; }

 private:
  std::vector<ColumnRules> rules_;
  std::vector<StagedFile> files_;
  std::optional<size_t> clustered_by_;
};

}  // namespace qlake::engine
