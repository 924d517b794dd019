#include "parquet/file_schema.h"

#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "parquet/table_codec.h"

namespace qlake::parquet {
namespace {

using Form = Node::Form;

std::string FileOf(const std::shared_ptr<arrow::Schema>& schema) {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const auto& field : schema->fields()) columns.push_back(*arrow::MakeArrayOfNull(field->type(), 3));
  return EncodeTable(*arrow::Table::Make(schema, columns));
}

std::vector<Node> SchemaOf(const std::string& bytes) {
  auto read = [&](uint64_t offset, uint64_t length) {
    EXPECT_LE(offset + length, bytes.size());
    return bytes.substr(offset, length);
  };
  return ReadFileSchema(bytes.size(), read, "f");
}

TEST(FileSchemaTest, ColumnsComeAsATreeWithFieldIds) {
  auto id = [](int number) { return arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(number)}); };
  auto inner = arrow::struct_({arrow::field("x", arrow::int32(), true, id(7)), arrow::field("y", arrow::binary())});
  auto columns = SchemaOf(FileOf(arrow::schema({arrow::field("t", arrow::utf8(), true, id(1)),
                                                arrow::field("l", arrow::list(arrow::field("element", inner))),
                                                arrow::field("m", arrow::map(arrow::utf8(), arrow::date32()))})));
  ASSERT_EQ(columns.size(), 3u);
  EXPECT_EQ(columns[0].form, Form::kText);
  EXPECT_EQ(columns[0].field_id, 1);
  EXPECT_EQ(columns[1].form, Form::kList);
  const Node& element = columns[1].children.at(0);
  EXPECT_EQ(element.form, Form::kStruct);
  EXPECT_EQ(element.children.at(0).field_id, 7);
  EXPECT_EQ(element.children.at(1).form, Form::kBytes);
  EXPECT_EQ(columns[2].form, Form::kMap);
  EXPECT_EQ(columns[2].children.at(1).type, "date32[day]");
}

TEST(FileSchemaTest, FilesDifferByTheTypesOfTheirColumns) {
  auto of = [](const std::shared_ptr<arrow::DataType>& type) {
    return SchemaOf(FileOf(arrow::schema({arrow::field("a", type)})));
  };
  EXPECT_EQ(of(arrow::int32()), of(arrow::int32()));
  EXPECT_NE(of(arrow::int32()), of(arrow::int16()));
  EXPECT_NE(of(arrow::decimal128(5, 2)), of(arrow::decimal128(6, 2)));
}

TEST(FileSchemaTest, AFooterOfAnySizeIsRead) {
  arrow::FieldVector fields;
  for (int i = 0; i < 3000; ++i) fields.push_back(arrow::field("column_" + std::to_string(i), arrow::int32()));
  std::string bytes = FileOf(arrow::schema(fields));
  EXPECT_GT(bytes.size(), size_t{100'000});
  EXPECT_EQ(SchemaOf(bytes).size(), 3000u);
}

TEST(FileSchemaTest, WhatIsNoParquetFileIsCorruptAndNeverACrash) {
  const std::string whole = FileOf(arrow::schema({arrow::field("a", arrow::list(arrow::utf8()))}));
  auto kind_of = [](const std::string& bytes) -> std::optional<base::ErrorKind> {
    try {
      SchemaOf(bytes);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.message().substr(0, 29), "f is no readable Parquet file") << error.message();
      return error.kind();
    }
    return std::nullopt;
  };
  for (size_t length : {size_t{0}, size_t{4}, size_t{11}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_EQ(kind_of(whole.substr(0, length)), base::ErrorKind::kCorrupt);
  }
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string garbled = whole;
    for (int i = 0; i < 3; ++i) garbled[random() % garbled.size()] = static_cast<char>(random());
    kind_of(garbled);
  }
}

}  // namespace
}  // namespace qlake::parquet
