#include "engine/duckdb/raw_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "engine/duckdb/file_bytes.h"
#include "engine/duckdb/record_text.h"
#include "rows/reader.h"

namespace qlake::engine {
namespace {

// The columns behind those of the shape, in this order.
enum ExtraColumn : size_t { kRescued, kFile, kLine, kError, kRecord, kExtraColumns };
constexpr const char* kExtraNames[] = {"_rescued", "_file", "_line", "_error", "_record"};
constexpr duckdb_type kExtraTypes[] = {DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_BIGINT,
                                       DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR};

// One run of a scan: which columns are wanted, and which file is next.
class ScanRun {
 public:
  ScanRun(RawScans& all_scans, std::shared_ptr<const RawScan> one_scan, std::vector<idx_t> columns)
      : scans(all_scans),
        scan(std::move(one_scan)),
        wanted_columns(std::move(columns)),
        reading_(scans.meter(), BytesOf(*scan)) {}
  ScanRun(const ScanRun&) = delete;
  ScanRun& operator=(const ScanRun&) = delete;

  RawScans& scans;
  std::shared_ptr<const RawScan> scan;
  std::vector<idx_t> wanted_columns;  // Per column of the chunk: which one of the scan.
  std::atomic<size_t> next_file = 0;

 private:
  static uint64_t BytesOf(const RawScan& scan) {
    uint64_t bytes = 0;
    for (const auto& file : scan.files) bytes += file.bytes;
    return bytes;
  }

  ScanMeter::Reading reading_;
};

// A column of the chunk that is being filled.
class OutputColumn {
 public:
  OutputColumn(duckdb_vector vector, idx_t index) : vector_(vector), index_(index) {}

  idx_t index() const { return index_; }
  void SetText(idx_t row, std::string_view text) {
    duckdb_vector_assign_string_element_len(vector_, row, text.data(), text.size());
  }
  void SetNull(idx_t row) {
    if (validity_ == nullptr) {
      duckdb_vector_ensure_validity_writable(vector_);
      validity_ = duckdb_vector_get_validity(vector_);
    }
    duckdb_validity_set_row_invalid(validity_, row);
  }
  void SetTextOrNull(idx_t row, std::string_view text) { text.empty() ? SetNull(row) : SetText(row, text); }
  template <typename Number>
  void SetNumber(idx_t row, Number number) {
    static_cast<Number*>(duckdb_vector_get_data(vector_))[row] = number;
  }

 private:
  duckdb_vector vector_;
  idx_t index_;
  uint64_t* validity_ = nullptr;
};

// One thread's part in a run.
class FileScan {
 public:
  explicit FileScan(ScanRun& run) : run_(run) {}

  void Fill(duckdb_data_chunk chunk) {
    std::vector<OutputColumn> columns = ColumnsOf(chunk);
    idx_t rows = 0;
    idx_t rows_max = duckdb_vector_size();
    while (rows < rows_max && (reader_ || OpenNextFile())) {
      if (NextRow()) {
        for (auto& column : columns) FillCell(column, rows);
        ++rows;
      } else {
        CloseFile();
      }
    }
    NoteProgress(static_cast<int64_t>(rows));
    duckdb_data_chunk_set_size(chunk, rows);
  }

 private:
  std::vector<OutputColumn> ColumnsOf(duckdb_data_chunk chunk) const {
    std::vector<OutputColumn> columns;
    size_t known = run_.scan->csv_shape.columns.size() + kExtraColumns;
    for (idx_t i = 0; i < run_.wanted_columns.size(); ++i) {
      // A count(*) wants no column; DuckDB then asks for one that there is not.
      if (run_.wanted_columns[i] >= known) continue;
      columns.emplace_back(duckdb_data_chunk_get_vector(chunk, i), run_.wanted_columns[i]);
    }
    return columns;
  }

  bool OpenNextFile() {
    do {
      file_ = run_.next_file++;
      if (file_ >= run_.scan->files.size()) return false;
    } while (!FindPlaces());
    const auto& file = run_.scan->files[file_];
    bytes_ = file.held ? file.held : std::make_shared<const FileBytes>(run_.scans.storage(), file);
    shape_ = run_.scan->csv_shape;
    shape_.format = run_.scan->formats[file_];
    reader_.emplace(bytes_->view(), shape_);
    bytes_noted_ = 0;
    return true;
  }

