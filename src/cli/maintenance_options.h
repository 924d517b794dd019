#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/open_lake.h"
#include "cli/progress.h"
#include "run/maintenance.h"

namespace CLI {
class App;
}

namespace qlake::cli {

// The settings that commands which keep a lake in shape obey.
const std::vector<std::string>& MaintenanceSettingKeys();

// Values of flags, read strictly. Each throws Error{kInput} that names the flag.
std::chrono::milliseconds RequireDuration(const std::string& flag, const std::string& text);
uint64_t RequireSize(const std::string& flag, const std::string& text);

// --budget-time and --budget-bytes.
struct BudgetOptions {
  std::string time;
  std::string bytes;

  maintain::WorkBudget::Limits Limits() const;
};
void AddBudgetOptions(CLI::App& command, BudgetOptions& options);

// A lake with what its maintenance needs, the progress line going while it lives.
class MaintainedLake {
 public:
  explicit MaintainedLake(Context& context, ComputesOn computes_on = ComputesOn::kDuckdb);

  lake::Lake& lake() { return *lake_; }
  const model::Project& project() const { return project_; }
  run::Maintenance& maintenance() { return maintenance_; }
  std::function<void(const std::string& stage)> on_stage();
  // The progress line goes: the answer is written next.
  void EndProgress() { progress_.reset(); }

 private:
  OpenLake lake_;
  model::Project project_;
  std::unique_ptr<Progress> progress_;
  run::Maintenance maintenance_;
};

}  // namespace qlake::cli
