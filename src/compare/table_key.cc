#include "compare/table_key.h"

#include "lake/tables.h"

namespace qlake::compare {

std::vector<std::string> KeyOf(const model::Project& project, const std::string& table) {
  for (const auto* models : {&project.models(), &project.event_models()}) {
    for (const auto& model : *models) {
      if (model.table != table) continue;
      std::vector<std::string> key = model.key;
      if (model.kind == model::ModelKind::kScd2) key.push_back("valid_from");
      if (model.kind == model::ModelKind::kWindow) key.push_back("revision");
      return key;
    }
  }
  if (table.starts_with("quarantine.")) return {"_file_id", "_line"};
  if (table.starts_with("events.")) return {"_topic", "_topic_id", "_partition", "_offset"};
  if (table.starts_with("raw_rows.")) return {"_file_id", "_seq", "_line"};
  if (table == lake::kRawFiles) return {"seq"};
  if (table == lake::kOpsLedger) return {"_file_id", "to_seq"};
  if (table == lake::kOpsChecks) return {"to_seq", "subject", "name"};
  if (table == lake::kOpsRuns || table == lake::kOpsSteps) return {"run_id"};
  return {};
}

}  // namespace qlake::compare
