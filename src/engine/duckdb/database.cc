#include "engine/duckdb/database.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/parallel.h"
#include "engine/duckdb/cell_text.h"
#include "engine/duckdb/connection.h"
#include "engine/duckdb/file_merge.h"
#include "engine/duckdb/functions.h"
#include "engine/duckdb/raw_scan.h"
#include "engine/duckdb/scan_meter.h"
#include "engine/duckdb/select_guard.h"
#include "engine/duckdb/sink_function.h"
#include "engine/duckdb/staged_rows.h"
#include "engine/duckdb/staged_scan.h"
#include "engine/duckdb/table_view.h"
#include "engine/duckdb/table_writer.h"

namespace qlake::engine {
namespace {

// Files of so many bytes are staged and asked faster in one thread than by all of them.
constexpr uint64_t kFewBytesMax = uint64_t{4} << 20;

size_t ThreadsOf(const DatabaseOptions& options) {
  return options.threads > 0 ? static_cast<size_t>(options.threads) : std::max(1U, std::thread::hardware_concurrency());
}

std::vector<ResultColumn> ColumnsOf(const ResultStream& stream) {
  std::vector<ResultColumn> columns;
  for (size_t i = 0; i < stream.names().size(); ++i) {
    columns.push_back(DescribeResultColumn(stream.names()[i], stream.types()[i]));
  }
  return columns;
}

ResultRow ReadRow(const ResultStream& stream, duckdb_data_chunk chunk, idx_t row) {
  ResultRow cells;
  cells.reserve(stream.types().size());
  for (size_t i = 0; i < stream.types().size(); ++i) {
    cells.push_back(FormatCell(stream.types()[i], duckdb_data_chunk_get_vector(chunk, i), row));
  }
  return cells;
}

// Further connections while statements run side by side: an interrupt reaches them all.
class MoreConnections {
 public:
  // Closes them when it goes.
  class Opened {
   public:
    Opened(MoreConnections& all, Connection& first, size_t count) : all_(all) {
      std::lock_guard lock(all_.mutex_);
      for (size_t i = 0; i < count; ++i) all_.connections_.emplace_back(first);
    }
    ~Opened() {
      std::lock_guard lock(all_.mutex_);
      all_.connections_.clear();
    }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

    size_t size() const { return all_.connections_.size(); }
    Connection& at(size_t i) { return all_.connections_[i]; }

   private:
    MoreConnections& all_;
  };

  // One opening at a time.
  Opened Open(Connection& first, size_t count) { return {*this, first, count}; }

  void Interrupt() {
    std::lock_guard lock(mutex_);
    for (auto& connection : connections_) connection.Interrupt();
  }

 private:
  std::mutex mutex_;
  std::deque<Connection> connections_;  // Guarded by mutex_ while it grows and shrinks.
};

}  // namespace

class Database::State {
 public:
  State(storage::Storage& lake_storage, const DatabaseOptions& database_options)
      : storage(lake_storage),
        options(database_options),
        connection(database_options),
        raw_scans(storage, connection, meter),
        staged_scans(connection),
        sink_function(connection),
        file_facts(connection.get()) {
    RegisterFunctions(connection.get());
  }

  // A view that users may read.
  void DefineView(Connection& by, const std::string& name, const std::string& select) {
    CreateView(by, name, select);
    std::lock_guard lock(mutex_);
    tables_.insert(name);
  }

  // The same over files: the SELECT means the same as long as it says the same, so that there is nothing to do when a
  // table is defined again at its version.
  void DefineFiles(Connection& by, const std::string& name, const std::string& select) {
    {
      std::lock_guard lock(mutex_);
      auto known = files_of_views_.find(name);
      if (known != files_of_views_.end() && known->second == select) return;
    }
    DefineView(by, name, select);
    std::lock_guard lock(mutex_);
    files_of_views_[name] = select;
  }

  void CreateView(Connection& by, const std::string& name, const std::string& select) {
    std::string place = PlaceOf(by, name);
    {
      std::lock_guard lock(mutex_);
      files_of_views_.erase(name);
    }
    by.Define(fmt::format("CREATE OR REPLACE VIEW {} AS {}", place, select));
  }

