#include "hive/hive_server.h"

#include <HiveServer.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TSocket.h>

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "engine/value_text.h"
#include "hive/address.h"
#include "hive/sasl_plain.h"

namespace qlake::hive {
namespace {

using apache::thrift::TException;
using apache::thrift::transport::TTransportException;
using engine::ResultCell;

constexpr std::chrono::milliseconds kConnectTimeout{10'000};
// A server without SASL waits for more of what it takes for a call.
constexpr std::chrono::milliseconds kLoginTimeout{30'000};
constexpr std::chrono::milliseconds kLook{100};
// Who has no password says this one, as Hive's own clients do: its servers let nobody in without any.
constexpr const char* kNoPassword = "anonymous";
constexpr int32_t kProtocol = 9;  // V10: rows come by columns.
constexpr int64_t kRowsPerAnswer = 10'000;
constexpr int32_t kNext = 0;
constexpr size_t kTimestampDigits = 6;

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

void Require(const server::Status& status) {
  auto code = status.code;
  if (code == server::Code::SUCCESS || code == server::Code::SUCCESS_WITH_INFO ||
      code == server::Code::STILL_EXECUTING) {
    return;
  }
  throw base::InputError("HiveServer2 refuses: {}", FirstLine(status.message));
}

int32_t QualifierOf(const server::PrimitiveType& type, const std::string& name) {
  auto found = type.qualifiers.values.find(name);
  return found == type.qualifiers.values.end() ? 0 : found->second.number;
}

// As DESCRIBE says it.
std::string NameOf(const server::PrimitiveType& type) {
  switch (static_cast<server::Type::type>(type.type)) {
    case server::Type::BOOLEAN:
      return "boolean";
    case server::Type::TINYINT:
      return "tinyint";
    case server::Type::SMALLINT:
      return "smallint";
    case server::Type::INT:
      return "int";
    case server::Type::BIGINT:
      return "bigint";
    case server::Type::FLOAT:
      return "float";
    case server::Type::DOUBLE:
      return "double";
    case server::Type::STRING:
      return "string";
    case server::Type::TIMESTAMP:
      return "timestamp";
    case server::Type::BINARY:
      return "binary";
    case server::Type::DECIMAL:
      return fmt::format("decimal({},{})", QualifierOf(type, "precision"), QualifierOf(type, "scale"));
    case server::Type::DATE:
      return "date";
    case server::Type::VARCHAR:
      return fmt::format("varchar({})", QualifierOf(type, "characterMaximumLength"));
    case server::Type::CHAR:
      return fmt::format("char({})", QualifierOf(type, "characterMaximumLength"));
  }
  return "nested";
}

std::string WithFraction(std::string text, size_t digits) {
  if (digits == 0) return text;
  size_t point = text.find('.');
  if (point == std::string::npos) {
    point = text.size();
    text.push_back('.');
  }
  size_t has = text.size() - point - 1;
  if (has < digits) text.append(digits - has, '0');
  return text;
}

// Texts of values that come as such: a decimal at full scale, a timestamp to the microsecond.
std::string FormatText(const server::PrimitiveType& type, std::string text) {
  if (type.type == server::Type::DECIMAL) {
    return WithFraction(std::move(text), static_cast<size_t>(QualifierOf(type, "scale")));
  }
  if (type.type != server::Type::TIMESTAMP) return text;
  size_t space = text.find(' ');
  if (space != std::string::npos) text[space] = 'T';
  return WithFraction(std::move(text), kTimestampDigits);
}

template <typename Cells, typename ToText>
std::vector<ResultCell> TextsOf(const Cells& cells, ToText to_text) {
  std::vector<ResultCell> texts;
  texts.reserve(cells.values.size());
  size_t i = 0;
  for (const auto& value : cells.values) {
    bool is_null = i / 8 < cells.nulls.size() && (static_cast<uint8_t>(cells.nulls[i / 8]) >> (i % 8) & 1) != 0;
    texts.push_back(is_null ? ResultCell() : ResultCell(to_text(value)));
    ++i;
  }
  return texts;
}

// The column's cells, whatever they came as.
std::vector<ResultCell> CellsOf(const server::Column& column, const server::PrimitiveType& type) {
  auto as_integer = [](int64_t value) { return std::to_string(value); };
  if (column.__isset.bools) return TextsOf(column.bools, [](bool value) { return value ? "true" : "false"; });
  if (column.__isset.bytes) return TextsOf(column.bytes, as_integer);
  if (column.__isset.shorts) return TextsOf(column.shorts, as_integer);
  if (column.__isset.ints) return TextsOf(column.ints, as_integer);
  if (column.__isset.longs) return TextsOf(column.longs, as_integer);
  if (column.__isset.doubles) {
    bool is_float = type.type == server::Type::FLOAT;
    return TextsOf(column.doubles, [is_float](double value) {
      return is_float ? engine::FormatFloat(static_cast<float>(value)) : engine::FormatFloat(value);
    });
  }
  if (column.__isset.binaries) {
    return TextsOf(column.binaries, [](const std::string& value) { return engine::FormatBase64(value); });
  }
  return TextsOf(column.texts, [&](const std::string& value) { return FormatText(type, value); });
}

}  // namespace

class HiveServer::Session {
 public:
  explicit Session(const HiveServerOptions& options) : name_(options.address) {
    auto address = ParseAddress(options.address);
    if (!address) throw base::InputError("hiveserver.address must be host:port: {}", options.address);
    // It would write to standard error what an exception tells, too.
    apache::thrift::GlobalOutput.setOutputFunction([](const char*) {});
    socket_ = std::make_shared<apache::thrift::transport::TSocket>(address->host, address->port);
    socket_->setConnTimeout(static_cast<int>(kConnectTimeout.count()));
    socket_->setRecvTimeout(static_cast<int>(std::min(options.timeout, kLoginTimeout).count()));
    socket_->setSendTimeout(static_cast<int>(options.timeout.count()));
    try {
      Open(options);
    } catch (const TException& error) {
      throw base::UnavailableError(
          "no HiveServer2 answers at {}, start it, set hiveserver.address, or set hiveserver.auth to what its "
          "hive.server2.authentication is: {}",
          name_, error.what());
    }
  }
  ~Session() {
    try {
      server::CloseSessionRequest request;
      request.session = session_;
      server::CloseSessionAnswer answer;
      if (is_open_) client_->CloseSession(answer, request);
      socket_->close();
    } catch (const TException&) {
      // The server closes it when the connection is gone.
    }
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Query(const std::string& sql, const engine::ResultVisitor& visitor) {
    try {
      server::OperationRequest operation;
      operation.operation = Execute(sql);
      Await(operation);
      auto types = ReadTypes(operation, visitor);
      while (FetchInto(operation, types, visitor)) {
      }
      server::CloseOperationAnswer closed;
      client_->CloseOperation(closed, operation);
    } catch (const TException& error) {
      is_open_ = false;
      throw base::UnavailableError("HiveServer2 at {} went away while it was asked, run the command again: {}", name_,
                                   error.what());
    }
  }

 private:
  void Open(const HiveServerOptions& options) {
    socket_->open();
    std::shared_ptr<apache::thrift::transport::TTransport> transport;
    if (options.sasl) {
      LogInPlain(*socket_, name_, options.user, options.password.empty() ? kNoPassword : options.password);
      transport = std::make_shared<apache::thrift::transport::TFramedTransport>(socket_);
    } else {
      transport = std::make_shared<apache::thrift::transport::TBufferedTransport>(socket_);
    }
    socket_->setRecvTimeout(static_cast<int>(options.timeout.count()));
    client_ = std::make_unique<server::HiveServerClient>(
        std::make_shared<apache::thrift::protocol::TBinaryProtocol>(transport));
    server::OpenSessionRequest request;
    request.protocol = kProtocol;
    request.__set_username(options.user);
    request.__set_password(options.password);
    server::OpenSessionAnswer answer;
    client_->OpenSession(answer, request);
    Require(answer.status);
    session_ = answer.session;
    is_open_ = true;
  }

  server::Operation Execute(const std::string& sql) {
    server::ExecuteStatementRequest request;
    request.session = session_;
    request.statement = sql;
    request.__set_in_background(true);
    server::ExecuteStatementAnswer answer;
    client_->ExecuteStatement(answer, request);
    Require(answer.status);
    return answer.operation;
  }

  // The server answers when the query is done, or after some seconds.
  void Await(const server::OperationRequest& operation) {
    while (true) {
      server::OperationStatusAnswer answer;
      client_->GetOperationStatus(answer, operation);
      Require(answer.status);
      switch (answer.state) {
        case server::State::FINISHED:
          return;
        case server::State::INITIALIZED:
        case server::State::RUNNING:
        case server::State::PENDING:
          std::this_thread::sleep_for(kLook);
          break;
        default:
          throw base::InputError("HiveServer2 does not answer the query: {}", FirstLine(answer.message));
      }
    }
  }

  std::vector<server::PrimitiveType> ReadTypes(const server::OperationRequest& operation,
                                               const engine::ResultVisitor& visitor) {
    server::ResultSchemaAnswer answer;
    client_->GetResultSetMetadata(answer, operation);
    Require(answer.status);
    std::vector<server::PrimitiveType> types;
    std::vector<engine::ResultColumn> columns;
    for (const auto& column : answer.schema.columns) {
      types.push_back(column.type.entries.empty() ? server::PrimitiveType() : column.type.entries.front().primitive);
      columns.push_back({column.name.substr(column.name.find('.') + 1), NameOf(types.back())});
    }
    if (visitor.on_columns) visitor.on_columns(columns);
    return types;
  }

  // False: there are no more, or no more are wanted.
  bool FetchInto(const server::OperationRequest& operation, const std::vector<server::PrimitiveType>& types,
                 const engine::ResultVisitor& visitor) {
    server::FetchRequest request;
    request.operation = operation.operation;
    request.orientation = kNext;
    request.rows_max = kRowsPerAnswer;
    server::FetchAnswer answer;
    client_->FetchResults(answer, request);
    Require(answer.status);
    const auto& sent = answer.rows.columns;
    if (sent.empty()) return false;
    if (sent.size() != types.size()) {
      throw base::IoError("HiveServer2 at {} sent {} columns of {}", name_, sent.size(), types.size());
    }
    std::vector<std::vector<ResultCell>> columns;
    for (size_t i = 0; i < sent.size(); ++i) columns.push_back(CellsOf(sent[i], types[i]));
    size_t rows = columns.empty() ? 0 : columns.front().size();
    for (size_t row = 0; row < rows; ++row) {
      engine::ResultRow cells;
      for (auto& column : columns) cells.push_back(std::move(column.at(row)));
      if (!visitor.on_row(cells)) return false;
    }
    return rows > 0;
  }

  const std::string name_;
  std::shared_ptr<apache::thrift::transport::TSocket> socket_;
  std::unique_ptr<server::HiveServerClient> client_;
  server::Session session_;
  bool is_open_ = false;
};

HiveServer::HiveServer(const HiveServerOptions& options) : session_(std::make_unique<Session>(options)) {}

HiveServer::~HiveServer() = default;

void HiveServer::Query(const std::string& sql, const engine::ResultVisitor& visitor) { session_->Query(sql, visitor); }

}  // namespace qlake::hive
