#include "spark/session.h"

#include "spark/arrow_bytes.h"
#include "spark/channel.h"
#include "spark/execution.h"
#include "spark/failure.h"
#include "spark/upload.h"

namespace qlake::spark {
namespace {

proto::Relation RelationOf(const std::string& sql) {
  proto::Relation relation;
  relation.mutable_sql()->set_query(sql);
  return relation;
}

std::vector<OperatorMetrics> MetricsOf(const proto::ExecutePlanResponse::Metrics& metrics) {
  std::vector<OperatorMetrics> operators;
  for (const auto& metric : metrics.metrics()) {
    OperatorMetrics& one = operators.emplace_back(OperatorMetrics{.name = metric.name(), .values = {}});
    for (const auto& [name, value] : metric.execution_metrics()) one.values[name] = value.value();
  }
  return operators;
}

Progress ProgressOf(const proto::ExecutePlanResponse::ExecutionProgress& report) {
  Progress progress{.tasks_running = report.num_inflight_tasks()};
  for (const auto& stage : report.stages()) {
    progress.tasks += stage.num_tasks();
    progress.tasks_done += stage.num_completed_tasks();
    progress.bytes_read += stage.input_bytes_read();
  }
  return progress;
}

}  // namespace

class Session::Client {
 public:
  explicit Client(SessionOptions options)
      : channel_(std::move(options.connection)), on_progress_(std::move(options.on_progress)) {}

  Channel& channel() { return channel_; }

  proto::ConfigResponse Config(const proto::ConfigRequest::Operation& operation) {
    channel_.CheckInterrupted();
    auto request = channel_.NewRequest<proto::ConfigRequest>();
    *request.mutable_operation() = operation;
    return channel_.Ask(&Channel::Stub::Config, request);
  }

  void Set(const std::map<std::string, std::string>& config) {
    proto::ConfigRequest::Operation operation;
    for (const auto& [key, value] : config) {
      auto* pair = operation.mutable_set()->add_pairs();
      pair->set_key(key);
      pair->set_value(value);
    }
    operation.mutable_set();
    Config(operation);
  }

  // What a plan answers: rows to the visitor, metrics to the caller, and for a SQL command the relation of its answer.
  struct Outcome {
    std::vector<OperatorMetrics> metrics;
    proto::Relation relation;
    proto::WriteStreamOperationStartResult started;
    proto::StreamingQueryCommandResult query;
  };
  Outcome Run(proto::Plan plan, const std::string& sql, const AnswerVisitor& visitor) {
    Outcome outcome;
    Execution execution(channel_, std::move(plan), sql);
    StreamDecoder decoder(visitor);
    proto::ExecutePlanResponse response;
    while (execution.Next(response)) {
      if (response.has_metrics()) outcome.metrics = MetricsOf(response.metrics());
      if (response.has_execution_progress() && on_progress_) on_progress_(ProgressOf(response.execution_progress()));
      if (response.has_sql_command_result()) {
        outcome.relation.Swap(response.mutable_sql_command_result()->mutable_relation());
      }
      if (response.has_write_stream_operation_start_result()) {
        outcome.started.Swap(response.mutable_write_stream_operation_start_result());
      }
      if (response.has_streaming_query_command_result()) {
        outcome.query.Swap(response.mutable_streaming_query_command_result());
      }
      if (response.has_arrow_batch() && !decoder.Add(std::move(*response.mutable_arrow_batch()->mutable_data()))) break;
    }
    return outcome;
  }

  std::vector<OperatorMetrics> Query(proto::Relation relation, const std::string& sql, const AnswerVisitor& visitor) {
    proto::Plan plan;
    plan.mutable_root()->Swap(&relation);
    return Run(std::move(plan), sql, visitor).metrics;
  }

  template <typename Fill>
  proto::StreamingQueryCommandResult Ask(const StreamingQuery& query, Fill fill) {
    proto::Plan plan;
    auto& command = *plan.mutable_command()->mutable_streaming_query_command();
    command.mutable_query_id()->set_id(query.id);
    command.mutable_query_id()->set_run_id(query.run_id);
    fill(command);
    return Run(std::move(plan), "", {}).query;
  }

