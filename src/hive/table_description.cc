#include "hive/table_description.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "delta/table_support.h"

namespace qlake::hive {
namespace {

using Kind = delta::DataType::Kind;

std::string ShortName(const std::string& table) { return table.substr(table.find('.') + 1); }

// The metastore's database keeps so many characters of a column's comment; of more it refuses the table.
constexpr size_t kCommentBytesMax = 256;

std::string Shorten(std::string text) {
  if (text.size() <= kCommentBytesMax) return text;
  size_t end = kCommentBytesMax - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // Within a character of UTF-8.
  return text.substr(0, end) + "...";
}

std::map<std::string, std::string> CommentsOf(const delta::Snapshot& snapshot) {
  std::map<std::string, std::string> comments;
  auto schema = base::Json::parse(snapshot.metadata().schema_json);
  for (const auto& field : schema["fields"]) {
    if (field.is_object()) comments[field["name"]] = field.value("/metadata/comment"_json_pointer, "");
  }
  return comments;
}

std::string NestedType(const delta::Field& field) {
  const auto& parts = field.type.fields;
  switch (field.type.kind) {
    case Kind::kArray:
      return "array<" + ToHiveType(parts[0]) + ">";
    case Kind::kMap:
      return "map<" + ToHiveType(parts[0]) + "," + ToHiveType(parts[1]) + ">";
    default: {
      std::string fields;
      for (const auto& part : parts) fields += (fields.empty() ? "" : ",") + part.name + ":" + ToHiveType(part);
      return "struct<" + fields + ">";
    }
  }
}

}  // namespace

std::string InSmallLetters(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

std::string ToHiveType(const delta::Field& field) {
  switch (field.type.kind) {
    case Kind::kBoolean:
      return "boolean";
    case Kind::kByte:
      return "tinyint";
    case Kind::kShort:
      return "smallint";
    case Kind::kInteger:
      return "int";
    case Kind::kLong:
      return "bigint";
    case Kind::kFloat:
      return "float";
    case Kind::kDouble:
      return "double";
    case Kind::kDecimal:
      return fmt::format("decimal({},{})", field.type.precision, field.type.scale);
    case Kind::kString:
      return "string";
    case Kind::kBinary:
      return "binary";
    case Kind::kDate:
      return "date";
    case Kind::kTimestamp:
    case Kind::kTimestampNtz:
      return "timestamp";
    case Kind::kStruct:
    case Kind::kArray:
    case Kind::kMap:
      return NestedType(field);
  }
  QLAKE_CHECK(false);
  return "";
}

HiveTable DescribeForHive(const PublishedTable& table, const std::string& database, const std::string& lake) {
  const auto& metadata = table.snapshot.metadata();
  if (delta::ColumnMappingOf(table.snapshot.protocol(), metadata) != delta::ColumnMapping::kNone) {
    throw base::InputError("Hive cannot read {}: its columns are mapped (delta.columnMapping.mode)", table.name);
  }
  HiveTable described{.database = database, .name = InSmallLetters(ShortName(table.name))};
  auto comments = CommentsOf(table.snapshot);
  std::map<std::string, HiveColumn> partition_columns;
  for (const auto& field : delta::ParseSchema(table.snapshot)) {
    HiveColumn column{InSmallLetters(field.name), ToHiveType(field), Shorten(comments[field.name])};
    if (std::ranges::count(metadata.partition_columns, field.name) != 0) {
      partition_columns[field.name] = std::move(column);
    } else {
      described.columns.push_back(std::move(column));
    }
  }
  for (const auto& name : metadata.partition_columns) described.partition_columns.push_back(partition_columns.at(name));
  described.properties = {{"comment", metadata.description},
                          {kLakeProperty, lake},
                          {kPublicationProperty, table.publication},
                          {kPublishedAtProperty, table.published_at},
                          {kVersionProperty, fmt::format("{}", table.snapshot.version())}};
  return described;
}

HiveTable DescribeForSpark(const PublishedTable& table, const std::string& database, const std::string& lake,
                           const std::string& location) {
  HiveTable described{.database = database, .name = InSmallLetters(ShortName(table.name))};
  described.format = TableFormat::kDelta;
  described.location = location;
  described.properties = {{"comment", table.snapshot.metadata().description},
                          {kLakeProperty, lake},
                          {"spark.sql.sources.provider", "delta"},
                          {"spark.sql.sources.schema", R"({"type":"struct","fields":[]})"}};
  return described;
}

}  // namespace qlake::hive
