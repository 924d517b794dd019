#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "model/project.h"

namespace qlake::compare {

// A call of a function of the project over odd.rows (odd_values.h), and its text on each engine.
struct FunctionCall {
  std::string function;
  std::string duckdb;
  std::string spark;
};

// Calls of every function that the project's files for both engines have, those native to DuckDB among them: of the
// built-in ones such as make a difference, of others one by the types of its arguments on Spark. A function that one
// engine lacks is called, too, if contracts, models or reports do so; if not, it is a part of others.
struct FunctionCalls {
  std::vector<FunctionCall> calls;
  std::vector<std::string> without_call;  // Functions with an argument of a type that odd.rows has no value of.
};
FunctionCalls FindFunctionCalls(engine::Engine& duckdb, const model::Project& project);

// Columns of odd.rows that the call names.
std::vector<std::string> InputsOf(const FunctionCall& call);

}  // namespace qlake::compare
