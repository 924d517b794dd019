#include "parquet/file_encoder.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "base/json.h"
#include "parquet/table_codec.h"

namespace qlake::parquet {
namespace {

using Kind = base::ColumnType::Kind;

RowBuffer OneColumn(base::ColumnType type, const std::function<void(ColumnBuffer&)>& fill) {
  RowBuffer rows{{{"c", type, false, ""}}, {}};
  rows.values.emplace_back(type);
  fill(rows.values.front());
  return rows;
}

base::Json StatsOf(const RowBuffer& rows) { return base::Json::parse(EncodeFile(rows).stats); }

std::shared_ptr<arrow::ChunkedArray> ReadBack(const RowBuffer& rows, const EncodeOptions& options = {}) {
  auto file = EncodeFile(rows, options);
  auto table = DecodeFile(file.bytes, "test");
  EXPECT_TRUE(table->ValidateFull().ok());
  EXPECT_EQ(table->num_rows(), rows.rows());
  return table->column(0);
}

std::string TextAt(const arrow::ChunkedArray& column, int64_t row) { return (*column.GetScalar(row))->ToString(); }

base::ColumnType Decimal(int precision, int scale) { return {Kind::kDecimal, precision, scale}; }

TEST(FileEncoderTest, EveryTypeIsReadBackByArrowWithItsLogicalType) {
  struct Case {
    base::ColumnType type;
    std::function<void(ColumnBuffer&)> fill;
    std::string arrow_type;
    std::string text;
  };
  const std::vector<Case> cases = {
      {{Kind::kBoolean}, [](auto& c) { c.AppendBool(true); }, "bool", "true"},
      {{Kind::kInteger}, [](auto& c) { c.AppendInt32(-7); }, "int32", "-7"},
      {{Kind::kLong}, [](auto& c) { c.AppendInt64(int64_t{1} << 60); }, "int64", "1152921504606846976"},
      {{Kind::kDouble}, [](auto& c) { c.AppendDouble(0.5); }, "double", "0.5"},
      {Decimal(9, 2), [](auto& c) { c.AppendInt64(-12345); }, "decimal128(9, 2)", "-123.45"},
      {Decimal(18, 4), [](auto& c) { c.AppendInt64(42751632950); }, "decimal128(18, 4)", "4275163.2950"},
      {Decimal(38, 3), [](auto& c) { c.AppendInt128(-static_cast<__int128>(10) * 123456789012345678); },
       "decimal128(38, 3)", "-1234567890123456.780"},
      {{Kind::kString}, [](auto& c) { c.AppendBytes("K\xC3\xB6ln"); }, "string", "K\xC3\xB6ln"},
      {{Kind::kBinary},
       [](auto& c) { c.AppendBytes(std::string_view("\0\xFF", 2)); },
       "binary",
       std::string("\0\xFF", 2)},
      {{Kind::kDate}, [](auto& c) { c.AppendInt32(19497); }, "date32[day]", "2023-05-20"},
      {{Kind::kTimestamp}, [](auto& c) { c.AppendInt64(1); }, "timestamp[us, tz=UTC]", "1970-01-01 00:00:00.000001Z"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.arrow_type);
    auto column = ReadBack(OneColumn(c.type, [&](auto& values) {
      values.AppendNull();
      c.fill(values);
    }));
    EXPECT_EQ(column->type()->ToString(), c.arrow_type);
    EXPECT_EQ(column->null_count(), 1);
    EXPECT_EQ(TextAt(*column, 1), c.text);
  }
}

TEST(FileEncoderTest, RowGroupsAreCutWhereTheOptionsSayAndKeepNullsInPlace) {
  auto rows = OneColumn({Kind::kString}, [](auto& values) {
    for (int i = 0; i < 10; ++i) i % 3 == 0 ? values.AppendNull() : values.AppendBytes(std::to_string(i));
  });
  EncodeOptions options;
  options.row_group_rows_max = 4;
  auto column = ReadBack(rows, options);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(TextAt(*column, i), i % 3 == 0 ? "null" : std::to_string(i)) << i;
}

TEST(FileEncoderTest, AFileWithoutRowsIsStillAParquetFile) {
  auto column = ReadBack(OneColumn({Kind::kString}, [](auto&) {}));
  EXPECT_EQ(column->length(), 0);
}

TEST(FileEncoderTest, AColumnWhoseNameHasAPointIsOneColumn) {
  RowBuffer rows{{{"a.b", {Kind::kLong}, false, ""}}, {}};
  rows.values.emplace_back(base::ColumnType{Kind::kLong});
  for (int i = 0; i < 100; ++i) rows.values[0].AppendInt64(7);
  EXPECT_EQ(DecodeFile(EncodeFile(rows).bytes, "test")->schema()->field(0)->name(), "a.b");
}

TEST(FileStatisticsTest, TheWholeDocumentHasRecordsBoundsAndNullCounts) {
  auto rows = OneColumn({Kind::kInteger}, [](auto& values) {
    values.AppendInt32(3);
    values.AppendNull();
    values.AppendInt32(-1);
  });
  EXPECT_EQ(EncodeFile(rows).stats, R"({"numRecords":3,"minValues":{"c":-1},"maxValues":{"c":3},"nullCount":{"c":1}})");
}

TEST(FileStatisticsTest, DecimalsAreExactJsonNumbers) {
  auto small = OneColumn(Decimal(9, 4), [](auto& values) {
    values.AppendInt64(-5);
    values.AppendInt64(199900);
  });
  EXPECT_EQ(EncodeFile(small).stats,
            R"({"numRecords":2,"minValues":{"c":-0.0005},"maxValues":{"c":19.9900},"nullCount":{"c":0}})");
  auto wide = OneColumn(Decimal(38, 0), [](auto& values) {
    values.AppendInt128(static_cast<__int128>(1) << 100);
    values.AppendInt128(-(static_cast<__int128>(1) << 100));
  });
  EXPECT_NE(EncodeFile(wide).stats.find(R"("minValues":{"c":-1267650600228229401496703205376})"), std::string::npos);
}

TEST(FileStatisticsTest, TimestampsAreMillisecondsWithTheMaximumRoundedUp) {
  auto stats = StatsOf(OneColumn({Kind::kTimestamp}, [](auto& values) {
    values.AppendInt64(-1);
    values.AppendInt64(1001);
  }));
  EXPECT_EQ(stats["minValues"]["c"], "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(stats["maxValues"]["c"], "1970-01-01T00:00:00.002Z");
}

TEST(FileStatisticsTest, LongTextsAreCutToWholeCharactersAndTheMaximumIsRaised) {
  std::string umlauts;
  for (int i = 0; i < 40; ++i) umlauts += "\xC3\xB6";
  auto stats = StatsOf(OneColumn({Kind::kString}, [&](auto& values) {
    values.AppendBytes(umlauts);
    values.AppendBytes(std::string(40, 'a'));
  }));
  EXPECT_EQ(stats["minValues"]["c"], std::string(32, 'a'));
  EXPECT_EQ(stats["maxValues"]["c"], umlauts.substr(0, 64) + "\xF4\x8F\xBF\xBF");
  EXPECT_GT(stats["maxValues"]["c"].get<std::string>(), umlauts);
}

TEST(FileStatisticsTest, WhatHasNoOrderHasNoBounds) {
  auto nan = StatsOf(OneColumn({Kind::kDouble}, [](auto& values) {
    values.AppendDouble(1);
    values.AppendDouble(std::numeric_limits<double>::quiet_NaN());
  }));
  EXPECT_TRUE(nan["minValues"].empty());
  EXPECT_TRUE(nan["maxValues"].empty());
  auto nulls = StatsOf(OneColumn({Kind::kString}, [](auto& values) { values.AppendNull(); }));
  EXPECT_TRUE(nulls["minValues"].empty());
  EXPECT_EQ(nulls["nullCount"]["c"], 1);
}

TEST(FileStatisticsTest, PersonalAndLaterColumnsAreLeftOut) {
  RowBuffer rows;
  for (std::string name : {"a", "b", "c"}) {
    rows.columns.push_back({name, {Kind::kLong}, name == "a", ""});
    rows.values.emplace_back(base::ColumnType{Kind::kLong});
    rows.values.back().AppendInt64(1);
  }
  EncodeOptions options;
  options.indexed_columns_max = 2;
  EXPECT_EQ(EncodeFile(rows, options).stats,
            R"({"numRecords":1,"minValues":{"b":1},"maxValues":{"b":1},"nullCount":{"b":0}})");
}

}  // namespace
}  // namespace qlake::parquet