  // The file's part of the scan's places; false when there is none.
  bool FindPlaces() {
    if (!run_.scan->places) return true;
    auto range = std::equal_range(run_.scan->places->begin(), run_.scan->places->end(),
                                  RecordPlace{static_cast<uint32_t>(file_), 0, {}},
                                  [](const RecordPlace& a, const RecordPlace& b) { return a.file < b.file; });
    places_ = {range.first, range.second};
    return !places_.empty();
  }

  bool NextRow() {
    if (!run_.scan->places) return reader_->Next(row_);
    if (places_.empty()) return false;
    const auto& place = places_.front();
    places_ = places_.subspan(1);
    if (place.from.offset > reader_->position().offset) reader_->Seek(place.from);
    while (reader_->Next(row_)) {
      if (row_.line == place.line) return true;
    }
    throw base::CorruptError("{} has no record at line {} any more", run_.scan->files[file_].path, place.line);
  }

  void CloseFile() {
    run_.scans.meter().Note(bytes_->view().size() - bytes_noted_, 0);
    reader_.reset();
    bytes_.reset();
  }

  void NoteProgress(int64_t rows) {
    uint64_t read = reader_ ? reader_->position().offset : bytes_noted_;
    run_.scans.meter().Note(read - bytes_noted_, rows);
    bytes_noted_ = read;
  }

  void FillCell(OutputColumn& column, idx_t row) {
    size_t shape_columns = shape_.columns.size();
    if (column.index() < shape_columns) {
      const auto& cell = row_.cells[column.index()];
      cell.present ? column.SetText(row, cell.text) : column.SetNull(row);
      return;
    }
    switch (static_cast<ExtraColumn>(column.index() - shape_columns)) {
      case kRescued:
        return column.SetTextOrNull(row, row_.rescued);
      case kFile:
        return column.SetNumber(row, static_cast<int32_t>(file_));
      case kLine:
        return column.SetNumber(row, row_.line);
      case kError:
        return column.SetTextOrNull(row, row_.error);
      case kRecord:
        return column.SetText(row, EscapeRecord(row_.record, escaped_));
      case kExtraColumns:
        break;
    }
    QLAKE_CHECK(!"a column that the scan does not have");
  }

  ScanRun& run_;
  size_t file_ = 0;
  std::span<const RecordPlace> places_;  // That are still to be read in the file, when the scan names places.
  std::shared_ptr<const FileBytes> bytes_;
  rows::RowShape shape_;
  std::optional<rows::Reader> reader_;
  uint64_t bytes_noted_ = 0;
  rows::Row row_;
  std::string escaped_;
};

void AddColumn(duckdb_bind_info info, const std::string& name, duckdb_type type) {
  TypeHandle logical_type(duckdb_create_logical_type(type));
  duckdb_bind_add_result_column(info, name.c_str(), logical_type.get());
}

struct RawScanFunction {
  using Scans = RawScans;
  using Scan = RawScan;
  using Run = ScanRun;
  using Part = FileScan;
  static constexpr const char* kName = "qlake_raw_scan";
  static constexpr const char* kGone = "a raw scan is gone: its view was defined anew";

  static void AddColumns(duckdb_bind_info info, const RawScan& scan) {
    for (const auto& column : scan.csv_shape.columns) AddColumn(info, column.name, DUCKDB_TYPE_VARCHAR);
    for (size_t i = 0; i < kExtraColumns; ++i) AddColumn(info, kExtraNames[i], kExtraTypes[i]);
  }
  static idx_t ThreadsMax(const RawScan& scan) { return std::max<idx_t>(1, scan.files.size()); }
};

}  // namespace

RawScans::RawScans(const storage::Storage& storage, Connection& connection, ScanMeter& meter)
    : storage_(storage), connection_(connection), meter_(meter) {
  ScanFunction<RawScanFunction>::Register(*this);
}

std::string RawScans::Add(const std::string& view, RawScan scan) {
  QLAKE_CHECK(scan.files.size() == scan.formats.size());
  return ScanFunction<RawScanFunction>::Select(scans_.Add(view, std::move(scan)));
}

void RawScans::ForgetPlaces() {
  scans_.Forget([](const RawScan& scan) { return scan.places.has_value(); });
}

}  // namespace qlake::engine
