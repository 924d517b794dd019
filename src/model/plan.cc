#include "model/plan.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/log.h"
#include "model/put_back.h"

namespace qlake::model {
namespace {

std::string KeptProjectPath(const std::string& sha256) { return "ops/projects/" + sha256 + ".json"; }

int64_t ProgressOf(const lake::Lake& lake) {
  auto ledger = lake.Load(lake::kOpsLedger);
  return ledger ? ledger->TransactionVersion(kProcessApp) : 0;
}

// The seq of the last file of the batch: files count up to the budget, and one hour's files stay together.
int64_t CutBatch(const std::vector<lake::FileRecord>& pending, uint64_t batch_bytes_max) {
  uint64_t bytes = 0;
  int64_t to_seq = 0;
  for (size_t begin = 0, end = 0; begin < pending.size(); begin = end) {
    for (; end < pending.size() && pending[end].hour == pending[begin].hour; ++end) {
      bytes += static_cast<uint64_t>(pending[end].bytes);
    }
    if (begin > 0 && bytes > batch_bytes_max) break;
    to_seq = pending[end - 1].seq;
  }
  return to_seq;
}

// Which files each source has to read: the new ones when they all stand after what was read before, else all of its
// files.
std::vector<SourceInput> SplitBySource(const Project& project, const std::vector<lake::FileRecord>& revisions,
                                       int64_t from_seq) {
  auto current = lake::CurrentFiles(revisions);
  std::map<std::string, base::Hour> last_hour;          // By source, of the files read before.
  std::map<std::string, const lake::FileRecord*> read;  // By file id, read before.
  for (const auto& file : revisions) {
    if (file.seq >= from_seq) continue;
    auto [at, first] = last_hour.try_emplace(file.source, file.hour);
    if (!first) at->second = std::max(at->second, file.hour);
    read[file.file_id] = &file;
  }
  std::vector<SourceInput> inputs;
  for (const auto& contract : project.contracts()) {
    SourceInput input{contract.name, false, {}};
    for (const auto& file : current) {
      if (file.source != contract.name || file.seq < from_seq) continue;
      auto last = last_hour.find(file.source);
      bool is_late = last != last_hour.end() && file.hour <= last->second;
      if (is_late || read.contains(file.file_id)) input.whole = true;
    }
    for (const auto& file : current) {
      if (file.source == contract.name && (input.whole || file.seq >= from_seq)) input.files.push_back(file);
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

lake::TableVersions CurrentVersions(const lake::Lake& lake, const Project& project) {
  lake::TableVersions versions;
  for (const auto& table : WrittenTables(project)) {
    auto snapshot = lake.Load(table);
    versions[table] = snapshot ? snapshot->version() : delta::kNoVersion;
  }
  return versions;
}

// Whether any table holds rows of the batch that ends with `to_seq`.
bool HasCommitted(const lake::Lake& lake, const Project& project, int64_t to_seq) {
  for (const auto& table : WrittenTables(project)) {
    auto snapshot = lake.Load(table);
    if (snapshot && snapshot->TransactionVersion(kProcessApp) >= to_seq) return true;
  }
  return false;
}

Plan MakePlan(lake::Intent intent, Project project, bool is_redo, const std::vector<lake::FileRecord>& revisions) {
  Plan plan{std::move(intent), std::move(project), is_redo, {}, revisions, {}, 0, 0};
  std::vector<lake::FileRecord> until;
  for (const auto& file : WithoutPutBack(revisions)) {
    if (file.seq >= plan.intent.from_seq) plan.waiting.push_back(file);
    if (file.seq > plan.intent.to_seq) continue;
    until.push_back(file);
    if (file.seq < plan.intent.from_seq) continue;
    ++plan.new_files;
    plan.new_bytes += file.bytes;
  }
  plan.inputs = SplitBySource(plan.project, until, plan.intent.from_seq);
  return plan;
}

}  // namespace

std::vector<std::string> WrittenTables(const Project& project) {
  std::vector<std::string> tables;
  for (const auto& contract : project.contracts()) tables.push_back("quarantine." + contract.name);
  for (const auto& model : project.models()) tables.push_back(model.table);
  tables.push_back(lake::kOpsChecks);
  return tables;
}

std::optional<Plan> PlanBatch(lake::Lake& lake, const Project& project, const std::string& run_id,
                              uint64_t batch_bytes_max, int64_t seq_max) {
  int64_t done_seq = ProgressOf(lake);
  auto revisions = lake::ReadFiles(lake);
  auto last = lake::ReadLastIntent(lake, kProcessApp);
  bool is_open = last && last->to_seq > done_seq;
  if (is_open) {
    auto kept = Project::FromJsonText(lake.storage().Read(KeptProjectPath(last->project_sha256)));
    if (HasCommitted(lake, kept, last->to_seq)) {
      base::LogInfo("an earlier run did not finish: doing its batch again",
                    {{"earlier_run", last->run_id}, {"to_seq", last->to_seq}});
      return MakePlan(*last, std::move(kept), true, revisions);
    }
  }
  std::vector<lake::FileRecord> pending;
  for (const auto& file : WithoutPutBack(revisions)) {
    if (file.seq > done_seq && file.seq <= seq_max) pending.push_back(file);
  }
  if (pending.empty()) return std::nullopt;
  lake::Intent intent{kProcessApp,
                      pending.front().seq,
                      CutBatch(pending, batch_bytes_max),
                      CurrentVersions(lake, project),
                      project.Sha256(),
                      run_id,
                      lake.clock().Now()};
  if (is_open) {
    // An intent that nothing was committed under gives way to one that covers it and is the later of the two: what made
    // its run fail may have been mended, in the contracts or by a correction.
    intent.to_seq = std::max(intent.to_seq, last->to_seq);
    intent.started_at = std::max(intent.started_at, base::Timestamp{last->started_at.us + 1});
  }
  return MakePlan(std::move(intent), project, false, revisions);
}

void WriteIntent(lake::Writer& writer, const Plan& plan) {
  QLAKE_CHECK(!plan.is_redo);
  std::string path = KeptProjectPath(plan.intent.project_sha256);
  // A file of that name holds that project, whole: its name is its hash, and it comes into being in one piece.
  if (!writer.lake().storage().Find(path)) writer.lake().storage().Replace(path, plan.project.ToJsonText());
  writer.AppendLater(lake::StepsSchema(), {lake::ToRow(plan.intent)});
}

}  // namespace qlake::model
