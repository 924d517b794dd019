#include "rows/json_scalar.h"

#include <gtest/gtest.h>

namespace qlake::rows {
namespace {

TEST(JsonScalarTest, OnlyNumbersOfTheStandardAreNumbers) {
  for (const char* text : {"0", "-0", "1.5", "1e5", "1E-5", "true", "false", "null"}) EXPECT_TRUE(IsJsonScalar(text));
  for (const char* text : {"", "-", "01", "1.", ".5", "1e", "+1", "0x1", "NaN", "True", "1 2"}) {
    EXPECT_FALSE(IsJsonScalar(text)) << text;
  }
}

}  // namespace
}  // namespace qlake::rows
