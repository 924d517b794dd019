// The room spark alone; bench/run.py spark runs it beside pyspark on the same server.
//
//   spark_client_bench ADDRESS query COUNT    one session, then so many small queries
//   spark_client_bench ADDRESS command COUNT  the same with small commands
//   spark_client_bench ADDRESS rows COUNT     the same with answers of a million rows
//
// Prints one JSON object: wall and CPU milliseconds of one of them, the session and a first one apart, and what it saw.
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "base/error.h"
#include "spark/session.h"

namespace qlake::spark {
namespace {

int64_t RunOne(Session& session, const std::string& what) {
  if (what == "command") {
    session.Execute({.sql = "CREATE OR REPLACE TEMPORARY VIEW v AS SELECT 1 AS one", .parameters = {}});
    return 0;
  }
  int64_t rows = 0;
  std::string sql = what == "rows" ? "SELECT id, CAST(id AS STRING) AS text FROM range(0, 1000000, 1, 10)"
                                   : "SELECT id, id * 2 AS twice FROM range(0, 100, 1, 1)";
  session.Query({.sql = sql, .parameters = {}}, {.on_schema = nullptr, .on_rows = [&](const auto& batch) {
                                                   rows += batch->num_rows();
                                                   return true;
                                                 }});
  return rows;
}

void Run(const std::string& address, const std::string& what, int count) {
  Session session({.connection = ParseAddress(address), .config = {}, .on_progress = nullptr});
  int64_t rows = RunOne(session, what);
  auto wall_start = std::chrono::steady_clock::now();
  std::clock_t cpu_start = std::clock();
  for (int i = 0; i < count; ++i) rows += RunOne(session, what);
  double cpu_ms = static_cast<double>(std::clock() - cpu_start) * 1000 / CLOCKS_PER_SEC;
  double wall_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - wall_start).count();
  fmt::print("{{\"wall_ms\": {}, \"cpu_ms\": {}, \"rows\": {}}}\n", wall_ms / count, cpu_ms / count, rows);
}

}  // namespace
}  // namespace qlake::spark

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("spark_client_bench ADDRESS query|command|rows COUNT\n", stderr);
    return 2;
  }
  try {
    qlake::spark::Run(argv[1], argv[2], std::atoi(argv[3]));
  } catch (const qlake::base::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
