#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "lake/writer.h"
#include "model/contract.h"
#include "model/model.h"
#include "model/plan.h"
#include "model/staged_account.h"
#include "model/staging.h"

namespace qlake::model {

// What is staged of one source: its contract and files, and the fact that its rows become, if any.
struct StagedInput {
  const Contract& contract;
  const SourceInput& input;
  const Model* fact = nullptr;
  delta::Version fact_version = delta::kNoVersion;  // As the intent saw it.

  bool IsDerivedAnew() const { return input.whole || fact_version == delta::kNoVersion; }
};

// raw -> staged of one batch, in the engine that computes its tables: the embedded one, whose reader judges the rows
// while it reads the files, or another, which judges in SQL what it finds in raw.<source>. Both define in engine():
//   staged.<source>       accepted rows: the contract's columns and derived columns, _file, _line, _file_id, data_hour,
//                         _content_hash; what models read
//   staged_once.<source>  the same, without the rows whose key came before: what a fact's model reads
//   staged_files.<source> _file, _file_id, data_hour
//   rejected.<source>     rows that broke the contract, as lake::QuarantineSchema says
// One object a batch.
class BatchStaging {
 public:
  BatchStaging() = default;
  virtual ~BatchStaging() = default;
  BatchStaging(const BatchStaging&) = delete;
  BatchStaging& operator=(const BatchStaging&) = delete;

  virtual engine::Engine& engine() = 0;

  // Stages and judges a source's rows. Throws Error{kInput} when a rule with on_violation = "fail" broke.
  virtual void Stage(const StagedInput& input) = 0;
  // And says which of them are repeated. REQUIRES: Stage().
  virtual void JudgeRepeats(const StagedInput& input) = 0;

  // How the rows of the staged sources fared, in the order of the calls.
  virtual std::vector<const StagedAccount*> accounts() const = 0;
  // A SELECT of the rows of a fact's source whose key came before with other content, as lake::QuarantineSchema says.
  virtual std::string ConflictsSql(const Contract& contract, const Model& fact) const = 0;

  // The source's rows, when they are in this process's memory.
  virtual const StagedSource* InMemory(const std::string& source) const = 0;
  // Has a fact's rows come partition by partition from now on, where that is cheap. Nobody looks for a row by its line
  // any more.
  virtual bool ClusterBy(const Model& fact) = 0;
  // The facts are committed: what is kept of them beside them may say so.
  virtual void Publish() = 0;
  // Lets go of the rows: what is left to do reads tables that were built.
  virtual void ForgetRows() = 0;
};

std::unique_ptr<BatchStaging> MakeEmbeddedStaging(lake::Writer& writer, const Plan& plan);
std::unique_ptr<BatchStaging> MakeSqlStaging(lake::Writer& writer, engine::Engine& engine, const Plan& plan);

}  // namespace qlake::model
