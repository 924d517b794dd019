#include "engine/duckdb/staged_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <tuple>

#include "base/error.h"
#include "engine/duckdb/column_fill.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;

// What a thread takes at once where rows come in their own order.
constexpr uint32_t kRowsTaken = 1 << 14;

constexpr const char* kExtraNames[] = {"_file", "_line", "_content_hash", "_file_id", "data_hour", "_row"};
constexpr duckdb_type kExtraTypes[] = {DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_BIGINT,       DUCKDB_TYPE_BLOB,
                                       DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_TIMESTAMP_TZ, DUCKDB_TYPE_BIGINT};

bool IsGiven(const StagedScan& scan, const StagedFile& file, uint32_t row) {
  return scan.each_key_once ? file.left_out[row] == StagedRows::kGiven : file.left_out[row] != StagedRows::kRejected;
}

// The rows that a thread reads next: [begin, end) of a file, of the picked rows or of the clusters.
struct Piece {
  uint32_t file = 0;
  size_t begin = 0;
  size_t end = 0;
};

// Rows of one file that follow each other and have one value of the column that the rows are clustered by.
struct ClusterPart {
  uint32_t file = 0;
  StagedFile::Cluster rows;
};

std::vector<ClusterPart> FindClusters(const StagedRows& rows) {
  std::vector<ClusterPart> parts;
  for (uint32_t i = 0; i < rows.files().size(); ++i) {
    for (const auto& cluster : rows.files()[i].clusters) parts.push_back({i, cluster});
  }
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
    return std::tie(a.rows.value, a.file) < std::tie(b.rows.value, b.file);
  });
  return parts;
}

std::vector<Piece> CutPickedRows(size_t rows) {
  std::vector<Piece> pieces;
  for (size_t end = 0; end < rows;) {
    size_t begin = end;
    end = std::min<size_t>(begin + kRowsTaken, rows);
    pieces.push_back({0, begin, end});
  }
  return pieces;
}

// Whole clusters, so many that a thread has something to do, so few that all threads have.
std::vector<Piece> CutClusters(const std::vector<ClusterPart>& parts) {
  constexpr size_t kPiecesMin = 64;
  size_t all_rows = 0;
  for (const auto& part : parts) all_rows += part.rows.end - part.rows.begin;
  size_t rows_wanted = std::clamp<size_t>(all_rows / kPiecesMin, 1, kRowsTaken);
  std::vector<Piece> pieces;
  size_t rows = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    bool begins = i == 0 || parts[i].rows.value != parts[i - 1].rows.value;
    if (begins && (pieces.empty() || rows >= rows_wanted)) {
      pieces.push_back({0, i, i});
      rows = 0;
    }
    pieces.back().end = i + 1;
    rows += parts[i].rows.end - parts[i].rows.begin;
  }
  return pieces;
}

std::vector<Piece> CutFiles(const StagedRows& rows) {
  std::vector<Piece> pieces;
  for (uint32_t i = 0; i < rows.files().size(); ++i) {
    for (Piece piece : CutPickedRows(rows.files()[i].rows())) pieces.push_back({i, piece.begin, piece.end});
  }
  return pieces;
}

// One run of a scan: which columns are wanted, and what is to be read next.
class ScanRun {
 public:
  ScanRun(StagedScans& all_scans, std::shared_ptr<const StagedScan> one_scan, std::vector<idx_t> wanted)
      : scans(all_scans), scan(std::move(one_scan)), wanted_columns(std::move(wanted)) {
    if (scan->only) {
      pieces_ = CutPickedRows(scan->only->size());
    } else if (scan->by_cluster) {
      QLAKE_CHECK(scan->rows->clustered_by());
      clusters = FindClusters(*scan->rows);
      pieces_ = CutClusters(clusters);
    } else {
      pieces_ = CutFiles(*scan->rows);
    }
  }

  const Piece* Take() {
    size_t taken = next_++;
    return taken < pieces_.size() ? &pieces_[taken] : nullptr;
  }

  StagedScans& scans;
  std::shared_ptr<const StagedScan> scan;
  std::vector<idx_t> wanted_columns;  // Per column of the chunk: which one of the scan.
  std::vector<ClusterPart> clusters;

 private:
  std::vector<Piece> pieces_;
  std::atomic<size_t> next_ = 0;
};

