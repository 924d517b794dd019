#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "stream/message_source.h"

namespace qlake::stream {

// A file of JSON lines as a topic of one partition: a line is a message, its index (from 0) its offset. The file may
// grow. What tells it from others is its absolute path and its first line: moved or begun anew under its name, it is
// another topic; one that holds fewer lines than have been read of it is Error{kCorrupt}. Blank lines are offsets
// without a message. The last line counts once its end is written, or when it is a whole JSON object without it.
class FileSource final : public MessageSource {
 public:
  // Throws Error{kInput} when there is no such file.
  FileSource(const std::string& path, const base::Clock& clock, PartitionOwner& owner);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  const TopicName& topic() const override { return topic_; }
  [[nodiscard]] Polled Poll(std::chrono::milliseconds timeout, size_t messages_max) override;
  bool IsAtEnd() const override { return is_at_end_; }
  void CheckIsTheSame() override {}  // The file is open.
  void Wake() override;
  void ShowProgress(std::span<const PartitionEnd>) override {}

 private:
  void Begin();
  void SeekLine(int64_t line);
  void ReadLines(size_t messages_max);
  bool Fill();
  void Add(std::string_view line);
  void AddTail();
  std::string_view Unread() const;

  std::string path_;
  const base::Clock& clock_;
  PartitionOwner& owner_;
  TopicName topic_;
  int fd_ = -1;
  bool has_begun_ = false;
  bool is_at_end_ = false;
  bool skips_line_ = false;     // The rest of a line that is longer than any message.
  bool ended_by_tail_ = false;  // The line before was taken without its end.
  int64_t file_offset_ = 0;     // Of the first byte behind the buffer.
  int64_t next_line_ = 0;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // Of what is not read yet in the buffer,
  size_t end_ = 0;    // and its end.
  base::Timestamp read_at_;
  std::vector<Message> messages_;
  std::vector<PartitionEnd> ends_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool wake_ = false;  // Guarded by mutex_.
};

}  // namespace qlake::stream
