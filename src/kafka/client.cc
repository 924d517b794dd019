#include "kafka/client.h"

#include <array>
#include <fstream>
#include <thread>

#include "base/log.h"

namespace qlake::kafka {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kReachInterval{250};
constexpr std::chrono::seconds kAskInterval{1};
constexpr std::chrono::milliseconds kAskTimeout{100};
constexpr std::chrono::seconds kRefusedMax{30};

void Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> reason;
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) == RD_KAFKA_CONF_OK) return;
  // The reason repeats the value, which may be a secret, only for settings that are none.
  throw base::InputError("kafka refuses the setting {}: {}", name, reason.data());
}

// librdkafka's own message does not say which file it was.
void SetFile(rd_kafka_conf_t* conf, const std::string& name, const std::string& path) {
  if (path.empty()) return;
  if (!std::ifstream(path)) throw base::InputError("cannot read the file for kafka's setting {}: {}", name, path);
  Set(conf, name, path);
}

void SetUnlessEmpty(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  if (!value.empty()) Set(conf, name, value);
}

void SetSecurity(rd_kafka_conf_t* conf, const Connection& connection) {
  Set(conf, "security.protocol", connection.protocol);
  if (connection.protocol.starts_with("sasl_")) {
    Set(conf, "sasl.mechanism", connection.mechanism);
    Set(conf, "sasl.username", connection.username);
    Set(conf, "sasl.password", connection.password);
  }
  if (connection.protocol.ends_with("ssl")) {
    Set(conf, "ssl.ca.location", "probe");
    SetFile(conf, "ssl.ca.location", connection.ca_file);
    SetFile(conf, "ssl.certificate.location", connection.certificate_file);
    SetFile(conf, "ssl.key.location", connection.key_file);
    SetUnlessEmpty(conf, "ssl.key.password", connection.key_password);
  }
}

std::string TextOf(rd_kafka_resp_err_t code, const std::string& text) {
  return text.empty() ? rd_kafka_err2str(code) : text;
}

}  // namespace

std::string TextOf(rd_kafka_error_t* error) {
  Owned<rd_kafka_error_t> owned(error);
  return rd_kafka_error_string(owned.get());
}

Client::Client(Connection connection, const Role& role) : connection_(std::move(connection)), owner_(role.owner) {
  Owned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  Set(conf.get(), "bootstrap.servers", connection_.brokers);
  Set(conf.get(), "client.id", "qlake");
  Set(conf.get(), "reconnect.backoff.ms", "50");
  Set(conf.get(), "reconnect.backoff.max.ms", "1000");
  Set(conf.get(), "socket.connection.setup.timeout.ms", "5000");
  Set(conf.get(), "topic.metadata.refresh.interval.ms", "30000");
  SetSecurity(conf.get(), connection_);
  for (const auto& [name, value] : role.properties) Set(conf.get(), name, value);
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  rd_kafka_conf_set_log_cb(conf.get(), OnLog);
  if (role.set_callbacks != nullptr) role.set_callbacks(conf.get());

  std::array<char, 512> reason;
  handle_.reset(rd_kafka_new(role.type, conf.get(), reason.data(), reason.size()));
  if (!handle_)
    throw base::InputError("cannot set up the connection to kafka at {}: {}", connection_.brokers, reason.data());
  static_cast<void>(conf.release());  // It belongs to the client now.
}

Client::~Client() = default;

void Client::OnError(rd_kafka_t* handle, int code, const char* reason, void* opaque) {
  auto& client = *static_cast<Client*>(opaque);
  if (code != RD_KAFKA_RESP_ERR__FATAL) {
    client.NoteTrouble(static_cast<rd_kafka_resp_err_t>(code), reason);
    return;
  }
  std::array<char, 512> text;
  rd_kafka_fatal_error(handle, text.data(), text.size());
  client.fatal_ = text.data();
}

void Client::OnLog(const rd_kafka_t* handle, int, const char* facility, const char* text) {
  base::LogDebug("kafka client", {{"facility", facility}, {"text", text}});
  auto& client = *static_cast<Client*>(rd_kafka_opaque(handle));
  std::lock_guard lock(client.log_mutex_);
  if (std::string_view(facility) == "FAIL") client.last_failure_logged_ = text;
}

// Why no broker is reached often stands in the log alone, such as that one wants TLS.
std::string Client::LastWords() {
  std::lock_guard lock(log_mutex_);
  if (!last_failure_logged_.empty()) return last_failure_logged_;
  return trouble_.value_or("silence");
}

void Client::NoteTrouble(rd_kafka_resp_err_t code, const std::string& text) {
  bool refused = code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL ||
                 code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED;
  // That all brokers are down says less than why the last of them is.
  if (trouble_ && (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || (refused_ && !refused))) return;
  if (!trouble_ || refused != refused_) {
    trouble_since_ = Clock::now();
    if (reached_) base::LogWarn("kafka is in trouble", {{"brokers", connection_.brokers}, {"trouble", text}});
  }
  refused_ = refused;
  trouble_ = TextOf(code, text);
}

