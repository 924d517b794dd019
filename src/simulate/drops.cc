#include "simulate/drops.h"

#include <fmt/format.h>

#include "base/error.h"
#include "simulate/drop_file.h"
#include "simulate/drop_plan.h"
#include "simulate/members.h"
#include "simulate/transactions.h"

namespace qlake::simulate {
namespace {

void Check(const DropOptions& options) {
  const auto refuse_negative = [](const char* name, int64_t value) {
    if (value < 0) throw base::InputError("simulated drops cannot have a negative number of {}: {}", name, value);
  };
  refuse_negative("hours", options.hours);
  refuse_negative("rows", options.rows);
  refuse_negative("late hours", options.late);
  refuse_negative("missing files", options.missing);
  refuse_negative("corrected files", options.correct);
  if (!(options.dirty >= 0 && options.dirty <= 1)) {
    throw base::InputError("the share of dirty rows lies between 0 and 1: {}", options.dirty);
  }
}

class DropWriter {
 public:
  DropWriter(const std::filesystem::path& folder, const DropOptions& options) : folder_(folder), options_(options) {}

  void Write(const PlannedFile& planned) {
    switch (planned.source) {
      case Source::kBranch: {
        DropFile file(Path("branches", planned.hour));
        report_.rows += WriteBranches(file, planned.hour, planned.corrected);
        return Finish(file);
      }
      case Source::kAgent: {
        DropFile file(Path("sales_agents", planned.hour));
        report_.rows += WriteAgents(file, options_, planned.hour, planned.corrected);
        return Finish(file);
      }
      case Source::kTransaction:
        return WriteTransactions(planned);
    }
  }

  const DropReport& report() const { return report_; }

 private:
  std::filesystem::path Path(std::string_view name, int64_t hour, std::string_view suffix = "") const {
    return folder_ / base::FormatHour({options_.start.hours + hour}) /
           fmt::format("{}_{}{}.csv", name, hour + 1, suffix);
  }

  void WriteTransactions(const PlannedFile& planned) {
    const TransactionExport hourly(options_, planned.hour, planned.corrected);
    DropFile file(Path("sales_transactions", planned.hour));
    Add(hourly.Write(file));
    Finish(file);
    if (!planned.corrected) WriteOddPart(hourly, planned.hour);
  }

  void WriteOddPart(const TransactionExport& hourly, int64_t hour) {
    const FileForm form = FormOf(options_, hour);
    if (form < FileForm::kEmptyPart) return;
    DropFile file(Path("sales_transactions", hour, "_part2"));
    if (form == FileForm::kHeaderOnlyPart) Add(hourly.WriteHeaderOnly(file));
    if (form == FileForm::kNoCsvPart) Add(hourly.WriteNoCsv(file));
    if (form == FileForm::kCutPart) Add(hourly.WriteCut(file));
    Finish(file);
  }

  void Add(const TransactionCounts& counts) {
    report_.rows += counts.rows;
    report_.transactions += counts.rows;
    report_.repeated += counts.repeated;
    report_.broken += counts.broken;
  }

  void Finish(DropFile& file) {
    file.Finish();
    report_.files += 1;
    report_.bytes += file.bytes();
  }

  const std::filesystem::path& folder_;
  const DropOptions& options_;
  DropReport report_;
};

}  // namespace

DropReport WriteDrops(const std::filesystem::path& folder, const DropOptions& options, Phase phase) {
  Check(options);
  DropWriter writer(folder, options);
  for (const PlannedFile& planned : PlanPhase(options, phase)) writer.Write(planned);
  return writer.report();
}

}  // namespace qlake::simulate
