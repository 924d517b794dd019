#include "stream/spark_outbox.h"

#include <charconv>

#include "base/error.h"
#include "base/json.h"
#include "base/parallel.h"
#include "delta/action_json.h"
#include "delta/log_listing.h"
#include "engine/duckdb/file_pruning.h"

namespace qlake::stream {
namespace {

constexpr size_t kMoveThreads = 8;

}  // namespace

std::optional<SparkBatch> SparkOutbox::Next() {
  if (!storage_.Find(fmt::format("{}/commits/{}", checkpoint(), batch_))) return std::nullopt;
  SparkBatch batch;
  batch.ends = ReadEnds();
  ReadFiles(batch);
  ++batch_;
  return batch;
}

// The last line of offsets/<batch>: {"app-events":{"0":987,"1":1013}}
std::map<int32_t, int64_t> SparkOutbox::ReadEnds() const {
  std::string path = fmt::format("{}/offsets/{}", checkpoint(), batch_);
  std::string text = storage_.Read(path);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  auto json = base::Json::parse(text.substr(text.rfind('\n') + 1), nullptr, false);
  auto fail = [&] { return base::CorruptError("this is no note of offsets of Spark's: {}", storage_.Url(path)); };
  if (!json.is_object() || !json.contains(topic_) || !json[topic_].is_object()) throw fail();
  std::map<int32_t, int64_t> ends;
  for (const auto& [name, offset] : json[topic_].items()) {
    int32_t partition = 0;
    auto parsed = std::from_chars(name.data(), name.data() + name.size(), partition);
    if (parsed.ec != std::errc() || !offset.is_number_integer()) throw fail();
    ends[partition] = offset.get<int64_t>();
  }
  return ends;
}

// Of the version that carries this batch as the query's txn. A batch without rows may have none.
void SparkOutbox::ReadFiles(SparkBatch& batch) {
  while (true) {
    std::string path = delta::CommitPath(rows(), version_);
    auto text = storage_.ReadIfPresent(path);
    if (!text) return;
    std::optional<int64_t> number;
    std::vector<delta::AddFile> files;
    for (auto& action : delta::ParseActions(std::move(*text), path)) {
      if (const auto* transaction = std::get_if<delta::SetTransaction>(&action)) number = transaction->version;
      if (auto* file = std::get_if<delta::AddFile>(&action)) files.push_back(std::move(*file));
    }
    if (number && *number > batch_) return;
    ++version_;
    if (number != batch_) continue;
    for (auto& file : files) {
      auto rows = engine::RecordCountOf(file);
      if (!rows) throw base::CorruptError("Spark wrote a file without the number of its rows: {}", file.path);
      batch.rows += *rows;
      file.tags = {};
      batch.files.push_back(std::move(file));
    }
    return;
  }
}

void SparkOutbox::MoveFiles(const SparkBatch& batch, const std::string& table_path) const {
  base::ParallelFor(batch.files.size(), kMoveThreads, [&](size_t i) {
    storage_.Move(rows() + "/" + batch.files[i].path, table_path + "/" + batch.files[i].path);
  });
}

}  // namespace qlake::stream
