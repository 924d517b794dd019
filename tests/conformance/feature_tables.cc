// Writes a table for each way in which qlake changes tables, for other engines to read:
//
//   feature_tables FOLDER
//
// FOLDER/NAME is a Delta table and NAME.json its rows, as `qlake sql --format json` shows them; NAME.changes.json,
// where there is one, are the rows that a reader of change data sees from version 0 on, with _change_type and
// _commit_version. The rows do not come from the tables: each case says in SQL what its table shall hold.
#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "engine/duckdb/database.h"
#include "storage/storage.h"

namespace qlake::testing {
namespace {

using engine::TableChange;
using engine::TableSettings;

// One commit, and what the table's columns, personal ones and settings are from then on (where they are not empty).
struct Step {
  TableChange change;
  std::string columns_of = {};  // A SELECT that has them.
  std::vector<std::string> personal = {};
  std::optional<TableSettings> settings = {};
};

struct Case {
  std::string name;
  std::vector<std::string> partition_columns;
  std::vector<Step> steps;
  std::string rows;     // SELECT of what the table holds in the end.
  std::string changes;  // SELECT of its change data; empty: not kept.
};

const TableSettings kChangeData = {.properties = {{"delta.enableChangeDataFeed", "true"}}};

constexpr const char* kSales =
    "SELECT CAST(i AS INTEGER) AS id, CAST(i * 3 AS INTEGER) AS units, CAST(i AS DECIMAL(9,2)) / 4 AS price, "
    "'Käufer ' || i AS name, DATE '2023-05-20' + CAST(i % 3 AS INTEGER) AS day FROM range(12) r(i)";
constexpr const char* kMoreSales =
    "SELECT CAST(i AS INTEGER) AS id, 1 AS units, 0.5::DECIMAL(18,4) AS price, 'more' AS name, "
    "DATE '2023-05-21' AS day FROM range(20, 24) r(i)";

std::string Sales() {
  return fmt::format("SELECT id, units, CAST(price AS DECIMAL(18,4)) AS price, name, day FROM ({})", kSales);
}

// Values at the edge of what statistics can say.
constexpr const char* kEdges =
    "SELECT * FROM (VALUES "
    "(1, 'NaN'::DOUBLE, repeat('ü', 40), 12345678901234567890.1234::DECIMAL(38,4), TIMESTAMPTZ '2023-05-20 "
    "14:03:07.123456+00', "
    "true, 'a'::BLOB, 'ann@x.org'), "
    "(2, 'infinity'::DOUBLE, repeat(chr(1114111), 40), -0.0001, TIMESTAMPTZ '1969-12-31 23:59:59.999999+00', false, "
    "NULL, NULL), "
    "(3, -0.0::DOUBLE, '', NULL, NULL, NULL, ''::BLOB, 'bob@x.org')) v(id, d, s, m, t, o, y, email)";

std::vector<Case> Cases() {
  std::string sales = Sales();
  return {
      {"appended",
       {"day"},
       {{{.insert_sql = sales}}, {{.insert_sql = kMoreSales}}},
       sales + " UNION ALL " + kMoreSales,
       ""},
      {"replaced", {}, {{{.insert_sql = sales}}, {{.insert_sql = kMoreSales, .replace = true}}}, kMoreSales, ""},
      {"replaced_partitions",
       {"day"},
       {{{.insert_sql = sales}}, {{.insert_sql = kMoreSales, .replace_partitions = true}}},
       fmt::format("SELECT * FROM ({}) WHERE day <> DATE '2023-05-21' UNION ALL {}", sales, kMoreSales),
       ""},
      {"replaced_where",
       {"day"},
       {{{.insert_sql = sales}},
        {{.insert_sql = kMoreSales,
          .remove_where = "day = DATE '2023-05-21' AND id < 100",
          .insert_matches_where = true}}},
       fmt::format("SELECT * FROM ({}) WHERE day <> DATE '2023-05-21' UNION ALL {}", sales, kMoreSales),
       ""},
      {"upserted",
       {"day"},
       {{{.insert_sql = sales}},
        {{.insert_sql = fmt::format("SELECT * REPLACE (units + 100 AS units) FROM ({}) WHERE id < 4", sales),
          .remove_sql = "SELECT i AS id FROM range(6) r(i)",
          .key_columns = {"id"}}}},
       fmt::format("SELECT * REPLACE (CASE WHEN id < 4 THEN units + 100 ELSE units END AS units) FROM ({}) WHERE id "
                   "NOT IN (4, 5)",
                   sales),
       ""},
      {"deleted",
       {"day"},
       {{{.insert_sql = sales}}, {{.remove_where = "units > 20"}}, {{.remove_where = "day = DATE '2023-05-20'"}}},
       fmt::format("SELECT * FROM ({}) WHERE units <= 20 AND day <> DATE '2023-05-20'", sales),
       ""},
      {"new_columns",
       {},
       {{{.insert_sql = sales}},
        {{.insert_sql = "SELECT 50 AS id, 'x' AS note, true AS flag"},
         fmt::format("SELECT *, 'x' AS note, true AS flag FROM ({})", sales)}},
       fmt::format("SELECT *, NULL::VARCHAR AS note, NULL::BOOLEAN AS flag FROM ({}) UNION ALL SELECT 50, NULL, NULL, "
                   "NULL, NULL, 'x', true",
                   sales),
       ""},
      {"widened",
       {"p"},
       {{{.insert_sql =
              "SELECT 1 AS a, 1.5::DECIMAL(6,2) AS m, 7 AS d, 3 AS p UNION ALL SELECT NULL, NULL, NULL, NULL"}},
        {{.insert_sql =
              "SELECT 5000000000 AS a, 123456789.1234::DECIMAL(18,4) AS m, 0.5::DOUBLE AS d, 6000000000 AS p"},
         "SELECT 1::BIGINT AS a, 1::DECIMAL(18,4) AS m, 1::DOUBLE AS d, 1::BIGINT AS p"}},
       "SELECT * FROM (VALUES (1::BIGINT, 1.5::DECIMAL(18,4), 7::DOUBLE, 3::BIGINT), (NULL, NULL, NULL, NULL), "
       "(5000000000, 123456789.1234, 0.5, 6000000000)) v(a, m, d, p)",
       ""},
      {"checked",
       {},
       {{{.insert_sql = sales}, "", {}, TableSettings{.checks = {{"units_positive", "units >= 0 AND `name` <> 'x'"}}}},
        {{.insert_sql = kMoreSales}}},
       sales + " UNION ALL " + kMoreSales,
       ""},
      {"append_only",
       {},
       {{{.insert_sql = sales}, "", {}, TableSettings{.properties = {{"delta.appendOnly", "true"}}}}},
       sales,
       ""},
      {"statistics", {}, {{{.insert_sql = kEdges}, "", {"email"}}}, kEdges, ""},
      {"few_statistics",
       {},
       {{{.insert_sql = sales}, "", {}, TableSettings{.properties = {{"delta.dataSkippingStatsColumns", "name,day"}}}}},
       sales,
       ""},
      {"checkpointed",
       {"day"},
       {{{.insert_sql = sales}, "", {"name"}, TableSettings{.properties = {{"delta.checkpointInterval", "2"}}}},
        {{.insert_sql = kMoreSales}},
        {{.remove_where = "id = 20"}},
        {{.insert_sql = "SELECT 99 AS id, 1 AS units, 1::DECIMAL(18,4) AS price, NULL AS name, NULL::DATE AS day"}}},
       fmt::format("{} UNION ALL SELECT * FROM ({}) WHERE id <> 20 UNION ALL SELECT 99, 1, 1, NULL, NULL", sales,
                   kMoreSales),
       ""},
      // Inserts, an upsert, a delete, a replacement by condition, whole files that go, and a replacement of all.
      {"changes",
       {"day"},
       {{{.insert_sql = sales}, "", {}, kChangeData},
        {{.insert_sql = fmt::format("SELECT * REPLACE (0 AS units) FROM ({}) WHERE id = 1 UNION ALL SELECT * FROM ({}) "
                                    "WHERE id = 20",
                                    sales, kMoreSales),
          .remove_sql = "SELECT * FROM (VALUES (1), (2), (1000)) v(id)",
          .key_columns = {"id"}}},
        {{.remove_where = "units = 9"}},
        {{.insert_sql = fmt::format("SELECT * FROM ({}) WHERE id = 21", kMoreSales),
          .remove_where = "day = DATE '2023-05-21' AND id > 5",
          .insert_matches_where = true}},
        {{.remove_where = "day = DATE '2023-05-22'"}},
        {{.insert_sql = fmt::format("SELECT * FROM ({}) WHERE id = 22", kMoreSales), .replace = true}}},
       fmt::format("SELECT * FROM ({}) WHERE id = 22", kMoreSales),
       fmt::format(
           "WITH s AS ({}), m AS ({}) "
           "SELECT *, 'insert' AS _change_type, 0 AS _commit_version FROM s UNION ALL "
           "SELECT *, 'update_preimage', 1 FROM s WHERE id = 1 UNION ALL "
           "SELECT * REPLACE (0 AS units), 'update_postimage', 1 FROM s WHERE id = 1 UNION ALL "
           "SELECT *, 'delete', 1 FROM s WHERE id = 2 UNION ALL SELECT *, 'insert', 1 FROM m WHERE id = 20 UNION ALL "
           "SELECT *, 'delete', 2 FROM s WHERE id = 3 UNION ALL "
           "SELECT *, 'delete', 3 FROM s WHERE id IN (7, 10) UNION ALL SELECT *, 'delete', 3 FROM m WHERE id = 20 "
           "UNION "
           "ALL SELECT *, 'insert', 3 FROM m WHERE id = 21 UNION ALL "
           "SELECT *, 'delete', 4 FROM s WHERE id IN (5, 8, 11) UNION ALL "
           "SELECT *, 'delete', 5 FROM s WHERE id IN (0, 4, 6, 9) UNION ALL "
           "SELECT * REPLACE (0 AS units), 'delete', 5 FROM s WHERE id = 1 UNION ALL "
           "SELECT *, 'delete', 5 FROM m WHERE id = 21 UNION ALL SELECT *, 'insert', 5 FROM m WHERE id = 22",
           sales, kMoreSales)},
      // Files written anew in a wider type are no change of a row.
      {"changes_widened",
       {},
       {{{.insert_sql = "SELECT CAST(i AS INTEGER) AS id, 'n' AS name FROM range(3) r(i)"}, "", {}, kChangeData},
        {{.insert_sql = "SELECT 5000000000 AS id, 'w' AS name"}, "SELECT 1::BIGINT AS id, 'n' AS name"},
        {{.insert_sql = "SELECT 1::BIGINT AS id, 'N' AS name", .remove_sql = "SELECT 1 AS id", .key_columns = {"id"}}}},
       "SELECT * FROM (VALUES (0::BIGINT, 'n'), (1, 'N'), (2, 'n'), (5000000000, 'w')) v(id, name)",
       "SELECT * FROM (VALUES (0::BIGINT, 'n', 'insert', 0), (1, 'n', 'insert', 0), (2, 'n', 'insert', 0), "
       "(5000000000, "
       "'w', 'insert', 1), (1, 'n', 'update_preimage', 2), (1, 'N', 'update_postimage', 2)) v(id, name, _change_type, "
       "_commit_version)"},
  };
}

class TableMaker {
 public:
  explicit TableMaker(const std::string& folder)
      : folder_(folder), storage_(storage::OpenLocalStorage(folder)), database_(*storage_, {.threads = 2}) {}

