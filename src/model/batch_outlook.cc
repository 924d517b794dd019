#include "model/batch_outlook.h"

#include <map>

namespace qlake::model {
namespace {

// Seconds a byte of the source's files, measured as docs/performance.md says.
constexpr double kPerGigabyte = 1e-9;
constexpr double kStaging = 3.1 * kPerGigabyte;
constexpr double kDuplicates = 0.8 * kPerGigabyte;
constexpr double kBuildingQuarantine = 0.15 * kPerGigabyte;
constexpr double kWritingQuarantine = 0.2 * kPerGigabyte;
constexpr double kStageAtLeast = 0.008;  // Planning SQL, a commit.

double BuildingCost(ModelKind kind) {
  switch (kind) {
    case ModelKind::kScd2:
      return 0.9 * kPerGigabyte;
    case ModelKind::kAggregate:
      return 0.55 * kPerGigabyte;
    case ModelKind::kUpsert:
    case ModelKind::kFact:
    case ModelKind::kWindow:  // Of events, which are no files.
      break;
  }
  return 0;  // What a fact costs is its writing.
}

double WritingCost(ModelKind kind) {
  switch (kind) {
    case ModelKind::kFact:
      return 4.4 * kPerGigabyte;
    case ModelKind::kAggregate:
      return 0.15 * kPerGigabyte;
    case ModelKind::kScd2:
    case ModelKind::kUpsert:
    case ModelKind::kWindow:
      break;
  }
  return 0.05 * kPerGigabyte;
}

}  // namespace

BatchOutlook OutlookOf(const Plan& plan, int64_t later_bytes) {
  std::map<std::string, double> bytes_of;
  for (const auto& input : plan.inputs) {
    for (const auto& file : input.files) bytes_of[input.source] += static_cast<double>(file.bytes);
  }
  const auto& models = plan.project.models();
  BatchOutlook outlook;
  auto add = [&](std::string stage, const std::string& source, double cost) {
    outlook.stages.push_back({std::move(stage), kStageAtLeast + cost * bytes_of[source]});
  };
  for (const auto& contract : plan.project.contracts()) {
    add(StagingStage(contract.name), contract.name, kStaging);
    for (const auto& model : models) {
      bool is_fact = model.kind == ModelKind::kFact && model.source == contract.name;
      if (is_fact) add(DuplicatesStage(contract.name), contract.name, kDuplicates);
    }
  }
  for (const auto& model : models) add(BuildingStage(model.table), model.source, BuildingCost(model.kind));
  for (const auto& contract : plan.project.contracts()) {
    add(BuildingStage("quarantine." + contract.name), contract.name, kBuildingQuarantine);
  }
  for (const auto& model : models) add(WritingStage(model.table), model.source, WritingCost(model.kind));
  for (const auto& contract : plan.project.contracts()) {
    add(WritingStage("quarantine." + contract.name), contract.name, kWritingQuarantine);
  }
  double batch_seconds = 0;
  for (const auto& stage : outlook.stages) batch_seconds += stage.seconds;
  double batch_bytes = 0;
  for (const auto& [source, bytes] : bytes_of) batch_bytes += bytes;
  if (batch_bytes > 0) outlook.later_seconds = batch_seconds * static_cast<double>(later_bytes) / batch_bytes;
  return outlook;
}

std::string StagingStage(const std::string& source) { return "staging " + source; }
std::string DuplicatesStage(const std::string& source) { return "finding duplicates of " + source; }
std::string BuildingStage(const std::string& table) { return "building " + table; }
std::string WritingStage(const std::string& table) { return "writing " + table; }

}  // namespace qlake::model
