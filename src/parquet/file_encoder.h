#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/column_type.h"

namespace qlake::parquet {

// How many bytes a decimal of so many digits takes as a big-endian two's complement number (Parquet's FIXED).
int FixedDecimalBytes(int precision);

// The values of one column of one file to be, as Parquet wants them. Append-only; memory is contiguous. Text and binary
// values of one column are less than 4 GiB together.
class ColumnBuffer {
 public:
  explicit ColumnBuffer(base::ColumnType type);

  void AppendNull() {
    ++null_count_;
    definition_levels_.push_back(0);
  }
  void AppendBool(bool value) {  // kBoolean
    definition_levels_.push_back(1);
    bools_.push_back(value ? 1 : 0);
  }
  void AppendInt32(int32_t value) {  // kInteger, kDate (days since 1970)
    definition_levels_.push_back(1);
    int32s_.push_back(value);
  }
  void AppendInt64(int64_t value) {  // kLong, kTimestamp (us since 1970, UTC), kDecimal up to 18 digits (unscaled)
    definition_levels_.push_back(1);
    if (is_int32_) {
      int32s_.push_back(static_cast<int32_t>(value));
    } else {
      int64s_.push_back(value);
    }
  }
  void AppendInt128(__int128 value);  // kDecimal above 18 digits (unscaled)
  void AppendDouble(double value) {   // kDouble
    definition_levels_.push_back(1);
    doubles_.push_back(value);
  }
  void AppendBytes(std::string_view value) {  // kString (UTF-8), kBinary
    definition_levels_.push_back(1);
    bytes_.append(value);
    byte_ends_.push_back(static_cast<uint32_t>(bytes_.size()));
  }

  base::ColumnType type() const { return type_; }
  int64_t rows() const { return static_cast<int64_t>(definition_levels_.size()); }
  int64_t null_count() const { return null_count_; }
  size_t memory_bytes() const;

  // What the file writer reads.
  const std::vector<int16_t>& definition_levels() const { return definition_levels_; }  // 1: a value, 0: NULL
  const std::vector<uint8_t>& bools() const { return bools_; }
  const std::vector<int32_t>& int32s() const { return int32s_; }  // Decimals to 9 digits, too.
  const std::vector<int64_t>& int64s() const { return int64s_; }
  const std::vector<double>& doubles() const { return doubles_; }
  // Decimals above 18 digits: big-endian, FixedDecimalBytes() each.
  const std::string& bytes() const { return bytes_; }
  const std::vector<uint32_t>& byte_ends() const { return byte_ends_; }  // End of each non-NULL value within bytes().

 private:
  base::ColumnType type_;
  bool is_int32_ = false;  // A decimal to 9 digits.
  int64_t null_count_ = 0;
  std::vector<int16_t> definition_levels_;
  std::vector<uint8_t> bools_;
  std::vector<int32_t> int32s_;
  std::vector<int64_t> int64s_;
  std::vector<double> doubles_;
  std::string bytes_;
  std::vector<uint32_t> byte_ends_;
};

// Rows that become one Parquet file; all columns have equally many.
struct RowBuffer {
  std::vector<base::Column> columns;
  std::vector<ColumnBuffer> values;
  int64_t rows() const { return values.empty() ? 0 : values.front().rows(); }
};

struct EncodedFile {
  std::string bytes;
  int64_t rows = 0;
  std::string stats;  // Delta's per-file statistics (numRecords, minValues, maxValues, nullCount) as JSON text.
};

struct EncodeOptions {
  int zstd_level = 1;
  int64_t row_group_rows_max = 1 << 20;
  int indexed_columns_max = 32;                             // Statistics on the first so many columns, -1: on all;
  std::optional<std::vector<std::string>> indexed_columns;  // or on these. None on personal ones.
};

// One Parquet file in memory: low-level column writers over the buffers, zstd. Physical types: decimal to 9 digits
// INT32, to 18 INT64, beyond FIXED(16); timestamp in microseconds, UTC-adjusted. Delta stats: decimals as JSON numbers,
// dates as texts, timestamps in ISO with milliseconds (the maximum rounded up), strings cut to 32 characters (the
// maximum raised), no bounds for binary and all-NULL columns nor where a DOUBLE is not finite. Strings are UTF-8.
EncodedFile EncodeFile(const RowBuffer& rows, const EncodeOptions& options = {});

}  // namespace qlake::parquet
