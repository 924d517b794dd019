#include "spark/arrow_bytes.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/crc32.h>

#include <algorithm>

#include "base/error.h"

namespace qlake::spark {
namespace {

void CheckDecoded(const arrow::Status& status) {
  if (!status.ok()) throw base::CorruptError("rows from spark cannot be read as arrow: {}", status.ToString());
}

template <typename T>
T Decoded(arrow::Result<T> result) {
  CheckDecoded(result.status());
  return std::move(result).ValueUnsafe();
}

void CheckEncoded(const arrow::Status& status) {
  if (!status.ok()) throw base::IoError("rows for spark cannot be written as arrow: {}", status.ToString());
}

template <typename T>
T Encoded(arrow::Result<T> result) {
  CheckEncoded(result.status());
  return std::move(result).ValueUnsafe();
}

std::string EncodeStream(const arrow::Table& rows) {
  auto sink = Encoded(arrow::io::BufferOutputStream::Create());
  auto writer = Encoded(arrow::ipc::MakeStreamWriter(sink, rows.schema()));
  CheckEncoded(writer->WriteTable(rows));
  CheckEncoded(writer->Close());
  return Encoded(sink->Finish())->ToString();
}

}  // namespace

bool StreamDecoder::Add(std::string stream) {
  auto source = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::move(stream)));
  auto reader = Decoded(arrow::ipc::RecordBatchStreamReader::Open(source));
  if (!has_schema_ && visitor_.on_schema) visitor_.on_schema(reader->schema());
  has_schema_ = true;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    CheckDecoded(reader->ReadNext(&batch));
    if (!batch) return true;
    if (batch->num_rows() > 0 && visitor_.on_rows && !visitor_.on_rows(batch)) return false;
  }
}

struct TableBuilder::Parts {
  std::shared_ptr<arrow::Schema> schema = arrow::schema({});
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
};

TableBuilder::TableBuilder() : parts_(std::make_unique<Parts>()) {}
TableBuilder::~TableBuilder() = default;

AnswerVisitor TableBuilder::visitor() {
  return {.on_schema = [this](const auto& schema) { parts_->schema = schema; },
          .on_rows =
              [this](const auto& batch) {
                parts_->batches.push_back(batch);
                return true;
              }};
}

std::shared_ptr<arrow::Table> TableBuilder::Build() const {
  return Decoded(arrow::Table::FromRecordBatches(parts_->schema, parts_->batches));
}

void EncodeStreams(const arrow::Table& table, int64_t stream_bytes_max, const std::function<void(std::string)>& take) {
  int64_t bytes = Encoded(arrow::util::ReferencedBufferSize(table));
  int64_t parts = bytes / stream_bytes_max + 1;
  int64_t rows_max = std::max<int64_t>(1, (table.num_rows() + parts - 1) / parts);
  int64_t row = 0;
  do {
    take(EncodeStream(*table.Slice(row, rows_max)));
    row += rows_max;
  } while (row < table.num_rows());
}

uint32_t Crc32(const char* bytes, size_t size) { return arrow::internal::crc32(0, bytes, size); }

}  // namespace qlake::spark
