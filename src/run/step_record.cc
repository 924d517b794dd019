#include "run/step_record.h"

#include <cmath>

namespace qlake::run {
namespace {

// One entry a table: a run may commit to it several times, batch by batch.
base::Json TablesOf(const std::vector<lake::TableCommit>& commits) {
  base::Json tables = base::Json::object();
  for (const auto& commit : commits) {
    auto& table = tables[commit.table];
    if (table.is_null()) {
      table = {{"from", commit.base}, {"to", 0}, {"inserted", 0}, {"removed", 0}, {"bytes_written", 0}};
    }
    table["to"] = commit.version;
    table["inserted"] = table["inserted"].get<int64_t>() + commit.rows_inserted;
    table["removed"] = table["removed"].get<int64_t>() + commit.rows_removed;
    table["bytes_written"] = table["bytes_written"].get<uint64_t>() + commit.bytes_written;
  }
  return tables;
}

}  // namespace

base::Json ToJson(const StepRecord& step) {
  base::Json json = {{"step", step.step},
                     {"state", step.failure.empty() ? "done" : "failed"},
                     {"seconds", std::round(step.seconds * 1000) / 1000},
                     {"files", step.files},
                     {"rows", step.rows},
                     {"bytes", step.bytes},
                     {"peak_memory_bytes", step.peak_memory_bytes},
                     {"reads", base::Json::object()},
                     {"tables", TablesOf(step.commits)}};
  for (const auto& [table, version] : step.reads) json["reads"][table] = version;
  if (!step.failure.empty()) {
    json["stage"] = step.stage;
    json["message"] = step.failure;
  }
  return json;
}

}  // namespace qlake::run
