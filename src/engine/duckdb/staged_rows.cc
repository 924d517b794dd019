#include "engine/duckdb/staged_rows.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/parallel.h"
#include "engine/duckdb/file_bytes.h"
#include "engine/duckdb/file_stager.h"
#include "engine/duckdb/key_hash.h"
#include "engine/duckdb/text_functions.h"
#include "rows/reader.h"

namespace qlake::engine {
namespace {

using Kind = base::ColumnType::Kind;

constexpr int kNumberDigitsMax = 18;
// How often a reading thread looks up: progress and cancellation.
constexpr int64_t kRowsBetweenLooks = 4096;

StagedFile StageFile(const storage::Storage& storage, const RawScan& scan, uint32_t index,
                     const std::vector<ColumnRules>& rules, const StagedRows::ReadOptions& options) {
  StagedFile file(rules, std::make_shared<const FileBytes>(storage, scan.files[index]));
  rows::RowShape shape = scan.csv_shape;
  shape.format = scan.formats[index];
  file.Reserve(static_cast<size_t>(scan.files[index].rows));
  rows::Reader reader(file.text, shape);
  FileStager stager(rules, file, index);
  rows::Row row;
  rows::Position before = reader.position();
  uint64_t told_bytes = 0;
  int64_t told_rows = 0;
  auto look_up = [&] {
    if (options.cancelled != nullptr && *options.cancelled) throw base::UnavailableError("interrupted");
    if (options.on_read) options.on_read(before.offset - told_bytes, file.rows_read - told_rows);
    told_bytes = before.offset;
    told_rows = file.rows_read;
  };
  while (reader.Next(row)) {
    stager.Take(row, before);
    before = reader.position();
    if (file.rows_read % kRowsBetweenLooks == 0) look_up();
  }
  before = reader.position();
  look_up();
  file.left_out.assign(file.rows(), StagedRows::kGiven);
  return file;
}

// Keys are spread over buckets by their first bits, which are as good as random, so that each bucket is small and sorts
// in the processor's cache.
constexpr int kKeyBucketBits = 11;
constexpr size_t kKeyBuckets = size_t{1} << kKeyBucketBits;
size_t BucketOf(const KeyedRow& key) { return key.key_high >> (64 - kKeyBucketBits); }

// The keys of one file's rows, and how many go to each bucket.
struct FileKeys {
  std::vector<KeyedRow> keys;
  std::vector<size_t> counts = std::vector<size_t>(kKeyBuckets, 0);
};

FileKeys KeysOf(const StagedFile& file, uint32_t file_index, const std::vector<size_t>& columns) {
  FileKeys taken;
  taken.keys.reserve(file.rows());
  std::string text;
  std::string value;
  for (uint32_t row = 0; row < file.rows(); ++row) {
    if (file.left_out[row] == StagedRows::kRejected) continue;
    text.clear();
    for (size_t column_index : columns) {
      const auto& column = file.columns[column_index];
      value.clear();
      if (!column.IsNull(row)) file.AppendText(column, row, value);
      AppendKeyPart(column.IsNull(row) ? std::nullopt : std::optional<std::string_view>(value), text);
    }
    KeyHash hash = HashKey(text);
    uint64_t content = 0;
    std::memcpy(&content, file.hashes[row].data(), sizeof content);
    taken.keys.push_back({hash.high, hash.low, content, {file_index, row}});
    ++taken.counts[BucketOf(taken.keys.back())];
  }
  return taken;
}

bool IsBefore(const KeyedRow& a, const KeyedRow& b) {
  return std::tie(a.key_high, a.key_low, a.at.file, a.at.row) < std::tie(b.key_high, b.key_low, b.at.file, b.at.row);
}

}  // namespace

void StagedColumn::Reserve(size_t rows) {
  switch (type_.kind) {
    case Kind::kString:
      return texts_.reserve(rows);
    case Kind::kBoolean:
      return bools_.reserve(rows);
    case Kind::kInteger:
    case Kind::kDate:
      return int32s_.reserve(rows);
    case Kind::kDecimal:
      if (type_.precision > kNumberDigitsMax) return int128s_.reserve(rows);
      [[fallthrough]];
    default:
      return int64s_.reserve(rows);
  }
}

void StagedColumn::AppendNull() {
  switch (type_.kind) {
    case Kind::kString:
      has_nulls_ = true;
      return texts_.push_back(StagedText());
    case Kind::kBoolean:
      return AppendNullTo(bools_);
    case Kind::kInteger:
    case Kind::kDate:
      return AppendNullTo(int32s_);
    case Kind::kDecimal:
      if (type_.precision > kNumberDigitsMax) return AppendNullTo(int128s_);
      [[fallthrough]];
    default:
      return AppendNullTo(int64s_);
  }
}

void StagedColumn::Truncate(size_t rows) {
  auto cut = [&](auto& values) {
    if (values.size() > rows) values.resize(rows);
  };
  cut(texts_);
  cut(bools_);
  cut(int32s_);
  cut(int64s_);
  cut(int128s_);
  cut(nulls_);
}

void StagedColumn::ReplaceText(size_t row, StagedText text) {
  QLAKE_CHECK(type_.kind == Kind::kString);
  has_nulls_ = has_nulls_ || text.IsNull();
  texts_[row] = text;
}

bool StagedColumn::IsNull(size_t row) const {
  if (!has_nulls_) return false;
  return type_.kind == Kind::kString ? texts_[row].IsNull() : nulls_[row] != 0;
}

__int128 StagedColumn::NumberAt(size_t row) const {
  if (!bools_.empty()) return bools_[row];
  if (!int32s_.empty()) return int32s_[row];
  return int64s_.empty() ? int128s_[row] : __int128{int64s_[row]};
}

StagedFile::StagedFile(const std::vector<ColumnRules>& rules, std::shared_ptr<const FileBytes> file_bytes)
    : bytes(std::move(file_bytes)), text(bytes->view()) {
  for (const auto& column : rules) columns.emplace_back(column.type);
}

void StagedFile::Reserve(size_t rows) {
  for (auto& column : columns) column.Reserve(rows);
  lines.reserve(rows);
  hashes.reserve(rows);
}

StagedFile::~StagedFile() = default;
StagedFile::StagedFile(StagedFile&&) noexcept = default;

void StagedFile::AppendText(const StagedColumn& column, uint32_t row, std::string& to) const {
  if (column.type().kind == Kind::kString) {
    to.append(TextAt(column.texts()[row]));
  } else {
    AppendValueText(column.type(), column.NumberAt(row), to);
  }
}

StagedText StagedFile::Copy(std::string_view value) {
  QLAKE_CHECK(value.size() <= StagedText::kBytesMax);
  uint64_t offset = arena.size();
  arena.append(value);
  return StagedText::Reference(offset, value.size(), true);
}

StagedRows::StagedRows(const storage::Storage& storage, const RawScan& scan, std::vector<ColumnRules> rules,
                       const ReadOptions& options)
    : rules_(std::move(rules)) {
  std::vector<std::unique_ptr<StagedFile>> staged(scan.files.size());
  base::ParallelFor(scan.files.size(), options.threads, [&](size_t i) {
    staged[i] = std::make_unique<StagedFile>(StageFile(storage, scan, static_cast<uint32_t>(i), rules_, options));
  });
  for (auto& file : staged) files_.push_back(std::move(*file));
}

StagedRows::~StagedRows() = default;

RecordPlace StagedRows::PlaceOf(StagedRow row) const {
  QLAKE_CHECK(!clustered_by_);
  const auto& file = files_[row.file];
  return {row.file, file.lines[row.row], file.marks[row.row / StagedFile::kMarkRows]};
}

StagedRow StagedRows::RowAt(uint32_t file, int64_t line) const {
  QLAKE_CHECK(!clustered_by_);
  const auto& lines = files_[file].lines;
  auto found = std::lower_bound(lines.begin(), lines.end(), line);
  QLAKE_CHECK(found != lines.end() && *found == line);
  return {file, static_cast<uint32_t>(found - lines.begin())};
}

std::string_view StagedRows::HashOf(StagedRow row) const {
  const auto& hash = files_[row.file].hashes[row.row];
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

void StagedRows::ReplaceText(StagedRow row, size_t column, std::optional<std::string_view> text) {
  auto& file = files_[row.file];
  file.columns[column].ReplaceText(row.row, text ? file.Keep(*text) : StagedText());
  std::string content;
  for (size_t i = 0; i < file.columns.size(); ++i) {
    if (i > 0) content.push_back(kContentSeparator);
    file.columns[i].IsNull(row.row) ? content.push_back(kContentNull)
                                    : file.AppendText(file.columns[i], row.row, content);
  }
  file.hashes[row.row] = HashContent(content);
}

std::string StagedRows::KeyText(StagedRow row, const std::vector<size_t>& columns) const {
  const auto& file = files_[row.file];
  std::string joined;
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto& column = file.columns[columns[i]];
    if (i > 0) joined.push_back('/');
    if (!column.IsNull(row.row)) file.AppendText(column, row.row, joined);
  }
  return joined;
}

std::vector<KeyedRow> StagedRows::Keys(const std::vector<size_t>& columns, size_t threads) const {
  QLAKE_CHECK(!clustered_by_);
  std::vector<FileKeys> by_file(files_.size());
  base::ParallelFor(files_.size(), threads, [&](size_t i) {
    by_file[i] = KeysOf(files_[i], static_cast<uint32_t>(i), columns);
    // The keys and their judgement take the most memory of a batch, and none of the files' bytes.
    files_[i].bytes->LetPagesGo();
  });
  // Where the keys of each file begin in each bucket, and where each bucket ends.
  std::vector<size_t> ends(kKeyBuckets + 1, 0);
  size_t count = 0;
  for (size_t bucket = 0; bucket < kKeyBuckets; ++bucket) {
    for (auto& file : by_file) count += std::exchange(file.counts[bucket], count);
    ends[bucket + 1] = count;
  }
  std::vector<KeyedRow> keys(count);
  base::ParallelFor(files_.size(), threads, [&](size_t i) {
    for (const auto& key : by_file[i].keys) keys[by_file[i].counts[BucketOf(key)]++] = key;
    by_file[i] = {};
  });
  base::ParallelFor(kKeyBuckets, threads, [&](size_t i) {
    std::sort(keys.begin() + static_cast<std::ptrdiff_t>(ends[i]),
              keys.begin() + static_cast<std::ptrdiff_t>(ends[i + 1]), IsBefore);
  });
  return keys;
}

}  // namespace qlake::engine
