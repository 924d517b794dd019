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

// What a stage takes however few its bytes are. In the process: planning SQL, a commit.
struct FixedCosts {
  double staging = 0.008;
  double duplicates = 0.008;
  double building_scd2 = 0.008;
  double building_fact = 0.008;
  double building = 0.008;
  double building_quarantine = 0.008;
  double writing_fact = 0.008;
  double writing_mart = 0.008;
  double writing = 0.008;
};

// On a server it is statements, each some jobs: seconds of three small files on a cluster of two slow workers. Of what
// its bytes add there is no measure; that differs from cluster to cluster.
constexpr FixedCosts kServerCosts = {.staging = 11,
                                     .duplicates = 5,
                                     .building_scd2 = 9,
                                     .building_fact = 0.4,
                                     .building = 3.2,
                                     .building_quarantine = 1,
                                     .writing_fact = 8,
                                     .writing_mart = 1.5,
                                     .writing = 2};
constexpr double kServerTail = 8;

double FixedBuildingCost(const FixedCosts& fixed, ModelKind kind) {
  if (kind == ModelKind::kScd2) return fixed.building_scd2;
  return kind == ModelKind::kFact ? fixed.building_fact : fixed.building;
}

double FixedWritingCost(const FixedCosts& fixed, ModelKind kind) {
  if (kind == ModelKind::kFact) return fixed.writing_fact;
  return kind == ModelKind::kAggregate ? fixed.writing_mart : fixed.writing;
}

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

BatchOutlook OutlookOf(const Plan& plan, int64_t later_bytes, ComputedBy computed_by) {
  std::map<std::string, double> bytes_of;
  for (const auto& input : plan.inputs) {
    for (const auto& file : input.files) bytes_of[input.source] += static_cast<double>(file.bytes);
  }
  const auto& models = plan.project.models();
  BatchOutlook outlook;
  outlook.reads = plan.intent.reads;
  outlook.is_of_server = computed_by == ComputedBy::kServer;
  const FixedCosts fixed = outlook.is_of_server ? kServerCosts : FixedCosts{};
  if (outlook.is_of_server) outlook.tail_seconds = kServerTail;
  auto add = [&](std::string stage, const std::string& source, double at_least, double cost) {
    outlook.stages.push_back({std::move(stage), at_least + cost * bytes_of[source]});
  };
  for (const auto& contract : plan.project.contracts()) {
    add(StagingStage(contract.name), contract.name, fixed.staging, kStaging);
    for (const auto& model : models) {
      bool is_fact = model.kind == ModelKind::kFact && model.source == contract.name;
      if (is_fact) add(DuplicatesStage(contract.name), contract.name, fixed.duplicates, kDuplicates);
    }
  }
  for (const auto& model : models) {
    add(BuildingStage(model.table), model.source, FixedBuildingCost(fixed, model.kind), BuildingCost(model.kind));
  }
  for (const auto& contract : plan.project.contracts()) {
    add(BuildingStage("quarantine." + contract.name), contract.name, fixed.building_quarantine, kBuildingQuarantine);
  }
  for (const auto& model : models) {
    add(WritingStage(model.table), model.source, FixedWritingCost(fixed, model.kind), WritingCost(model.kind));
  }
  for (const auto& contract : plan.project.contracts()) {
    add(WritingStage("quarantine." + contract.name), contract.name, fixed.writing, kWritingQuarantine);
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
