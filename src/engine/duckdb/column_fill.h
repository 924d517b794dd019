#pragma once

#include <duckdb.h>

#include <vector>

#include "engine/duckdb/staged_rows.h"

namespace qlake::engine {

// The columns behind those of the rules, in this order.
enum ExtraColumn : size_t { kFile, kLine, kContentHash, kFileId, kDataHour, kRow, kExtraColumns };

// Rows of one file that stand together in a chunk.
struct Stretch {
  const StagedFile* file = nullptr;
  uint32_t file_index = 0;
  idx_t begin = 0;  // In the chunk.
  idx_t end = 0;
};

// Writes one column of a chunk from staged rows. Texts are not copied: the chunk is good while the staged rows live.
class ColumnFill {
 public:
  // `rows`: of each row of the chunk, its place in the file of its stretch.
  ColumnFill(duckdb_vector vector, const std::vector<Stretch>& stretches, const uint32_t* rows)
      : vector_(vector), data_(duckdb_vector_get_data(vector)), stretches_(stretches), rows_(rows) {}

  void FromColumn(size_t index, base::ColumnType type);
  void FromExtra(ExtraColumn column, const StagedScan& scan);

 private:
  template <typename Value, typename Make>
  void ForEach(const Make& make);
  template <typename Value, typename Values>
  void Numbers(size_t index, const Values& values_of);
  void Decimals(size_t index, int precision);
  void Texts(size_t index);
  void SetNull(idx_t row);

  duckdb_vector vector_;
  void* data_;
  const std::vector<Stretch>& stretches_;
  const uint32_t* rows_;
  uint64_t* validity_ = nullptr;
  std::vector<StagedText> kept_;
};

}  // namespace qlake::engine
