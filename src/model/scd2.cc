#include <algorithm>

#include "base/error.h"
#include "model/table_build.h"

// History is a function of the rows, whatever the order of their arrival:
//   1. an hour's value for a key is its best row of that hour: highest by the model's order column, then last in order;
//   2. over the hours, a value counts only when it beats every earlier one by the same measure (without an order
//      column each later hour does);
//   3. neighbours with equal attributes are one version; the first is open downwards, the last is current.
// A batch that stands after all that came before resumes from the current versions; otherwise all rows are staged and
// the history is derived from nothing.
namespace qlake::model {
namespace {

using engine::QuoteName;

constexpr const char* kBeginning = "CAST('0001-01-01 00:00:00+00' AS TIMESTAMP WITH TIME ZONE)";

class Scd2Builder {
 public:
  explicit Scd2Builder(const BuildInput& input)
      : input_(input), model_(input.model), database_(input.lake.database()), name_(ShortName(input.model)) {}

  TableBuild Build() {
    ReadShape();
    DefineBase(input_, columns_);
    database_.Run("CREATE SCHEMA IF NOT EXISTS history; CREATE SCHEMA IF NOT EXISTS built");
    FindBestOfHours();
    TableBuild build{MakeTarget(model_, columns_), {}, true};
    build.disagreements = disagreements_;
    if (!IsDerivedAnew() && IsAsBefore()) {
      // Nothing but new members that are inferred can come of it, at a fraction of the cost.
      database_.Run(fmt::format("CREATE OR REPLACE TABLE built.{} AS SELECT * FROM {} LIMIT 0", name_, model_.table));
      if (HasInferred()) AddInferred();
    } else {
      FindVersions();
      Assemble();
    }
    if (IsDerivedAnew()) {
      build.changes = input_.base_version == delta::kNoVersion || Differ(database_, "built." + name_, model_.table);
      build.change.replace = build.changes;
      build.change.insert_sql = build.changes ? Sorted("built") : "";
    } else {
      FindChanges(build);
    }
    return build;
  }

 private:
  bool IsDerivedAnew() const {
    return input_.whole || input_.inferred_whole || input_.base_version == delta::kNoVersion;
  }

  std::string Sorted(const std::string& schema) const {
    return fmt::format("SELECT * FROM {}.{} ORDER BY {}, valid_from", schema, name_, key_);
  }

  // Whether each of the batch's rows says what the current version of its key says already.
  bool IsAsBefore() {
    std::vector<std::string> same;
    for (const auto& name : attributes_)
      same.push_back(fmt::format("s.{0} IS NOT DISTINCT FROM o.{0}", QuoteName(name)));
    same.push_back(KeysEqual("s", "o"));
    return database_.QueryInteger(fmt::format(
               "SELECT count(*) FROM history.observed AS o WHERE NOT o.is_seed AND NOT EXISTS (SELECT 1 FROM "
               "history.observed AS s WHERE s.is_seed AND {})",
               fmt::join(same, " AND "))) == 0;
  }

  // What the batch's keys become, against their current rows: closed versions stay as they are for ever.
  void FindChanges(TableBuild& build) {
    database_.Run("CREATE SCHEMA IF NOT EXISTS coming; CREATE SCHEMA IF NOT EXISTS going");
    database_.Run(fmt::format(
        "CREATE OR REPLACE TABLE coming.{0} AS SELECT * FROM built.{0} EXCEPT SELECT * FROM history.current", name_));
    build.changes = database_.QueryInteger("SELECT count(*) FROM coming." + name_) > 0;
    if (!build.changes) return;
    build.change.insert_sql = Sorted("coming");
    database_.Run(
        fmt::format("CREATE OR REPLACE TABLE going.{0} AS SELECT {1}, is_current FROM (SELECT * FROM history.current "
                    "AS d WHERE EXISTS "
                    "(SELECT 1 FROM built.{0} AS b WHERE {2}) EXCEPT SELECT * FROM built.{0})",
                    name_, key_, KeysEqual("b", "d")));
    if (database_.QueryInteger("SELECT count(*) FROM going." + name_) == 0) return;
    build.change.remove_sql = "SELECT * FROM going." + name_;
    build.change.key_columns = model_.key;
    build.change.key_columns.push_back("is_current");
  }

  // Key, attributes (the order column among them), then our own columns.
  void ReadShape() {
    key_ = NameList(model_.key);
    std::vector<std::string> own = {"data_hour", "_file", "_line"};
    for (const auto& column : database_.Describe(model_.sql)) {
      auto at = std::find(own.begin(), own.end(), column.name);
      if (at != own.end()) {
        own.erase(at);
        continue;
      }
      columns_.push_back(column);
      bool is_key = std::find(model_.key.begin(), model_.key.end(), column.name) != model_.key.end();
      if (is_key) continue;
      if (column.name == model_.order) ReadOrder(column);
      attributes_.push_back(column.name);
      if (column.name != model_.order) compared_.push_back(column.name);
    }
    if (!own.empty()) throw base::InputError("the model of {} lacks the column {}", model_.table, own.front());
    columns_.push_back({"valid_from", {base::ColumnType::Kind::kTimestamp}});
    columns_.push_back({"valid_to", {base::ColumnType::Kind::kTimestamp}});
    columns_.push_back({"is_current", {base::ColumnType::Kind::kBoolean}});
    if (HasInferred()) columns_.push_back({"is_inferred", {base::ColumnType::Kind::kBoolean}});
    columns_.push_back({"_file_id", {base::ColumnType::Kind::kString}});
    columns_.push_back({"_line", {base::ColumnType::Kind::kLong}});
    rank_ = model_.order.empty() ? "0" : QuoteName(model_.order);
  }

