// What librdkafka and simdjson alone take to bring a topic of app events into columns: no table, no file, no judgement.
//
//   kafka_columns_bench BROKERS TOPIC MESSAGES     prints {"wall_ms", "cpu_ms", "messages", "rows"}
//
// Columns are those of project/events/app_events.toml, typed as there; they are dropped every 250,000 rows, as a batch
// that was written would be.
#include <librdkafka/rdkafka.h>
#include <simdjson.h>
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kBatchRows = 250'000;
constexpr size_t kPollMessages = 10'000;
constexpr int kPollMs = 100;

struct TextColumn {
  std::string bytes;
  std::vector<int32_t> ends;
  void Append(std::string_view text) {
    bytes += text;
    ends.push_back(static_cast<int32_t>(bytes.size()));
  }
  void Pad(size_t rows) {
    if (ends.size() < rows) ends.push_back(static_cast<int32_t>(bytes.size()));
  }
  void Clear() {
    bytes.clear();
    ends.clear();
  }
};

template <typename Value>
struct NumberColumn {
  std::vector<Value> values;
  void Pad(size_t rows) {
    if (values.size() < rows) values.push_back(Value{});
  }
};

// "2023-05-20T14:03:07" in seconds since 1970.
int64_t SecondsOf(std::string_view text) {
  auto number = [&](size_t at, size_t digits) {
    int64_t value = 0;
    for (size_t i = at; i < at + digits && i < text.size(); ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  using namespace std::chrono;
  auto day = sys_days(year(static_cast<int>(number(0, 4))) / static_cast<unsigned>(number(5, 2)) /
                      static_cast<unsigned>(number(8, 2)));
  return int64_t{day.time_since_epoch().count()} * 86'400 + number(11, 2) * 3600 + number(14, 2) * 60 + number(17, 2);
}

class Columns {
 public:
  void Append(ondemand::object event) {
    ++rows_;
    Take(event);
    for (auto& column : texts_) column.Pad(rows_);
    times_.Pad(rows_);
    quantities_.Pad(rows_);
    amounts_.Pad(rows_);
    if (rows_ == kBatchRows) Clear();
  }

 private:
  static constexpr std::array<std::string_view, 8> kTexts = {
      "eventType",     "customerId",           "productId", "category", "source",
      "paymentMethod", "recommendedProductId", "algorithm"};

  void Take(ondemand::object object) {
    for (auto field : object) {
      std::string_view key = field.unescaped_key();
      if (key == "metadata") {
        Take(field.value().get_object());
      } else if (key == "timestamp") {
        times_.values.push_back(SecondsOf(field.value().get_string()));
      } else if (key == "quantity") {
        quantities_.values.push_back(static_cast<int32_t>(int64_t{field.value().get_int64()}));
      } else if (key == "totalAmount") {
        amounts_.values.push_back(field.value().get_double());
      } else {
        for (size_t i = 0; i < kTexts.size(); ++i) {
          if (kTexts[i] == key) texts_[i].Append(field.value().get_string());
        }
      }
    }
  }

  void Clear() {
    for (auto& column : texts_) column.Clear();
    times_.values.clear();
    quantities_.values.clear();
    amounts_.values.clear();
    rows_ = 0;
  }

  size_t rows_ = 0;
  std::array<TextColumn, kTexts.size()> texts_;
  NumberColumn<int64_t> times_;
  NumberColumn<int32_t> quantities_;
  NumberColumn<double> amounts_;
};

rd_kafka_t* Connect(const std::string& brokers) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  // As fast as it goes: a full queue all the time, and no group to be joined.
  for (const auto& [name, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"bootstrap.servers", brokers.c_str()},
                                                                  {"group.id", "kafka_columns_bench"},
                                                                  {"enable.auto.commit", "false"},
                                                                  {"queued.min.messages", "1000000"},
                                                                  {"queued.max.messages.kbytes", "262144"},
                                                                  {"fetch.queue.backoff.ms", "5"}}) {
    if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) throw std::runtime_error(error);
  }
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
  if (client == nullptr) throw std::runtime_error(error);
  rd_kafka_poll_set_consumer(client);
  return client;
}

void AssignAll(rd_kafka_t* client, const char* topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic, nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client, 0, handle, &metadata, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("no broker answers");
  }
  auto* partitions = rd_kafka_topic_partition_list_new(4);
  for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) {
    rd_kafka_topic_partition_list_add(partitions, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(client, partitions);
  rd_kafka_topic_partition_list_destroy(partitions);
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(handle);
}

double CpuMs() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

void Run(const std::string& brokers, const char* topic, int64_t wanted) {
  auto began = std::chrono::steady_clock::now();
  rd_kafka_t* client = Connect(brokers);
  AssignAll(client, topic);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client);
  std::vector<rd_kafka_message_t*> messages(kPollMessages);
  std::vector<char> padded;
  ondemand::parser parser;
  Columns columns;
  int64_t seen = 0;
  int64_t rows = 0;
  while (seen < wanted) {
    ssize_t count = rd_kafka_consume_batch_queue(queue, kPollMs, messages.data(), messages.size());
    for (ssize_t i = 0; i < count; ++i) {
      rd_kafka_message_t* message = messages[static_cast<size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++seen;
        const auto* bytes = static_cast<const char*>(message->payload);
        padded.assign(bytes, bytes + message->len);
        padded.resize(message->len + simdjson::SIMDJSON_PADDING);
        ondemand::document event;
        ondemand::object object;
        if (parser.iterate(padded.data(), message->len, padded.size()).get(event) == simdjson::SUCCESS &&
            event.get_object().get(object) == simdjson::SUCCESS) {
          columns.Append(object);
          ++rows;
        }
      }
      rd_kafka_message_destroy(message);
    }
  }
  double wall_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
  std::printf("{\"wall_ms\": %.1f, \"cpu_ms\": %.1f, \"messages\": %lld, \"rows\": %lld}\n", wall_ms, CpuMs(),
              static_cast<long long>(seen), static_cast<long long>(rows));
  std::fflush(stdout);
  // Nothing is left to be said to the broker.
  std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: kafka_columns_bench BROKERS TOPIC MESSAGES\n");
    return 2;
  }
  try {
    Run(argv[1], argv[2], std::atoll(argv[3]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kafka_columns_bench: %s\n", error.what());
    return 1;
  }
}
