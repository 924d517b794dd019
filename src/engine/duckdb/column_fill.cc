#include "engine/duckdb/column_fill.h"

#include <emmintrin.h>

#include <cstring>
#include <string_view>

#include "base/error.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;

// A text as DuckDB keeps it: to 12 bytes in place, else by reference, which lives as long as the staged rows.
inline duckdb_string_t ToDuckText(std::string_view text, bool can_read_16) {
  constexpr size_t kInlinedBytesMax = 12;
  duckdb_string_t value;
  if (text.size() > kInlinedBytesMax) {
    value.value.pointer.length = static_cast<uint32_t>(text.size());
    std::memcpy(value.value.pointer.prefix, text.data(), sizeof value.value.pointer.prefix);
    value.value.pointer.ptr = const_cast<char*>(text.data());
    return value;
  }
  if (can_read_16) {
    // Bytes behind the text are there, and are made zero: DuckDB compares all twelve.
    alignas(16) static constexpr uint8_t kMasks[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                       255, 255, 255, 255, 255, 255, 255, 255};
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()));
    __m128i mask = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kMasks + 16 - text.size()));
    __m128i length = _mm_cvtsi32_si128(static_cast<int>(text.size()));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(&value),
                     _mm_or_si128(_mm_slli_si128(_mm_and_si128(bytes, mask), sizeof(uint32_t)), length));
    return value;
  }
  value.value.inlined.length = static_cast<uint32_t>(text.size());
  std::memset(value.value.inlined.inlined, 0, kInlinedBytesMax);
  std::memcpy(value.value.inlined.inlined, text.data(), text.size());
  return value;
}

// The same of one in place: its length, then twelve bytes.
inline duckdb_string_t ToDuckText(StagedText text) {
  const uint64_t words[2] = {text.in_place_size() | text.bytes() << 32, text.bytes() >> 32};
  duckdb_string_t value;
  static_assert(sizeof value == sizeof words);
  std::memcpy(&value, words, sizeof words);
  return value;
}

}  // namespace

template <typename Value, typename Make>
void ColumnFill::ForEach(const Make& make) {
  for (const auto& stretch : stretches_) {
    for (idx_t i = stretch.begin; i < stretch.end; ++i) static_cast<Value*>(data_)[i] = make(stretch, rows_[i]);
  }
}

template <typename Value, typename Values>
void ColumnFill::Numbers(size_t index, const Values& values_of) {
  for (const auto& stretch : stretches_) {
    const auto& column = stretch.file->columns[index];
    const auto* values = values_of(column);
    auto* to = static_cast<Value*>(data_);
    for (idx_t i = stretch.begin; i < stretch.end; ++i) to[i] = static_cast<Value>(values[rows_[i]]);
    if (!column.has_nulls()) continue;
    const auto& nulls = column.nulls();
    for (idx_t i = stretch.begin; i < stretch.end; ++i) {
      if (nulls[rows_[i]] != 0) SetNull(i);
    }
  }
}

// DuckDB keeps a DECIMAL in the smallest integer that holds its digits.
void ColumnFill::Decimals(size_t index, int precision) {
  auto int64s = [](const StagedColumn& c) { return c.int64s().data(); };
  if (precision <= 4) return Numbers<int16_t>(index, int64s);
  if (precision <= 9) return Numbers<int32_t>(index, int64s);
  if (precision <= 18) return Numbers<int64_t>(index, int64s);
  Numbers<__int128>(index, [](const StagedColumn& c) { return c.int128s().data(); });
}

void ColumnFill::Texts(size_t index) {
  auto* to = static_cast<duckdb_string_t*>(data_);
  for (const auto& stretch : stretches_) {
    const auto& texts = stretch.file->columns[index].texts();
    const char* file_end = stretch.file->text.data() + stretch.file->text.size();
    // Rows that were picked lie far apart, so that nearly each text has to come from memory: all are asked for before
    // the first one is waited for.
    kept_.resize(stretch.end - stretch.begin);
    for (idx_t i = stretch.begin; i < stretch.end; ++i) {
      StagedText kept = texts[rows_[i]];
      kept_[i - stretch.begin] = kept;
      if (!kept.IsInPlace()) __builtin_prefetch(stretch.file->text.data() + kept.offset());
    }
    for (idx_t i = stretch.begin; i < stretch.end; ++i) {
      const StagedText& kept = kept_[i - stretch.begin];
      if (kept.IsInPlace()) {
        kept.IsNull() ? SetNull(i) : static_cast<void>(to[i] = ToDuckText(kept));
        continue;
      }
      std::string_view text = stretch.file->TextAt(kept);
      bool can_read_16 = !kept.IsCopied() && file_end - text.data() >= 16;
      to[i] = ToDuckText(text, can_read_16);
    }
  }
}

void ColumnFill::SetNull(idx_t row) {
  if (validity_ == nullptr) {
    duckdb_vector_ensure_validity_writable(vector_);
    validity_ = duckdb_vector_get_validity(vector_);
  }
  validity_[row / 64] &= ~(uint64_t{1} << (row % 64));
}

void ColumnFill::FromColumn(size_t index, base::ColumnType type) {
  switch (type.kind) {
    case Kind::kString:
      return Texts(index);
    case Kind::kBoolean:
      return Numbers<bool>(index, [](const StagedColumn& c) { return c.bools().data(); });
    case Kind::kInteger:
    case Kind::kDate:
      return Numbers<int32_t>(index, [](const StagedColumn& c) { return c.int32s().data(); });
    case Kind::kDecimal:
      return Decimals(index, type.precision);
    default:
      return Numbers<int64_t>(index, [](const StagedColumn& c) { return c.int64s().data(); });
  }
}

void ColumnFill::FromExtra(ExtraColumn column, const StagedScan& scan) {
  switch (column) {
    case kFile:
      return ForEach<int32_t>([](const Stretch& s, uint32_t) { return static_cast<int32_t>(s.file_index); });
    case kLine:
      return ForEach<int64_t>([](const Stretch& s, uint32_t row) { return int64_t{s.file->lines[row]}; });
    case kContentHash:
      return ForEach<duckdb_string_t>([](const Stretch& s, uint32_t row) {
        const auto& hash = s.file->hashes[row];
        return ToDuckText({reinterpret_cast<const char*>(hash.data()), hash.size()}, false);
      });
    case kFileId:
      return ForEach<duckdb_string_t>(
          [&](const Stretch& s, uint32_t) { return ToDuckText(scan.file_ids[s.file_index], false); });
    case kDataHour:
      return ForEach<int64_t>([&](const Stretch& s, uint32_t) { return scan.hours[s.file_index].us; });
    case kRow:
      return ForEach<int64_t>(
          [](const Stretch& s, uint32_t row) { return int64_t{s.file_index} << 32 | int64_t{row}; });
    case kExtraColumns:
      break;
  }
  QLAKE_CHECK(!"a column that the scan does not have");
}

}  // namespace qlake::engine