  void ReadOrder(const base::Column& column) {
    using Kind = base::ColumnType::Kind;
    order_is_date_ = column.type.kind == Kind::kDate;
    if (!order_is_date_ && column.type.kind != Kind::kInteger && column.type.kind != Kind::kLong) {
      throw base::InputError("the model of {} orders by {}, which must be a DATE or an integer: {}", model_.table,
                             column.name, base::FormatSqlType(column.type));
    }
  }

  bool HasInferred() const { return !model_.inferred_source.empty(); }
  std::string NotInferred() const { return HasInferred() ? "NOT is_inferred" : "TRUE"; }

  // 1. Also takes in, when resuming, the current versions of the batch's keys as values of an hour before all others.
  void FindBestOfHours() {
    input_.source->DefineStaged(input_.lake, BestRows());
    database_.Run(fmt::format(
        "CREATE OR REPLACE TABLE history.observed AS "
        "SELECT {}, r.data_hour, f._file_id, r._line, FALSE AS is_seed, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "
        "seed_from FROM ({}) AS r JOIN staged_files.{} AS f ON r._file = f._file",
        ColumnList("r."), model_.sql, model_.source));
    input_.source->DefineStaged(input_.lake, std::nullopt);
    if (input_.whole) return;
    // Read once: the dimension may hold many times the batch's members.
    database_.Run(fmt::format(
        "CREATE OR REPLACE TABLE history.current AS SELECT * FROM {} AS d WHERE d.is_current AND EXISTS (SELECT 1 FROM "
        "history.observed AS o WHERE {})",
        model_.table, KeysEqual("o", "d")));
    database_.Run(fmt::format(
        "INSERT INTO history.observed SELECT {}, coalesce(d.valid_from, {}), d._file_id, d._line, TRUE, d.valid_from "
        "FROM history.current AS d WHERE {}",
        ColumnList("d."), kBeginning, NotInferred()));
  }

  // The best row of each key and hour, and how many of them disagree with others of their hour. Only the rows' places
  // go through the aggregation, as one number each: texts would cost several times as much.
  std::vector<engine::StagedRow> BestRows() {
    constexpr int kLineBits = 40;
    std::string place = fmt::format("((CAST(_file AS BIGINT) << {}) | _line)", kLineBits);
    std::string best = fmt::format("max({})", place);
    if (!model_.order.empty()) {
      // Order and place in 128 bits; the order column is a date or an integer (ReadShape).
      best = fmt::format("CAST(max(CAST(coalesce({}, -{}) AS HUGEINT) * {} + {}) & {} AS BIGINT)", OrderNumber(),
                         int64_t{1} << 62, "18446744073709551616", place, "18446744073709551615");
    }
    std::string differ = "0";
    if (!compared_.empty()) {
      std::string hash = fmt::format("hash({})", NameList(compared_));
      differ = fmt::format("CASE WHEN min({0}) <> max({0}) THEN 1 ELSE 0 END", hash);
    }
    std::vector<engine::StagedRow> rows;
    database_.VisitIntegers(
        fmt::format("SELECT {}, CAST({} AS BIGINT) FROM ({}) GROUP BY {}, data_hour", best, differ, model_.sql, key_),
        [&](const std::vector<int64_t>& row) {
          rows.push_back(input_.source->rows().RowAt(static_cast<uint32_t>(row[0] >> kLineBits),
                                                     row[0] & ((int64_t{1} << kLineBits) - 1)));
          disagreements_ += row[1];
        });
    return rows;
  }

  std::string OrderNumber() const {
    std::string name = QuoteName(model_.order);
    return order_is_date_ ? fmt::format("CAST(date_diff('day', DATE '1970-01-01', {}) AS BIGINT)", name)
                          : fmt::format("CAST({} AS BIGINT)", name);
  }

