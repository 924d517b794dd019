#include "engine/duckdb/row_check.h"

#include <fmt/format.h>

#include "base/error.h"
#include "engine/duckdb/cell_text.h"
#include "engine/duckdb/handles.h"

namespace qlake::engine {
namespace {

constexpr size_t kShownBytesMax = 60;  // Of a value.
constexpr const char* kMask = "***";

std::string Shorten(std::string text) {
  if (text.size() <= kShownBytesMax) return text;
  size_t end = kShownBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // Not within a character.
  return text.substr(0, end) + "...";
}

}  // namespace

void RowCheck::Add(std::string description, std::string condition_sql) {
  conditions_.push_back({std::move(description), std::move(condition_sql)});
}

std::string RowCheck::Column() const {
  std::string cases;
  for (size_t i = 0; i < conditions_.size(); ++i) {
    cases += fmt::format(" WHEN ({}\n) IS NOT TRUE THEN {}", conditions_[i].sql, i);
  }
  return fmt::format("CAST(CASE{} END AS INTEGER) AS {}", cases, kColumn);
}

void RowCheck::Require(duckdb_data_chunk chunk) const {
  VectorView broken(duckdb_data_chunk_get_vector(chunk, duckdb_data_chunk_get_column_count(chunk) - 1));
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); ++row) {
    if (broken.IsNull(row)) continue;
    throw base::InputError("table {}: a row breaks {}: {}; nothing was written", table_path_,
                           conditions_.at(static_cast<size_t>(broken.At<int32_t>(row))).description, Show(chunk, row));
  }
}

std::string RowCheck::Show(duckdb_data_chunk chunk, idx_t row) const {
  std::string shown;
  for (size_t i = 0; i < columns_.size(); ++i) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
    TypeHandle type(duckdb_vector_get_column_type(vector));
    auto cell = FormatCell(LogicalType::Read(type.get()), vector, row);
    std::string value = !cell ? "NULL" : columns_[i].personal ? kMask : Shorten(*std::move(cell));
    shown += fmt::format("{}{} = {}", shown.empty() ? "" : ", ", columns_[i].name, value);
  }
  return shown;
}

}  // namespace qlake::engine
