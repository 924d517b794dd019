#include "kafka/schema_registry.h"

#include "base/error.h"
#include "base/json.h"

namespace qlake::kafka {
namespace {

using base::Json;

constexpr const char* kContentType = "application/vnd.schemaregistry.v1+json";
constexpr int kSchemaNotFound = 40403;
constexpr std::chrono::seconds kUnknownFor{10};
constexpr size_t kUnknownMax = 10'000;  // Ids of broken messages may be any.

std::string WithoutLastSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

int ErrorCodeOf(const http::Response& response) {
  Json body = Json::parse(response.body, nullptr, false);
  if (!body.is_object() || !body.contains("error_code") || !body["error_code"].is_number_integer()) return 0;
  return body["error_code"].get<int>();
}

Json ObjectOf(const http::Response& response, const std::string& question) {
  Json body = Json::parse(response.body, nullptr, false);
  if (!body.is_object()) throw base::InputError("what answers is no schema registry: {}", question);
  return body;
}

}  // namespace

SchemaRegistry::SchemaRegistry(SchemaRegistryOptions options)
    : url_(WithoutLastSlash(options.url)),
      client_({.username = options.username,
               .password = options.password,
               .ca_file = options.ca_file,
               .timeout = options.timeout}) {}

void SchemaRegistry::CheckStatus(const http::Response& response, const std::string& question) const {
  if (response.status == 200) return;
  const std::string answer = response.body.substr(0, 500);
  if (response.status == 401 || response.status == 403) {
    throw base::InputError(
        "the schema registry does not let us in, check registry.username and registry.password: {}: {}", question,
        response.status);
  }
  if (response.status == 408 || response.status == 429 || response.status >= 500) {
    throw base::UnavailableError("the schema registry does not answer: {}: {} {}", question, response.status, answer);
  }
  throw base::InputError("the schema registry refuses, check its address: {}: {} {}", question, response.status,
                         answer);
}

const Schema* SchemaRegistry::Find(int32_t id) {
  if (id <= 0)
    return nullptr;  // No registry gives such an id, and what one says when asked for it is not told anywhere.
  if (auto found = known_.find(id); found != known_.end()) return &found->second;
  auto unknown = unknown_since_.find(id);
  if (unknown != unknown_since_.end() && Clock::now() - unknown->second < kUnknownFor) return nullptr;
  auto schema = Fetch(id);
  if (schema) return &known_.emplace(id, *std::move(schema)).first->second;
  if (unknown_since_.size() >= kUnknownMax) unknown_since_.clear();
  unknown_since_[id] = Clock::now();
  return nullptr;
}

std::optional<Schema> SchemaRegistry::Fetch(int32_t id) {
  const std::string question = url_ + "/schemas/ids/" + std::to_string(id);
  auto response = client_.Get(question);
  // Any other 404 is that of a server which has no such API, and then no id would ever be known.
  if (response.status == 404 && ErrorCodeOf(response) == kSchemaNotFound) return std::nullopt;
  CheckStatus(response, question);
  Json body = ObjectOf(response, question);
  if (!body.contains("schema") || !body["schema"].is_string()) {
    throw base::InputError("what answers is no schema registry: {}", question);
  }
  return Schema{body.value("schemaType", "AVRO"), body["schema"].get<std::string>()};  // Left out for AVRO.
}

int32_t SchemaRegistry::Register(const std::string& subject, const Schema& schema) {
  const std::string question = url_ + "/subjects/" + subject + "/versions";
  Json request = {{"schemaType", schema.type}, {"schema", schema.text}};
  auto response = client_.Post(question, kContentType, request.dump());
  CheckStatus(response, question);
  Json body = ObjectOf(response, question);
  if (!body.contains("id") || !body["id"].is_number_integer()) {
    throw base::InputError("what answers is no schema registry: {}", question);
  }
  return body["id"].get<int32_t>();
}

}  // namespace qlake::kafka
