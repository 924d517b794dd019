#include "maintain/raw_pack.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "base/fault.h"
#include "lake/records.h"
#include "lake/writer.h"
#include "maintain/raw_bytes.h"

namespace qlake::maintain {
namespace {

constexpr uint64_t kCommitBytes = uint64_t{1} << 30;  // Containers of about so much share a commit.
constexpr size_t kFilesMin = 2;                       // A container of one file would save nothing.

struct Day {
  std::string source;
  base::Date date;
  std::vector<lake::FileRecord> files;  // Not packed yet; several rows may name one path.

  std::set<std::string> Paths() const {
    std::set<std::string> paths;
    for (const auto& file : files) paths.insert(file.path);
    return paths;
  }
};

bool IsPacked(const lake::FileRecord& file) { return file.path.ends_with(kContainerEnding); }

RawRange RangeOf(const lake::FileRecord& file) {
  return {file.path, static_cast<uint64_t>(file.offset), static_cast<uint64_t>(file.bytes)};
}

class RawPacker {
 public:
  RawPacker(lake::Lake& lake, const RawPackOptions& options, WorkBudget& budget)
      : lake_(lake), options_(options), budget_(budget) {}

  RawPackReport Run() {
    for (const auto& day : FindDays()) {
      if (budget_.is_spent()) {
        report_.out_of_budget = true;
        break;
      }
      if (options_.dry_run) {
        Count(day);
        continue;
      }
      if (options_.on_stage) options_.on_stage(fmt::format("packing {} of {}", day.source, base::FormatDate(day.date)));
      Pack(day);
      if (pending_bytes_ >= kCommitBytes) Commit();
    }
    Commit();
    return report_;
  }

 private:
  std::vector<Day> FindDays() {
    base::Date today = base::DateOf(base::HourOf(lake_.clock().Now()));
    std::map<std::pair<std::string, int32_t>, Day> days;
    for (auto& file : lake::ReadFiles(lake_)) {
      if (IsPacked(file)) continue;
      base::Date date = base::DateOf(file.hour);
      if (date >= today && !options_.open_days) {
        ++report_.files_waiting;
        continue;
      }
      auto& day = days[{file.source, date.days}];
      day.source = file.source;
      day.date = date;
      day.files.push_back(std::move(file));
    }
    std::vector<Day> wanted;
    for (auto& [key, day] : days) {
      if (day.Paths().size() >= kFilesMin) {
        wanted.push_back(std::move(day));
      } else {
        report_.files_waiting += static_cast<int64_t>(day.files.size());
      }
    }
    return wanted;
  }

  void Count(const Day& day) {
    ++report_.containers;
    std::set<std::string> seen;
    for (const auto& file : day.files) {
      ++report_.files_packed;
      if (!seen.insert(file.path).second) continue;
      report_.bytes += static_cast<uint64_t>(file.bytes);
      budget_.Spend(static_cast<uint64_t>(file.bytes));
    }
  }

  void Pack(Day day) {
    base::CrashPoint("raw_pack.before_container");
    // 1. The container. A crash leaves a part of it, which raw.files does not name.
    std::string path = fmt::format("raw/bytes/{}/data_date={}/{}{}", day.source, base::FormatDate(day.date),
                                   base::NewUuid(), kContainerEnding);
    auto& storage = lake_.storage();
    storage.Write(path, "");
    uint64_t end = 0;
    std::map<std::string, uint64_t> offset_of;  // By the file's path so far.
    for (auto& file : day.files) {
      auto [known, is_new] = offset_of.try_emplace(file.path, end);
      if (is_new) {
        std::string sha256 =
            VisitRaw(storage, RangeOf(file), [&](std::string_view bytes) { storage.Append(path, bytes); });
        RequireSame(file, file.path, sha256);
        end += static_cast<uint64_t>(file.bytes);
      }
    }
    // 2. It becomes durable. A crash: as above.
    storage.Sync(std::span(&path, 1));
    base::CrashPoint("raw_pack.after_container");
    // 3. The proof, from what was written. A crash: as above.
    std::set<std::string> proven;
    for (auto& file : day.files) {
      std::string from = file.path;
      moved_from_[file.seq] = from;
      file.offset = static_cast<int64_t>(offset_of.at(from));
      file.path = path;
      if (proven.insert(from).second) RequireSame(file, path, VisitRaw(storage, RangeOf(file)));
    }
    budget_.Spend(end);
    pending_bytes_ += end;
    report_.bytes += end;
    ++report_.containers;
    pending_.insert(pending_.end(), day.files.begin(), day.files.end());
  }

  static void RequireSame(const lake::FileRecord& file, const std::string& path, const std::string& sha256) {
    if (sha256 == file.sha256) return;
    throw base::CorruptError(
        "the bytes of {} at {} are not those that were received: SHA-256 is {}, raw.files says {}; nothing was "
        "changed: "
        "check the disk, and push the file again as a correction",
        file.file_id, path, sha256, file.sha256);
  }

  // 4. raw.files names the containers, all of them in one commit. A crash before it leaves containers that nobody
  // names.
  void Commit() {
    if (pending_.empty()) return;
    lake::Writer writer(lake_, options_.run_id, options_.lease_wait);
    DropMoved();
    if (!pending_.empty()) {
      std::vector<lake::TextRow> rows;
      std::string seqs;
      for (const auto& file : pending_) {
        rows.push_back(lake::ToRow(file));
        seqs += fmt::format("{}({})", seqs.empty() ? "" : ", ", file.seq);
      }
      engine::TableChange change;
      change.remove_sql = fmt::format("SELECT CAST(seq AS BIGINT) AS seq FROM (VALUES {}) AS v(seq)", seqs);
      change.key_columns = {"seq"};
      change.insert_sql = lake::SelectRows(lake::RawFilesSchema(), rows) + " ORDER BY seq";
      auto snapshot = lake_.Load(lake::kRawFiles);
      int64_t times = std::max<int64_t>(0, snapshot->TransactionVersion(kRawPackApp)) + 1;
      base::CrashPoint("raw_pack.before_commit");
      writer.Commit(lake::TargetOf(lake::RawFilesSchema()), change,
                    {{kRawPackApp, times, lake_.clock().Now().us / 1000}}, "COMPACT RAW");
      base::CrashPoint("raw_pack.after_commit");
      report_.files_packed += static_cast<int64_t>(pending_.size());
    }
    pending_.clear();
    pending_bytes_ = 0;
  }

  // Rows that somebody else has packed since they were read, and those whose container a vacuum without retention took
  // for a leftover, as it was until now.
  void DropMoved() {
    std::map<int64_t, std::string> path_of;
    for (const auto& file : lake::ReadFiles(lake_)) path_of[file.seq] = file.path;
    std::map<std::string, bool> is_there;
    for (const auto& file : pending_) is_there.try_emplace(file.path, lake_.storage().Find(file.path).has_value());
    std::erase_if(pending_, [&](const lake::FileRecord& file) {
      return path_of[file.seq] != moved_from_[file.seq] || !is_there[file.path];
    });
  }

  lake::Lake& lake_;
  const RawPackOptions& options_;
  WorkBudget& budget_;
  RawPackReport report_;
  std::vector<lake::FileRecord> pending_;  // As their rows shall be; containers written and proven.
  std::map<int64_t, std::string> moved_from_;
  uint64_t pending_bytes_ = 0;
};

}  // namespace

RawPackReport PackRaw(lake::Lake& lake, const RawPackOptions& options, WorkBudget& budget) {
  return RawPacker(lake, options, budget).Run();
}

}  // namespace qlake::maintain
