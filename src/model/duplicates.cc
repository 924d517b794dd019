#include "model/duplicates.h"

#include "base/error.h"
#include "model/table_build.h"

namespace qlake::model {
namespace {

using engine::QuoteName;

// The fact's rows whose keys the batch names, with the source's key names.
std::string KnownSql(const Contract& contract, const Model& fact, const std::string& known_fact,
                     const std::string& rows) {
  std::string keys;
  std::string on;
  for (size_t i = 0; i < contract.key.size(); ++i) {
    keys += fmt::format("f.{} AS {}, ", QuoteName(fact.key[i]), QuoteName(contract.key[i]));
    on += fmt::format("{}f.{} = s.{}", i == 0 ? "" : " AND ", QuoteName(fact.key[i]), QuoteName(contract.key[i]));
  }
  return fmt::format("SELECT {}f._content_hash, f._file_id, f._line FROM {} AS f SEMI JOIN {} AS s ON {}", keys,
                     known_fact, rows, on);
}

}  // namespace

void JudgeDuplicates(lake::Lake& lake, StagedSource& source, const Model& fact, const std::string& known_fact) {
  const auto& contract = source.contract();
  if (fact.key.size() != contract.key.size()) {
    throw base::InputError("the key of the model of {} must be the key of its source {}: {}", fact.table, contract.name,
                           fmt::join(contract.key, ", "));
  }
  auto& database = lake.database();
  std::string rows = "staged_rows." + contract.name;
  std::string key = NameList(contract.key);
  database.Run(
      "CREATE SCHEMA IF NOT EXISTS judged; CREATE SCHEMA IF NOT EXISTS staged_once; CREATE SCHEMA IF NOT EXISTS kept");
  // Keys that come more than once are few: only their rows are compared.
  database.Run(fmt::format(
      "CREATE OR REPLACE TABLE kept.repeated AS SELECT {0} FROM {1} GROUP BY {0} HAVING count(*) > 1", key, rows));
  std::string known =
      known_fact.empty() ? fmt::format("SELECT {}, _content_hash, '' AS _file_id, _line FROM {} WHERE FALSE", key, rows)
                         : KnownSql(contract, fact, known_fact, rows);
  database.Run("CREATE OR REPLACE TABLE kept.known AS " + known);
  // The row that stays for a key: the fact's, else the first in order. Rank 0 is the fact's.
  database.Run(fmt::format(
      "CREATE OR REPLACE TABLE kept.rows AS "
      "WITH contenders AS ("
      "SELECT {0}, _content_hash, _file_id, _line, -1 AS _file, 0 AS rank FROM kept.known UNION ALL "
      "SELECT {0}, s._content_hash, f._file_id, s._line, s._file, 1 FROM {1} AS s SEMI JOIN kept.repeated USING ({0}) "
      "JOIN staged_files.{2} AS f ON s._file = f._file) "
      "SELECT * FROM contenders QUALIFY row_number() OVER (PARTITION BY {0} ORDER BY rank, _file, _line) = 1",
      key, rows, contract.name));
  database.Run(
      fmt::format("CREATE OR REPLACE TABLE judged.{1} AS SELECT s._file, s._line, concat_ws('/', {2}) AS key, "
                  "CASE WHEN s._content_hash = k._content_hash THEN 'duplicate' ELSE 'conflict' END AS verdict, "
                  "k._file_id AS kept_file_id, k._line AS kept_line "
                  "FROM {3} AS s JOIN kept.rows AS k USING ({0}) WHERE s._file <> k._file OR s._line <> k._line",
                  key, contract.name, NameList(contract.key, "s."), rows));
  database.Run(
      fmt::format("CREATE OR REPLACE VIEW staged_once.{0} AS SELECT * FROM staged.{0} AS s ANTI JOIN judged.{0} AS j "
                  "ON s._file = j._file AND s._line = j._line",
                  contract.name));
  auto counted = database.Query(fmt::format(
      "SELECT _file, count(*) FILTER (WHERE verdict = 'duplicate'), count(*) FILTER (WHERE verdict = 'conflict') "
      "FROM judged.{} GROUP BY _file",
      contract.name));
  for (const auto& row : counted.rows) {
    auto& counts = source.counts()[static_cast<size_t>(engine::IntegerOf(row[0]))];
    counts.duplicate = engine::IntegerOf(row[1]);
    counts.conflict = engine::IntegerOf(row[2]);
  }
}

void CountRepeats(lake::Lake& lake, StagedSource& source) {
  auto counted = lake.database().Query(fmt::format(
      "SELECT _file, CAST(sum(times - 1) AS BIGINT) FROM (SELECT _file, count(*) AS times FROM staged_rows.{} "
      "GROUP BY _file, {}, _content_hash) GROUP BY _file",
      source.contract().name, NameList(source.contract().key)));
  for (const auto& row : counted.rows)
    source.counts()[static_cast<size_t>(engine::IntegerOf(row[0]))].duplicate = engine::IntegerOf(row[1]);
}

}  // namespace qlake::model
