#include "ingest/ingest.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/digest.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/parallel.h"
#include "ingest/landing.h"

namespace qlake::ingest {
namespace {

constexpr const char* kIngestApp = "qlake.ingest";
constexpr size_t kReadersMax = 8;
constexpr uint64_t kMappedShare = 4;  // Of the memory that the user grants, for files that are read at once.

// Files mapped into memory count as the process's memory: readers wait for each other above a limit. One file always
// goes, however large.
class MappedBytes {
 public:
  explicit MappedBytes(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // What one reader has mapped while it lives.
  class Share {
   public:
    Share(MappedBytes& all, uint64_t bytes) : all_(all), bytes_(bytes) {
      std::unique_lock lock(all_.mutex_);
      all_.given_back_.wait(lock, [&] { return all_.bytes_ == 0 || all_.bytes_ + bytes_ <= all_.bytes_max_; });
      all_.bytes_ += bytes_;
    }
    ~Share() {
      std::lock_guard lock(all_.mutex_);
      all_.bytes_ -= bytes_;
      all_.given_back_.notify_all();
    }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

   private:
    MappedBytes& all_;
    uint64_t bytes_;
  };

 private:
  const uint64_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  uint64_t bytes_ = 0;  // Guarded by mutex_.
};

// What raw.files knows already.
struct Known {
  std::map<std::string, lake::FileRecord> files;  // Last revision, by file id.
  std::map<std::string, base::Hour> hours;        // By drop.
  int64_t seq_max = 0;
};

Known ReadKnown(lake::Lake& lake) {
  Known known;
  for (auto& file : lake::ReadFiles(lake)) {
    known.hours.try_emplace(file.drop, file.hour);
    known.seq_max = std::max(known.seq_max, file.seq);
    known.files[file.file_id] = std::move(file);
  }
  return known;
}

// A landed file that raw.files may have to learn of.
struct Candidate {
  LandedFile landed;
  const lake::Source* source = nullptr;
  const lake::FileRecord* before = nullptr;  // The revision that the lake holds.
  lake::FileRecord record;
  bool taken = false;
  std::string waiting;  // Why it has to wait.
};

std::string FileId(const LandedFile& file) { return file.drop + "/" + file.name; }

std::vector<Candidate> FindCandidates(const LandingScan& scan, const std::vector<lake::Source>& sources,
                                      const Known& known, IngestReport& report) {
  std::vector<Candidate> candidates;
  for (const auto& landed : scan.files) {
    const auto* source = lake::FindSource(sources, landed.name);
    if (source == nullptr) {
      report.ignored.push_back("no contract's file pattern fits its name: " + landed.path);
      continue;
    }
    auto before = known.files.find(FileId(landed));
    const auto* record = before == known.files.end() ? nullptr : &before->second;
    if (record != nullptr && record->bytes == static_cast<int64_t>(landed.bytes) &&
        record->modified_at == landed.modified) {
      ++report.unchanged;
      continue;
    }
    candidates.push_back({landed, source, record, {}, false, {}});
  }
  return candidates;
}

// Where a file's bytes lie: named by content, so that a second write of the same bytes changes nothing.
std::string BytesPath(const lake::FileRecord& file) {
  std::string hour = base::FormatHour(file.hour);
  return fmt::format("raw/bytes/{}/data_date={}/data_hour={}/{}", file.source, hour.substr(0, 10), hour.substr(11),
                     file.sha256);
}

rows::RowShape ShapeOf(const lake::Source& source, const std::string& name) {
  rows::RowShape shape = source.shape;
  shape.format = lake::FormatOf(name);
  return shape;
}

// Reads one file, keeps its bytes and fills in what raw.files says of it, but for seq and hour.
void TakeIn(lake::Lake& lake, Candidate& candidate) {
  MappedFile file(candidate.landed);
  if (!file.problem().empty()) {
    candidate.waiting = file.problem() + ": " + candidate.landed.path;
    return;
  }
  auto& record = candidate.record;
  record.sha256 = base::Sha256Hex(file.bytes());
  record.bytes = static_cast<int64_t>(file.bytes().size());
  if (candidate.before != nullptr && candidate.before->sha256 == record.sha256) return;
  rows::RowShape shape = ShapeOf(*candidate.source, record.name);
  rows::Reader reader(file.bytes(), shape);
  if (shape.format == rows::FileFormat::kJsonLines) {
    // Only the last line tells which keys there are.
    rows::Row row;
    while (reader.Next(row)) ++record.rows;
  } else {
    record.rows = rows::CountRows(file.bytes(), shape);
  }
  record.header = reader.header();
  record.unknown_columns = reader.unknown_columns();
  record.path = BytesPath(record);
  // In one piece, for a file of that name counts as whole: another drop's, or one that a run before left behind.
  if (!lake.storage().Find(record.path)) lake.storage().Replace(record.path, file.bytes());
  if (!file.IsUnchanged()) {
    candidate.waiting = "it changed while it was read: " + candidate.landed.path;
    return;
  }
  candidate.taken = true;
}

void WarnOfDrift(const lake::FileRecord& file) {
  if (file.unknown_columns.empty()) return;
  base::LogWarn("a file has columns that its contract does not know; they are kept in _rescued",
                {{"hour", base::FormatHour(file.hour)}, {"file", file.file_id}, {"columns", file.unknown_columns}});
}

}  // namespace

std::map<std::string, base::Hour> AssignHours(const std::vector<std::string>& drops,
                                              const std::map<std::string, base::Hour>& known, base::Hour arrival) {
  std::map<std::string, base::Hour> hours = known;
  std::set<base::Hour> taken;
  for (const auto& [drop, hour] : known) taken.insert(hour);
  std::set<std::string> unnamed;
  for (const auto& drop : drops) {
    if (hours.contains(drop)) continue;
    if (auto named = HourFromDropName(drop)) {
      hours[drop] = *named;
      taken.insert(*named);
    } else {
      unnamed.insert(drop);
    }
  }
  std::vector<std::string> in_order(unnamed.begin(), unnamed.end());
  std::sort(in_order.begin(), in_order.end(), NaturalLess);
  if (in_order.size() == 1) {
    hours[in_order.front()] = arrival;
    return hours;
  }
  base::Hour next = arrival;
  for (auto drop = in_order.rbegin(); drop != in_order.rend(); ++drop) {
    while (taken.contains(next)) --next.hours;
    hours[*drop] = next;
    --next.hours;
  }
  return hours;
}

IngestReport Ingest(lake::Writer& writer, const std::vector<lake::Source>& sources, const IngestOptions& options,
                    const std::function<void(const engine::ScanProgress&)>& on_progress) {
  auto& lake = writer.lake();
  base::Timestamp now = lake.clock().Now();
  LandingScan scan = ScanLanding(options.landing, options.settle, now);
  Known known = ReadKnown(lake);
  IngestReport report;
  report.waiting = scan.waiting;
  report.ignored = scan.ignored;
  auto candidates = FindCandidates(scan, sources, known, report);

  std::vector<std::string> drops;
  for (const auto& candidate : candidates) drops.push_back(candidate.landed.drop);
  auto hours = AssignHours(drops, known.hours, options.hour.value_or(base::HourOf(now)));
  engine::ScanProgress progress;
  for (auto& candidate : candidates) {
    auto& record = candidate.record;
    record.file_id = FileId(candidate.landed);
    record.source = candidate.source->name;
    record.drop = candidate.landed.drop;
    record.name = candidate.landed.name;
    record.hour = hours.at(record.drop);
    record.modified_at = candidate.landed.modified;
    record.received_at = now;
    record.run_id = writer.run_id();
    progress.bytes_total += candidate.landed.bytes;
  }

  // 1. The bytes. A crash here leaves files that nothing refers to; the next ingest finds them by their content.
  base::CrashPoint("ingest.before_bytes");
  std::mutex mutex;
  // More threads than processors: each waits for the disk a good part of its time.
  MappedBytes mapped(lake.options().memory_bytes / kMappedShare);
  base::ParallelFor(candidates.size(), kReadersMax, [&](size_t i) {
    if (options.is_over && options.is_over()) throw base::UnavailableError("ingest was interrupted between two files");
    MappedBytes::Share share(mapped, candidates[i].landed.bytes);
    TakeIn(lake, candidates[i]);
    std::lock_guard lock(mutex);
    progress.bytes_done += candidates[i].landed.bytes;
    progress.rows_done += candidates[i].record.rows;
    if (on_progress) on_progress(progress);
  });

  std::vector<const Candidate*> taken;
  for (const auto& candidate : candidates) {
    if (!candidate.waiting.empty()) {
      report.waiting.push_back(candidate.waiting);
    } else if (candidate.taken) {
      taken.push_back(&candidate);
    } else {
      ++report.unchanged;
    }
  }
  std::sort(taken.begin(), taken.end(),
            [](const Candidate* a, const Candidate* b) { return lake::StandsBefore(a->record, b->record); });
  std::vector<std::string> paths;
  std::vector<lake::TextRow> rows;
  for (const auto* candidate : taken) {
    lake::FileRecord record = candidate->record;
    record.seq = known.seq_max + 1 + static_cast<int64_t>(report.taken.size());
    report.corrections += candidate->before != nullptr ? 1 : 0;
    report.rows += record.rows;
    report.bytes += record.bytes;
    paths.push_back(record.path);
    rows.push_back(lake::ToRow(record));
    WarnOfDrift(record);
    report.taken.push_back(std::move(record));
  }
  if (report.taken.empty()) return report;

  // 2. The bytes, durable, those found already there too: nobody knows whether their folder was synced. A crash: as
  // above.
  base::CrashPoint("ingest.after_bytes");
  lake.storage().Sync(paths);
  // 3. raw.files learns of all of them in one commit. After it they are received for good.
  base::CrashPoint("ingest.before_commit");
  writer.Append(lake::RawFilesSchema(), rows, {{kIngestApp, report.taken.back().seq, now.us / 1000}});
  base::CrashPoint("ingest.after_commit");
  return report;
}

}  // namespace qlake::ingest
