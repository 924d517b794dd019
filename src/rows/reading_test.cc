#include "rows/reading_test.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace qlake::rows {

std::vector<OwnedRow> ReadAll(std::string_view bytes, const RowShape& shape) {
  std::vector<OwnedRow> rows;
  Reader reader(bytes, shape);
  Row row;
  while (reader.Next(row)) {
    OwnedRow& owned = rows.emplace_back();
    owned.line = row.line;
    owned.record = row.record;
    owned.offset = static_cast<size_t>(row.record.data() - bytes.data());
    for (const Cell& cell : row.cells) {
      owned.cells.push_back(cell.present ? std::optional<std::string>(cell.text) : std::nullopt);
    }
    owned.rescued = row.rescued;
    owned.error = row.error;
  }
  EXPECT_EQ(reader.position().offset, bytes.size());
  EXPECT_FALSE(reader.Next(row)) << "a reader at its end stays there";
  EXPECT_EQ(CountRows(bytes, shape), static_cast<int64_t>(rows.size()));
  return rows;
}

RowShape ShapeOf(const std::vector<std::string>& names) {
  RowShape shape;
  for (const std::string& name : names) shape.columns.push_back({.name = name, .aliases = {}, .key = false});
  return shape;
}

RowShape TransactionShape() {
  RowShape shape = ShapeOf({"transaction_date", "transaction_id", "customer_id", "customer_fname", "customer_lname",
                            "customer_email",   "sales_agent_id", "branch_id",   "product_id",     "product_name",
                            "product_category", "offer_1",        "offer_2",     "offer_3",        "offer_4",
                            "offer_5",          "units",          "unit_price",  "is_online",      "payment_method",
                            "shipping_address"});
  shape.columns[1].key = true;
  shape.columns[4].aliases = {"cusomter_lname"};
  shape.columns[5].aliases = {"cusomter_email"};
  shape.optional_trailing = {"shipping_address"};
  return shape;
}

std::string ReadWholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string SharedFolder(const std::string& below) {
  const std::string folder = std::string(QLAKE_SHARED) + "/" + below;
  return std::filesystem::exists(folder) ? folder : "";
}

}  // namespace qlake::rows