  // layer.table as SQL names it, in a schema that is there from here on. A statement for the schema each time would be
  // a twentieth of an hour's work.
  std::string PlaceOf(Connection& by, const std::string& name) {
    size_t point = name.find('.');
    QLAKE_CHECK(point != std::string::npos);
    std::string schema = QuoteName(name.substr(0, point));
    std::lock_guard lock(mutex_);
    if (!schemas_.contains(schema)) {
      by.Define("CREATE SCHEMA IF NOT EXISTS " + schema);
      schemas_.insert(schema);
    }
    return schema + "." + QuoteName(name.substr(point + 1));
  }

  void DropSchema(Connection& by, const std::string& layer) {
    std::string schema = QuoteName(layer);
    std::lock_guard lock(mutex_);
    schemas_.erase(schema);
    std::erase_if(files_of_views_, [&](const auto& view) { return view.first.starts_with(layer + "."); });
    by.Run(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", schema));
  }

  void NoteOutside(const std::string& url) {
    std::lock_guard lock(mutex_);
    outside_urls_.insert(url);
  }

  // REQUIRES: nobody defines anything meanwhile.
  const std::set<std::string>& tables() const { return tables_; }
  const std::set<std::string>& outside_urls() const { return outside_urls_; }

  // Of one of so many writers that compute side by side.
  TableWriter::Resources WriterResources(const base::Clock& clock, Connection& computing, size_t writers) {
    return {.storage = storage,
            .connection = computing,
            .sink_function = sink_function,
            .clock = clock,
            .row_sink_bytes_max = options.row_sink_bytes_max / writers,
            .threads = std::max<size_t>(1, ThreadsOf(options) / writers),
            .cancelled = interrupted};
  }

  // Calls work(i, connection, connections) once for every i in [0, count), in that order, on as many connections as
  // there are threads.
  void SideBySide(size_t count, const std::function<void(size_t, Connection&, size_t)>& work) {
    std::atomic<size_t> next = 0;
    auto opened = more_connections.Open(connection, std::min(ThreadsOf(options), count));
    base::ParallelFor(opened.size(), opened.size(), [&](size_t worker) {
      for (size_t i = next++; i < count; i = next++) work(i, opened.at(worker), opened.size());
    });
  }

  storage::Storage& storage;
  DatabaseOptions options;
  Connection connection;
  MoreConnections more_connections;
  ScanMeter meter;
  RawScans raw_scans;
  StagedScans staged_scans;
  SinkFunction sink_function;
  FactStore file_facts;
  std::atomic<bool> interrupted = false;
  uint64_t staged_bytes = 0;  // Of files whose rows are staged.

 private:
  std::mutex mutex_;                                   // Guards what follows.
  std::set<std::string> outside_urls_;                 // Of files of defined tables that lie outside of the storage.
  std::set<std::string> tables_;                       // That were defined, schema-qualified.
  std::set<std::string> schemas_;                      // That PlaceOf() has made, quoted.
  std::map<std::string, std::string> files_of_views_;  // {view: its SELECT} of those over files.
};

Database::Database(storage::Storage& storage, const DatabaseOptions& options)
    : state_(std::make_shared<State>(storage, options)), connection_(state_->connection) {}

Database::Database(std::shared_ptr<State> state, Connection& connection)
    : state_(std::move(state)), connection_(connection) {}

Database::~Database() = default;

void Database::Run(std::string_view sql) { connection_.Run(sql); }

namespace {

void Visit(Connection& connection, std::string_view sql, const ResultVisitor& visitor) {
  ResultStream stream = connection.Stream(sql);
  if (visitor.on_columns) visitor.on_columns(ColumnsOf(stream));
  ChunkHandle chunk;
  while (stream.Next(chunk)) {
    for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row) {
      ResultRow cells = ReadRow(stream, chunk.get(), row);
      if (visitor.on_row && !visitor.on_row(cells)) return;
    }
  }
}

}  // namespace

void Database::Query(std::string_view sql, const ResultVisitor& visitor) { Visit(connection_, sql, visitor); }

std::vector<Result> Database::QueryEach(const std::vector<std::string>& selects, size_t rows_max) {
  // Most of a small answer's time goes into its plan, which is made by one thread.
  std::vector<Result> answers(selects.size());
  state_->SideBySide(selects.size(), [&](size_t i, Connection& connection, size_t) {
    Visit(connection, selects[i], VisitorOf(answers[i], rows_max));
  });
  return answers;
}

void Database::VisitIntegers(std::string_view sql, const std::function<void(const std::vector<int64_t>&)>& on_row) {
  ResultStream stream = connection_.Gather(sql);
  std::vector<int64_t> row(stream.types().size());
  for (const auto& type : stream.types()) QLAKE_CHECK(type.id == DUCKDB_TYPE_BIGINT);
  ChunkHandle chunk;
  while (stream.Next(chunk)) {
    std::vector<VectorView> columns;
    for (size_t i = 0; i < row.size(); ++i) columns.emplace_back(duckdb_data_chunk_get_vector(chunk.get(), i));
    for (idx_t at = 0; at < duckdb_data_chunk_get_size(chunk.get()); ++at) {
      for (size_t i = 0; i < row.size(); ++i) row[i] = columns[i].At<int64_t>(at);
      on_row(row);
    }
  }
}

void Database::FillTable(const std::string& name, const std::vector<base::Column>& columns,
                         const std::vector<std::vector<std::optional<std::string>>>& rows) {
  size_t point = name.find('.');
  QLAKE_CHECK(point != std::string::npos);
  std::string schema = name.substr(0, point);
  std::string table = name.substr(point + 1);
  std::vector<std::string> definitions;
  for (const auto& column : columns) {
    definitions.push_back(fmt::format("{} {}", QuoteName(column.name), base::FormatSqlType(column.type)));
  }
  Run(fmt::format("CREATE OR REPLACE TABLE {} ({})", state_->PlaceOf(connection_, name), fmt::join(definitions, ", ")));
  AppenderHandle appender;
  bool done = duckdb_appender_create(connection_.get(), schema.c_str(), table.c_str(), appender.out()) == DuckDBSuccess;
  for (size_t i = 0; done && i < rows.size(); ++i) {
    for (const auto& cell : rows[i]) {
      done = done && (cell ? duckdb_append_varchar_length(appender.get(), cell->data(), cell->size())
                           : duckdb_append_null(appender.get())) == DuckDBSuccess;
    }
    done = done && duckdb_appender_end_row(appender.get()) == DuckDBSuccess;
  }
  done = done && duckdb_appender_close(appender.get()) == DuckDBSuccess;
  if (!done) {
    const char* message = appender ? duckdb_appender_error(appender.get()) : nullptr;
    throw base::IoError("cannot fill the engine's table {}: {}", name, message == nullptr ? "unknown" : message);
  }
}

void Database::DefineRows(const std::string& name, const std::string& select) {
  Run(fmt::format("CREATE OR REPLACE TABLE {} AS {}", state_->PlaceOf(connection_, name), select));
}

void Database::Forget(const std::vector<std::string>& layers) {
  for (const auto& layer : layers) state_->DropSchema(connection_, layer);
}

std::vector<base::Column> Database::Describe(std::string_view sql) {
  std::vector<std::string> names;
  std::vector<LogicalType> types;
  connection_.DescribeSelect(sql, names, types);
  std::vector<base::Column> columns;
  for (size_t i = 0; i < names.size(); ++i) {
    auto type = ToColumnType(types[i]);
    if (!type) {
      throw base::InputError("a column of the query cannot stand in a table, CAST it to another type: {} is {}",
                             names[i], FormatType(types[i]));
    }
    columns.push_back({names[i], *type, false, ""});
  }
  return columns;
}

void Database::DefineRawScan(const std::string& name, RawScan scan) {
  state_->CreateView(connection_, name, state_->raw_scans.Add(name, std::move(scan)));
}

void Database::DefineStagedScan(const std::string& name, StagedScan scan) {
  if (state_->staged_scans.Replace(name, scan)) return;
  state_->CreateView(connection_, name, state_->staged_scans.Add(name, std::move(scan)));
}

void Database::ShowOnly(const std::string& name, std::optional<std::vector<StagedRow>> rows) {
  state_->staged_scans.ShowOnly(name, connection_, std::move(rows));
}

std::shared_ptr<StagedRows> Database::Stage(const RawScan& scan, std::vector<ColumnRules> rules) {
  uint64_t bytes = 0;
  for (const auto& file : scan.files) bytes += file.bytes;
  ScanMeter::Reading reading(state_->meter, bytes);
  state_->staged_bytes += bytes;
  state_->connection.ReadInParallel(state_->staged_bytes > kFewBytesMax);
  return std::make_shared<StagedRows>(
      state_->storage, scan, std::move(rules),
      StagedRows::ReadOptions{.threads = threads(),
                              .cancelled = &state_->interrupted,
                              .on_read = [&](uint64_t read, int64_t count) { state_->meter.Note(read, count); }});
}

void Database::ForgetStagedRows() {
  state_->staged_bytes = 0;
  state_->connection.ReadInParallel(true);
  state_->staged_scans.Forget();
  state_->raw_scans.ForgetPlaces();
  malloc_trim(0);
}

size_t Database::threads() const { return ThreadsOf(state_->options); }

void Database::DefineView(const std::string& name, const std::string& select) {
  state_->DefineView(connection_, name, select);
}

void Database::DefineTable(const std::string& name, const delta::Snapshot& snapshot) {
  for (const auto& [path, file] : snapshot.files()) {
    if (path.starts_with('/')) state_->NoteOutside(state_->storage.LocalPath(path));
  }
  state_->DefineFiles(connection_, name, SelectAllFiles(state_->storage, snapshot, &state_->file_facts));
}

namespace {

std::vector<const delta::AddFile*> FilesAt(const delta::Snapshot& snapshot, const std::vector<std::string>& paths) {
  std::vector<const delta::AddFile*> files;
  for (const auto& path : paths) {
    QLAKE_CHECK(snapshot.files().contains(path));
    files.push_back(&snapshot.files().at(path));
  }
  return files;
}

}  // namespace

void Database::DefineFiles(const std::string& name, const delta::Snapshot& snapshot,
                           const std::vector<std::string>& paths) {
  auto files = FilesAt(snapshot, paths);
  state_->DefineFiles(connection_, name, SelectFiles(state_->storage, snapshot, files, "", &state_->file_facts));
}

std::string Database::SelectRowsOf(const delta::Snapshot& snapshot, const std::vector<std::string>& paths) const {
  return SelectFiles(state_->storage, snapshot, FilesAt(snapshot, paths));
}

void Database::DefineFiles(const std::string& name, const delta::Snapshot& snapshot,
                           const std::vector<delta::AddFile>& given) {
  std::vector<const delta::AddFile*> files;
  for (const auto& file : given) files.push_back(&file);
  state_->DefineFiles(connection_, name, SelectFiles(state_->storage, snapshot, files, "", &state_->file_facts));
}

void Database::DefineEmptyTable(const std::string& name, const std::vector<base::Column>& columns) {
  state_->DefineFiles(connection_, name, SelectNothing(columns));
}

ApplyReport Database::Apply(const TableTarget& target, const std::optional<delta::Snapshot>& base,
                            const TableChange& change, const ApplyOptions& options, const base::Clock& clock) {
  return Compute(target, base, change, options, clock).Commit();
}

namespace {

class WrittenChange final : public ComputedChange::Work {
 public:
  WrittenChange(const TableWriter::Resources& resources, const TableTarget& target,
                const std::optional<delta::Snapshot>& base, const TableChange& change, const ApplyOptions& options)
      : target_(target), base_(base), change_(change), options_(options), writer_(resources, target_, base_) {
    writer_.Compute(change_);
  }

