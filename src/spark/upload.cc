#include "spark/upload.h"

#include <arrow/table.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <vector>

#include "base/digest.h"
#include "spark/arrow_bytes.h"
#include "spark/failure.h"

namespace qlake::spark {
namespace {

constexpr int64_t kInlineBytesMax = int64_t{8} << 20;
constexpr int64_t kArtifactBytesMax = int64_t{16} << 20;
constexpr size_t kChunkBytesMax = size_t{32} << 10;  // What Spark's own clients send at a time.

class ArtifactWriter {
 public:
  explicit ArtifactWriter(Channel& channel)
      : channel_(channel),
        context_(channel.NewContext(std::chrono::milliseconds::zero())),
        writer_(channel.stub().AddArtifacts(context_.get(), &response_)) {}

  void Add(const std::string& name, const std::string& bytes) {
    size_t chunks = (bytes.size() + kChunkBytesMax - 1) / kChunkBytesMax;
    for (size_t i = 0; i < chunks; ++i) {
      auto request = channel_.NewRequest<proto::AddArtifactsRequest>();
      proto::AddArtifactsRequest::ArtifactChunk* chunk = nullptr;
      if (i == 0) {
        auto* begin = request.mutable_begin_chunk();
        begin->set_name(name);
        begin->set_total_bytes(static_cast<int64_t>(bytes.size()));
        begin->set_num_chunks(static_cast<int64_t>(chunks));
        chunk = begin->mutable_initial_chunk();
      } else {
        chunk = request.mutable_chunk();
      }
      size_t offset = i * kChunkBytesMax;
      size_t size = std::min(kChunkBytesMax, bytes.size() - offset);
      chunk->set_data(bytes.data() + offset, size);
      chunk->set_crc(Crc32(bytes.data() + offset, size));
      if (!writer_->Write(request)) return Finish();
    }
  }

  void Finish() {
    writer_->WritesDone();
    grpc::Status status = writer_->Finish();
    if (!status.ok()) channel_.Throw(status, "");
    for (const auto& artifact : response_.artifacts()) {
      if (!artifact.is_crc_successful()) {
        throw base::IoError("rows were damaged on their way to spark at {}: {}", NameOf(channel_.connection()),
                            artifact.name());
      }
    }
  }

 private:
  Channel& channel_;
  std::unique_ptr<grpc::ClientContext> context_;
  proto::AddArtifactsResponse response_;
  std::unique_ptr<grpc::ClientWriter<proto::AddArtifactsRequest>> writer_;
};

proto::Relation UploadArtifacts(Channel& channel, const arrow::Table& table) {
  proto::Relation relation;
  auto* cached = relation.mutable_chunked_cached_local_relation();
  EncodeStreams(table, kArtifactBytesMax, [&](const std::string& stream) {
    std::string hash = base::Sha256Hex(stream);
    cached->add_datahashes(hash);
    ArtifactWriter writer(channel);
    writer.Add("cache/" + hash, stream);
    writer.Finish();
  });
  return relation;
}

}  // namespace

proto::Relation Upload(Channel& channel, const arrow::Table& table) {
  auto bytes = arrow::util::ReferencedBufferSize(table);
  if (!bytes.ok() || *bytes > kInlineBytesMax) return UploadArtifacts(channel, table);
  proto::Relation relation;
  EncodeStreams(table, kInlineBytesMax * 2,
                [&](std::string stream) { relation.mutable_local_relation()->set_data(std::move(stream)); });
  return relation;
}

}  // namespace qlake::spark
