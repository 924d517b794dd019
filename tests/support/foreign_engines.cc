#include "support/foreign_engines.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "support/spark_server.h"

namespace qlake::testing {
namespace {

namespace fs = std::filesystem;

const std::string kRepository = QLAKE_REPOSITORY;

std::string PythonOf(ForeignEngine engine) {
  return kRepository + (engine == ForeignEngine::kSpark ? "/.deps/spark/venv/bin/python" : "/.deps/venv/bin/python");
}

struct TemporaryFolder {
  TemporaryFolder() {
    char pattern[] = "/tmp/qlake_foreign_XXXXXX";
    path = mkdtemp(pattern);
  }
  ~TemporaryFolder() { fs::remove_all(path); }
  fs::path path;
};

}  // namespace

std::string SparkAddress() { return SparkServer::Shared().address(); }

std::string NameOf(ForeignEngine engine) {
  switch (engine) {
    case ForeignEngine::kDeltalake:
      return "deltalake";
    case ForeignEngine::kPolars:
      return "polars";
    case ForeignEngine::kDuckdb:
      return "duckdb";
    case ForeignEngine::kSpark:
      return "spark";
  }
  return "";
}

void PrintTo(ForeignEngine engine, std::ostream* out) { *out << NameOf(engine); }

std::string MissingInstallation(ForeignEngine engine) {
  if (fs::exists(PythonOf(engine))) return "";
  std::string script = engine == ForeignEngine::kSpark ? "scripts/spark.sh install" : "scripts/install.sh --test";
  return "SKIPPED: " + NameOf(engine) + " is not installed here, run " + script;
}

ProcessResult RunScript(ForeignEngine engine, const std::string& script, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {PythonOf(engine), kRepository + "/tests/conformance/" + script};
  command.insert(command.end(), arguments.begin(), arguments.end());
  Environment environment;
  if (engine == ForeignEngine::kSpark) environment["QLAKE_SPARK_ADDRESS"] = SparkServer::Shared().address();
  return RunProgram(command, environment);
}

std::string CompareRows(ForeignEngine engine, const std::vector<TableState>& states) {
  TemporaryFolder folder;
  base::Json cases = base::Json::array();
  for (const auto& state : states) {
    std::vector<std::string> select = {"sql",      "--table", state.folder, "SELECT * FROM t",
                                       "--format", "json",    "--limit",    "0"};
    if (!state.version.empty()) select.insert(select.end(), {"--as-of", state.version});
    auto answer = Qlake(select);
    if (answer.exit_code != 0) return "qlake cannot read " + state.folder + ": " + answer.err;
    std::string rows = folder.path / ("rows-" + std::to_string(cases.size()) + ".json");
    std::ofstream(rows) << answer.out;
    base::Json version = state.version.empty() ? base::Json() : base::Json(std::stoll(state.version));
    cases.push_back({{"table", state.folder}, {"version", version}, {"rows", rows}});
  }
  std::string cases_path = folder.path / "cases.json";
  std::ofstream(cases_path) << cases.dump();
  auto compared = RunScript(engine, "readers.py", {"compare", NameOf(engine), cases_path});
  return compared.exit_code == 0 ? "" : NameOf(engine) + ":\n" + compared.out + compared.err;
}

}  // namespace qlake::testing
