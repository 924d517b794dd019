#pragma once

#include <thrift/transport/TTransport.h>

#include <memory>
#include <string>

namespace qlake::hive {

// Logs in by SASL's PLAIN (RFC 4616) as Thrift's servers in Java do it: each message is a byte that says how far it is
// (1: begins, with the name of the mechanism; 2: goes on; 3 and 4: refused; 5: done), four bytes of length, and the
// bytes. REQUIRES: the transport is open. What follows on it is framed. Throws Error{kInput} with what the server says
// when it refuses.
void LogInPlain(apache::thrift::transport::TTransport& transport, const std::string& server, const std::string& user,
                const std::string& password);

}  // namespace qlake::hive
