#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "spark/session.h"

// Arrow's IPC streams, in which rows come and go.
namespace qlake::spark {

// Hands the rows of a whole stream to the visitor; its on_schema is called when it has not been. The batches hold the
// bytes. False: the visitor wants no more. Throws Error{kCorrupt} on bytes that are no such stream.
class StreamDecoder {
 public:
  explicit StreamDecoder(const AnswerVisitor& visitor) : visitor_(visitor) {}
  bool Add(std::string stream);

 private:
  const AnswerVisitor& visitor_;
  bool has_schema_ = false;
};

// Rows as they are gathered into one table.
class TableBuilder {
 public:
  TableBuilder();
  ~TableBuilder();
  AnswerVisitor visitor();
  std::shared_ptr<arrow::Table> Build() const;  // Without columns when no schema came.

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// The table as streams, each whole, of about `stream_bytes_max` or of one row; at least one.
void EncodeStreams(const arrow::Table& table, int64_t stream_bytes_max, const std::function<void(std::string)>& take);

// As java.util.zip.CRC32 has it.
uint32_t Crc32(const char* bytes, size_t size);

}  // namespace qlake::spark
