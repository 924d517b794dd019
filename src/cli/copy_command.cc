#include <CLI/CLI.hpp>
#include <atomic>
#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "cli/context.h"
#include "cli/hdfs_settings.h"
#include "cli/progress.h"
#include "cli/quantity.h"
#include "maintain/lake_copy.h"
#include "run/run_id.h"

namespace qlake::cli {
namespace {

struct Options {
  std::string from;
  std::string to;
  std::string to_webhdfs;
};

// With a slash behind it, so that a folder's text begins the text of all that stand in it.
std::string WholePath(const std::string& lake) {
  std::string path = storage::IsOnHdfs(lake) ? lake : std::filesystem::weakly_canonical(lake).string();
  while (path.ends_with("/")) path.pop_back();
  return path + "/";
}

void RequireLakes(const Options& options) {
  for (const auto& lake : {options.from, options.to}) {
    bool is_other = lake.find("://") != std::string::npos && !storage::IsOnHdfs(lake);
    if (lake.empty() || is_other) {
      throw base::InputError("a lake is a folder or hdfs://host:port/folder (--from, --to): \"{}\"", lake);
    }
  }
  if (!options.to_webhdfs.empty() && !storage::IsOnHdfs(options.to)) {
    throw base::InputError("--to-webhdfs is for a copy on HDFS, --to is not there: {}", options.to);
  }
  std::string from = WholePath(options.from);
  std::string to = WholePath(options.to);
  if (from == to) throw base::InputError("a lake cannot be copied to itself: {}", options.from);
  if (from.starts_with(to) || to.starts_with(from)) {
    throw base::InputError("a lake and its copy cannot stand in each other, name another folder: {} and {}",
                           options.from, options.to);
  }
}

void Print(Context& context, const std::string& run_id, const maintain::CopyReport& report) {
  if (context.json) {
    base::Json json = {{"run_id", run_id},      {"tables", report.tables},       {"files", report.files},
                       {"bytes", report.bytes}, {"copied", report.files_copied}, {"copied_bytes", report.bytes_copied}};
    context.out << json.dump() << "\n";
    return;
  }
  context.out << fmt::format("copied {} of {} files, {} of {}; {} tables\n", FormatCount(report.files_copied),
                             FormatCount(report.files), FormatBytes(report.bytes_copied), FormatBytes(report.bytes),
                             report.tables);
}

int Execute(Context& context, const Options& options) {
  RequireLakes(options);
  auto from_options = LakeOptionsOf(context.settings, options.from);
  // Opening a folder of the disk makes it: a mistyped name must not become a lake.
  if (!storage::IsOnHdfs(options.from) && !std::filesystem::exists(options.from)) {
    throw base::InputError("there is no lake to copy (--from): {}", options.from);
  }
  lake::Lake from(from_options, context.clock);
  auto to_options = LakeOptionsOf(context.settings, options.to);
  if (!options.to_webhdfs.empty()) to_options.hdfs.webhdfs = SplitAtCommas(options.to_webhdfs);
  lake::Lake to(to_options, context.clock);
  std::atomic<bool> cancelled = false;
  std::atomic<uint64_t> bytes_done = 0;
  maintain::CopyOptions copy{.run_id = run::NewRunId(context.clock.Now()),
                             .lease_wait = context.settings.lease_wait,
                             .cancelled = &cancelled,
                             .bytes_done = &bytes_done};
  maintain::CopyReport report;
  {
    Progress progress(Progress::StyleOf(context.quiet), [&bytes_done] {
      return engine::ScanProgress{bytes_done, 0, 0};
    });
    copy.on_stage = [&progress](const std::string& stage) { progress.Stage(stage); };
    Interrupts::Scope scope(context.interrupts, [&cancelled] { cancelled = true; });
    report = maintain::CopyLake(from, to, copy);
  }
  Print(context, copy.run_id, report);
  return kExitDone;
}

}  // namespace

void AddCopy(CLI::App& app, CommandLine& line) {
  auto& command =
      line.Add(app, "copy",
               "Copy a lake with its history and progress, verified by checksum; cut short, it goes on when run again",
               WithHdfsKeys({"lease_wait"}),
               "  qlake copy --from lake --to hdfs://namenode:8020/lakes/shop\n"
               "  qlake copy --from hdfs://namenode:8020/lakes/shop --to /srv/lake --webhdfs http://namenode:9870\n"
               "  qlake copy --from hdfs://old:8020/shop --to hdfs://new:8020/shop --webhdfs http://old:9870 --to-webhdfs "
               "http://new:9870\n"
               "  qlake copy --from lake --to /backup/lake     # again: brings what has come since");
  auto options = std::make_shared<Options>();
  command.add_option("--from", options->from, "lake to copy: a folder, or hdfs://host:port/folder")->required();
  command.add_option("--to", options->to, "where it goes: nothing yet, or an earlier copy of it")->required();
  command.add_option("--to-webhdfs", options->to_webhdfs,
                     "where the NameNodes of --to answer, with commas between [as those of --from]");
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return Execute(context, *options); }; });
}

}  // namespace qlake::cli
