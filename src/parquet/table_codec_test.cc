#include "parquet/table_codec.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace qlake::parquet {
namespace {

// One struct column {path: text, values: map of text to text}, NULL in its second row.
std::shared_ptr<arrow::Table> NestedTable() {
  arrow::StringBuilder path;
  auto keys = std::make_shared<arrow::StringBuilder>();
  auto items = std::make_shared<arrow::StringBuilder>();
  arrow::MapBuilder values(arrow::default_memory_pool(), keys, items);
  EXPECT_TRUE(path.AppendValues({"a", "b"}).ok());
  for (int row = 0; row < 2; ++row) {
    EXPECT_TRUE(values.Append().ok() && keys->Append("k").ok() && items->AppendNull().ok());
  }
  arrow::ArrayVector fields = {*path.Finish(), *values.Finish()};
  auto present = *arrow::StructArray::Make(fields, std::vector<std::string>{"path", "values"});
  auto absent = *arrow::MakeArrayOfNull(present->type(), 1);
  auto column = std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector{present->Slice(0, 1), absent});
  return arrow::Table::Make(arrow::schema({arrow::field("add", present->type())}), {column});
}

TEST(TableCodecTest, NestedColumnsRoundTrip) {
  auto table = NestedTable();
  auto decoded = DecodeFile(EncodeTable(*table), "file");
  EXPECT_TRUE(decoded->Equals(*table)) << decoded->ToString();
}

TEST(TableCodecTest, BytesThatAreNoParquetFileAreCorruptAndNamed) {
  std::string whole = EncodeTable(*NestedTable());
  std::string torn = whole;
  torn.replace(whole.size() - 20, 8, 8, '\xff');
  for (const std::string& bytes :
       {std::string(), std::string("PAR1"), whole.substr(0, whole.size() / 2), torn, std::string(1000, 'x')}) {
    try {
      DecodeFile(bytes, "t/checkpoint.parquet");
      ADD_FAILURE() << bytes.size();
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::kCorrupt);
      EXPECT_EQ(error.message().find("t/checkpoint.parquet "), 0u) << error.message();
    }
  }
}

}  // namespace
}  // namespace qlake::parquet
