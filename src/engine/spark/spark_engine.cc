#include "engine/spark/spark_engine.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <mutex>

#include "base/error.h"
#include "engine/spark/arrow_cells.h"
#include "engine/spark/read_only_select.h"
#include "engine/spark/session_functions.h"
#include "engine/spark/session_views.h"
#include "engine/spark/sql_tokens.h"
#include "engine/sql_text.h"
#include "spark/session.h"

namespace qlake::engine {
namespace {

// What the same SQL means the same by, whatever the server's own defaults are.
const std::map<std::string, std::string>& SessionConfig() {
  static const std::map<std::string, std::string> config = {
      {"spark.sql.session.timeZone", "UTC"},
      {"spark.sql.timestampType", "TIMESTAMP_LTZ"},
      {"spark.sql.ansi.enabled", "true"},
      {"spark.sql.ansi.doubleQuotedIdentifiers", "true"},
      {"spark.sql.parser.escapedStringLiterals", "false"},  // What SqlToken::ForSpark writes for.
      {"spark.sql.caseSensitive", "false"},
      // A view is what it was when it was defined: the table's version is
      // looked up once, and Lock() does not reach it.
      {"spark.sql.legacy.storeAnalyzedPlanForView", "true"}};
  return config;
}

// The folder of a table as Spark addresses it:
// delta.`file:/srv/lake/marts/sales_daily`.
std::string DeltaName(const std::string& url) {
  std::string name = "delta.`";
  for (char c : (url.starts_with('/') ? "file:" : "") + url) {
    if (c == '`') name.push_back('`');
    name.push_back(c);
  }
  return name + "`";
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
  State(const storage::Storage& lake_storage, const spark::Connection& server)
      : storage(lake_storage), connection(server) {}

  spark::Session& session() {
    if (session_) return *session_;
    auto opened = std::make_unique<spark::Session>(spark::SessionOptions{connection, SessionConfig(), nullptr});
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

  // The SQL as the session reads it, what it calls made ready.
  spark::Statement Prepare(std::string_view sql) {
    for (const auto& function : functions.Take(sql)) session().Execute({views.Rewrite(function), {}});
    return {views.Rewrite(sql), {}};
  }

  void CreateView(const std::string& view, const std::string& select) {
    session().Execute(Prepare(fmt::format("CREATE OR REPLACE TEMPORARY VIEW {} AS {}", QuoteName(view), select)));
  }

  const storage::Storage& storage;
  const spark::Connection connection;
  SessionViews views;
  SessionFunctions functions;

 private:
  std::mutex mutex_;
  bool interrupted_ = false;                 // Guarded by mutex_.
  std::unique_ptr<spark::Session> session_;  // Set under mutex_, by the thread that runs statements.
};

SparkEngine::SparkEngine(const storage::Storage& storage, const spark::Connection& connection)
    : state_(std::make_unique<State>(storage, connection)) {}

SparkEngine::~SparkEngine() = default;

void SparkEngine::Run(std::string_view sql) {
  for (const auto& statement : SplitStatements(sql)) {
    if (!state_->functions.Hold(statement)) state_->session().Execute(state_->Prepare(statement));
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
  state_->session().Query(state_->Prepare(sql), answer);
}

void SparkEngine::DefineTable(const std::string& name, const delta::Snapshot& snapshot) {
  state_->CreateView(SessionViews::ViewOf(name),
                     fmt::format("SELECT * FROM {} VERSION AS OF {}",
                                 DeltaName(state_->storage.Url(snapshot.table_path())), snapshot.version()));
  state_->views.Add(name);
}

void SparkEngine::DefineView(const std::string& name, const std::string& select) {
  state_->CreateView(SessionViews::ViewOf(name), select);
  state_->views.Add(name);
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