  // 2. and 3.
  void FindVersions() {
    std::vector<std::string> same;
    for (const auto& name : compared_) {
      same.push_back(fmt::format("{0} IS NOT DISTINCT FROM lag({0}) OVER w", QuoteName(name)));
    }
    std::string changed = same.empty() ? "FALSE" : fmt::format("NOT ({})", fmt::join(same, " AND "));
    database_.Run(fmt::format(
        "CREATE OR REPLACE TABLE history.versions AS WITH "
        "running AS (SELECT *, max(ROW({1}, data_hour)) OVER (PARTITION BY {0} ORDER BY data_hour) AS top FROM "
        "history.observed), "
        "winners AS (SELECT * FROM running WHERE ROW({1}, data_hour) = top), "
        "starts AS (SELECT *, CASE WHEN row_number() OVER w = 1 OR {2} THEN 1 ELSE 0 END AS starts FROM winners "
        "WINDOW w AS (PARTITION BY {0} ORDER BY data_hour)), "
        "numbered AS (SELECT *, sum(starts) OVER (PARTITION BY {0} ORDER BY data_hour) AS version FROM starts), "
        "spans AS (SELECT *, min(data_hour) OVER (PARTITION BY {0}, version) AS began, "
        "first_value(_file_id) OVER (PARTITION BY {0}, version ORDER BY data_hour) AS first_file_id, "
        "first_value(_line) OVER (PARTITION BY {0}, version ORDER BY data_hour) AS first_line, "
        "row_number() OVER (PARTITION BY {0}, version ORDER BY data_hour DESC) AS from_end FROM numbered), "
        "last AS (SELECT * FROM spans WHERE from_end = 1), "
        "seeds AS (SELECT {0}, seed_from FROM history.observed WHERE is_seed) "
        "SELECT {3}, CASE WHEN l.version = 1 THEN s.seed_from ELSE l.began END AS valid_from, "
        "lead(l.began) OVER (PARTITION BY {4} ORDER BY l.version) AS valid_to, "
        "l.first_file_id AS _file_id, l.first_line AS _line "
        "FROM last AS l LEFT JOIN seeds AS s ON {5}",
        key_, rank_, changed, ColumnList("l."), NameList(model_.key, "l."), KeysEqual("l", "s")));
  }

  // The whole table as it shall be, or, when the batch goes on from what there is, what becomes of its keys.
  void Assemble() {
    std::string inferred_flag = HasInferred() ? "FALSE, " : "";
    std::string sql = fmt::format(
        "CREATE OR REPLACE TABLE built.{} AS SELECT {}, valid_from, valid_to, valid_to IS NULL AS is_current, "
        "{}{}_file_id, _line "
        "FROM history.versions",
        name_, ColumnList(""), inferred_flag.empty() ? "" : "FALSE AS is_inferred, ", "");
    if (!input_.whole && IsDerivedAnew()) {
      // Closed versions stay, and so does the current one of a key that the batch does not name.
      sql += fmt::format(
          " UNION ALL SELECT * FROM {} AS d WHERE {} AND (NOT d.is_current OR NOT EXISTS (SELECT 1 FROM "
          "history.versions AS v "
          "WHERE {}))",
          model_.table, NotInferred(), KeysEqual("v", "d"));
    }
    database_.Run(sql);
    if (HasInferred()) AddInferred();
  }

  void AddInferred() {
    const std::string& key = model_.key.front();
    std::string candidates =
        fmt::format("SELECT {} AS member FROM staged.{} WHERE {} IS NOT NULL", QuoteName(model_.inferred_column),
                    model_.inferred_source, QuoteName(model_.inferred_column));
    auto is_new_to = [&](const std::string& table) {
      return fmt::format("NOT EXISTS (SELECT 1 FROM {} AS d WHERE d.{} = c.member)", table, QuoteName(key));
    };
    std::string is_new = is_new_to("built." + name_);
    if (!IsDerivedAnew()) {
      is_new += " AND " + is_new_to(model_.table);
    } else if (!input_.inferred_whole) {
      candidates += fmt::format(" UNION ALL SELECT {} FROM {} WHERE is_inferred", QuoteName(key), model_.table);
    }
    std::string nulls;
    for (size_t i = 0; i < attributes_.size(); ++i) nulls += "NULL, ";
    database_.Run(fmt::format(
        "INSERT INTO built.{0} SELECT DISTINCT c.member, {1}NULL, NULL, TRUE, TRUE, NULL, NULL FROM ({2}) AS c "
        "WHERE {3}",
        name_, nulls, candidates, is_new));
  }

  std::string ColumnList(const std::string& prefix) const {
    std::vector<std::string> names = model_.key;
    names.insert(names.end(), attributes_.begin(), attributes_.end());
    return NameList(names, prefix);
  }

  std::string KeysEqual(const std::string& a, const std::string& b) const {
    std::vector<std::string> equal;
    for (const auto& name : model_.key) equal.push_back(fmt::format("{0}.{2} = {1}.{2}", a, b, QuoteName(name)));
    return fmt::format("{}", fmt::join(equal, " AND "));
  }

  const BuildInput& input_;
  const Model& model_;
  engine::Database& database_;
  std::string name_;
  std::string key_;
  std::string rank_;
  std::vector<base::Column> columns_;
  std::vector<std::string> attributes_;
  std::vector<std::string> compared_;
  bool order_is_date_ = false;
  int64_t disagreements_ = 0;
};

}  // namespace

TableBuild BuildScd2(const BuildInput& input) { return Scd2Builder(input).Build(); }

}  // namespace qlake::model
