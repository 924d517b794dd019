#pragma once

#include <duckdb.h>

namespace qlake::engine {

// Gives the connection's database our SQL functions:
//   clean_email(VARCHAR) -> VARCHAR, parse_date(VARCHAR) -> DATE, parse_boolean(VARCHAR) -> BOOLEAN,
//   is_decimal(VARCHAR, precision INTEGER, scale INTEGER) -> BOOLEAN, split_address(VARCHAR, INTEGER) -> VARCHAR: see
//   text_functions.h; NULL gives NULL.
//   content_hash(VARCHAR...) -> BLOB: 16 bytes, XXH64 with seed 42 and then with seed 1011, both big-endian, of the
//   arguments joined by 0x1F, where NULL is the one byte 0x1E.
void RegisterFunctions(duckdb_connection connection);

}  // namespace qlake::engine
