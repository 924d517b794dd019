#include <algorithm>
#include <utility>

#include "base/error.h"
#include "model/batch_staging.h"
#include "model/duplicates.h"

namespace qlake::model {
namespace {

using engine::QuoteLiteral;

// The reader judges rows while it reads the files, and they stay in memory; the keys of a fact are known by its index.
class EmbeddedStaging final : public BatchStaging {
 public:
  EmbeddedStaging(lake::Writer& writer, const Plan& plan) : lake_(writer.lake()), plan_(plan) {
    // References to them are handed out.
    sources_.reserve(plan.project.contracts().size());
  }

  engine::Engine& engine() override { return lake_.database(); }

  void Stage(const StagedInput& input) override { sources_.emplace_back(lake_, input.contract, input.input.files); }

  void JudgeRepeats(const StagedInput& input) override {
    auto& source = sources_.back();
    if (input.fact == nullptr) return CountRepeats(lake_, source);
    auto base = lake_.LoadVersion(input.fact->table, input.fact_version);
    auto& keys = fact_keys_.emplace_back(std::make_unique<FactKeys>(lake_, *input.fact, plan_.revisions));
    FactBefore before{*input.fact, *keys, input.IsDerivedAnew() ? std::nullopt : std::move(base),
                      plan_.intent.from_seq};
    keys->Begin(JudgeDuplicates(lake_, source, before), input.IsDerivedAnew());
  }

  std::vector<const StagedAccount*> accounts() const override {
    std::vector<const StagedAccount*> accounts;
    for (const auto& source : sources_) accounts.push_back(&source);
    return accounts;
  }

  // With their text from the file.
  std::string ConflictsSql(const Contract& contract, const Model& fact) const override {
    return fmt::format(
        "SELECT f._file_id, j._line, f.data_hour, j.key, 'conflicting_duplicate', "
        "CAST(to_json([{0} || j.key || ' came before with other content: ' || j.kept_file_id || ' line ' || "
        "j.kept_line]) "
        "AS VARCHAR), left(s._record, 65536) FROM conflicts.{1} AS j JOIN staged_files.{1} AS f ON j._file = f._file "
        "JOIN scan_conflicts.{1} AS s ON s._file = j._file AND s._line = j._line",
        QuoteLiteral(fmt::format("{}: ", fmt::join(fact.key, ", "))), contract.name);
  }

  const StagedSource* InMemory(const std::string& source) const override {
    auto found = std::ranges::find_if(sources_, [&](const auto& staged) { return staged.contract().name == source; });
    QLAKE_CHECK(found != sources_.end());
    return &*found;
  }

  bool ClusterBy(const Model& fact) override {
    auto& source =
        *std::ranges::find_if(sources_, [&](const auto& staged) { return staged.contract().name == fact.source; });
    const auto& column = fact.partition_columns.front();
    if (!source.CanClusterBy(column)) return false;
    source.ClusterBy(lake_, column);
    return true;
  }

  void Publish() override {
    for (const auto& keys : fact_keys_) keys->Publish();
  }

  void ForgetRows() override {
    if (!std::exchange(has_rows_, false)) return;
    for (auto& source : sources_) source.Forget();
    lake_.database().ForgetStagedRows();
  }

 private:
  lake::Lake& lake_;
  const Plan& plan_;
  std::vector<StagedSource> sources_;
  bool has_rows_ = true;
  std::vector<std::unique_ptr<FactKeys>> fact_keys_;  // Of each fact of the batch.
};

}  // namespace

std::unique_ptr<BatchStaging> MakeEmbeddedStaging(lake::Writer& writer, const Plan& plan) {
  return std::make_unique<EmbeddedStaging>(writer, plan);
}

}  // namespace qlake::model
