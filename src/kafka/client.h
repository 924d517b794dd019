#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "kafka/connection.h"
#include "kafka/topic.h"

// What consumer and producer share. For this room alone: it shows librdkafka's types.
namespace qlake::kafka {

struct DestroyHandle {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_TopicCollection_t* topics) const { rd_kafka_TopicCollection_destroy(topics); }
  void operator()(const struct rd_kafka_metadata* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
template <typename T>
using Owned = std::unique_ptr<T, DestroyHandle>;

// librdkafka's settings by their names there.
using Properties = std::map<std::string, std::string>;

// One librdkafka client and what it complains about. librdkafka retries for ever, with a wrong password as with a
// broker that is just restarting; this class tells the two apart. Not thread-safe.
class Client {
 public:
  struct Role {
    rd_kafka_type_t type = RD_KAFKA_CONSUMER;
    Properties properties;
    void (*set_callbacks)(rd_kafka_conf_t*) = nullptr;  // They find `owner` with OwnerOf(opaque).
    void* owner = nullptr;
  };

  // Does no I/O. Throws Error{kInput} on properties that librdkafka refuses, such as a CA file that it cannot read.
  Client(Connection connection, const Role& role);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* get() const { return handle_.get(); }
  const Connection& connection() const { return connection_; }
  static void* OwnerOf(void* opaque) { return static_cast<Client*>(opaque)->owner_; }

  // Waits for the first answer of a broker. Throws Error{kInput} on a wrong password or certificate at once, and
  // Error{kUnavailable} when the connection's time-out is over.
  void Reach();

  // All three ask the cluster and throw Error{kUnavailable} when it does not answer; DescribeTopic throws Error{kInput}
  // when there is no such topic or we may not see it.
  std::string ClusterId();
  Topic DescribeTopic(const std::string& name);
  // False: it was there.
  bool CreateTopic(const std::string& name, int partitions, const Properties& config);

  // What it complains about and has not got over; nothing while all is well.
  const std::optional<std::string>& trouble() const { return trouble_; }
  void NoteTrouble(rd_kafka_resp_err_t code, const std::string& text);
  void NoteWell();  // A broker answered.

  // Throws what the client will not get over by itself: a fatal error, or that our credentials are refused: at once
  // before the first answer, later when it lasts, because a broker that starts refuses passwords that it has yet to
  // load. Finds out, at most once a second, whether trouble is over.
  void CheckTrouble();

 private:
  static void OnError(rd_kafka_t* handle, int code, const char* reason, void* opaque);
  // From librdkafka's threads.
  static void OnLog(const rd_kafka_t* handle, int level, const char* facility, const char* text);

  bool Answers(std::chrono::milliseconds timeout);
  [[noreturn]] void ThrowRefused() const;
  void AwaitTopic(const std::string& name);
  Owned<rd_kafka_event_t> AwaitAnswer(rd_kafka_queue_t* queue, const std::string& question);

  std::string LastWords();

  const Connection connection_;
  void* const owner_;
  std::mutex log_mutex_;
  std::string last_failure_logged_;  // Guarded by log_mutex_.
  std::optional<std::string> trouble_;
  std::optional<std::string> fatal_;
  bool reached_ = false;
  bool refused_ = false;  // The trouble is about credentials.
  std::chrono::steady_clock::time_point trouble_since_;
  std::chrono::steady_clock::time_point asked_;
  Owned<rd_kafka_t> handle_;
};

// The text of an error object, which is released.
std::string TextOf(rd_kafka_error_t* error);

}  // namespace qlake::kafka
