#include "spark/failure.h"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <optional>
#include <vector>

namespace qlake::spark {
namespace {

using namespace std::chrono_literals;

// What the status itself carries; the server keeps the rest under `error_id` for a while.
struct Label {
  std::string error_id;
  std::string error_class;
  std::string sql_state;
};

Label LabelOf(const grpc::Status& status) {
  Label label;
  ::google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return label;
  for (const auto& any : details.details()) {
    ::google::rpc::ErrorInfo info;
    if (!any.Is<::google::rpc::ErrorInfo>() || !any.UnpackTo(&info)) continue;
    auto find = [&](const char* key) {
      auto at = info.metadata().find(key);
      return at == info.metadata().end() ? std::string() : at->second;
    };
    label = {find("errorId"), find("errorClass"), find("sqlState")};
  }
  return label;
}

std::optional<proto::FetchErrorDetailsResponse::Error> FetchDetails(Channel& channel, const std::string& error_id) {
  if (error_id.empty()) return std::nullopt;
  auto request = channel.NewRequest<proto::FetchErrorDetailsRequest>();
  request.set_error_id(error_id);
  proto::FetchErrorDetailsResponse response;
  auto context = channel.NewContext(channel.connection().answer_timeout);
  grpc::Status status = channel.stub().FetchErrorDetails(context.get(), request, &response);
  if (!status.ok() || !response.has_root_error_idx() || response.root_error_idx() >= response.errors_size()) {
    return std::nullopt;
  }
  return response.errors(response.root_error_idx());
}

// Classes 22 (data), 42 (syntax, names, types), 0A (not supported), 21, 23 (constraints), 54 (limits): the SQL or the
// rows. 2D521 is Delta's lost race of two writers.
base::ErrorKind KindOf(std::string_view sql_state) {
  if (sql_state == "2D521") return base::ErrorKind::kUnavailable;
  constexpr std::array<std::string_view, 7> kInput = {"07", "0A", "21", "22", "23", "42", "54"};
  bool is_input = std::any_of(kInput.begin(), kInput.end(), [&](auto start) { return sql_state.starts_with(start); });
  return is_input ? base::ErrorKind::kInput : base::ErrorKind::kIo;
}

// The parser names its place in the message only: "(line 1, pos 7)", the position counted from 0.
std::optional<Place> PlaceInMessage(std::string_view message) {
  Place place;
  size_t at = message.rfind("(line ");
  if (at == std::string_view::npos) return std::nullopt;
  std::string text(message.substr(at));
  if (std::sscanf(text.c_str(), "(line %d, pos %d)", &place.line, &place.column) != 2) return std::nullopt;
  ++place.column;
  return place;
}

std::optional<Place> PlaceIn(const std::string& sql, const proto::FetchErrorDetailsResponse::Error& error) {
  if (sql.empty()) return std::nullopt;
  for (const auto& context : error.spark_throwable().query_contexts()) {
    bool is_ours = context.context_type() == proto::FetchErrorDetailsResponse::QueryContext::SQL &&
                   context.object_name().empty() && context.stop_index() >= context.start_index();
    if (is_ours && context.start_index() >= 0) return PlaceOf(sql, context.start_index());
  }
  return PlaceInMessage(error.message());
}

[[noreturn]] void ThrowRefused(const Connection& connection, const grpc::Status& status) {
  throw base::InputError("spark connect at {} does not let us in, check the token: {}", NameOf(connection),
                         status.error_message());
}

[[noreturn]] void ThrowLost(const Connection& connection) {
  throw base::UnavailableError(
      "spark connect at {} has lost our session (it was started anew, or closed an idle one): what the statement did "
      "is "
      "unknown, run the command again",
      NameOf(connection));
}

}  // namespace

bool IsBroken(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return true;
    // gRPC's own, about streams that were cut. The server's always have details.
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::CANCELLED:
      return status.error_details().empty() || IsOfClass(status, "INVALID_CURSOR.DISCONNECTED");
    default:
      return false;
  }
}

void ThrowGone(const Connection& connection, const grpc::Status& status) {
  throw base::UnavailableError("spark connect at {} does not answer, start it or check the address: {}",
                               NameOf(connection), status.error_message());
}

void ThrowIfDistrusted(const Connection& connection, const grpc::Status& status) {
  const std::string& text = status.error_message();
  auto says = [&](const char* words) { return text.find(words) != std::string::npos; };
  if (!connection.use_tls || !(says("handshake failed") || says("CERTIFICATE_VERIFY_FAILED"))) return;
  throw base::InputError(
      "spark connect at {} and we do not agree on TLS, check the CA and whether the server speaks it: {}",
      NameOf(connection), text);
}

bool IsOfClass(const grpc::Status& status, std::string_view error_class) {
  std::string given = LabelOf(status).error_class;
  return given.empty() ? status.error_message().find(error_class) != std::string::npos : given.starts_with(error_class);
}

void ThrowFailure(Channel& channel, const grpc::Status& status, const std::string& sql) {
  const Connection& connection = channel.connection();
  if (IsBroken(status)) ThrowGone(connection, status);
  if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED ||
      status.error_code() == grpc::StatusCode::PERMISSION_DENIED) {
    ThrowRefused(connection, status);
  }
  if (IsOfClass(status, "INVALID_HANDLE.SESSION_")) ThrowLost(connection);

  Label label = LabelOf(status);
  StatementError::Cause cause{.error_class = label.error_class, .sql_state = label.sql_state};
  std::string message = status.error_message();
  if (auto error = FetchDetails(channel, label.error_id)) {
    message = error->message();
    if (error->has_spark_throwable() && !error->spark_throwable().error_class().empty()) {
      cause.error_class = error->spark_throwable().error_class();
      cause.sql_state = error->spark_throwable().sql_state();
    }
    if (auto place = PlaceIn(sql, *error)) {
      cause.line = place->line;
      cause.column = place->column;
    }
  }
  std::string where = cause.line == 0 ? "" : fmt::format(" at line {}, column {}", cause.line, cause.column);
  std::string name = cause.error_class.empty() ? "" : fmt::format(" ({})", cause.error_class);
  throw StatementError(KindOf(cause.sql_state), fmt::format("spark fails{}{}: {}", where, name, Gist(message)), cause);
}

Place PlaceOf(std::string_view sql, int character) {
  Place place;
  int passed = 0;
  for (char byte : sql) {
    bool goes_on = (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
    if (goes_on) continue;
    if (passed++ == character) return place;
    place = byte == '\n' ? Place{place.line + 1, 1} : Place{place.line, place.column + 1};
  }
  return place;
}

std::string Gist(std::string_view message) {
  message.remove_prefix(std::min(message.find_first_not_of(" \n"), message.size()));
  message = message.substr(0, message.find("\n== SQL"));
  message = message.substr(0, message.find(";\n"));
  message = message.substr(0, message.find("\n\n"));
  message = message.substr(0, message.find("\n\tat "));
  if (message.starts_with('[')) {
    size_t end = message.find("] ");
    if (end != std::string_view::npos) message.remove_prefix(end + 2);
  }
  if (size_t at = message.rfind(" SQLSTATE: "); at != std::string_view::npos) message = message.substr(0, at);
  while (!message.empty() && std::isspace(static_cast<unsigned char>(message.back()))) message.remove_suffix(1);
  return std::string(message);
}

}  // namespace qlake::spark
