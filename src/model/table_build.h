#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "lake/lake.h"
#include "model/model.h"
#include "model/staging.h"

namespace qlake::model {

// One table of a batch: what it becomes, and what that changes in it.
struct TableBuild {
  engine::TableTarget target;
  engine::TableChange change;
  bool changes = true;        // False: its rows stay as they are; only the progress is committed.
  int64_t disagreements = 0;  // A dimension's keys whose rows of one data hour disagree, each hour counted.
};

// What a build may read: the engine with the batch's staged tables, and the model's own table as the intent saw it.
struct BuildInput {
  lake::Lake& lake;
  engine::Engine& engine;
  const Model& model;
  delta::Version base_version = delta::kNoVersion;  // Of the model's table, in the intent.
  bool whole = false;                               // The source's rows are staged whole, so the table is derived anew.
  bool inferred_whole = false;                      // The same of the source that names inferred members.
  // The model's rows, when they are staged in this process's memory; else they are in the engine alone.
  const StagedSource* source = nullptr;
  // Of an aggregate: the fact that it sums, and its version before this batch.
  const Model* earlier_fact = nullptr;
  delta::Version earlier_fact_version = delta::kNoVersion;
  std::vector<std::string> sums;  // Of windows: the tables that they may read.
};

// Each defines the view <layer>.<table> at the base version, and temporary tables of its own; none writes to the lake.

// A dimension with history. Rows of the model: key, attributes, data_hour, _file, _line.
TableBuild BuildScd2(const BuildInput& input);

// Rows by key: new keys are inserted, changed ones replaced; derived anew, keys that are gone go.
TableBuild BuildUpsert(const BuildInput& input);
// The fact: new rows are inserted; derived anew, rows that are gone or different are replaced. Also defines the view
// changes.<table>: the columns of the fact and _sign, +1 for a row that comes and -1 for one that goes; few rows are
// computed once for all who read it.
TableBuild BuildFact(const BuildInput& input);
// A mart: rows that add up to sums over the fact, by key. The batch adds the sums over changes.<fact> as rows of its
// own and folds files of the table into them, by size (fold_plan.h).
TableBuild BuildAggregate(const BuildInput& input);

// Windows over events: an issue of every window that changes or closes with the batch, as a revision of its own.
// REQUIRES: the model's table is at the version of the events before changes.<source>.
TableBuild BuildWindow(const BuildInput& input);

// Helpers of these: the view of the table as the intent saw it, and its target.
void DefineBase(const BuildInput& input, const std::vector<base::Column>& columns);
engine::TableTarget MakeTarget(const Model& model, std::vector<base::Column> columns);
std::string NameList(const std::vector<std::string>& names, const std::string& prefix = "");
std::string ShortName(const Model& model);  // product_dim
// Drops tables of a build that nothing reads any more, in this process's memory, where the next ones need the room. On
// a server they go with the batch.
void LetGo(const BuildInput& input, const std::vector<std::string>& tables);
// Whether two relations hold different rows (as multisets of equal size they may differ in one row only).
bool Differ(engine::Engine& engine, const std::string& a, const std::string& b);

}  // namespace qlake::model
