#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "delta/snapshot.h"

// The schema of any table that we read (PROTOCOL.md, "Schema Serialization Format"). Our own tables are of fewer types:
// base::Column.
namespace qlake::delta {

struct Field;

struct DataType {
  enum class Kind {
    kBoolean,
    kByte,
    kShort,
    kInteger,
    kLong,
    kFloat,
    kDouble,
    kDecimal,
    kString,
    kBinary,
    kDate,
    kTimestamp,
    kTimestampNtz,
    kStruct,
    kArray,
    kMap,
  };
  Kind kind = Kind::kString;
  int precision = 0;  // kDecimal
  int scale = 0;
  std::vector<Field> fields;  // kStruct: its fields; kArray: its element; kMap: its key and its value.
};

// A column, a field of a struct, an element, a key or a value.
struct Field {
  std::string name;
  std::string physical_name;  // In data files and partition values; the name, where columns are not mapped.
  std::optional<int32_t> id;  // By which data files have it. Only where columns are mapped by id.
  DataType type;
};

// The table's columns in their order. Throws Error{kInput} that names the column whose type is not supported,
// Error{kCorrupt} when the schema is not what the protocol says.
std::vector<Field> ParseSchema(const Snapshot& snapshot);

// Whether a column of one primitive type, by its name in schemaString, can become one of the other because that holds
// all its values (PROTOCOL.md, "Type Widening").
bool IsWidening(const std::string& from, const std::string& to);

}  // namespace qlake::delta
