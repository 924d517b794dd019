#include "cli/engine_comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "cli/engine_choice.h"
#include "cli/hdfs_settings.h"
#include "cli/hive_settings.h"
#include "cli/open_lake.h"
#include "cli/progress.h"
#include "cli/quantity.h"
#include "compare/hive_comparison.h"
#include "compare/lake_comparison.h"

namespace qlake::cli {
namespace {

constexpr std::chrono::seconds kTidyUp{5};  // What Spark has computed for the comparison goes.
constexpr uint64_t kMemoryShareOfBatch = 3;
constexpr const char* kHive = "hive";  // The engine, and the kind of what it is compared in.

std::set<std::string> RequireEngines(const std::string& text) {
  auto names = SplitAtCommas(text);
  std::set<std::string> engines(names.begin(), names.end());
  bool is_known = std::ranges::all_of(
      engines, [](const std::string& name) { return name == "duckdb" || name == "spark" || name == kHive; });
  if (is_known && engines.contains("duckdb") && engines.size() > 1 && names.size() == engines.size()) return engines;
  throw base::InputError("--compare knows duckdb,spark, duckdb,hive and duckdb,spark,hive: {}", text);
}

std::set<std::string> RequireKinds(const std::string& text) {
  std::set<std::string> kinds;
  for (const auto& kind : SplitAtCommas(text)) {
    if (std::ranges::find(compare::kKinds, kind) == std::end(compare::kKinds)) {
      throw base::InputError("--only knows {}: {}", fmt::join(compare::kKinds, ", "), kind);
    }
    kinds.insert(kind);
  }
  return kinds;
}

base::Json ToJson(const compare::Compared& compared) {
  return {{"kind", compared.kind},
          {"name", compared.name},
          {"rows", compared.rows},
          {"rows_different", compared.rows_different},
          {"more", compared.has_more}};
}

// Whom DuckDB was compared with.
std::string OtherOf(const compare::Compared& compared) { return compared.kind == kHive ? kHive : "spark"; }

void PrintJson(std::ostream& out, const std::set<std::string>& engines, const compare::ComparisonReport& report) {
  base::Json json = {{"engines", engines},
                     {"differing", report.differing()},
                     {"compared", base::Json::array()},
                     {"differences", base::Json::array()},
                     {"left_out", report.left_out}};
  for (const auto& compared : report.compared) {
    json["compared"].push_back(ToJson(compared));
    for (const auto& difference : compared.differences) {
      base::Json key = base::Json::object();
      for (const auto& [column, value] : difference.key) key[column] = value;
      json["differences"].push_back(
          {{"kind", compared.kind},
           {"name", compared.name},
           {"key", key},
           {"column", difference.column.empty() ? base::Json(nullptr) : base::Json(difference.column)},
           {"duckdb", difference.one},
           {OtherOf(compared), difference.other}});
    }
  }
  out << json.dump(2, ' ', false, base::Json::error_handler_t::replace) << "\n";
}

std::string Describe(const compare::Difference& difference, const std::string& other) {
  std::string text;
  for (const auto& [column, value] : difference.key) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", column, value);
  }
  if (!difference.column.empty()) text += fmt::format("{}{}", text.empty() ? "" : ": ", difference.column);
  return fmt::format("{}{}duckdb {}, {} {}", text, text.empty() ? "" : ": ", difference.one, other, difference.other);
}

void Print(std::ostream& out, const std::set<std::string>& engines, const compare::ComparisonReport& report) {
  std::map<std::string, int64_t> by_kind;
  int64_t rows = 0;
  for (const auto& compared : report.compared) {
    ++by_kind[compared.kind];
    rows += compared.rows;
    if (compared.differences.empty()) continue;
    out << fmt::format("differs  {} {}", compared.kind, compared.name);
    if (compared.rows_different > 0) {
      out << fmt::format(": {}{} of {} rows", compared.has_more ? "at least " : "",
                         FormatCount(compared.rows_different), FormatCount(compared.rows));
    }
    out << "\n";
    for (const auto& difference : compared.differences) {
      out << "         " << Describe(difference, OtherOf(compared)) << "\n";
    }
  }
  for (const auto& what : report.left_out) out << "left out " << what << "\n";
  std::string counts;
  for (const auto& [kind, count] : by_kind)
    counts += fmt::format("{}{} of kind {}", counts.empty() ? "" : ", ", count, kind);
  out << fmt::format("compared {}: {}; {} rows; {} differ\n", fmt::join(engines, " and "), counts, FormatCount(rows),
                     report.differing());
}

compare::ComparisonReport CompareWithSpark(Context& context, lake::Lake& lake, const model::Project& project,
                                           std::set<std::string> kinds, Progress& progress) {
  compare::ComparisonOptions options;
  options.kinds = std::move(kinds);
  options.batch_bytes_max = context.settings.memory_bytes / kMemoryShareOfBatch;
  options.on_stage = [&progress](const std::string& stage) { progress.Stage(stage); };
  options.open_spark = [&context](storage::Storage& storage) { return ConnectSpark(context, storage); };
  compare::LakeComparison comparison(lake, project, options);
  Interrupts::Scope scope(
      context.interrupts, [&comparison] { comparison.Interrupt(); }, kTidyUp);
  return comparison.Run();
}

compare::ComparisonReport CompareWithHive(Context& context, lake::Lake& lake, const model::Project& project,
                                          Progress& progress) {
  hive::Metastore metastore(MetastoreOf(context.settings));
  hive::HiveServer server(HiveServerOf(context.settings));
  compare::HiveComparisonOptions options;
  options.database = context.settings.Text("hive.database");
  options.on_stage = [&progress](const std::string& stage) { progress.Stage(stage); };
  Interrupts::Scope scope(
      context.interrupts, [&lake] { lake.Interrupt(); }, kTidyUp);
  return compare::CompareWithHive(lake, project, metastore, server, options);
}

}  // namespace

int CompareEngines(Context& context, const std::string& text, const std::string& only) {
  auto engines = RequireEngines(text);
  auto kinds = RequireKinds(only);
  bool wants_hive = engines.contains(kHive) && (kinds.empty() || kinds.contains(kHive));
  kinds.erase(kHive);
  bool wants_spark = engines.contains("spark") && (only.empty() || !kinds.empty());
  if (!wants_hive && !wants_spark) throw base::InputError("of {} nothing is compared in {}", text, only);
  auto project = context.LoadProject();
  OpenLake lake(context, IfAbsent::kRefuse);
  if (wants_spark) lake->UseEngine(ConnectSpark(context, lake->storage()));
  compare::ComparisonReport report;
  {
    Progress progress(Progress::StyleOf(context.quiet), [&database = lake->database()] { return database.progress(); });
    if (wants_hive) report = CompareWithHive(context, *lake, project, progress);  // First, for it takes less.
    if (wants_spark) {
      auto of_spark = CompareWithSpark(context, *lake, project, kinds, progress);
      std::ranges::move(of_spark.compared, std::back_inserter(report.compared));
      std::ranges::move(of_spark.left_out, std::back_inserter(report.left_out));
    }
  }
  context.json ? PrintJson(context.out, engines, report) : Print(context.out, engines, report);
  return report.differing() == 0 ? kExitDone : kExitFailed;
}

}  // namespace qlake::cli
