#include "parquet/file_encoder.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <parquet/column_writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "base/error.h"
#include "parquet/file_statistics.h"

namespace qlake::parquet {
namespace {

namespace pq = ::parquet;
using Kind = base::ColumnType::Kind;

constexpr int kInt32DecimalDigits = 9;
constexpr int kInt64DecimalDigits = 18;
// A dictionary pays when values repeat: looked at on so many values of a column.
constexpr size_t kDictionarySample = 256;

pq::schema::NodePtr MakeNode(const base::Column& column) {
  auto make = [&](std::shared_ptr<const pq::LogicalType> logical, pq::Type::type physical, int length = -1) {
    return pq::schema::PrimitiveNode::Make(column.name, pq::Repetition::OPTIONAL, std::move(logical), physical, length);
  };
  auto type = column.type;
  switch (type.kind) {
    case Kind::kBoolean:
      return make(pq::LogicalType::None(), pq::Type::BOOLEAN);
    case Kind::kInteger:
      return make(pq::LogicalType::Int(32, true), pq::Type::INT32);
    case Kind::kLong:
      return make(pq::LogicalType::Int(64, true), pq::Type::INT64);
    case Kind::kDouble:
      return make(pq::LogicalType::None(), pq::Type::DOUBLE);
    case Kind::kString:
      return make(pq::LogicalType::String(), pq::Type::BYTE_ARRAY);
    case Kind::kBinary:
      return make(pq::LogicalType::None(), pq::Type::BYTE_ARRAY);
    case Kind::kDate:
      return make(pq::LogicalType::Date(), pq::Type::INT32);
    case Kind::kTimestamp:
      return make(pq::LogicalType::Timestamp(true, pq::LogicalType::TimeUnit::MICROS), pq::Type::INT64);
    case Kind::kDecimal:
      break;
  }
  auto decimal = pq::LogicalType::Decimal(type.precision, type.scale);
  if (type.precision <= kInt32DecimalDigits) return make(decimal, pq::Type::INT32);
  if (type.precision <= kInt64DecimalDigits) return make(decimal, pq::Type::INT64);
  return make(decimal, pq::Type::FIXED_LEN_BYTE_ARRAY, FixedDecimalBytes(type.precision));
}

std::shared_ptr<pq::schema::GroupNode> MakeSchema(const std::vector<base::Column>& columns) {
  pq::schema::NodeVector nodes;
  for (const auto& column : columns) nodes.push_back(MakeNode(column));
  return std::static_pointer_cast<pq::schema::GroupNode>(
      pq::schema::GroupNode::Make("schema", pq::Repetition::REQUIRED, nodes));
}

template <typename Value>
bool Repeats(const std::vector<Value>& values) {
  size_t sample = std::min(values.size(), kDictionarySample);
  std::unordered_set<Value> distinct(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(sample));
  return distinct.size() * 2 <= sample;
}

std::vector<std::string_view> FirstTexts(const ColumnBuffer& column) {
  std::vector<std::string_view> texts;
  size_t begin = 0;
  for (size_t i = 0; i < std::min(column.byte_ends().size(), kDictionarySample); ++i) {
    texts.push_back(std::string_view(column.bytes()).substr(begin, column.byte_ends()[i] - begin));
    begin = column.byte_ends()[i];
  }
  return texts;
}

bool WantsDictionary(const ColumnBuffer& column) {
  if (!column.int32s().empty()) return Repeats(column.int32s());
  if (!column.int64s().empty()) return Repeats(column.int64s());
  return !column.byte_ends().empty() && Repeats(FirstTexts(column));
}

std::shared_ptr<pq::WriterProperties> MakeProperties(const RowBuffer& rows, const EncodeOptions& options) {
  pq::WriterProperties::Builder builder;
  builder.version(pq::ParquetVersion::PARQUET_2_6)
      ->max_row_group_length(options.row_group_rows_max)
      ->disable_dictionary();
  for (size_t i = 0; i < rows.columns.size(); ++i) {
    // A path of one part, so that a point in the column's name means itself.
    auto path = std::make_shared<pq::schema::ColumnPath>(std::vector<std::string>{rows.columns[i].name});
    bool has_texts = !rows.values[i].byte_ends().empty();
    if (WantsDictionary(rows.values[i])) {
      // Small numbers in a few bits each, which are left as they are: zstd would take a fifth of the time for a
      // twentieth of the bytes.
      builder.enable_dictionary(path);
    } else {
      builder.compression(path, arrow::Compression::ZSTD)->compression_level(path, options.zstd_level);
      // The table's log has the bounds of the file; comparing texts for them a second time is dear.
      if (has_texts) builder.disable_statistics(path);
    }
    if (rows.columns[i].personal) builder.disable_statistics(path);
  }
  return builder.build();
}

// How far the columns of a file have been written: values are fewer than rows where there are NULLs.
struct Position {
  size_t row = 0;
  size_t value = 0;
};

// Writes rows [from.row, from.row + row_count) of one column into a column chunk; returns the position after them.
class ChunkWriter {
 public:
  ChunkWriter(pq::ColumnWriter& writer, const ColumnBuffer& column, Position from, size_t row_count)
      : writer_(writer), column_(column), from_(from), row_count_(static_cast<int64_t>(row_count)) {
    levels_ = column.definition_levels().data() + from.row;
    value_count_ = column.null_count() == 0
                       ? row_count
                       : static_cast<size_t>(std::count(levels_, levels_ + row_count, static_cast<int16_t>(1)));
  }

