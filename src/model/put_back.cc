#include "model/put_back.h"

#include <map>
#include <utility>

#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"

namespace qlake::model {

void PutBack(lake::Writer& writer, const WaitingFiles& files) {
  auto revisions = lake::ReadFiles(writer.lake());
  QLAKE_CHECK(!revisions.empty());
  int64_t next_seq = revisions.back().seq;
  std::vector<lake::TextRow> rows;
  for (auto& file : WithoutPutBack(revisions)) {
    if (file.source != files.source || file.seq <= files.behind_seq || file.seq > files.until_seq) continue;
    file.seq = ++next_seq;
    rows.push_back(lake::ToRow(file));
  }
  if (rows.empty()) return;
  base::LogInfo("files of a source that failed wait behind the others",
                {{"source", files.source}, {"files", rows.size()}});
  base::CrashPoint("process.before_put_back");
  writer.Append(lake::RawFilesSchema(), rows);
  base::CrashPoint("process.after_put_back");
}

std::vector<lake::FileRecord> WithoutPutBack(const std::vector<lake::FileRecord>& revisions) {
  std::map<std::pair<std::string, std::string>, int64_t> last_seq;
  for (const auto& file : revisions) last_seq[{file.file_id, file.run_id}] = file.seq;
  std::vector<lake::FileRecord> counting;
  for (const auto& file : revisions) {
    if (last_seq.at({file.file_id, file.run_id}) == file.seq) counting.push_back(file);
  }
  return counting;
}

}  // namespace qlake::model
