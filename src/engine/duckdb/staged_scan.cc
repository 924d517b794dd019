#include "engine/duckdb/staged_scan.h"

#include <emmintrin.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "base/error.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;

// What a thread takes at once where rows come in their own order.
constexpr uint32_t kRowsTaken = 1 << 14;

// The columns behind those of the rules, in this order.
enum ExtraColumn : size_t { kFile, kLine, kContentHash, kFileId, kDataHour, kRow, kExtraColumns };
constexpr const char* kExtraNames[] = {"_file", "_line", "_content_hash", "_file_id", "data_hour", "_row"};
constexpr duckdb_type kExtraTypes[] = {DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_BIGINT,       DUCKDB_TYPE_BLOB,
                                       DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_TIMESTAMP_TZ, DUCKDB_TYPE_BIGINT};

bool IsGiven(const StagedScan& scan, const StagedFile& file, uint32_t row) {
  return scan.each_key_once ? file.left_out[row] == StagedRows::kGiven : file.left_out[row] != StagedRows::kRejected;
}

// Rows that were picked and put in an order, in pieces that are read by one thread each.
struct Clusters {
  std::vector<StagedRow> rows;
  std::vector<size_t> ends;  // Of each piece.
};

// By a column's values, so that rows with equal ones are one piece.
Clusters BuildClusters(const StagedScan& scan, size_t column_index) {
  const auto& files = scan.rows->files();
  auto value_of = [&](const StagedFile& file, uint32_t row) {
    const auto& column = file.columns[column_index];
    return column.IsNull(row) ? std::numeric_limits<int64_t>::min() : static_cast<int64_t>(column.NumberAt(row));
  };
  std::unordered_map<int64_t, size_t> counts;
  for (const auto& file : files) {
    for (uint32_t row = 0; row < file.rows(); ++row) {
      if (IsGiven(scan, file, row)) ++counts[value_of(file, row)];
    }
  }
  std::vector<int64_t> values;
  for (const auto& [value, count] : counts) values.push_back(value);
  std::sort(values.begin(), values.end());
  Clusters clusters;
  std::unordered_map<int64_t, size_t> next;
  size_t end = 0;
  for (int64_t value : values) {
    next[value] = end;
    end += counts[value];
    clusters.ends.push_back(end);
  }
  clusters.rows.resize(end);
  for (uint32_t i = 0; i < files.size(); ++i) {
    for (uint32_t row = 0; row < files[i].rows(); ++row) {
      if (IsGiven(scan, files[i], row)) clusters.rows[next[value_of(files[i], row)]++] = {i, row};
    }
  }
  return clusters;
}

std::vector<size_t> CutEvenly(size_t rows) {
  std::vector<size_t> ends;
  for (size_t end = 0; end < rows; ends.push_back(end)) end = std::min<size_t>(end + kRowsTaken, rows);
  return ends;
}

// One run of a scan: which columns are wanted, and what is to be read next.
class ScanRun {
 public:
  ScanRun(StagedScans& all_scans, std::shared_ptr<const StagedScan> one_scan, std::vector<idx_t> wanted)
      : scans(all_scans), scan(std::move(one_scan)), wanted_columns(std::move(wanted)) {
    if (scan->cluster_by) clusters = BuildClusters(*scan, *scan->cluster_by);
    if (scan->only) clusters = {*scan->only, CutEvenly(scan->only->size())};
  }
  // Whether the rows that are read are those of the clusters, and not simply all.
  bool is_picked() const { return scan->cluster_by || scan->only; }

  // The rows that a thread reads next: [begin, end) of a file, or of the clusters.
  struct Piece {
    uint32_t file = 0;
    size_t begin = 0;
    size_t end = 0;
  };
  std::optional<Piece> Take() {
    std::lock_guard lock(mutex_);
    if (is_picked()) {
      if (next_ == clusters.ends.size()) return std::nullopt;
      Piece piece{0, next_ == 0 ? 0 : clusters.ends[next_ - 1], clusters.ends[next_]};
      ++next_;
      return piece;
    }
    const auto& files = scan->rows->files();
    while (next_file_ < files.size() && next_ >= files[next_file_].rows()) {
      ++next_file_;
      next_ = 0;
    }
    if (next_file_ == files.size()) return std::nullopt;
    Piece piece{next_file_, next_, std::min<size_t>(next_ + kRowsTaken, files[next_file_].rows())};
    next_ = piece.end;
    return piece;
  }

