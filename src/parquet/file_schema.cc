#include "parquet/file_schema.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace qlake::parquet {
namespace {

constexpr std::string_view kMagic = "PAR1";
constexpr size_t kTrailerBytes = 8;  // The footer's length and the magic.
constexpr uint64_t kFirstReadBytes = 64 << 10;

base::Error NoParquetFile(const std::string& name, std::string_view reason) {
  return base::CorruptError("{} is no readable Parquet file: {}", name, reason);
}

std::string ReadFooter(uint64_t file_bytes, const ReadRange& read, const std::string& name) {
  if (file_bytes < kTrailerBytes + kMagic.size()) throw NoParquetFile(name, "it is too short");
  uint64_t length = std::min(file_bytes, kFirstReadBytes);
  std::string tail = read(file_bytes - length, length);
  std::string_view trailer = std::string_view(tail).substr(tail.size() - kTrailerBytes);
  if (!trailer.ends_with(kMagic)) throw NoParquetFile(name, "it does not end as one");
  uint64_t footer_bytes = 0;
  for (size_t i = 4; i-- > 0;) footer_bytes = footer_bytes << 8 | static_cast<unsigned char>(trailer[i]);
  if (footer_bytes > file_bytes - kTrailerBytes) throw NoParquetFile(name, "its footer is longer than the file");
  if (footer_bytes + kTrailerBytes > length) return read(file_bytes - kTrailerBytes - footer_bytes, footer_bytes);
  return tail.substr(tail.size() - kTrailerBytes - footer_bytes, footer_bytes);
}

std::optional<int32_t> FieldIdOf(const arrow::Field& field) {
  if (!field.metadata()) return std::nullopt;
  auto text = field.metadata()->Get("PARQUET:field_id");
  int32_t id = 0;
  if (!text.ok() || std::from_chars(text->data(), text->data() + text->size(), id).ec != std::errc()) {
    return std::nullopt;
  }
  return id;
}

Node::Form FormOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
      return Node::Form::kText;
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::FIXED_SIZE_BINARY:
      return Node::Form::kBytes;
    case arrow::Type::STRUCT:
      return Node::Form::kStruct;
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
      return Node::Form::kList;
    case arrow::Type::MAP:
      return Node::Form::kMap;
    default:
      return Node::Form::kOther;
  }
}

Node ToNode(const arrow::Field& field) {
  const arrow::DataType& type = *field.type();
  Node node{.name = field.name(), .field_id = FieldIdOf(field), .form = FormOf(type)};
  // A map is a list of pairs to Arrow.
  const arrow::FieldVector& children = node.form == Node::Form::kMap ? type.field(0)->type()->fields() : type.fields();
  for (const auto& child : children) node.children.push_back(ToNode(*child));
  if (node.children.empty()) node.type = type.ToString();
  return node;
}

}  // namespace

std::vector<Node> ReadFileSchema(uint64_t file_bytes, const ReadRange& read, const std::string& name) {
  std::string footer = ReadFooter(file_bytes, read, name);
  try {
    auto length = static_cast<int64_t>(footer.size());
    auto metadata = ::parquet::FileMetaData::Make(footer.data(), length);
    std::shared_ptr<arrow::Schema> schema;
    // Without the schema that Arrow's own writer leaves in the file: what counts is what every reader sees.
    auto status = ::parquet::arrow::FromParquetSchema(metadata->schema(), ::parquet::default_arrow_reader_properties(),
                                                      nullptr, &schema);
    if (!status.ok()) throw NoParquetFile(name, status.message());
    std::vector<Node> columns;
    for (const auto& field : schema->fields()) columns.push_back(ToNode(*field));
    return columns;
  } catch (const ::parquet::ParquetException& error) {
    throw NoParquetFile(name, error.what());
  }
}

}  // namespace qlake::parquet
