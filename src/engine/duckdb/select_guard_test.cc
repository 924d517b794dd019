#include "engine/duckdb/select_guard.h"

#include "engine/duckdb/test_lake.h"

namespace qlake::engine {
namespace {

class SelectGuardTest : public LakeTest {
 protected:
  SelectGuardTest() {
    std::vector<base::Column> columns = {{"id", {base::ColumnType::Kind::kInteger}, false, ""}};
    database_->DefineEmptyTable("warehouse.fact", columns);
    database_->DefineEmptyTable("raw.branches", columns);
    database_->DefineEmptyTable("quarantine.branches", columns);
    database_->Run("CREATE SCHEMA kept; CREATE TABLE kept.secret AS SELECT 1 AS x; CREATE MACRO twice(a) AS a * 2");
    storage_->Write("x.csv", "a\n1\n");
  }
  void Allowed(const std::string& sql) {
    SCOPED_TRACE(sql);
    EXPECT_NO_THROW(database_->CheckReadOnlySelect(sql));
  }
  void Refused(const std::string& sql, const std::string& what) {
    SCOPED_TRACE(sql);
    ExpectError(base::ErrorKind::kInput, what, [&] { database_->CheckReadOnlySelect(sql); });
  }
};

TEST_F(SelectGuardTest, QueriesOverTheLakesTablesAreAllowed) {
  Allowed("SELECT count(*), sum(id) OVER (ORDER BY id) FROM warehouse.fact GROUP BY ALL");
  Allowed("SELECT * FROM fact");
  Allowed("FROM Warehouse.FACT;");
  Allowed("WITH a AS (SELECT 1 AS x), b AS (FROM a) SELECT * FROM b JOIN fact ON x = id UNION ALL SELECT 1, 2");
  Allowed("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r");
  Allowed("SELECT * FROM range(5) a, generate_series(1, 3) b, unnest([1, 2]) c");
  Allowed(
      "SELECT (SELECT max(id) FROM fact), twice(3), split_part('a/b', '/', 1), [x * 2 FOR x IN [1, 2]] FROM (VALUES "
      "(1)) v(a)");
  Allowed("SELECT * FROM fact WHERE id IN (SELECT id FROM raw.branches) AND EXISTS (FROM quarantine.branches)");
  Allowed("SELECT * FROM (SELECT id FROM fact) PIVOT (count(*) FOR id IN (1, 2))");
  Allowed("SELECT content_hash('a', NULL), parse_date('2023-5-20'), current_date, now(), list_has_any([1], [2])");
}

TEST_F(SelectGuardTest, FilesAndTableFunctionsAreRefused) {
  Refused("SELECT * FROM read_csv('/etc/passwd')",
          "sql: read_csv is out of reach: only SELECT over the lake's tables is allowed");
  for (std::string function :
       {"read_text('/etc/passwd')", "read_blob('x')", "glob('*')", "parquet_scan('x')", "read_json('x')",
        "parquet_metadata('x')", "sniff_csv('x')", "duckdb_settings()", "duckdb_secrets()", "pragma_table_info('x')",
        "query('SELECT 1')", "query_table('kept.secret')", "json_execute_serialized_sql('x')", "qlake_raw_scan(1)",
        "repeat_row(1)", "checkpoint()", "seq_scan('x')", "system.main.read_csv('x')", "duckdb_logs_parsed('x')"}) {
    Refused("SELECT * FROM " + function, "out of reach");
    Refused("SELECT (SELECT 1 FROM " + function + ")", "out of reach");
    Refused("WITH a AS (FROM " + function + ") SELECT 1", "out of reach");
    Refused("SELECT 1 UNION ALL SELECT 1 FROM fact, LATERAL (FROM " + function + ")", "out of reach");
  }
  for (std::string name : {"'/etc/passwd'", "'x.csv'", "\"x.parquet\"", "'https://example.org/x.csv'", "kept.secret",
                           "memory.kept.secret", "memory.warehouse.fact", "duckdb_tables", "sqlite_master",
                           "information_schema.tables", "pg_catalog.pg_class", "main.fact", "secret", "nowhere"}) {
    Refused(std::string("SELECT * FROM ") + name, "out of reach");
    Refused(std::string("SELECT * FROM fact WHERE id IN (FROM ") + name + ")", "out of reach");
    Refused(std::string("SELECT * FROM fact SEMI JOIN ") + name + " USING (id)", "out of reach");
  }
}

TEST_F(SelectGuardTest, ACommonTableExpressionHidesAFileOnlyWhereItIsSeen) {
  Allowed("WITH \"x.csv\" AS (SELECT 1) SELECT * FROM 'x.csv'");
  Refused("WITH a AS (SELECT * FROM 'x.csv'), \"x.csv\" AS (SELECT 1) SELECT * FROM a", "out of reach");
  Refused("WITH \"x.csv\" AS (SELECT * FROM 'x.csv') SELECT 1", "out of reach");
  Refused("SELECT (WITH \"x.csv\" AS (SELECT 1) SELECT 1) FROM 'x.csv'", "out of reach");
  Refused("SELECT * FROM (WITH secret AS (SELECT 1) FROM secret), secret", "out of reach");
}

TEST_F(SelectGuardTest, FunctionsThatReachBeyondTheirArgumentsAreRefused) {
  for (std::string call : {"getenv('HOME')", "current_setting('memory_limit')", "getvariable('x')", "nextval('s')",
                           "write_log('x')", "sleep_ms(1)", "current_query()", "version()", "pg_sleep(1)",
                           "finalize(x)", "__internal_decompress_string(x)", "json_serialize_plan('SELECT 1')",
                           "GetEnv('HOME')", "system.main.current_setting('x')", "'threads'.current_setting()"}) {
    Refused("SELECT " + call, "out of reach");
    Refused("SELECT * FROM fact ORDER BY " + call, "out of reach");
    Refused("SELECT list_transform([1], lambda y: " + call + ")", "out of reach");
    Refused("SELECT * FROM range(" + call + ")", "out of reach");
    Refused("SELECT sum(id) FILTER (WHERE " + call + " = 'x') OVER () FROM fact LIMIT " + call, "out of reach");
  }
}

TEST_F(SelectGuardTest, AnythingButOneSelectIsRefused) {
  Refused("SELECT 1; SELECT 2", "one statement is wanted, not 2");
  Refused("", "one statement is wanted, not 0");
  for (std::string statement : {"INSERT INTO kept.secret VALUES (1)",
                                "CREATE TABLE x AS SELECT 1",
                                "COPY fact TO 'x.csv'",
                                "ATTACH 'x.db'",
                                "SET threads = 1",
                                "PRAGMA version",
                                "LOAD json",
                                "CALL range(3)",
                                "DELETE FROM kept.secret",
                                "EXPLAIN SELECT 1",
                                "BEGIN",
                                "EXPORT DATABASE 'x'",
                                "DESCRIBE fact",
                                "SUMMARIZE fact",
                                "SHOW TABLES",
                                "FROM (DESCRIBE fact)",
                                "FROM (SHOW ALL TABLES)",
                                "WITH x AS (INSERT INTO kept.secret VALUES (1) RETURNING *) FROM x",
                                "SELECT * FROM (WITH x AS (DELETE FROM kept.secret RETURNING *) FROM x)",
                                "PIVOT fact ON id USING count(*)",
                                "EXECUTE p",
                                "VACUUM",
                                "CHECKPOINT"}) {
    Refused(statement, "out of reach");
  }
  Refused("SELECT * FROM", "syntax error");
  Refused(std::string("SELECT 1\0; DROP TABLE kept.secret", 33), "");
}

TEST_F(SelectGuardTest, ATableNameThatTwoSchemasHaveMustSayWhich) {
  Refused("SELECT * FROM branches", "quarantine.branches or raw.branches");
}

TEST_F(SelectGuardTest, ALockedEngineReadsTheLakeAndNothingElse) {
  storage_->Write("inside.csv", "a\n7\n");
  auto target = TableTarget{"warehouse/t", {{"id", {base::ColumnType::Kind::kInteger}, false, ""}}, {}, ""};
  Apply(target, {.insert_sql = "SELECT 5 AS id"});
  database_->Lock();
  EXPECT_EQ(Rows("SELECT * FROM t"), std::vector<std::string>{"5"});
  EXPECT_EQ(Rows("SELECT count(*) FROM warehouse.fact"), std::vector<std::string>{"0"});
  ExpectError(base::ErrorKind::kInput, "", [&] { Rows("SELECT * FROM read_text('/etc/passwd')"); });
  ExpectError(base::ErrorKind::kInput, "", [&] { Rows("SELECT * FROM '/etc/passwd'"); });
  ExpectError(base::ErrorKind::kInput, "", [&] { database_->Run("SET enable_external_access = true"); });
  ExpectError(base::ErrorKind::kInput, "", [&] { database_->Run("SET threads = 1"); });
  ExpectError(base::ErrorKind::kInput, "",
              [&] { database_->Run("COPY (SELECT 1) TO '/tmp/qlake_never_written.csv'"); });
}

}  // namespace
}  // namespace qlake::engine
