#pragma once

#include <array>
#include <ostream>
#include <string>
#include <vector>

#include "support/qlake_process.h"

namespace qlake::testing {

// Engines that no one here wrote, driven by the Python scripts of tests/conformance: deltalake, Polars and DuckDB's
// delta extension (installed by scripts/install.sh --test), and Spark behind its Connect server (scripts/spark.sh).
enum class ForeignEngine { kDeltalake, kPolars, kDuckdb, kSpark };
inline constexpr std::array kForeignEngines = {ForeignEngine::kDeltalake, ForeignEngine::kPolars,
                                               ForeignEngine::kDuckdb, ForeignEngine::kSpark};

std::string NameOf(ForeignEngine engine);
void PrintTo(ForeignEngine engine, std::ostream* out);  // For GoogleTest.

// What is to be done before the engine can be used, for a skip message; empty: nothing.
std::string MissingInstallation(ForeignEngine engine);

// Of Spark's server, which all tests of this run share: ctest's (QLAKE_SPARK names its folder), else one that ends with
// this process. sc://host:port
std::string SparkAddress();

// Runs a script of tests/conformance with the engine's Python.
ProcessResult RunScript(ForeignEngine engine, const std::string& script, const std::vector<std::string>& arguments);

// One state of a table as the engine must see it, and `qlake sql --table` does.
struct TableState {
  std::string folder;
  std::string version;  // Empty: the newest.
};

// What the engine reads differently from qlake, as text; empty when it reads the same rows, and exactly the same
// values, in all of these.
std::string CompareRows(ForeignEngine engine, const std::vector<TableState>& states);

}  // namespace qlake::testing
