#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/interrupts.h"
#include "lake/lake.h"

namespace qlake::cli {

enum class IfAbsent { kCreate, kRefuse };
// What a command computes with: commands of the lake's own tables know DuckDB only, and never reach for a server.
enum class ComputesOn { kDuckdb, kEngineOfSettings };

// The lake of the settings, its engine open; Ctrl-C interrupts what that runs.
class OpenLake {
 public:
  // Throws Error{kInput} when there is no such folder and it shall not be created: a command that only reads must not
  // turn a mistyped name into a lake.
  // The logs of `tables`, which the command will need, are read while the engine opens.
  OpenLake(Context& context, IfAbsent if_absent, ComputesOn computes_on = ComputesOn::kDuckdb,
           const std::vector<std::string>& tables = {});

  lake::Lake& operator*() { return lake_; }
  lake::Lake* operator->() { return &lake_; }

 private:
  lake::Lake lake_;
  Interrupts::Scope scope_;
};

}  // namespace qlake::cli
