#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "delta/actions.h"
#include "storage/storage.h"
#include "stream/event_batch.h"

namespace qlake::stream {

// A micro-batch of a query of Structured Streaming: it has brought the rows of all messages up to `ends`, which are the
// next offsets by partition.
struct SparkBatch {
  std::map<int32_t, int64_t> ends;
  std::vector<delta::AddFile> files;  // Paths are those below SparkOutbox::rows().
  int64_t rows = 0;
};

// Where one query puts its rows: a Delta table that nobody else knows, and beside it the query's checkpoint. A batch
// counts once the checkpoint says that it is committed; then its files are never written again. Not thread-safe.
class SparkOutbox {
 public:
  SparkOutbox(storage::Storage& storage, std::string folder, std::string topic)
      : storage_(storage), folder_(std::move(folder)), topic_(std::move(topic)) {}

  std::string checkpoint() const { return folder_ + "/checkpoint"; }
  std::string rows() const { return folder_ + "/rows"; }

  // The next batch that the query has committed, in order; nothing yet.
  std::optional<SparkBatch> Next();

  // Gives the batch's files to the table in that folder, under the same paths. Nothing refers to them there until
  // somebody commits them.
  void MoveFiles(const SparkBatch& batch, const std::string& table_path) const;

 private:
  std::map<int32_t, int64_t> ReadEnds() const;
  void ReadFiles(SparkBatch& batch);

  storage::Storage& storage_;
  const std::string folder_;
  const std::string topic_;
  int64_t batch_ = 0;           // The next one's number.
  delta::Version version_ = 0;  // Of the table's log, the first that was not read.
};

}  // namespace qlake::stream
