#include "report/dump_files.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/digest.h"
#include "base/fault.h"
#include "base/json.h"
#include "storage/storage.h"

namespace qlake::report {
namespace {

constexpr std::string_view kNameBegin = "b2b_sales_";
constexpr std::string_view kCsvEnd = ".csv";
constexpr std::string_view kManifestEnd = ".manifest.json";

std::string FileName(base::Date date, std::string_view end) {
  return std::string(kNameBegin) + base::FormatDate(date) + std::string(end);
}

base::Json MakeManifest(const DumpReport& report, const DumpRequest& request) {
  base::Json versions = base::Json::object();
  for (const auto& [table, version] : request.versions) versions[table] = version;
  return {{"date", base::FormatDate(report.date)},
          {"file", FileName(report.date, kCsvEnd)},
          {"rows", report.rows},
          {"bytes", report.bytes},
          {"sha256", report.sha256},
          {"online_sales_left_out", report.online_sales_left_out},
          {"as_of", base::FormatTimestamp(request.as_of)},
          {"versions", versions},
          {"run_id", request.run_id}};
}

// Whether a manifest tells of this CSV. One that is no JSON, cut by a foreign hand, tells of none.
bool Describes(const std::string& manifest, const DumpReport& report) {
  base::Json json = base::Json::parse(manifest, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("sha256") || !json.contains("online_sales_left_out")) return false;
  return json["sha256"] == report.sha256 && json["online_sales_left_out"] == report.online_sales_left_out;
}

// Records of a CSV without its header. A line feed within quotes ends none.
std::vector<std::string_view> SplitRecords(std::string_view csv) {
  std::vector<std::string_view> records;
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i < csv.size(); ++i) {
    if (csv[i] == '"') quoted = !quoted;
    if (csv[i] != '\n' || quoted) continue;
    records.push_back(csv.substr(begin, i - begin));
    begin = i + 1;
  }
  if (begin < csv.size()) records.push_back(csv.substr(begin));
  if (!records.empty()) records.erase(records.begin());
  return records;
}

// Agent and product, as they stand in the record: all before the number, which is never quoted.
std::string_view KeyOf(std::string_view record) { return record.substr(0, record.rfind(',')); }

}  // namespace

DumpChange CompareDumps(std::string_view before, std::string_view after) {
  std::map<std::string_view, int64_t> surplus;  // Record -> how many more there are after than before.
  for (std::string_view record : SplitRecords(before)) --surplus[record];
  for (std::string_view record : SplitRecords(after)) ++surplus[record];
  std::map<std::string_view, DumpChange> by_key;
  for (const auto& [record, count] : surplus) {
    DumpChange& change = by_key[KeyOf(record)];
    (count > 0 ? change.added : change.removed) += std::abs(count);
  }
  DumpChange total;
  for (const auto& [key, change] : by_key) {
    int64_t changed = std::min(change.added, change.removed);
    total.changed += changed;
    total.added += change.added - changed;
    total.removed += change.removed - changed;
  }
  return total;
}

DumpReport WriteDumpFiles(const DumpContent& content, const DumpRequest& request) {
  std::string csv_name = FileName(request.date, kCsvEnd);
  std::string manifest_name = FileName(request.date, kManifestEnd);
  auto folder = storage::OpenLocalStorage(request.folder);

  DumpReport report;
  report.date = request.date;
  report.csv_path = folder->Url(csv_name);
  report.manifest_path = folder->Url(manifest_name);
  report.rows = content.rows;
  report.bytes = content.csv.size();
  report.sha256 = base::Sha256Hex(content.csv);
  report.online_sales_left_out = content.online_sales_left_out;

  auto csv_before = folder->ReadIfPresent(csv_name);
  auto manifest_before = folder->ReadIfPresent(manifest_name);
  bool same_csv = csv_before && *csv_before == content.csv;
  report.is_first = !csv_before;
  report.unchanged = same_csv && manifest_before && Describes(*manifest_before, report);
  if (report.unchanged) return report;
  if (csv_before) {
    DumpChange change = CompareDumps(*csv_before, content.csv);
    report.rows_added = change.added;
    report.rows_removed = change.removed;
    report.rows_changed = change.changed;
  }

  // 1. A crash here leaves what was there before, whole and described by its manifest.
  base::CrashPoint("dump.before_csv");
  // 2. The CSV: hidden file, fsync, rename, fsync of the folder. A crash here leaves the old or the new CSV, whole, and
  //    perhaps a hidden file. With the new one, the manifest is the old one or absent and does not describe it.
  if (!same_csv) folder->Replace(csv_name, content.csv);
  // 3. A crash here leaves a CSV that counts as unfinished: the next dump of the date finds it and writes its manifest.
  base::CrashPoint("dump.after_csv");
  // 4. The manifest, in the same way. It is the last, so a manifest that describes the CSV says: finished.
  folder->Replace(manifest_name,
                  MakeManifest(report, request).dump(2, ' ', false, base::Json::error_handler_t::replace) + "\n");
  // 5. A crash here leaves a finished dump; the next one says unchanged.
  base::CrashPoint("dump.after_manifest");
  return report;
}

std::vector<base::Date> DumpedDates(const std::string& folder) {
  std::vector<base::Date> dates;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(folder, absent)) {
    std::string name = entry.path().filename().string();
    if (!name.starts_with(kNameBegin) || !name.ends_with(kCsvEnd)) continue;
    if (name.size() < kNameBegin.size() + kCsvEnd.size()) continue;
    size_t length = name.size() - kNameBegin.size() - kCsvEnd.size();
    if (auto date = base::ParseDate(name.substr(kNameBegin.size(), length))) dates.push_back(*date);
  }
  std::ranges::sort(dates);
  return dates;
}

}  // namespace qlake::report
