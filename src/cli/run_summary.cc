#include "cli/run_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "base/json.h"

namespace qlake::cli {
namespace {

struct RowCounts {
  int64_t rows_in = 0;
  int64_t loaded = 0;
  int64_t quarantined = 0;
  int64_t duplicate = 0;
};

RowCounts Sum(const std::vector<lake::LedgerEntry>& entries) {
  RowCounts sum;
  for (const auto& entry : entries) {
    sum.rows_in += entry.rows_in;
    sum.loaded += entry.loaded;
    sum.quarantined += entry.quarantined;
    sum.duplicate += entry.duplicate;
  }
  return sum;
}

base::Json ToJson(const run::RunReport& report) {
  base::Json files = base::Json::array();
  for (const auto& file : report.ingest.taken) {
    files.push_back({{"seq", file.seq},
                     {"file", file.file_id},
                     {"hour", base::FormatHour(file.hour)},
                     {"rows", file.rows},
                     {"bytes", file.bytes}});
  }
  RowCounts rows = Sum(report.process.entries);
  base::Json tables = base::Json::array();
  for (const auto& table : report.process.tables) {
    tables.push_back({{"table", table.name},
                      {"version", table.version},
                      {"rows_inserted", table.rows_inserted},
                      {"rows_removed", table.rows_removed}});
  }
  base::Json checks = base::Json::array();
  for (const auto& check : report.process.checks) {
    checks.push_back({{"subject", check.subject},
                      {"name", check.name},
                      {"on_violation", check.on_violation},
                      {"rows_failed", check.rows_failed}});
  }
  base::Json dumps = base::Json::array();
  for (const auto& dump : report.dumps) {
    dumps.push_back({{"date", base::FormatDate(dump.date)},
                     {"csv", dump.csv_path},
                     {"manifest", dump.manifest_path},
                     {"rows", dump.rows},
                     {"online_sales_left_out", dump.online_sales_left_out},
                     {"unchanged", dump.unchanged},
                     {"is_first", dump.is_first},
                     {"rows_added", dump.rows_added},
                     {"rows_removed", dump.rows_removed},
                     {"rows_changed", dump.rows_changed}});
  }
  return {{"run_id", report.run_id},
          {"ingest",
           {{"files", files},
            {"corrections", report.ingest.corrections},
            {"unchanged", report.ingest.unchanged},
            {"waiting", report.ingest.waiting},
            {"ignored", report.ingest.ignored}}},
          {"process",
           {{"batches", report.process.batches},
            {"files", report.process.files},
            {"rows_in", rows.rows_in},
            {"loaded", rows.loaded},
            {"quarantined", rows.quarantined},
            {"duplicate", rows.duplicate},
            {"tables", tables},
            {"checks", checks},
            {"finished_earlier_run", report.process.finished_earlier_run},
            {"event_marts", report.event_marts}}},
          {"dumps", dumps}};
}

void PrintDump(std::ostream& out, const report::DumpReport& dump) {
  out << "dump: " << base::FormatDate(dump.date) << ": " << dump.rows << " rows, " << dump.online_sales_left_out
      << " online sales left out: " << dump.csv_path;
  if (dump.unchanged) {
    out << " (unchanged)";
  } else if (!dump.is_first) {
    out << " (re-issued: " << dump.rows_added << " rows added, " << dump.rows_removed << " removed, "
        << dump.rows_changed << " changed)";
  }
  out << "\n";
}

}  // namespace

void PrintRun(Context& context, const run::RunReport& report) {
  if (context.json) {
    context.out << ToJson(report).dump(-1, ' ', false, base::Json::error_handler_t::replace) << "\n";
    return;
  }
  auto& out = context.out;
  if (!report.ingest.taken.empty() || report.ingest.unchanged > 0) {
    out << "ingest: " << report.ingest.taken.size() << " files taken in (" << report.ingest.corrections
        << " corrections), " << report.ingest.unchanged << " unchanged, " << report.ingest.rows << " rows, "
        << report.ingest.bytes << " bytes\n";
  }
  if (report.process.finished_earlier_run) out << "process: finished a run that had been interrupted\n";
  if (report.process.batches > 0) {
    RowCounts rows = Sum(report.process.entries);
    out << "process: " << report.process.files << " files: " << rows.rows_in << " rows in = " << rows.loaded
        << " loaded + " << rows.quarantined << " quarantined + " << rows.duplicate << " duplicate; the ledger closes\n";
    for (const auto& check : report.process.checks) {
      out << "check: " << check.subject << ": " << check.name << ": " << check.rows_failed << " rows ("
          << check.on_violation << ")\n";
    }
  }
  if (report.process.batches == 0 && static_cast<int64_t>(report.process.tables.size()) > report.event_marts) {
    out << "process: " << report.process.tables.size() - static_cast<size_t>(report.event_marts)
        << " marts brought up to date\n";
  }
  if (report.event_marts > 0) out << "process: " << report.event_marts << " marts of events refreshed\n";
  for (const auto& dump : report.dumps) PrintDump(out, dump);
  bool idle = report.ingest.taken.empty() && report.process.batches == 0 && report.process.tables.empty() &&
              report.dumps.empty();
  if (idle) out << "nothing to do\n";
}

void WarnOfFiles(const ingest::IngestReport& report) {
  for (const auto& file : report.waiting) std::cerr << "qlake: left for the next time, " << file << "\n";
  for (const auto& file : report.ignored) std::cerr << "qlake: not taken in, " << file << "\n";
}

int ExitCodeOf(const run::RunReport& report, bool strict) {
  return strict && Sum(report.process.entries).quarantined > 0 ? kExitQuarantined : kExitDone;
}

std::vector<std::string> WithRunKeys(std::vector<std::string> keys) {
  keys.insert(keys.end(), {"lease_wait", "run.retry_for", "run.timeout", "disk.free_min"});
  return keys;
}

run::RunSettings RunSettingsOf(const Context& context, const std::string& hour) {
  run::RunSettings settings;
  settings.landing = context.settings.landing;
  settings.dump_folder = context.settings.dump_folder;
  settings.settle = context.settings.settle;
  settings.lease_wait = context.settings.lease_wait;
  // Staged, a batch takes some two and a half times its bytes, and the engine and the encoders the rest.
  settings.batch_bytes_max = context.settings.memory_bytes / 3;
  settings.retries.retry_for = context.settings.Duration("run.retry_for");
  settings.retries.is_cancelled = [&interrupts = context.interrupts] { return interrupts.happened(); };
  settings.timeout = context.settings.Duration("run.timeout");
  settings.free_bytes_min = context.settings.Bytes("disk.free_min");
  if (!hour.empty()) {
    settings.hour = base::ParseHour(hour);
    if (!settings.hour) throw base::InputError("--hour must look like 2023-05-20T14: {}", hour);
  }
  return settings;
}

}  // namespace qlake::cli
