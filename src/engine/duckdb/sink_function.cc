#include "engine/duckdb/sink_function.h"

#include <fmt/format.h>

#include <algorithm>

namespace qlake::engine {
namespace {

constexpr const char* kFunctionName = "qlake_sink";

void SinkRows(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector result) {
  auto& function = *static_cast<SinkFunction*>(duckdb_scalar_function_get_extra_info(info));
  GuardCallback(
      function.connection(), [&](const char* message) { duckdb_scalar_function_set_error(info, message); },
      [&] {
        if (function.sink() == nullptr) throw base::InputError("{} is not for use in queries", kFunctionName);
        function.sink()->AddClustered(input);
        std::fill_n(static_cast<bool*>(duckdb_vector_get_data(result)), duckdb_data_chunk_get_size(input), true);
      });
}

}  // namespace

SinkFunction::SinkFunction(Connection& connection) : connection_(connection) {
  ScalarFunctionHandle function(duckdb_create_scalar_function());
  TypeHandle any_type(duckdb_create_logical_type(DUCKDB_TYPE_ANY));
  TypeHandle bool_type(duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN));
  duckdb_scalar_function_set_name(function.get(), kFunctionName);
  duckdb_scalar_function_set_varargs(function.get(), any_type.get());
  duckdb_scalar_function_set_return_type(function.get(), bool_type.get());
  duckdb_scalar_function_set_extra_info(function.get(), this, nullptr);
  duckdb_scalar_function_set_special_handling(function.get());  // NULLs are rows, too.
  duckdb_scalar_function_set_volatile(function.get());          // Every call counts.
  duckdb_scalar_function_set_function(function.get(), SinkRows);
  QLAKE_CHECK(duckdb_register_scalar_function(connection.get(), function.get()) == DuckDBSuccess);
}

void SinkFunction::Run(const std::string& select, const std::vector<std::string>& columns, RowSink& sink) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(QuoteName(column));
  sink_ = &sink;
  try {
    connection_.Run(fmt::format("SELECT count({}({})) FROM ({}\n)", kFunctionName, fmt::join(names, ", "), select));
  } catch (...) {
    sink_ = nullptr;
    throw;
  }
  sink_ = nullptr;
}

}  // namespace qlake::engine
