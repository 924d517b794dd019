#pragma once

#include <string>
#include <vector>

#include "delta/schema.h"
#include "parquet/file_schema.h"

namespace qlake::engine {

// DuckDB's name of the type: DECIMAL(18,4), STRUCT("a" INTEGER, "b" VARCHAR[]), MAP(VARCHAR, DATE).
std::string SqlTypeOf(const delta::DataType& type);

// SQL that makes a table's columns from those of one data file, or of several that have the same. A file may have them
// (and fields within them) in another order, under other names where the table maps its columns, of narrower types, or
// not at all: then they are NULL. The file's other columns do not count.
class FileProjection {
 public:
  // Both outlive it. `name` stands in errors.
  FileProjection(const std::vector<parquet::Node>& file_columns, const std::string& name)
      : file_columns_(file_columns), name_(name) {}

  // Throws Error{kCorrupt} when the file has the column in a form that the table's type cannot be made of.
  std::string Column(const delta::Field& column) const;

 private:
  std::string Value(const delta::Field& field, const parquet::Node& node, const std::string& value, int depth) const;
  std::string StructValue(const delta::Field& field, const parquet::Node& node, const std::string& value,
                          int depth) const;
  std::string MapValue(const delta::Field& field, const parquet::Node& node, const std::string& value, int depth) const;

  const std::vector<parquet::Node>& file_columns_;
  const std::string& name_;
};

}  // namespace qlake::engine