// One thread's part in a run.
class PieceScan {
 public:
  explicit PieceScan(ScanRun& run) : run_(run), rows_(duckdb_vector_size()) {}

  void Fill(duckdb_data_chunk chunk) {
    count_ = 0;
    stretches_.clear();
    while (count_ == 0 && (position_ < piece_.end || TakePiece())) Collect();
    const auto& rules = run_.scan->rows->rules();
    for (idx_t i = 0; count_ > 0 && i < run_.wanted_columns.size(); ++i) {
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
    duckdb_data_chunk_set_size(chunk, count_);
  }

 private:
  bool TakePiece() {
    const auto* piece = run_.Take();
    if (piece == nullptr) return false;
    piece_ = *piece;
    position_ = piece_.begin;
    row_ = 0;
    return true;
  }

  // The next rows of the piece that are given.
  void Collect() {
    if (run_.scan->only) {
      for (; position_ < piece_.end && count_ < rows_.size(); ++position_) {
        StagedRow at = (*run_.scan->only)[position_];
        Begin(at.file);
        rows_[count_++] = at.row;
      }
    } else if (run_.scan->by_cluster) {
      for (; position_ < piece_.end && count_ < rows_.size(); ++position_) {
        const auto& part = run_.clusters[position_];
        row_ = CollectFrom(part.file, std::max(row_, part.rows.begin), part.rows.end);
        if (row_ < part.rows.end) break;
        row_ = 0;
      }
    } else {
      position_ = CollectFrom(piece_.file, static_cast<uint32_t>(position_), static_cast<uint32_t>(piece_.end));
    }
    if (!stretches_.empty()) stretches_.back().end = count_;
  }

  // Rows [row, end) of a file, as far as the chunk has room; the first one that it has none for.
  uint32_t CollectFrom(uint32_t file_index, uint32_t row, uint32_t end) {
    const auto& file = Begin(file_index);
    for (; row < end && count_ < rows_.size(); ++row) {
      if (IsGiven(*run_.scan, file, row)) rows_[count_++] = row;
    }
    return row;
  }

  // What is collected next is the file's.
  const StagedFile& Begin(uint32_t file_index) {
    const auto& file = run_.scan->rows->files()[file_index];
    if (stretches_.empty() || stretches_.back().file_index != file_index) {
      if (!stretches_.empty()) stretches_.back().end = count_;
      stretches_.push_back({&file, file_index, count_, count_});
    }
    return file;
  }

  ScanRun& run_;
  Piece piece_;
  size_t position_ = 0;         // In the piece: a row, or a part of a cluster,
  uint32_t row_ = 0;            // and the row in that part.
  std::vector<uint32_t> rows_;  // Of the chunk, each within its file.
  idx_t count_ = 0;
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
  {
    std::lock_guard lock(mutex_);
    if (auto id = scans_.IdOf(view)) std::erase_if(narrow_, [&](const auto& one) { return one.first.second == *id; });
  }
  auto same = [](const ColumnRules& a, const ColumnRules& b) { return a.name == b.name && a.type == b.type; };
  return scans_.Replace(view, scan, [&](const StagedScan& old) {
    const auto& columns = scan.rows->rules();
    const auto& old_columns = old.rows->rules();
    return std::equal(columns.begin(), columns.end(), old_columns.begin(), old_columns.end(), same);
  });
}

void StagedScans::ShowOnly(const std::string& view, const Connection& connection,
                           std::optional<std::vector<StagedRow>> rows) {
  auto id = scans_.IdOf(view);
  QLAKE_CHECK(id);
  std::lock_guard lock(mutex_);
  if (!rows) {
    narrow_.erase({connection.Number(), *id});
    return;
  }
  auto scan = std::make_shared<StagedScan>(*scans_.Find(*id));
  scan->only = std::move(rows);
  narrow_[{connection.Number(), *id}] = std::move(scan);
}

std::shared_ptr<const StagedScan> StagedScans::Find(int64_t id, idx_t connection) const {
  {
    std::lock_guard lock(mutex_);
    auto narrow = narrow_.find({connection, id});
    if (narrow != narrow_.end()) return narrow->second;
  }
  return scans_.Find(id);
}

void StagedScans::Forget() {
  {
    std::lock_guard lock(mutex_);
    narrow_.clear();
  }
  scans_.Forget([](const StagedScan&) { return true; });
}

}  // namespace qlake::engine