 private:
  Channel channel_;
  const std::function<void(const Progress&)> on_progress_;
};

Session::Session(SessionOptions options) {
  auto config = options.config;
  client_ = std::make_unique<Client>(std::move(options));
  client_->Set(config);
}

Session::~Session() { client_->channel().ReleaseSession(id()); }

const std::string& Session::id() const { return client_->channel().session_id(); }

std::string Session::ServerVersion() {
  auto request = client_->channel().NewRequest<proto::AnalyzePlanRequest>();
  request.mutable_spark_version();
  return client_->channel().Ask(&Channel::Stub::AnalyzePlan, request).spark_version().version();
}

void Session::Set(const std::map<std::string, std::string>& config) { client_->Set(config); }

void Session::Unset(const std::vector<std::string>& keys) {
  proto::ConfigRequest::Operation operation;
  for (const auto& key : keys) operation.mutable_unset()->add_keys(key);
  client_->Config(operation);
}

std::optional<std::string> Session::Get(const std::string& key) {
  proto::ConfigRequest::Operation operation;
  operation.mutable_get_option()->add_keys(key);
  auto response = client_->Config(operation);
  if (response.pairs_size() == 0 || !response.pairs(0).has_value()) return std::nullopt;
  return response.pairs(0).value();
}

Answer Session::Execute(const Statement& statement) {
  std::string sql = BindParameters(statement);
  TableBuilder rows;
  proto::Plan plan;
  *plan.mutable_command()->mutable_sql_command()->mutable_input() = RelationOf(sql);
  auto outcome = client_->Run(std::move(plan), sql, {});
  if (!outcome.relation.has_local_relation()) {
    outcome.metrics = client_->Query(std::move(outcome.relation), sql, rows.visitor());
  } else if (auto& local = *outcome.relation.mutable_local_relation(); local.has_data()) {
    AnswerVisitor visitor = rows.visitor();
    StreamDecoder(visitor).Add(std::move(*local.mutable_data()));
  }
  return {.rows = rows.Build(), .metrics = std::move(outcome.metrics)};
}

std::vector<OperatorMetrics> Session::Query(const Statement& statement, const AnswerVisitor& visitor) {
  std::string sql = BindParameters(statement);
  return client_->Query(RelationOf(sql), sql, visitor);
}

std::shared_ptr<arrow::Table> Session::Fetch(const Statement& statement) {
  TableBuilder rows;
  Query(statement, rows.visitor());
  return rows.Build();
}

void Session::CreateView(const std::string& name, const arrow::Table& table) {
  proto::Plan plan;
  auto& view = *plan.mutable_command()->mutable_create_dataframe_view();
  *view.mutable_input() = Upload(client_->channel(), table);
  view.set_name(name);
  view.set_replace(true);
  client_->Run(std::move(plan), "", {});
}

void Session::CreateStreamView(const std::string& name, const std::string& format,
                               const std::map<std::string, std::string>& options) {
  proto::Plan plan;
  auto& view = *plan.mutable_command()->mutable_create_dataframe_view();
  auto& read = *view.mutable_input()->mutable_read();
  read.set_is_streaming(true);
  read.mutable_data_source()->set_format(format);
  for (const auto& [key, value] : options) (*read.mutable_data_source()->mutable_options())[key] = value;
  view.set_name(name);
  view.set_replace(true);
  client_->Run(std::move(plan), "", {});
}

StreamingQuery Session::StartQuery(const StreamingQueryOptions& options) {
  proto::Plan plan;
  auto& start = *plan.mutable_command()->mutable_write_stream_operation_start();
  *start.mutable_input() = RelationOf(options.sql);
  start.set_format(options.format);
  for (const auto& [key, value] : options.options) (*start.mutable_options())[key] = value;
  for (const auto& column : options.partition_columns) start.add_partitioning_column_names(column);
  start.set_processing_time_interval(std::to_string(options.trigger_every.count()) + " milliseconds");
  start.set_output_mode("append");
  start.set_query_name(options.name);
  start.set_path(options.path);
  auto started = client_->Run(std::move(plan), options.sql, {}).started;
  return {started.query_id().id(), started.query_id().run_id()};
}

StreamingQueryStatus Session::StatusOf(const StreamingQuery& query) {
  auto status = client_->Ask(query, [](auto& command) { command.set_status(true); }).status();
  StreamingQueryStatus answer{.is_active = status.is_active(), .message = status.status_message(), .failure = ""};
  if (!answer.is_active) {
    auto exception = client_->Ask(query, [](auto& command) { command.set_exception(true); }).exception();
    answer.failure = Gist(exception.exception_message());
  }
  return answer;
}

void Session::StopQuery(const StreamingQuery& query) {
  client_->Ask(query, [](auto& command) { command.set_stop(true); });
}

void EndSession(const Connection& connection, const std::string& session_id) {
  Channel(connection).ReleaseSession(session_id);
}

void Session::Interrupt() { client_->channel().Interrupt(); }

}  // namespace qlake::spark