  StagedScans& scans;
  std::shared_ptr<const StagedScan> scan;
  std::vector<idx_t> wanted_columns;  // Per column of the chunk: which one of the scan.
  Clusters clusters;

 private:
  std::mutex mutex_;  // Guards what follows.
  uint32_t next_file_ = 0;
  size_t next_ = 0;
};

// Rows of one file that stand together in a chunk.
struct Stretch {
  const StagedFile* file = nullptr;
  uint32_t file_index = 0;
  idx_t begin = 0;  // In the chunk.
  idx_t end = 0;
};

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

// Writes one column of a chunk.
class ColumnFill {
 public:
  ColumnFill(duckdb_vector vector, const std::vector<Stretch>& stretches, const uint32_t* rows)
      : vector_(vector), data_(duckdb_vector_get_data(vector)), stretches_(stretches), rows_(rows) {}

  void FromColumn(size_t index, base::ColumnType type) {
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

  void FromExtra(ExtraColumn column, const StagedScan& scan) {
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

 private:
  template <typename Value, typename Make>
  void ForEach(const Make& make) {
    for (const auto& stretch : stretches_) {
      for (idx_t i = stretch.begin; i < stretch.end; ++i) static_cast<Value*>(data_)[i] = make(stretch, rows_[i]);
    }
  }

  template <typename Value, typename Values>
  void Numbers(size_t index, const Values& values_of) {
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
  void Decimals(size_t index, int precision) {
    auto int64s = [](const StagedColumn& c) { return c.int64s().data(); };
    if (precision <= 4) return Numbers<int16_t>(index, int64s);
    if (precision <= 9) return Numbers<int32_t>(index, int64s);
    if (precision <= 18) return Numbers<int64_t>(index, int64s);
    Numbers<__int128>(index, [](const StagedColumn& c) { return c.int128s().data(); });
  }

  void Texts(size_t index) {
    auto* to = static_cast<duckdb_string_t*>(data_);
    for (const auto& stretch : stretches_) {
      const auto& texts = stretch.file->columns[index].texts();
      const char* file_end = stretch.file->text.data() + stretch.file->text.size();
      // Rows that were picked lie far apart, so that nearly each text has to come from memory: all are asked for before
      // the first one is waited for.
      references_.resize(stretch.end - stretch.begin);
      for (idx_t i = stretch.begin; i < stretch.end; ++i) {
        uint64_t reference = texts[rows_[i]];
        references_[i - stretch.begin] = reference;
        if (reference != StagedColumn::kNullText) __builtin_prefetch(stretch.file->TextAt(reference).data());
      }
      for (idx_t i = stretch.begin; i < stretch.end; ++i) {
        uint64_t reference = references_[i - stretch.begin];
        if (reference == StagedColumn::kNullText) {
          SetNull(i);
          continue;
        }
        std::string_view text = stretch.file->TextAt(reference);
        bool can_read_16 = !StagedFile::IsCopied(reference) && file_end - text.data() >= 16;
        to[i] = ToDuckText(text, can_read_16);
      }
    }
  }

  void SetNull(idx_t row) {
    if (validity_ == nullptr) {
      duckdb_vector_ensure_validity_writable(vector_);
      validity_ = duckdb_vector_get_validity(vector_);
    }
    validity_[row / 64] &= ~(uint64_t{1} << (row % 64));
  }

  duckdb_vector vector_;
  void* data_;
  const std::vector<Stretch>& stretches_;
  const uint32_t* rows_;
  uint64_t* validity_ = nullptr;
  std::vector<uint64_t> references_;
};

// One thread's part in a run.
class PieceScan {
 public:
  explicit PieceScan(ScanRun& run) : run_(run), rows_(duckdb_vector_size()) {}

  void Fill(duckdb_data_chunk chunk) {
    idx_t count = 0;
    stretches_.clear();
    while (count == 0 && (position_ < piece_.end || TakePiece())) count = Collect();
    const auto& rules = run_.scan->rows->rules();
    for (idx_t i = 0; count > 0 && i < run_.wanted_columns.size(); ++i) {
      idx_t wanted = run_.wanted_columns[i];
      // A count(*) wants no column; DuckDB then asks for one that there is not.
      if (wanted >= rules.size() + kExtraColumns) continue;
      ColumnFill fill(duckdb_data_chunk_get_vector(chunk, i), stretches_, rows_.data());
      if (wanted < rules.size()) {
        fill.FromColumn(wanted, rules[wanted].type);
      } else {
        fill.FromExtra(static_cast<ExtraColumn>(wanted - rules.size()), *run_.scan);
      }
    }
    duckdb_data_chunk_set_size(chunk, count);
  }

 private:
  bool TakePiece() {
    auto piece = run_.Take();
    if (!piece) return false;
    piece_ = *piece;
    position_ = piece_.begin;
    return true;
  }

  // The next rows of the piece that are given.
  idx_t Collect() {
    const auto& files = run_.scan->rows->files();
    idx_t count = 0;
    if (run_.is_picked()) {
      for (; position_ < piece_.end && count < rows_.size(); ++position_) {
        StagedRow at = run_.clusters.rows[position_];
        if (stretches_.empty() || stretches_.back().file_index != at.file) {
          stretches_.push_back({&files[at.file], at.file, count, count});
        }
        rows_[count++] = at.row;
        stretches_.back().end = count;
      }
      return count;
    }
    const auto& file = files[piece_.file];
    for (; position_ < piece_.end && count < rows_.size(); ++position_) {
      auto row = static_cast<uint32_t>(position_);
      if (IsGiven(*run_.scan, file, row)) rows_[count++] = row;
    }
    stretches_.push_back({&file, piece_.file, 0, count});
    return count;
  }

  ScanRun& run_;
  ScanRun::Piece piece_;
  size_t position_ = 0;
  std::vector<uint32_t> rows_;  // Of the chunk, each within its file.
  std::vector<Stretch> stretches_;
};

TypeHandle MakeType(base::ColumnType type) {
  switch (type.kind) {
    case Kind::kBoolean:
      return TypeHandle(duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN));
    case Kind::kInteger:
      return TypeHandle(duckdb_create_logical_type(DUCKDB_TYPE_INTEGER));
    case Kind::kLong:
      return TypeHandle(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
    case Kind::kDate:
      return TypeHandle(duckdb_create_logical_type(DUCKDB_TYPE_DATE));
    case Kind::kDecimal:
      return TypeHandle(
          duckdb_create_decimal_type(static_cast<uint8_t>(type.precision), static_cast<uint8_t>(type.scale)));
    default:
      return TypeHandle(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  }
}

void AddColumn(duckdb_bind_info info, const std::string& name, const TypeHandle& type) {
  duckdb_bind_add_result_column(info, name.c_str(), type.get());
}

struct StagedScanFunction {
  using Scans = StagedScans;
  using Scan = StagedScan;
  using Run = ScanRun;
  using Part = PieceScan;
  static constexpr const char* kName = "qlake_staged_scan";
  static constexpr const char* kGone = "staged rows are gone: their view was defined anew";

  static void AddColumns(duckdb_bind_info info, const StagedScan& scan) {
    for (const auto& column : scan.rows->rules()) AddColumn(info, column.name, MakeType(column.type));
    for (size_t i = 0; i < kExtraColumns; ++i) {
      AddColumn(info, kExtraNames[i], TypeHandle(duckdb_create_logical_type(kExtraTypes[i])));
    }
  }
  static idx_t ThreadsMax(const StagedScan&) {
    constexpr idx_t kThreadsMax = 64;
    return kThreadsMax;
  }
};

}  // namespace

StagedScans::StagedScans(Connection& connection) : connection_(connection) {
  ScanFunction<StagedScanFunction>::Register(*this);
}

std::string StagedScans::Add(const std::string& view, StagedScan scan) {
  QLAKE_CHECK(scan.file_ids.size() == scan.rows->files().size() && scan.hours.size() == scan.file_ids.size());
  return ScanFunction<StagedScanFunction>::Select(scans_.Add(view, std::move(scan)));
}

bool StagedScans::Replace(const std::string& view, const StagedScan& scan) {
  auto same = [](const ColumnRules& a, const ColumnRules& b) { return a.name == b.name && a.type == b.type; };
  return scans_.Replace(view, scan, [&](const StagedScan& old) {
    const auto& columns = scan.rows->rules();
    const auto& old_columns = old.rows->rules();
    return std::equal(columns.begin(), columns.end(), old_columns.begin(), old_columns.end(), same);
  });
}

void StagedScans::Forget() {
  scans_.Forget([](const StagedScan&) { return true; });
}

}  // namespace qlake::engine
