#include "parquet/table_codec.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include "base/error.h"

namespace qlake::parquet {
namespace {

base::Error NoParquetFile(const std::string& name, std::string_view reason) {
  return base::CorruptError("{} is no readable Parquet file: {}", name, reason);
}

}  // namespace

std::shared_ptr<arrow::Table> DecodeFile(const std::string& bytes, const std::string& name) {
  // libparquet reports some damage as a Status and some as an exception.
  try {
    auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
    auto reader = ::parquet::arrow::OpenFile(input, arrow::default_memory_pool());
    if (!reader.ok()) throw NoParquetFile(name, reader.status().message());
    auto table = (*reader)->ReadTable();
    if (!table.ok()) throw NoParquetFile(name, table.status().message());
    return *table;
  } catch (const ::parquet::ParquetException& error) {
    throw NoParquetFile(name, error.what());
  }
}

std::string EncodeTable(const arrow::Table& table) {
  auto properties = ::parquet::WriterProperties::Builder().compression(arrow::Compression::ZSTD)->build();
  auto output = arrow::io::BufferOutputStream::Create();
  if (!output.ok()) throw base::IoError("cannot hold a Parquet file in memory: {}", output.status().message());
  constexpr int64_t kRowGroupRowsMax = 1 << 20;
  auto status =
      ::parquet::arrow::WriteTable(table, arrow::default_memory_pool(), *output, kRowGroupRowsMax, properties);
  if (!status.ok()) throw base::IoError("cannot encode a Parquet file: {}", status.message());
  auto buffer = (*output)->Finish();
  if (!buffer.ok()) throw base::IoError("cannot encode a Parquet file: {}", buffer.status().message());
  return (*buffer)->ToString();
}

}  // namespace qlake::parquet
