#include "cli/maintenance_options.h"

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/quantity.h"

namespace qlake::cli {

const std::vector<std::string>& MaintenanceSettingKeys() {
  static const std::vector<std::string> keys = {"project", "lake", "memory", "engine", "lease_wait", "disk.free_min"};
  return keys;
}

std::chrono::milliseconds RequireDuration(const std::string& flag, const std::string& text) {
  auto duration = ParseDuration(text);
  if (!duration) throw base::InputError("{} must be a duration such as 30s, 5m, 12h or 7d: {}", flag, text);
  return *duration;
}

uint64_t RequireSize(const std::string& flag, const std::string& text) {
  auto bytes = ParseSize(text);
  if (!bytes || *bytes == 0) throw base::InputError("{} must be a size such as 32MiB or 1GB: {}", flag, text);
  return *bytes;
}

maintain::WorkBudget::Limits BudgetOptions::Limits() const {
  maintain::WorkBudget::Limits limits;
  if (!time.empty()) limits.time = RequireDuration("--budget-time", time);
  if (!bytes.empty()) limits.bytes = RequireSize("--budget-bytes", bytes);
  return limits;
}

void AddBudgetOptions(CLI::App& command, BudgetOptions& options) {
  command.add_option("--budget-time", options.time, "begin nothing more after that long, such as 5m [no limit]");
  command.add_option("--budget-bytes", options.bytes,
                     "begin nothing more after reading so much, such as 10GiB [no limit]");
}

MaintainedLake::MaintainedLake(Context& context, ComputesOn computes_on)
    : lake_(context, IfAbsent::kRefuse, computes_on),
      project_(context.LoadProject()),
      progress_(std::make_unique<Progress>(Progress::StyleOf(context.quiet),
                                           [&database = lake_->database()] { return database.progress(); })),
      maintenance_(*lake_, project_,
                   {context.settings.lease_wait, context.settings.Bytes("disk.free_min"), on_stage()}) {}

std::function<void(const std::string& stage)> MaintainedLake::on_stage() {
  return [this](const std::string& stage) {
    if (progress_) progress_->Stage(stage);
  };
}

}  // namespace qlake::cli
