#include "compare/row_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

namespace qlake::compare {
namespace {

using Cells = std::vector<engine::ResultCell>;

constexpr size_t kBuckets = 1 << 16;
constexpr size_t kBucketsReadAgain = 256;  // Of those that differ: what they hold has to find room in memory.

// The cells as one text that no other cells give.
std::string TextOf(const Cells& cells) {
  std::string text;
  for (const auto& cell : cells) {
    text += cell ? fmt::format("{}:", cell->size()) : "-";
    if (cell) text += *cell;
  }
  return text;
}

uint64_t HashOf(std::string_view text) { return std::hash<std::string_view>()(text); }

// What the rows of a bucket come to, whatever their order.
struct Sums {
  uint64_t rows = 0;
  uint64_t sum = 0;
  uint64_t exclusive_or = 0;

  bool operator==(const Sums&) const = default;
};

struct Digest {
  std::vector<engine::ResultColumn> columns;
  std::vector<Sums> buckets = std::vector<Sums>(kBuckets);
  int64_t rows = 0;
};

std::vector<size_t> IndexesOf(const std::vector<engine::ResultColumn>& columns, const std::vector<std::string>& key) {
  std::vector<size_t> indexes;
  for (const auto& name : key) {
    auto found = std::ranges::find(columns, name, &engine::ResultColumn::name);
    if (found != columns.end()) indexes.push_back(static_cast<size_t>(found - columns.begin()));
  }
  if (!indexes.empty()) return indexes;
  for (size_t i = 0; i < columns.size(); ++i) indexes.push_back(i);
  return indexes;
}

Cells KeyOf(const Cells& row, const std::vector<size_t>& key) {
  Cells cells;
  for (size_t index : key) cells.push_back(row[index]);
  return cells;
}

Digest ReadDigest(const RowSource& source, const std::vector<std::string>& key) {
  Digest digest;
  std::vector<size_t> indexes;
  source({[&](const std::vector<engine::ResultColumn>& columns) {
            digest.columns = columns;
            indexes = IndexesOf(columns, key);
          },
          [&](engine::ResultRow& row) {
            auto& sums = digest.buckets[HashOf(TextOf(KeyOf(row, indexes))) % kBuckets];
            std::string text = TextOf(row);
            ++sums.rows;
            sums.sum += HashOf(text);
            text.push_back('.');  // Another hash of the same row.
            sums.exclusive_or ^= HashOf(text);
            ++digest.rows;
            return true;
          }});
  return digest;
}

// Rows of some buckets, by key.
struct KeyedRows {
  Cells key;
  std::vector<Cells> one;
  std::vector<Cells> other;
};

class SecondReading {
 public:
  SecondReading(RowComparison& comparison, std::set<size_t> buckets, size_t differences_max)
      : comparison_(comparison), buckets_(std::move(buckets)), differences_max_(differences_max) {}

  void Read(const RowSource& source, std::vector<Cells> KeyedRows::*side) {
    source({nullptr, [&](engine::ResultRow& row) {
              Cells key = KeyOf(row, comparison_.key);
              std::string text = TextOf(key);
              if (!buckets_.contains(HashOf(text) % kBuckets)) return true;
              auto& keyed = rows_[text];
              keyed.key = std::move(key);
              (keyed.*side).push_back(std::move(row));
              return true;
            }});
  }

  void Tell() {
    std::vector<KeyedRows*> in_order;
    for (auto& [text, rows] : rows_) in_order.push_back(&rows);
    std::ranges::stable_sort(in_order, {}, &KeyedRows::key);
    for (auto* rows : in_order) TellOf(*rows);
  }

 private:
  void TellOf(KeyedRows& rows) {
    std::ranges::sort(rows.one);
    std::ranges::sort(rows.other);
    std::vector<Cells> one;
    std::vector<Cells> other;
    std::ranges::set_difference(rows.one, rows.other, std::back_inserter(one));
    std::ranges::set_difference(rows.other, rows.one, std::back_inserter(other));
    comparison_.rows_different += static_cast<int64_t>(std::max(one.size(), other.size()));
    size_t pairs = std::min(one.size(), other.size());
    for (size_t i = 0; i < pairs; ++i) {
      for (size_t column = 0; column < one[i].size(); ++column) {
        if (one[i][column] == other[i][column]) continue;
        Add({RowDifference::Kind::kValue, rows.key, comparison_.columns[column].name, one[i][column],
             other[i][column]});
      }
    }
    for (size_t i = pairs; i < one.size(); ++i) Add({RowDifference::Kind::kOnlyInOne, rows.key, "", {}, {}});
    for (size_t i = pairs; i < other.size(); ++i) Add({RowDifference::Kind::kOnlyInOther, rows.key, "", {}, {}});
  }

  void Add(RowDifference difference) {
    if (comparison_.differences.size() < differences_max_) comparison_.differences.push_back(std::move(difference));
  }

  RowComparison& comparison_;
  std::set<size_t> buckets_;
  size_t differences_max_;
  std::map<std::string, KeyedRows> rows_;
};

std::string NamesOf(const std::vector<engine::ResultColumn>& columns) {
  std::string names;
  for (const auto& column : columns) names += (names.empty() ? "" : ", ") + column.name;
  return names;
}

// Rows of other columns are not compared.
bool HaveSameColumns(RowComparison& comparison, const std::vector<engine::ResultColumn>& other) {
  const auto& one = comparison.columns;
  if (!std::ranges::equal(one, other, {}, &engine::ResultColumn::name, &engine::ResultColumn::name)) {
    comparison.differences.push_back({RowDifference::Kind::kColumns, {}, "", NamesOf(one), NamesOf(other)});
    return false;
  }
  for (size_t i = 0; i < one.size(); ++i) {
    if (one[i].sql_type == other[i].sql_type) continue;
    comparison.differences.push_back({RowDifference::Kind::kType, {}, one[i].name, one[i].sql_type, other[i].sql_type});
  }
  return true;
}

}  // namespace

RowComparison CompareRows(const RowSource& one, const RowSource& other, const std::vector<std::string>& key,
                          size_t differences_max) {
  Digest of_one = ReadDigest(one, key);
  Digest of_other = ReadDigest(other, key);
  RowComparison comparison;
  comparison.columns = of_one.columns;
  comparison.key = IndexesOf(of_one.columns, key);
  comparison.rows_in_one = of_one.rows;
  comparison.rows_in_other = of_other.rows;
  if (!HaveSameColumns(comparison, of_other.columns)) return comparison;
  std::set<size_t> different;
  for (size_t i = 0; i < kBuckets; ++i) {
    if (of_one.buckets[i] == of_other.buckets[i]) continue;
    if (different.size() == kBucketsReadAgain) {
      comparison.has_more = true;
      break;
    }
    different.insert(i);
  }
  if (different.empty()) return comparison;
  SecondReading reading(comparison, std::move(different), differences_max);
  reading.Read(one, &KeyedRows::one);
  reading.Read(other, &KeyedRows::other);
  reading.Tell();
  return comparison;
}

}  // namespace qlake::compare
