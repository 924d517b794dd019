#include "engine/duckdb/connection.h"

#include <fmt/format.h>

namespace qlake::engine {
namespace {

void Set(ConfigHandle& config, const char* option, const std::string& value) {
  QLAKE_CHECK(duckdb_set_config(config.get(), option, value.c_str()) == DuckDBSuccess);
}

ConfigHandle MakeConfig(const DatabaseOptions& options) {
  ConfigHandle config;
  QLAKE_CHECK(duckdb_create_config(config.out()) == DuckDBSuccess);
  // What is not built in is not wanted: DuckDB would go to the network for it.
  Set(config, "autoinstall_known_extensions", "false");
  Set(config, "autoload_known_extensions", "false");
  Set(config, "memory_limit", fmt::format("{}B", options.memory_bytes));
  Set(config, "temp_directory", options.temp_folder);
  Set(config, "default_null_order", "nulls_first_on_asc_last_on_desc");  // As Spark.
  if (options.threads > 0) Set(config, "threads", std::to_string(options.threads));
  return config;
}

// The C API takes texts that end at a NUL: what stands behind it would be checked, but not run.
std::string ToStatement(std::string_view sql) {
  if (sql.find('\0') != std::string_view::npos) throw base::InputError("sql: a statement holds a NUL character");
  return std::string(sql);
}

base::ErrorKind KindOf(duckdb_error_type type) {
  switch (type) {
    case DUCKDB_ERROR_INTERRUPT:
      return base::ErrorKind::kUnavailable;
    case DUCKDB_ERROR_DATA_CORRUPTION:
      return base::ErrorKind::kCorrupt;
    case DUCKDB_ERROR_OUT_OF_MEMORY:
    case DUCKDB_ERROR_IO:
    case DUCKDB_ERROR_FATAL:
    case DUCKDB_ERROR_INTERNAL:
      return base::ErrorKind::kIo;
    default:
      return base::ErrorKind::kInput;
  }
}

void ReadColumns(duckdb_result* result, std::vector<std::string>& names, std::vector<LogicalType>& types) {
  for (idx_t i = 0; i < duckdb_column_count(result); ++i) {
    TypeHandle type(duckdb_column_logical_type(result, i));
    names.emplace_back(duckdb_column_name(result, i));
    types.push_back(LogicalType::Read(type.get()));
  }
}

}  // namespace

bool ResultStream::Next(ChunkHandle& chunk) {
  chunk = ChunkHandle(duckdb_fetch_chunk(*result_.get()));
  if (chunk) return true;
  const char* message = duckdb_result_error(result_.get());
  if (message != nullptr && *message != '\0')
    connection_.ThrowFailure(duckdb_result_error_type(result_.get()), message);
  return false;
}

Connection::Connection(const DatabaseOptions& options) {
  ConfigHandle config = MakeConfig(options);
  char* message = nullptr;
  if (duckdb_open_ext(nullptr, database_.out(), config.get(), &message) != DuckDBSuccess) {
    throw base::IoError("cannot open the engine: {}", TakeText(message));
  }
  if (duckdb_connect(database_.get(), connection_.out()) != DuckDBSuccess) {
    throw base::IoError("cannot connect to the engine");
  }
  Execute("SET GLOBAL TimeZone = 'UTC'");
}

Connection::Connection(Connection& first) : reads_in_parallel_(false), locked_(first.locked_) {
  first.KeepOrder(true);
  if (duckdb_connect(first.database_.get(), connection_.out()) != DuckDBSuccess) {
    throw base::IoError("cannot connect to the engine");
  }
}

idx_t Connection::Number() const {
  ClientContextHandle context;
  duckdb_connection_get_client_context(connection_.get(), context.out());
  return duckdb_client_context_get_connection_id(context.get());
}

void Connection::Run(std::string_view sql) {
  KeepOrder(false);
  Execute(sql);
}

void Connection::Execute(std::string_view sql) {
  ForgetFailure();
  ResultHandle result;
  if (duckdb_query(connection_.get(), ToStatement(sql).c_str(), result.get()) == DuckDBSuccess) return;
  ThrowFailure(duckdb_result_error_type(result.get()), duckdb_result_error(result.get()));
}

StatementHandle Connection::Prepare(std::string_view sql) {
  ForgetFailure();
  StatementHandle statement;
  if (duckdb_prepare(connection_.get(), ToStatement(sql).c_str(), statement.out()) != DuckDBSuccess) {
    ThrowFailure(DUCKDB_ERROR_INVALID, duckdb_prepare_error(statement.get()));
  }
  return statement;
}

ResultStream Connection::Stream(std::string_view sql) {
  KeepOrder(true);
  ResultStream stream(*this);
  stream.statement_ = Prepare(sql);
  bool begun = duckdb_pending_prepared_streaming(stream.statement_.get(), stream.pending_.out()) == DuckDBSuccess;
  if (!begun) ThrowFailure(DUCKDB_ERROR_INVALID, duckdb_pending_error(stream.pending_.get()));
  if (duckdb_execute_pending(stream.pending_.get(), stream.result_.get()) != DuckDBSuccess) {
    ThrowFailure(duckdb_result_error_type(stream.result_.get()), duckdb_result_error(stream.result_.get()));
  }
  ReadColumns(stream.result_.get(), stream.names_, stream.types_);
  return stream;
}

ResultStream Connection::Gather(std::string_view sql) {
  KeepOrder(false);
  ForgetFailure();
  ResultStream stream(*this);
  if (duckdb_query(connection_.get(), ToStatement(sql).c_str(), stream.result_.get()) != DuckDBSuccess) {
    ThrowFailure(duckdb_result_error_type(stream.result_.get()), duckdb_result_error(stream.result_.get()));
  }
  ReadColumns(stream.result_.get(), stream.names_, stream.types_);
  return stream;
}

void Connection::DescribeSelect(std::string_view sql, std::vector<std::string>& names,
                                std::vector<LogicalType>& types) {
  // The C library that we link does not tell the columns of a prepared statement; an empty answer does.
  ResultStream stream = Stream(fmt::format("SELECT * FROM ({}\n) LIMIT 0", sql));
  names = stream.names();
  types = stream.types();
}

std::string Connection::AskText(std::string_view sql, std::string_view parameter) {
  StatementHandle statement = Prepare(sql);
  duckdb_bind_varchar_length(statement.get(), 1, parameter.data(), parameter.size());
  ResultHandle result;
  if (duckdb_execute_prepared(statement.get(), result.get()) != DuckDBSuccess) {
    ThrowFailure(duckdb_result_error_type(result.get()), duckdb_result_error(result.get()));
  }
  ChunkHandle chunk(duckdb_fetch_chunk(*result.get()));
  QLAKE_CHECK(chunk);
  return std::string(VectorView(duckdb_data_chunk_get_vector(chunk.get(), 0)).TextAt(0));
}

void Connection::NoteFailure(const base::Error& error) {
  std::lock_guard lock(mutex_);
  if (!failure_) failure_ = error;
}

// A thread may have failed after the statement that it belonged to.
void Connection::ForgetFailure() {
  std::lock_guard lock(mutex_);
  failure_.reset();
}

void Connection::ThrowFailure(duckdb_error_type type, const char* message) {
  std::lock_guard lock(mutex_);
  if (auto failure = std::exchange(failure_, std::nullopt)) throw *failure;
  // Of a statement that fails while it is prepared, DuckDB tells the type in the text alone.
  bool is_interrupt = message != nullptr && std::string_view(message).starts_with("INTERRUPT Error");
  if (type == DUCKDB_ERROR_INTERRUPT || is_interrupt) throw base::UnavailableError("interrupted");
  throw base::Error(KindOf(type), fmt::format("sql: {}", message == nullptr ? "unknown failure" : message));
}

// With preserve_insertion_order off DuckDB reads our table function in parallel, but returns a top-level ORDER BY out
// of order above some 250,000 rows (2.0.0). So it is off only while statements without an answer run. Turning it costs
// a statement.
void Connection::KeepOrder(bool keep) {
  keep |= !reads_in_parallel_;
  if (keep == keeps_order_ || locked_) return;
  Execute(keep ? "SET preserve_insertion_order = true" : "SET preserve_insertion_order = false");
  keeps_order_ = keep;
}

void Connection::LockConfiguration() {
  KeepOrder(true);
  Execute("SET lock_configuration = true");
  locked_ = true;
}

}  // namespace qlake::engine
