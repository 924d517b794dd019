#include "compare/scratch_lake.h"

#include <fmt/format.h>

#include <algorithm>

#include "lake/writer.h"

namespace qlake::compare {
namespace {

constexpr const char* kRunId = "comparison";
constexpr std::chrono::milliseconds kLeaseWait{10'000};
constexpr uint64_t kPieceBytes = uint64_t{16} << 20;  // Of a file, in memory at a time.

void CopyBytes(const storage::Storage& from, const lake::FileRecord& file, storage::Storage& to,
               const std::string& path) {
  auto bytes = static_cast<uint64_t>(file.bytes);
  auto offset = static_cast<uint64_t>(file.offset);
  to.Write(path, from.ReadRange(file.path, offset, std::min(bytes, kPieceBytes)));
  for (uint64_t done = kPieceBytes; done < bytes; done += kPieceBytes) {
    to.Append(path, from.ReadRange(file.path, offset + done, std::min(bytes - done, kPieceBytes)));
  }
}

}  // namespace

void ScratchLake::TakeIn(const storage::Storage& from, const std::vector<lake::FileRecord>& files) {
  lake::Writer writer(lake_, kRunId, kLeaseWait);
  std::vector<lake::TextRow> rows;
  for (const auto& file : files) {
    auto taken = file;
    taken.seq = static_cast<int64_t>(rows.size()) + 1;
    taken.path = fmt::format("raw/bytes/{}", taken.seq);
    taken.offset = 0;
    CopyBytes(from, file, lake_.storage(), taken.path);
    rows.push_back(lake::ToRow(taken));
  }
  if (!rows.empty()) writer.Append(lake::RawFilesSchema(), rows);
}

model::ProcessReport ScratchLake::Process(const model::Project& project, const model::ProcessOptions& options) {
  lake::Writer writer(lake_, kRunId, kLeaseWait);
  model::ProcessReport report;
  model::Process(writer, project, options, report);
  return report;
}

}  // namespace qlake::compare
