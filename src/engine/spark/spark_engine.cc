#include "engine/spark/spark_engine.h"

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "base/log.h"
#include "delta/path_encoding.h"
#include "engine/spark/arrow_cells.h"
#include "engine/spark/read_only_select.h"
#include "engine/spark/session_config.h"
#include "engine/spark/session_functions.h"
#include "engine/spark/session_views.h"
#include "engine/spark/spark_change.h"
#include "engine/spark/spark_files.h"
#include "engine/spark/sql_tokens.h"
#include "engine/sql_text.h"
#include "spark/session.h"

namespace qlake::engine {
namespace {

std::map<std::string, std::string> ConfigOfEngine() {
  auto config = SessionConfig();
  config["spark.sql.ansi.doubleQuotedIdentifiers"] = "true";
  // A view is what it was when it was defined: the table's version is looked up once, and Lock() does not reach it.
  config["spark.sql.legacy.storeAnalyzedPlanForView"] = "true";
  return config;
}

// The table of a FillTable().
std::shared_ptr<arrow::Table> MakeTable(const std::vector<base::Column>& columns,
                                        const std::vector<std::vector<std::optional<std::string>>>& rows) {
  auto require = [](const arrow::Status& status) {
    if (!status.ok()) throw base::IoError("rows cannot be put together for Spark: {}", status.ToString());
  };
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::vector<std::shared_ptr<arrow::Array>> arrays(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    bool is_text = columns[i].type.kind == base::ColumnType::Kind::kString;
    fields.push_back(arrow::field(columns[i].name, is_text ? arrow::utf8() : arrow::int64()));
    arrow::StringBuilder texts;
    arrow::Int64Builder integers;
    for (const auto& row : rows) {
      const auto& cell = row[i];
      if (is_text) {
        require(cell ? texts.Append(*cell) : texts.AppendNull());
      } else {
        require(cell ? integers.Append(IntegerOf(cell)) : integers.AppendNull());
      }
    }
    require(is_text ? texts.Finish(&arrays[i]) : integers.Finish(&arrays[i]));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays), static_cast<int64_t>(rows.size()));
}

void VisitRows(const arrow::RecordBatch& batch, const ResultVisitor& visitor, bool& wants_more) {
  for (int64_t row = 0; wants_more && row < batch.num_rows(); ++row) {
    ResultRow cells;
    cells.reserve(static_cast<size_t>(batch.num_columns()));
    for (const auto& column : batch.columns()) cells.push_back(FormatArrowCell(*column, row));
    wants_more = visitor.on_row(cells);
  }
}

}  // namespace

class SparkEngine::State {
 public:
  State(storage::Storage& lake_storage, const spark::Connection& server)
      : storage(lake_storage), connection(server), scratch_(std::string(kSparkScratch) + "/" + base::NewUuid()) {}

  spark::Session& session() {
    if (session_) return *session_;
    auto opened = std::make_unique<spark::Session>(spark::SessionOptions{connection, ConfigOfEngine(), nullptr});
    std::lock_guard lock(mutex_);
    if (interrupted_) throw base::UnavailableError("interrupted");
    session_ = std::move(opened);
    return *session_;
  }

  void Interrupt() {
    std::lock_guard lock(mutex_);
    interrupted_ = true;
    if (session_) session_->Interrupt();
  }

  // A statement that finds the server gone: the next one opens another session, which has none of this one's views.
  template <typename Call>
  auto Ask(Call call) {
    try {
      return call();
    } catch (const base::Error& error) {
      if (error.kind() == base::ErrorKind::kUnavailable) {
        std::lock_guard lock(mutex_);
        if (!interrupted_) session_.reset();
        functions.HoldAllAgain();
      }
      throw;
    }
  }

  // The SQL as the session reads it, what it calls made ready.
  spark::Statement Prepare(std::string_view sql) {
    for (const auto& function : functions.Take(sql)) session().Execute({views.Rewrite(function), {}});
    return {views.Rewrite(sql), {}};
  }

  void CreateView(const std::string& view, const std::string& select) {
    Ask([&] {
      session().Execute(Prepare(fmt::format("CREATE OR REPLACE TEMPORARY VIEW {} AS {}", QuoteName(view), select)));
    });
  }

  void AddView(const std::string& name, const std::string& select) {
    CreateView(SessionViews::ViewOf(name), select);
    views.Add(name);
  }

  // A folder of the session's own, new each time.
  // Each has a name of its own: the server may remember what was at another path.
  std::string NewScratchFolder() {
    has_scratch_ = true;
    return fmt::format("{}/{}", scratch_, folders_++);
  }
  // What nobody asks for any more. One that cannot be removed goes with the next process.
  void RemoveScratch() {
    if (!std::exchange(has_scratch_, false)) return;
    try {
      storage.RemoveFolder(scratch_);
    } catch (const base::Error& error) {
      base::LogWarn("Spark's scratch folder stays", {{"folder", scratch_}, {"why", error.message()}});
    }
  }

  storage::Storage& storage;
  const spark::Connection connection;
  SessionViews views;
  SessionFunctions functions;

 private:
  std::string scratch_;
  int folders_ = 0;
  bool has_scratch_ = false;
  std::mutex mutex_;
  bool interrupted_ = false;                 // Guarded by mutex_.
  std::unique_ptr<spark::Session> session_;  // Set under mutex_, by the thread that runs statements.
};

SparkEngine::SparkEngine(storage::Storage& storage, const spark::Connection& connection)
    : state_(std::make_unique<State>(storage, connection)) {}

SparkEngine::~SparkEngine() { state_->RemoveScratch(); }

void SparkEngine::Run(std::string_view sql) {
  for (const auto& statement : SplitStatements(sql)) {
    if (state_->functions.Hold(statement)) continue;
    state_->Ask([&] { state_->session().Execute(state_->Prepare(statement)); });
  }
}