void Client::NoteWell() {
  reached_ = true;
  if (!trouble_) return;
  base::LogInfo("kafka is well again", {{"brokers", connection_.brokers}, {"trouble_was", *trouble_}});
  trouble_.reset();
  refused_ = false;
}

bool Client::Answers(std::chrono::milliseconds timeout) {
  asked_ = Clock::now();
  const struct rd_kafka_metadata* metadata = nullptr;
  auto code = rd_kafka_metadata(get(), 0, nullptr, &metadata, static_cast<int>(timeout.count()));
  Owned<const struct rd_kafka_metadata> owned(metadata);
  return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void Client::ThrowRefused() const {
  throw base::InputError("kafka at {} and we cannot agree on who we are, check protocol, user, password and CA: {}",
                         connection_.brokers, *trouble_);
}

void Client::Reach() {
  auto deadline = Clock::now() + connection_.timeout;
  while (!Answers(kReachInterval)) {
    rd_kafka_poll(get(), 0);
    if (fatal_) throw base::InputError("kafka at {}: {}", connection_.brokers, *fatal_);
    if (refused_) ThrowRefused();
    if (Clock::now() < deadline) continue;
    throw base::UnavailableError("no broker that speaks {} answers at {} within {} ms: {}", connection_.protocol,
                                 connection_.brokers, connection_.timeout.count(), LastWords());
  }
  NoteWell();
}

void Client::CheckTrouble() {
  if (fatal_) throw base::InputError("kafka at {}: {}", connection_.brokers, *fatal_);
  if (!trouble_ || Clock::now() - asked_ < kAskInterval) return;
  if (Answers(kAskTimeout)) return NoteWell();
  if (refused_ && Clock::now() - trouble_since_ > kRefusedMax) ThrowRefused();
}

std::string Client::ClusterId() {
  char* id = rd_kafka_clusterid(get(), static_cast<int>(connection_.timeout.count()));
  if (id == nullptr) throw base::UnavailableError("kafka at {} does not tell its cluster id", connection_.brokers);
  std::string copy = id;
  rd_kafka_mem_free(get(), id);
  return copy;
}

Owned<rd_kafka_event_t> Client::AwaitAnswer(rd_kafka_queue_t* queue, const std::string& question) {
  Owned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue, static_cast<int>(connection_.timeout.count())));
  if (!event) throw base::UnavailableError("kafka at {} does not answer: {}", connection_.brokers, question);
  if (auto code = rd_kafka_event_error(event.get())) {
    throw base::UnavailableError("kafka at {} does not answer: {}: {}", connection_.brokers, question,
                                 TextOf(code, rd_kafka_event_error_string(event.get())));
  }
  return event;
}

Topic Client::DescribeTopic(const std::string& name) {
  const char* names[] = {name.c_str()};
  Owned<rd_kafka_TopicCollection_t> wanted(rd_kafka_TopicCollection_of_topic_names(names, 1));
  Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(get()));
  rd_kafka_DescribeTopics(get(), wanted.get(), nullptr, queue.get());
  auto event = AwaitAnswer(queue.get(), "describe topic " + name);
  size_t count = 0;
  const auto* topics = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event.get()), &count);
  QLAKE_CHECK(count == 1);
  const rd_kafka_error_t* error = rd_kafka_TopicDescription_error(topics[0]);
  if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
    throw base::InputError("kafka at {} has no topic {}: create it, or check its name", connection_.brokers, name);
  }
  if (error != nullptr) {
    throw base::InputError("kafka at {} does not describe topic {}: {}", connection_.brokers, name,
                           rd_kafka_error_string(error));
  }
  size_t partitions = 0;
  rd_kafka_TopicDescription_partitions(topics[0], &partitions);
  return {name, rd_kafka_Uuid_base64str(rd_kafka_TopicDescription_topic_id(topics[0])), static_cast<int>(partitions)};
}

// The broker that answers may not have heard of the topic yet.
void Client::AwaitTopic(const std::string& name) {
  auto deadline = Clock::now() + connection_.timeout;
  while (true) {
    try {
      DescribeTopic(name);
      return;
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::kInput || Clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(kReachInterval / 10);
  }
}

bool Client::CreateTopic(const std::string& name, int partitions, const Properties& config) {
  std::array<char, 512> reason;
  constexpr int kReplicasOfTheBroker = -1;
  Owned<rd_kafka_NewTopic_t> topic(
      rd_kafka_NewTopic_new(name.c_str(), partitions, kReplicasOfTheBroker, reason.data(), reason.size()));
  if (!topic) throw base::InputError("kafka cannot have a topic {}: {}", name, reason.data());
  for (const auto& [key, value] : config) rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
  Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(get()));
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  rd_kafka_CreateTopics(get(), topics, 1, nullptr, queue.get());
  auto event = AwaitAnswer(queue.get(), "create topic " + name);
  size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  QLAKE_CHECK(count == 1);
  auto code = rd_kafka_topic_result_error(results[0]);
  if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return false;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    AwaitTopic(name);
    return true;
  }
  const char* text = rd_kafka_topic_result_error_string(results[0]);
  throw base::InputError("kafka at {} does not create topic {}: {}", connection_.brokers, name,
                         TextOf(code, text == nullptr ? "" : text));
}

}  // namespace qlake::kafka
