#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace qlake::compare {

// One place where two engines part. Personal values are masked.
struct Difference {
  std::vector<std::pair<std::string, std::string>> key;  // Column and value, of a difference of rows.
  std::string column;                                    // Empty: the whole row, or the whole answer.
  std::string one;    // What the first says, DuckDB: a value, a type, names of columns, a refusal, "no such row",
  std::string other;  // and the second, Spark or Hive.
};

// What can be left out or asked for.
inline constexpr const char* kKinds[] = {"function", "table", "report", "dump", "model", "hive"};

// Something that both engines were asked for.
struct Compared {
  std::string kind;  // One of kKinds; of models also check, ledger, and event model.
  std::string name;
  int64_t rows = 0;            // On the first engine.
  int64_t rows_different = 0;  // At least so many.
  bool has_more = false;       // There are more.
  std::vector<Difference> differences;
};

struct ComparisonReport {
  std::vector<Compared> compared;
  std::vector<std::string> left_out;  // What was not compared, and why.
  int64_t differing() const;          // How many of `compared` do.
};

}  // namespace qlake::compare