void SparkEngine::Query(std::string_view sql, const ResultVisitor& visitor) {
  spark::AnswerVisitor answer;
  answer.on_schema = [&](const std::shared_ptr<arrow::Schema>& schema) {
    std::vector<ResultColumn> columns;
    for (const auto& field : schema->fields()) columns.push_back(DescribeArrowColumn(field->name(), *field->type()));
    if (visitor.on_columns) visitor.on_columns(columns);
  };
  answer.on_rows = [&](const std::shared_ptr<arrow::RecordBatch>& batch) {
    bool wants_more = true;
    if (visitor.on_row) VisitRows(*batch, visitor, wants_more);
    return wants_more;
  };
  state_->Ask([&] { state_->session().Query(state_->Prepare(sql), answer); });
}

void SparkEngine::DefineTable(const std::string& name, const delta::Snapshot& snapshot) {
  state_->AddView(name,
                  fmt::format("SELECT * FROM {} VERSION AS OF {}",
                              SparkFolder("delta", state_->storage.Url(snapshot.table_path())), snapshot.version()));
}

void SparkEngine::DefineView(const std::string& name, const std::string& select) { state_->AddView(name, select); }

void SparkEngine::DefineFiles(const std::string& name, const delta::Snapshot& snapshot,
                              const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const auto& path : paths) names.push_back(QuoteLiteral(delta::FileName(path)));
  state_->AddView(name,
                  fmt::format("SELECT * EXCEPT (_qlake_file) FROM (SELECT *, _metadata.file_name AS _qlake_file "
                              "FROM {} VERSION AS OF {}) WHERE _qlake_file IN ({})",
                              SparkFolder("delta", state_->storage.Url(snapshot.table_path())), snapshot.version(),
                              names.empty() ? "''" : fmt::format("{}", fmt::join(names, ", "))));
}

void SparkEngine::DefineEmptyTable(const std::string& name, const std::vector<base::Column>& columns) {
  std::vector<std::string> nulls;
  for (const auto& column : columns) {
    nulls.push_back(fmt::format("CAST(NULL AS {}) AS {}", SqlType(column.type), QuoteName(column.name)));
  }
  state_->AddView(name, fmt::format("SELECT {} WHERE FALSE", fmt::join(nulls, ", ")));
}

void SparkEngine::DefineRows(const std::string& name, const std::string& select) {
  std::string url = state_->storage.Url(state_->NewScratchFolder());
  state_->Ask([&] {
    state_->session().Execute(state_->Prepare(
        fmt::format("INSERT OVERWRITE DIRECTORY {} USING parquet {}", QuoteLiteral(SparkUrl(url)), select)));
  });
  state_->AddView(name, "SELECT * FROM " + SparkFolder("parquet", url));
}

void SparkEngine::FillTable(const std::string& name, const std::vector<base::Column>& columns,
                            const std::vector<std::vector<std::optional<std::string>>>& rows) {
  state_->Ask([&] { state_->session().CreateView(SessionViews::ViewOf(name), *MakeTable(columns, rows)); });
  state_->views.Add(name);
}

void SparkEngine::RemoveLeftovers() {
  try {
    state_->storage.RemoveFolder(kSparkScratch);
  } catch (const base::Error& error) {
    // The server may still be busy with the statement of a process that was killed.
    base::LogWarn("what a killed process left in Spark's scratch folder stays",
                  {{"folder", kSparkScratch}, {"why", error.message()}});
  }
}

void SparkEngine::Forget(const std::vector<std::string>& layers) {
  for (const auto& layer : layers) state_->views.Forget(layer);
  state_->RemoveScratch();
}

std::vector<base::Column> SparkEngine::Describe(std::string_view sql) {
  std::vector<base::Column> columns;
  Query(fmt::format("SELECT * FROM ({}\n) LIMIT 0", sql),
        {[&](const std::vector<ResultColumn>& found) {
           for (const auto& column : found) {
             auto type = base::ParseSqlType(column.sql_type);
             if (column.sql_type == "SMALLINT" || column.sql_type == "TINYINT") {
               type = base::ColumnType{base::ColumnType::Kind::kInteger};
             }
             if (!type) {
               throw base::InputError(
                   "a column of the query cannot stand in a table, CAST it to another type: {} is {}", column.name,
                   column.sql_type);
             }
             columns.push_back({column.name, *type, false, ""});
           }
         },
         nullptr});
  return columns;
}

ComputedChange SparkEngine::Compute(const TableTarget& target, const std::optional<delta::Snapshot>& base,
                                    const TableChange& change, const ApplyOptions& options, const base::Clock& clock) {
  auto computed = std::make_unique<SparkChange>(
      SparkChange::Resources{*this, state_->storage, clock, state_->NewScratchFolder()}, target, base, change, options);
  computed->Compute();
  return ComputedChange(std::move(computed));
}

void SparkEngine::CheckChange(const TableTarget& target, const std::optional<delta::Snapshot>& base,
                              const TableChange& change, const base::Clock& clock) {
  SparkChange({*this, state_->storage, clock, ""}, target, base, change, {}).Check();
}

void SparkEngine::CheckReadOnlySelect(std::string_view sql) { RequireReadOnlySelect(sql); }

void SparkEngine::Lock() {
  for (const auto& [name, table] : state_->views.TablesByShortName()) {
    state_->CreateView(name, "SELECT * FROM " + QuoteName(SessionViews::ViewOf(table)));
  }
  state_->session().Set({{"spark.sql.runSQLOnFiles", "false"}});
}

void SparkEngine::Interrupt() { state_->Interrupt(); }

}  // namespace qlake::engine
