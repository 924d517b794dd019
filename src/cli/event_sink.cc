#include "cli/event_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/error.h"
#include "kafka/wire_format.h"

namespace qlake::cli {
namespace {

class TopicSink final : public EventSink {
 public:
  TopicSink(const kafka::ProducerOptions& options, std::optional<int32_t> schema_id)
      : topic_(options.topic), schema_id_(schema_id), producer_(options) {}

  void Send(std::string_view key, std::string_view text) override {
    if (schema_id_) {
      producer_.Send(key, kafka::Frame(*schema_id_, text));
    } else {
      producer_.Send(key, text);
    }
  }
  void HandOn() override { producer_.CheckFailures(); }
  void Flush() override { producer_.Flush(); }
  std::string Name() const override { return "topic " + topic_; }

 private:
  const std::string topic_;
  const std::optional<int32_t> schema_id_;
  kafka::Producer producer_;
};

class FileSink final : public EventSink {
 public:
  explicit FileSink(const std::string& path) : path_(path) {
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd_ < 0) Fail("cannot open");
    EndLastLine();
  }
  ~FileSink() override { ::close(fd_); }

  void Send(std::string_view, std::string_view text) override {
    buffer_ += text;
    buffer_ += '\n';
    if (buffer_.size() > kBufferBytes) HandOn();
  }

  void Flush() override { HandOn(); }

  // Whole lines, whoever reads along.
  void HandOn() override {
    std::string_view left = buffer_;
    while (!left.empty()) {
      ssize_t written = ::write(fd_, left.data(), left.size());
      if (written < 0 && errno != EINTR) Fail("cannot write to");
      left.remove_prefix(static_cast<size_t>(std::max<ssize_t>(written, 0)));
    }
    buffer_.clear();
  }
  std::string Name() const override { return path_; }

 private:
  static constexpr size_t kBufferBytes = 1 << 18;

  void EndLastLine() {
    char last = '\n';
    const off_t size = ::lseek(fd_, 0, SEEK_END);
    if (size > 0 && ::pread(fd_, &last, 1, size - 1) != 1) Fail("cannot read");
    if (last != '\n') buffer_ = "\n";
  }

  [[noreturn]] void Fail(const char* what) const {
    throw base::IoError("{} {}: {}", what, path_, std::generic_category().message(errno));
  }

  const std::string path_;
  int fd_ = -1;
  std::string buffer_;
};

}  // namespace

std::unique_ptr<EventSink> SendToTopic(const kafka::ProducerOptions& options, std::optional<int32_t> schema_id) {
  return std::make_unique<TopicSink>(options, schema_id);
}

std::unique_ptr<EventSink> AppendToFile(const std::string& path) { return std::make_unique<FileSink>(path); }

}  // namespace qlake::cli
