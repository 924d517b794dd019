#include "hive/table_description.h"

#include <gtest/gtest.h>

namespace qlake::hive {
namespace {

delta::Field FieldOf(delta::DataType type) { return {.name = "c", .type = std::move(type)}; }

TEST(HiveTypeTest, EveryTypeOfTheLakeHasOneOfHive) {
  using Kind = delta::DataType::Kind;
  EXPECT_EQ(ToHiveType(FieldOf({Kind::kDecimal, 18, 4, {}})), "decimal(18,4)");
  EXPECT_EQ(ToHiveType(FieldOf({Kind::kLong, 0, 0, {}})), "bigint");
  EXPECT_EQ(ToHiveType(FieldOf({Kind::kTimestamp, 0, 0, {}})), "timestamp");
  delta::Field element = FieldOf({Kind::kString, 0, 0, {}});
  EXPECT_EQ(ToHiveType(FieldOf({Kind::kArray, 0, 0, {element}})), "array<string>");
  EXPECT_EQ(ToHiveType(FieldOf({Kind::kStruct, 0, 0, {element}})), "struct<c:string>");
  EXPECT_EQ(ToHiveType(FieldOf({Kind::kMap, 0, 0, {element, element}})), "map<string,string>");
}

}  // namespace
}  // namespace qlake::hive