  Position Write() {
    switch (writer_.type()) {
      case pq::Type::BOOLEAN:
        Write<pq::BoolWriter>(reinterpret_cast<const bool*>(column_.bools().data() + from_.value));
        break;
      case pq::Type::INT32:
        Write<pq::Int32Writer>(column_.int32s().data() + from_.value);
        break;
      case pq::Type::INT64:
        Write<pq::Int64Writer>(column_.int64s().data() + from_.value);
        break;
      case pq::Type::DOUBLE:
        Write<pq::DoubleWriter>(column_.doubles().data() + from_.value);
        break;
      case pq::Type::BYTE_ARRAY:
        Write<pq::ByteArrayWriter>(ByteArrays().data());
        break;
      case pq::Type::FIXED_LEN_BYTE_ARRAY:
        Write<pq::FixedLenByteArrayWriter>(FixedByteArrays().data());
        break;
      default:
        QLAKE_CHECK(!"a physical type that MakeNode does not make");
    }
    return {from_.row + static_cast<size_t>(row_count_), from_.value + value_count_};
  }

 private:
  template <typename Writer, typename Value>
  void Write(const Value* values) {
    static_cast<Writer&>(writer_).WriteBatch(row_count_, levels_, nullptr, values);
  }

  std::vector<pq::ByteArray> ByteArrays() const {
    std::vector<pq::ByteArray> arrays;
    arrays.reserve(value_count_);
    const auto* bytes = reinterpret_cast<const uint8_t*>(column_.bytes().data());
    uint32_t begin = from_.value == 0 ? 0 : column_.byte_ends()[from_.value - 1];
    for (size_t i = from_.value; i < from_.value + value_count_; ++i) {
      uint32_t end = column_.byte_ends()[i];
      arrays.emplace_back(end - begin, bytes + begin);
      begin = end;
    }
    return arrays;
  }

  std::vector<pq::FixedLenByteArray> FixedByteArrays() const {
    std::vector<pq::FixedLenByteArray> arrays;
    auto width = static_cast<size_t>(FixedDecimalBytes(column_.type().precision));
    const auto* bytes = reinterpret_cast<const uint8_t*>(column_.bytes().data());
    for (size_t i = from_.value; i < from_.value + value_count_; ++i) arrays.emplace_back(bytes + i * width);
    return arrays;
  }

  pq::ColumnWriter& writer_;
  const ColumnBuffer& column_;
  Position from_;
  int64_t row_count_;
  const int16_t* levels_ = nullptr;
  size_t value_count_ = 0;
};

void WriteRowGroups(pq::ParquetFileWriter& file, const RowBuffer& rows, const EncodeOptions& options) {
  auto row_count = static_cast<size_t>(rows.rows());
  auto group_rows_max = static_cast<size_t>(options.row_group_rows_max);
  std::vector<Position> positions(rows.values.size());
  for (size_t begin = 0; begin < row_count; begin += group_rows_max) {
    auto* group = file.AppendRowGroup();
    for (size_t i = 0; i < rows.values.size(); ++i) {
      ChunkWriter chunk(*group->NextColumn(), rows.values[i], positions[i],
                        std::min(group_rows_max, row_count - begin));
      positions[i] = chunk.Write();
    }
    group->Close();
  }
}

}  // namespace

int FixedDecimalBytes(int precision) {
  unsigned __int128 greatest = 1;
  for (int i = 0; i < precision; ++i) greatest *= 10;
  int bits = 1;  // The sign.
  for (--greatest; greatest > 0; greatest >>= 1) ++bits;
  return (bits + 7) / 8;
}

ColumnBuffer::ColumnBuffer(base::ColumnType type)
    : type_(type), is_int32_(type.kind == Kind::kDecimal && type.precision <= kInt32DecimalDigits) {}

void ColumnBuffer::AppendInt128(__int128 value) {
  definition_levels_.push_back(1);
  for (int byte = FixedDecimalBytes(type_.precision) - 1; byte >= 0; --byte) {
    bytes_.push_back(static_cast<char>(value >> (8 * byte)));
  }
}

size_t ColumnBuffer::memory_bytes() const {
  return definition_levels_.capacity() * sizeof(int16_t) + bools_.capacity() + int32s_.capacity() * sizeof(int32_t) +
         int64s_.capacity() * sizeof(int64_t) + doubles_.capacity() * sizeof(double) + bytes_.capacity() +
         byte_ends_.capacity() * sizeof(uint32_t);
}

EncodedFile EncodeFile(const RowBuffer& rows, const EncodeOptions& options) {
  try {
    PARQUET_ASSIGN_OR_THROW(auto output, arrow::io::BufferOutputStream::Create());
    auto file = pq::ParquetFileWriter::Open(output, MakeSchema(rows.columns), MakeProperties(rows, options));
    WriteRowGroups(*file, rows, options);
    file->Close();
    PARQUET_ASSIGN_OR_THROW(auto buffer, output->Finish());
    return {buffer->ToString(), rows.rows(), BuildStatistics(rows, options)};
  } catch (const pq::ParquetException& error) {
    throw base::IoError("cannot encode a Parquet file of {} rows: {}", rows.rows(), error.what());
  }
}

}  // namespace qlake::parquet