  ApplyReport Commit() override { return writer_.Commit(change_, options_); }

 private:
  const TableTarget target_;  // The writer refers to them.
  const std::optional<delta::Snapshot> base_;
  const TableChange change_;
  const ApplyOptions options_;
  TableWriter writer_;
};

}  // namespace

ComputedChange Database::Compute(const TableTarget& target, const std::optional<delta::Snapshot>& base,
                                 const TableChange& change, const ApplyOptions& options, const base::Clock& clock) {
  state_->interrupted = false;
  return ComputedChange(
      std::make_unique<WrittenChange>(state_->WriterResources(clock, connection_, 1), target, base, change, options));
}

void Database::ComputeEach(size_t count, const std::function<void(size_t, const ComputeFunction&)>& work) {
  state_->interrupted = false;
  state_->SideBySide(count, [&](size_t i, Connection& connection, size_t connections) {
    work(i, [&](const TableTarget& target, const std::optional<delta::Snapshot>& base, const TableChange& change,
                const ApplyOptions& options, const base::Clock& clock) {
      QLAKE_CHECK(!change.clustered);  // The sink function is on the first connection.
      auto resources = state_->WriterResources(clock, connection, connections);
      return ComputedChange(std::make_unique<WrittenChange>(resources, target, base, change, options));
    });
  });
}

void Database::RunEach(size_t count, const std::function<void(size_t, Engine&)>& work) {
  // The setting that has many rows read by all threads is everybody's, and those rows keep all threads busy anyway.
  if (state_->connection.reads_in_parallel()) return Engine::RunEach(count, work);
  state_->SideBySide(count, [&](size_t i, Connection& connection, size_t) {
    Database beside(state_, connection);
    work(i, beside);
  });
}

void Database::CheckChange(const TableTarget& target, const std::optional<delta::Snapshot>& base,
                           const TableChange& change, const base::Clock& clock) {
  TableWriter(state_->WriterResources(clock, connection_, 1), target, base).Check(change);
}

MergedFiles Database::MergeFiles(const delta::Snapshot& snapshot, const FileMerge& merge, const base::Clock& clock) {
  state_->interrupted = false;
  FileMerger merger({state_->storage, connection_, clock, ThreadsOf(state_->options), state_->interrupted}, snapshot);
  return merger.Merge(merge);
}

RowsDigest Database::DigestFiles(const delta::Snapshot& snapshot, const std::vector<std::string>& paths) {
  state_->interrupted = false;
  FileMerger merger(
      {state_->storage, connection_, base::SystemClock(), ThreadsOf(state_->options), state_->interrupted}, snapshot);
  return merger.Digest(FilesAt(snapshot, paths));
}

void Database::CheckReadOnlySelect(std::string_view sql) {
  SelectGuard(state_->tables()).Check(connection_.AskText("SELECT json_serialize_sql($1)", sql));
}

void Database::Lock() {
  // Names without a schema are looked up where tables were defined; the guard has seen to it that they are unique.
  std::set<std::string> schemas;
  for (const auto& table : state_->tables()) schemas.insert(QuoteName(table.substr(0, table.find('.'))));
  // What may be opened is held both against the pattern of a file and against the file.
  auto with_patterns = [](const std::set<std::string>& urls) {
    std::set<std::string> quoted;
    for (const auto& url : urls) quoted.insert({QuoteLiteral(url), QuoteLiteral(PatternOf(url))});
    return fmt::format("{}", fmt::join(quoted, ", "));
  };
  connection_.Run(
      fmt::format("SET search_path = {}; SET allowed_paths = [{}]; SET allowed_directories = [{}]; SET "
                  "enable_external_access = false",
                  QuoteLiteral(fmt::format("{}", fmt::join(schemas, ","))), with_patterns(state_->outside_urls()),
                  with_patterns({state_->storage.LocalPath("") + "/"})));
  connection_.LockConfiguration();
}

void Database::Interrupt() {
  state_->interrupted = true;
  state_->connection.Interrupt();
  state_->more_connections.Interrupt();
}

ScanProgress Database::progress() const { return state_->meter.progress(); }

}  // namespace qlake::engine
