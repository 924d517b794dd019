#pragma once

#include <duckdb.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delta/deleted_rows.h"

namespace qlake::engine {

// What a table's log says of one of its data files and the file does not say itself.
struct FileFacts {
  std::vector<std::optional<std::string>> partition_values;  // Texts, in the order of the table's partition columns.
  std::optional<delta::DeletedRows> deleted_rows;
};
using FactsByUrl = std::map<std::string, FileFacts, std::less<>>;
class AllFacts;

// Facts that views of ours ask for by the URL of a row's file:
//   _qlake_partition_value(facts BIGINT, url VARCHAR, column INTEGER) -> VARCHAR, NULL where it is NULL
//   _qlake_row_is_live(facts BIGINT, url VARCHAR, row BIGINT) -> BOOLEAN
// Facts stay as long as the connection does: a view may ask at any time.
class FactStore {
 public:
  explicit FactStore(duckdb_connection connection);  // Registers the functions.

  // The number by which the functions know them. Thread-safe.
  int64_t Add(FactsByUrl facts);

 private:
  std::shared_ptr<AllFacts> all_;  // Shared with the functions, which go with the connection.
};

}  // namespace qlake::engine