  void Make(const Case& wanted) {
    engine::TableTarget target{wanted.name, database_.Describe(wanted.steps.front().change.insert_sql),
                               wanted.partition_columns, wanted.name};
    for (const Step& step : wanted.steps) {
      if (!step.columns_of.empty()) target.columns = database_.Describe(step.columns_of);
      for (auto& column : target.columns) {
        if (std::ranges::find(step.personal, column.name) != step.personal.end()) column.personal = true;
      }
      if (step.settings) target.settings = step.settings;
      auto base = delta::Snapshot::Load(*storage_, target.path);
      auto report = database_.Apply(target, base, step.change, {}, base::SystemClock());
      QLAKE_CHECK(std::holds_alternative<delta::Committed>(report.outcome));
    }
    Keep(wanted.name + ".json", wanted.rows);
    if (!wanted.changes.empty()) Keep(wanted.name + ".changes.json", wanted.changes);
  }

 private:
  void Keep(const std::string& name, const std::string& select) {
    base::Json rows = base::Json::array();
    auto result = database_.Query(select);
    for (const auto& cells : result.rows) {
      base::Json row = base::Json::object();
      for (size_t i = 0; i < cells.size(); ++i) {
        const auto& column = result.columns[i];
        bool is_number = cells[i] && !column.json_quoted && base::Json::accept(*cells[i]);
        row[column.name] = !cells[i] ? base::Json() : is_number ? base::Json::parse(*cells[i]) : base::Json(*cells[i]);
      }
      rows.push_back(std::move(row));
    }
    std::ofstream(folder_ + "/" + name) << rows.dump();
  }

  std::string folder_;
  std::unique_ptr<storage::Storage> storage_;
  engine::Database database_;
};

}  // namespace
}  // namespace qlake::testing

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "feature_tables FOLDER\n";
    return 2;
  }
  try {
    for (const auto& wanted : qlake::testing::Cases()) qlake::testing::TableMaker(argv[1]).Make(wanted);
  } catch (const qlake::base::Error& error) {
    std::cerr << error.message() << "\n";
    return 1;
  }
  return 0;
}
