#pragma once

#include <string>
#include <vector>

#include "engine/duckdb/database.h"

namespace qlake::model {

// How a model's rows become its table.
enum class ModelKind {
  kFact,       // The first row in order of each key of the source stays; inserted, and revised by corrections.
  kScd2,       // A dimension with history: a row per key and period of data hours.
  kUpsert,     // The model's rows by key; a later one replaces.
  kAggregate,  // Sums over changes.<fact>: each batch's are rows more, and the rows of a key add up.
  kWindow,     // Answers for windows of time over events, issued again whenever one changes.
};

// models/<layer>/<table>.sql: a comment head and one SELECT.
struct Model {
  std::string table;  // layer.table
  ModelKind kind = ModelKind::kUpsert;
  std::vector<std::string> key;
  std::string source;                 // The source whose rows it reads.
  std::string order;                  // kScd2: the column whose highest value counts first, before the order of rows.
  std::string inferred_source;        // kScd2: members that only this source names are inferred, from
  std::string inferred_column;        // this column of it.
  std::string count;                  // kAggregate: the column that counts source rows; a key at 0 goes.
  std::vector<std::string> least;     // kAggregate over events: columns of which the least value counts, not the sum,
  std::vector<std::string> greatest;  // and the greatest. Where rows went, such a mart is computed anew.
  int minutes = 0;                    // kWindow: the length of a window.
  std::vector<std::string> partition_columns;
  std::vector<std::string> sort;  // The order of rows within a file that a compaction writes; empty: by key.
  std::vector<std::string> personal;
  engine::TableSettings settings;  // CHECK constraints and Delta properties of the table.
  std::string description;
  std::string sql;  // The SELECT, without the head.
};

// Head lines: "-- kind: fact|scd2|upsert|aggregate|window by KEY[, KEY]", "-- minutes: N", "-- source: NAME", "--
// order: COLUMN", "-- inferred from: SOURCE.COLUMN", "-- count: COLUMN", "-- least: COLUMN[, COLUMN]", "-- greatest:
// COLUMN[, COLUMN]", "-- partition: COLUMN[, COLUMN]", "-- sort: COLUMN[, COLUMN]", "-- personal: COLUMN[, COLUMN]",
// "-- check: NAME: CONDITION", "-- property: NAME = VALUE"; any other comment line of the head describes the table.
// Throws Error{kInput} with file and line.
Model ParseModel(const std::string& path, const std::string& text);

}  // namespace qlake::model
