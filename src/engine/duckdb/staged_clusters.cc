#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/parallel.h"
#include "engine/duckdb/file_bytes.h"
#include "engine/duckdb/staged_rows.h"

namespace qlake::engine {
namespace {

// A NULL stands before all values.
std::vector<int64_t> ValuesOf(const StagedColumn& column, uint32_t rows) {
  std::vector<int64_t> values(rows);
  for (uint32_t row = 0; row < rows; ++row) {
    values[row] = column.IsNull(row) ? std::numeric_limits<int64_t>::min() : static_cast<int64_t>(column.NumberAt(row));
  }
  return values;
}

// Where each row goes, and the clusters in their order. Rows of one value keep their order.
struct Order {
  std::vector<uint32_t> places;
  std::vector<StagedFile::Cluster> clusters;
};

Order SortByValue(const std::vector<int64_t>& values) {
  Order order;
  std::vector<int64_t> distinct = values;
  std::sort(distinct.begin(), distinct.end());
  for (size_t i = 0; i < distinct.size(); ++i) {
    auto at = static_cast<uint32_t>(i);
    if (i == 0 || distinct[i] != distinct[i - 1]) order.clusters.push_back({distinct[i], at, at});
    order.clusters.back().end = at + 1;
  }
  std::vector<uint32_t> next;
  for (const auto& cluster : order.clusters) next.push_back(cluster.begin);
  order.places.resize(values.size());
  for (size_t row = 0; row < values.size(); ++row) {
    auto cluster = std::lower_bound(order.clusters.begin(), order.clusters.end(), values[row],
                                    [](const auto& c, int64_t value) { return c.value < value; });
    order.places[row] = next[static_cast<size_t>(cluster - order.clusters.begin())]++;
  }
  return order;
}

// The same for values that lie close together, as dates do: each value's rows are counted.
Order CountByValue(const std::vector<int64_t>& values, int64_t min, size_t span) {
  std::vector<uint32_t> next(span + 1, 0);
  for (int64_t value : values) ++next[static_cast<size_t>(value - min) + 1];
  Order order;
  for (size_t i = 0; i < span; ++i) {
    uint32_t count = next[i + 1];
    next[i + 1] += next[i];
    if (count > 0) order.clusters.push_back({min + static_cast<int64_t>(i), next[i], next[i + 1]});
  }
  order.places.resize(values.size());
  for (size_t row = 0; row < values.size(); ++row) order.places[row] = next[static_cast<size_t>(values[row] - min)]++;
  return order;
}

Order OrderOf(const std::vector<int64_t>& values) {
  constexpr uint64_t kSpanMax = 1 << 16;
  if (values.empty()) return {};
  auto [min, max] = std::minmax_element(values.begin(), values.end());
  uint64_t span = static_cast<uint64_t>(*max) - static_cast<uint64_t>(*min) + 1;
  return span - 1 < kSpanMax ? CountByValue(values, *min, span) : SortByValue(values);
}

// Reads in order and writes to as many places as there are clusters: what is written next of each stays in the cache.
template <typename Value>
void Scatter(std::vector<Value>& values, const std::vector<uint32_t>& places) {
  // The values stay in their own memory: in another thread's, what they leave behind would be nobody's.
  const std::vector<Value> before = values;
  for (size_t i = 0; i < before.size(); ++i) values[places[i]] = before[i];
}

}  // namespace

void StagedColumn::Reorder(const std::vector<uint32_t>& places) {
  Scatter(texts_, places);
  Scatter(bools_, places);
  Scatter(int32s_, places);
  Scatter(int64s_, places);
  Scatter(int128s_, places);
  Scatter(nulls_, places);
}

void StagedRows::ClusterBy(size_t column, size_t threads) {
  if (clustered_by_ == column) return;
  base::ParallelFor(files_.size(), threads, [&](size_t i) {
    auto& file = files_[i];
    Order order = OrderOf(ValuesOf(file.columns[column], file.rows()));
    for (auto& to_reorder : file.columns) to_reorder.Reorder(order.places);
    Scatter(file.lines, order.places);
    Scatter(file.hashes, order.places);
    Scatter(file.left_out, order.places);
    file.clusters = std::move(order.clusters);
  });
  clustered_by_ = column;
}

}  // namespace qlake::engine
