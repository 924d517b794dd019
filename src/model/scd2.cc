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

class Scd2Builder {
 public:
  explicit Scd2Builder(const BuildInput& input)
      : input_(input), model_(input.model), engine_(input.engine), name_(ShortName(input.model)) {}

  TableBuild Build() {
    ReadShape();
    DefineBase(input_, columns_);
    FindBestOfHours();
    TableBuild build{MakeTarget(model_, columns_), {}, true};
    build.disagreements = disagreements_;
    FindChange(build);
    LetGo(input_, {batch_, current_, versions_, known_});
    return build;
  }

 private:
  // What becomes of the table, from its best rows.
  void FindChange(TableBuild& build) {
    if (!IsDerivedAnew() && IsAsBefore()) {
      // Nothing but new members that are inferred can come of it, at a fraction of the cost.
      if (!HasInferred()) {
        build.changes = false;
        return;
      }
      Build(fmt::format("SELECT * FROM {} LIMIT 0", model_.table));
    } else {
      FindVersions();
      Assemble();
    }
    if (IsDerivedAnew()) {
      build.changes = input_.base_version == delta::kNoVersion || Differ(engine_, "built." + name_, model_.table);
      build.change.replace = build.changes;
      build.change.insert_sql = build.changes ? Sorted("built") : "";
    } else {
      FindChanges(build);
    }
  }

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
    if (HasInferred()) same.push_back("NOT s.is_inferred");
    return engine_.QueryInteger(
               fmt::format("SELECT count(*) FROM {} AS o WHERE NOT EXISTS (SELECT 1 FROM {} AS s WHERE {})", batch_,
                           current_, fmt::join(same, " AND "))) == 0;
  }

  // What the batch's keys become, against their current rows: closed versions stay as they are for ever.
  void FindChanges(TableBuild& build) {
    engine_.DefineRows("coming." + name_,
                       fmt::format("SELECT * FROM built.{} EXCEPT SELECT * FROM {}", name_, current_));
    build.changes = engine_.QueryInteger("SELECT count(*) FROM coming." + name_) > 0;
    if (!build.changes) return;
    build.change.insert_sql = Sorted("coming");
    engine_.DefineRows("going." + name_,
                       fmt::format("SELECT {1}, is_current FROM (SELECT * FROM {3} AS d WHERE EXISTS "
                                   "(SELECT 1 FROM built.{0} AS b WHERE {2}) EXCEPT SELECT * FROM built.{0})",
                                   name_, key_, KeysEqual("b", "d"), current_));
    if (engine_.QueryInteger("SELECT count(*) FROM going." + name_) == 0) return;
    build.change.remove_sql = "SELECT * FROM going." + name_;
    build.change.key_columns = model_.key;
    build.change.key_columns.push_back("is_current");
  }

  // Key, attributes (the order column among them), then our own columns.
  void ReadShape() {
    key_ = NameList(model_.key);
    std::vector<std::string> own = {"data_hour", "_file", "_line"};
    for (const auto& column : engine_.Describe(model_.sql)) {
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

  // 1. Also reads, when resuming, the current versions of the batch's keys.
  void FindBestOfHours() {
    const std::string time = engine_.SqlType({base::ColumnType::Kind::kTimestamp});
    std::string best = input_.source == nullptr ? BestRowsSql() : model_.sql;
    if (input_.source == nullptr) {
      CountDisagreements();
    } else {
      input_.source->ShowOnly(database(), BestRows());
    }
    std::string of_batch = fmt::format(
        "SELECT {0}, r.data_hour, f._file_id, r._line, FALSE AS is_seed, CAST(NULL AS {1}) AS seed_from FROM ({2}) AS "
        "r "
        "JOIN staged_files.{3} AS f ON r._file = f._file",
        ColumnList("r."), time, best, model_.source);
    engine_.DefineRows(batch_, of_batch);
    if (input_.source != nullptr) input_.source->ShowOnly(database(), std::nullopt);
    if (input_.whole) return;
    // Read once: the dimension may hold many times the batch's members.
    engine_.DefineRows(
        current_, fmt::format("SELECT * FROM {} AS d WHERE d.is_current AND EXISTS (SELECT 1 FROM {} AS o WHERE {})",
                              model_.table, batch_, KeysEqual("o", "d")));
  }

  // The batch's values and those that they follow, as values of an hour before all others.
  void DefineObserved() {
    if (input_.whole) return engine_.DefineView(observed_, "SELECT * FROM " + batch_);
    const std::string time = engine_.SqlType({base::ColumnType::Kind::kTimestamp});
    engine_.DefineView(
        observed_,
        fmt::format(
            "SELECT * FROM {3} UNION ALL SELECT {0}, coalesce(d.valid_from, CAST('0001-01-01 00:00:00+00:00' AS "
            "{1})), d._file_id, d._line, TRUE, d.valid_from FROM {4} AS d WHERE {2}",
            ColumnList("d."), time, NotInferred(), batch_, current_));
  }

  // The best row of each key and hour, of rows that are in the engine.
  std::string BestRowsSql() const {
    std::string order = model_.order.empty() ? "" : QuoteName(model_.order) + " DESC NULLS LAST, ";
    return fmt::format(
        "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY {0}, data_hour ORDER BY {1}_file DESC, _line DESC) "
        "AS "
        "_best FROM ({2})) WHERE _best = 1",
        key_, order, model_.sql);
  }

  // Of how many keys and hours rows of those disagree.
  void CountDisagreements() {
    if (compared_.empty()) return;
    disagreements_ = engine_.QueryInteger(
        fmt::format("SELECT count(*) FROM (SELECT 1 FROM ({0}) GROUP BY {1}, data_hour HAVING min(struct({2})) IS "
                    "DISTINCT FROM max(struct({2})))",
                    model_.sql, key_, NameList(compared_)));
  }

  // The same of rows that are in memory, counting those that disagree. Only the rows' places go through the
  // aggregation, as one number each: texts would cost several times as much.
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
    database().VisitIntegers(
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

  // 2. and 3. Of a version's rows only its first and its last tell what it is.
  void FindVersions() {
    DefineObserved();
    // A value without a rank, where there are ranks, counts only as long as nothing else has come.
    std::string winners = "SELECT * FROM " + observed_;
    if (!model_.order.empty()) {
      winners = fmt::format(
          "SELECT * FROM (SELECT *, max({0}) OVER (PARTITION BY {1} ORDER BY data_hour) AS top FROM {2}) WHERE top IS "
          "NULL OR {0} = top",
          QuoteName(model_.order), key_, observed_);
    }
    engine_.DefineRows(
        versions_,
        fmt::format(
            "WITH winners AS ({1}), "
            "compared AS (SELECT *, row_number() OVER w = 1 AS is_oldest, {2} AS is_first, {3} AS is_last, "
            "lead(data_hour) OVER w AS next_hour FROM winners "
            "WINDOW w AS (PARTITION BY {0} ORDER BY data_hour)), "
            "edges AS (SELECT *, CASE WHEN is_oldest THEN seed_from ELSE data_hour END AS since "
            "FROM compared WHERE is_first OR is_last), "
            "versions AS (SELECT *, {4}, {5}, {6} FROM edges WINDOW w AS (PARTITION BY {0} ORDER BY data_hour)) "
            "SELECT {7}, valid_from, next_hour AS valid_to, first_file_id AS _file_id, first_line AS _line "
            "FROM versions WHERE is_last",
            key_, winners, DiffersFrom("lag"), DiffersFrom("lead"), OfFirst("since", "valid_from"),
            OfFirst("_file_id", "first_file_id"), OfFirst("_line", "first_line"), ColumnList("")));
  }

  // Whether the key's row before or after has other attributes, or there is none.
  std::string DiffersFrom(std::string_view neighbour) const {
    std::string differs = fmt::format("{}(data_hour) OVER w IS NULL", neighbour);
    for (const auto& name : compared_) {
      differs += fmt::format(" OR {0} IS DISTINCT FROM {1}({0}) OVER w", QuoteName(name), neighbour);
    }
    return "(" + differs + ")";
  }

  // What the first row of a version has in a column. A row that is not the first comes right behind it.
  static std::string OfFirst(std::string_view column, std::string_view name) {
    return fmt::format("CASE WHEN is_first THEN {0} ELSE lag({0}) OVER w END AS {1}", column, name);
  }

  // The whole table as it shall be, or, when the batch goes on from what there is, what becomes of its keys.
  void Assemble() {
    std::string sql =
        fmt::format("SELECT {}, valid_from, valid_to, valid_to IS NULL AS is_current, {}_file_id, _line FROM {}",
                    ColumnList(""), HasInferred() ? "FALSE AS is_inferred, " : "", versions_);
    if (!input_.whole && IsDerivedAnew()) {
      // Closed versions stay, and so does the current one of a key that the batch does not name.
      sql += fmt::format(
          " UNION ALL SELECT * FROM {} AS d WHERE {} AND (NOT d.is_current OR NOT EXISTS (SELECT 1 FROM "
          "{} AS v WHERE {}))",
          model_.table, NotInferred(), versions_, KeysEqual("v", "d"));
    }
    Build(sql);
  }

  // Defines built.<table>: the rows, and a member that is inferred for each key that neither they nor the table have.
  void Build(const std::string& rows) {
    if (!HasInferred()) return engine_.DefineRows("built." + name_, rows);
    engine_.DefineRows(known_, rows);
    engine_.DefineRows("built." + name_, fmt::format("SELECT * FROM {} UNION ALL {}", known_, InferredSql()));
  }

  std::string InferredSql() const {
    const std::string& key = model_.key.front();
    std::string candidates =
        fmt::format("SELECT {} AS member FROM staged.{} WHERE {} IS NOT NULL", QuoteName(model_.inferred_column),
                    model_.inferred_source, QuoteName(model_.inferred_column));
    auto is_new_to = [&](const std::string& table) {
      return fmt::format("NOT EXISTS (SELECT 1 FROM {} AS d WHERE d.{} = c.member)", table, QuoteName(key));
    };
    std::string is_new = is_new_to(known_);
    if (!IsDerivedAnew()) {
      is_new += " AND " + is_new_to(model_.table);
    } else if (!input_.inferred_whole) {
      candidates += fmt::format(" UNION ALL SELECT {} FROM {} WHERE is_inferred", QuoteName(key), model_.table);
    }
    std::string nulls;
    for (size_t i = 0; i < attributes_.size(); ++i) nulls += "NULL, ";
    return fmt::format("SELECT DISTINCT c.member, {}NULL, NULL, TRUE, TRUE, NULL, NULL FROM ({}) AS c WHERE {}", nulls,
                       candidates, is_new);
  }

  std::string OwnTable(std::string_view what) const { return fmt::format("history.{}_{}", name_, what); }

  // REQUIRES: the rows are in this process's memory, so that the engine is the embedded one.
  engine::Database& database() const { return static_cast<engine::Database&>(engine_); }

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
  engine::Engine& engine_;
  std::string name_;
  // Tables of its own.
  const std::string batch_ = OwnTable("batch");        // The best row of each key and hour,
  const std::string current_ = OwnTable("current");    // the current versions of those keys,
  const std::string observed_ = OwnTable("observed");  // both, as values of hours,
  const std::string versions_ = OwnTable("versions");  // and the versions that come of them,
  const std::string known_ = OwnTable("known");        // before members are inferred.
  std::string key_;
  std::vector<base::Column> columns_;
  std::vector<std::string> attributes_;
  std::vector<std::string> compared_;
  bool order_is_date_ = false;
  int64_t disagreements_ = 0;
};

}  // namespace

TableBuild BuildScd2(const BuildInput& input) { return Scd2Builder(input).Build(); }

}  // namespace qlake::model
