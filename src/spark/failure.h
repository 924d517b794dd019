#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "spark/channel.h"

// What failed calls mean. For this room alone: it shows gRPC's types.
namespace qlake::spark {

// Throws Error{kInput} when the two sides do not agree on TLS, or on certificates.
void ThrowIfDistrusted(const Connection& connection, const grpc::Status& status);

// Whether Spark gives this class, or a subclass of it, as the reason.
bool IsOfClass(const grpc::Status& status, std::string_view error_class);

// Throws a StatementError, with positions in `sql` as far as Spark gives some; or Error{kInput} when the server does
// not let us in, Error{kUnavailable} when it has lost the session.
[[noreturn]] void ThrowFailure(Channel& channel, const grpc::Status& status, const std::string& sql);

// The place of a character, whose number Spark counts from 0, as line and column from 1. The text is UTF-8.
struct Place {
  int line = 1;
  int column = 1;
};
Place PlaceOf(std::string_view sql, int character);

// The first paragraph of what Spark says, without its error class in front and SQLSTATE behind, and without the SQL.
std::string Gist(std::string_view message);

}  // namespace qlake::spark
