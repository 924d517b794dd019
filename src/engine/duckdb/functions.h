#pragma once

#include <duckdb.h>

namespace qlake::engine {

// Gives the connection's database our SQL functions:
//   clean_email(VARCHAR) -> VARCHAR, parse_date(VARCHAR) -> DATE, parse_boolean(VARCHAR) -> BOOLEAN,
//   is_decimal(VARCHAR, precision INTEGER, scale INTEGER) -> BOOLEAN, split_address(VARCHAR, INTEGER) -> VARCHAR: see
//   text_functions.h; NULL gives NULL.
//   content_hash(VARCHAR...) -> BLOB: 16 bytes, XXH64 with seed 42 and then with seed 1011, both big-endian, of the
//   arguments joined by 0x1F, where NULL is the one byte 0x1E.
//   key_hash(part INTEGER, VARCHAR...) -> BIGINT: the high (part 0) or low (part 1) half of the key's hash, see
//   key_hash.h; hash_prefix(BLOB) -> BIGINT: the first eight bytes of a content hash, as KeyedRow::content has them; 0
//   without one.
void RegisterFunctions(duckdb_connection connection);

}  // namespace qlake::engine
