#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "http/client.h"

namespace qlake::kafka {

struct SchemaRegistryOptions {
  std::string url;  // Of the API: http://host:8081, or of Apicurio http://host:8080/apis/ccompat/v7
  std::string username;
  std::string password;
  std::string ca_file;
  std::chrono::milliseconds timeout{10'000};
};

struct Schema {
  std::string type;  // JSON, AVRO, PROTOBUF
  std::string text;
};

// A registry with Confluent's API. Schemas never change, so each is fetched once. Throws Error{kUnavailable} when the
// registry does not answer, Error{kInput} when there is none at that address or it does not let us in. Not thread-safe.
class SchemaRegistry {
 public:
  explicit SchemaRegistry(SchemaRegistryOptions options);  // Does no I/O.

  // Nothing: the registry knows no schema of that id. That is asked again only after a while.
  const Schema* Find(int32_t id);

  // The id of the schema, which is registered under the subject unless it is there.
  int32_t Register(const std::string& subject, const Schema& schema);

 private:
  using Clock = std::chrono::steady_clock;

  void CheckStatus(const http::Response& response, const std::string& question) const;
  std::optional<Schema> Fetch(int32_t id);

  const std::string url_;
  http::Client client_;
  std::unordered_map<int32_t, Schema> known_;
  std::unordered_map<int32_t, Clock::time_point> unknown_since_;
};

}  // namespace qlake::kafka
