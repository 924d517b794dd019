#include <algorithm>
#include <deque>
#include <set>

#include "base/error.h"
#include "lake/raw_rows.h"
#include "model/batch_staging.h"
#include "model/contract_sql.h"
#include "model/table_build.h"

namespace qlake::model {
namespace {

using engine::QuoteLiteral;
using engine::QuoteName;
using Kind = base::ColumnType::Kind;

// "a.x <=> b.y AND ...", NULLs alike.
std::string SameKeys(const std::string& a, const std::vector<std::string>& keys, const std::string& b,
                     const std::vector<std::string>& others) {
  std::vector<std::string> terms;
  for (size_t i = 0; i < keys.size(); ++i) {
    terms.push_back(fmt::format("{}.{} <=> {}.{}", a, QuoteName(keys[i]), b, QuoteName(others[i])));
  }
  return fmt::format("{}", fmt::join(terms, " AND "));
}

std::string KeyText(const std::vector<std::string>& keys, const std::string& prefix) {
  std::vector<std::string> texts;
  for (const auto& key : keys) {
    texts.push_back(fmt::format("coalesce(CAST({}{} AS STRING), '')", prefix, QuoteName(key)));
  }
  return fmt::format("concat_ws('/', {})", fmt::join(texts, ", "));
}

// One source, staged by the engine's SQL from raw.<source>. Beside what BatchStaging says it defines
//   scan.<source>    the records of the batch's files
//   judged.<source>  JudgedSql() of them
//   repeats.<source> of accepted rows of a fact's source those whose key came before: _file, _line, _file_id,
//                    data_hour, key, kept_file_id, kept_line, is_conflict
class SqlSource : public StagedAccount {
 public:
  SqlSource(lake::Writer& writer, engine::Engine& engine, const Contract& contract, std::vector<lake::FileRecord> files,
            const std::vector<lake::FileRecord>& revisions)
      : StagedAccount(contract, std::move(files)), engine_(engine), name_(contract.name), rules_(RulesOf(contract)) {
    DefineFiles();
    DefineScan(lake::RawRowsOf(writer, contract.ToSource(), revisions, files_));
    engine_.DefineRows("judged." + name_, JudgedSql(contract, "scan." + name_));
    DefineStaged();
    Count();
    ExplainRejected();
  }

  // Finds the rows whose key came before, in the batch or in the fact as it stood. REQUIRES: the view of the fact's
  // name shows its rows, when it had any that count.
  void JudgeDuplicates(const Model& fact, bool has_fact_rows) {
    const auto& key = contract().key;
    if (fact.key.size() != key.size()) {
      throw base::InputError("the key of the model of {} must be the key of its source {}: {}", fact.table, name_,
                             fmt::join(key, ", "));
    }
    std::string window = fmt::format("OVER (PARTITION BY {} ORDER BY _file, _line)", NameList(key));
    std::string ranked = fmt::format(
        "SELECT _file, _line, _file_id, data_hour, _content_hash, {0}, row_number() {1} AS _place, "
        "first_value(_content_hash) {1} AS _first_hash, first_value(_file_id) {1} AS _first_file_id, "
        "first_value(_line) {1} AS _first_line FROM staged.{2}",
        NameList(key), window, name_);
    std::string kept = "r._first_hash AS kept_hash, r._first_file_id AS kept_file_id, r._first_line AS kept_line";
    std::string where = "r._place > 1";
    std::string join;
    if (has_fact_rows) {
      kept =
          "coalesce(f._content_hash, r._first_hash) AS kept_hash, coalesce(f._file_id, r._first_file_id) AS "
          "kept_file_id, coalesce(f._line, r._first_line) AS kept_line";
      where += " OR f._line IS NOT NULL";
      join = fmt::format(" LEFT JOIN {} AS f ON {}", fact.table, SameKeys("r", key, "f", fact.key));
    }
    engine_.DefineRows(
        "repeats." + name_,
        fmt::format("SELECT _file, _line, _file_id, data_hour, key, kept_file_id, kept_line, _content_hash "
                    "<> kept_hash AS is_conflict FROM (SELECT r._file, r._line, r._file_id, r.data_hour, "
                    "r._content_hash, {} AS key, {} FROM ({}) AS r{} WHERE {})",
                    KeyText(key, "r."), kept, ranked, join, where));
    int64_t repeats = 0;
    for (const auto& row : engine_
                               .Query(fmt::format("SELECT _file, count_if(NOT is_conflict), count_if(is_conflict) "
                                                  "FROM repeats.{} GROUP BY _file",
                                                  name_))
                               .rows) {
      auto& counts = counts_[static_cast<size_t>(engine::IntegerOf(row[0]))];
      counts.duplicate = engine::IntegerOf(row[1]);
      counts.conflict = engine::IntegerOf(row[2]);
      repeats += counts.duplicate + counts.conflict;
    }
    std::string once = "SELECT s.* FROM staged." + name_ + " AS s";
    if (repeats > 0) {
      once += fmt::format(" LEFT ANTI JOIN repeats.{} AS r ON s._file = r._file AND s._line = r._line", name_);
    }
    engine_.DefineView("staged_once." + name_, once);
  }

  // model::CountRepeats, in SQL.
  void CountRepeats() {
    auto counted = engine_.Query(
        fmt::format("SELECT _file, sum(n - different) FROM (SELECT _file, count(*) AS n, count(DISTINCT _content_hash) "
                    "AS different FROM staged.{0} GROUP BY _file, {1}) GROUP BY _file",
                    name_, NameList(contract().key)));
    for (const auto& row : counted.rows) {
      counts_[static_cast<size_t>(engine::IntegerOf(row[0]))].duplicate = engine::IntegerOf(row[1]);
    }
  }

 private:
  void DefineFiles() {
    std::vector<std::vector<std::optional<std::string>>> rows;
    for (size_t i = 0; i < files_.size(); ++i) {
      rows.push_back({std::to_string(i), files_[i].file_id, std::to_string(files_[i].seq),
                      std::to_string(base::StartOf(files_[i].hour).us / 1'000'000)});
    }
    engine_.FillTable("batch_files." + name_,
                      {{"_file", {Kind::kLong}}, {"_file_id", {}}, {"_seq", {Kind::kLong}}, {"second", {Kind::kLong}}},
                      rows);
    engine_.DefineView("staged_files." + name_,
                       fmt::format("SELECT CAST(_file AS INT) AS _file, _file_id, _seq, timestamp_seconds(second) AS "
                                   "data_hour FROM batch_files.{}",
                                   name_));
  }

  // The rows of the batch's revisions, read from the partitions of their dates alone.
  void DefineScan(const delta::Snapshot& raw) {
    engine_.DefineTable("raw." + name_, raw);
    std::set<std::string> dates;
    for (const auto& file : files_) {
      dates.insert(fmt::format("DATE '{}'", base::FormatDate(base::DateOf(file.hour))));
    }
    std::string columns;
    for (const auto& column : contract().columns) columns += ", r." + QuoteName(column.name);
    engine_.DefineView(
        "scan." + name_,
        fmt::format("SELECT f._file, f._file_id, f.data_hour, r._line, r._error, r._record{0} FROM raw.{1} AS r JOIN "
                    "staged_files.{1} AS f ON r._file_id = f._file_id AND r._seq = f._seq WHERE {2}",
                    columns, name_,
                    dates.empty() ? "FALSE" : fmt::format("r.data_date IN ({})", fmt::join(dates, ", "))));
  }

  void DefineStaged() {
    std::string columns;
    for (const auto& column : contract().columns) columns += QuoteName(column.name) + ", ";
    engine_.DefineView(
        "staged." + name_,
        fmt::format("SELECT {0}_file, _line, _content_hash, _file_id, data_hour{1} FROM judged.{2} WHERE "
                    "NOT _is_rejected",
                    columns, DerivedColumns(contract()), name_));
  }

  void Count() {
    std::string sums;
    std::vector<size_t> counted;
    for (size_t i = 0; i < rules_.size(); ++i) {
      if (rules_[i].on_violation == OnViolation::kQuarantine || rules_[i].on_violation == OnViolation::kFail) continue;
      counted.push_back(i);
      sums += fmt::format(", count_if({} AND NOT _is_rejected)", FlawColumn(i));
    }
    std::vector<int64_t> broken(rules_.size());
    auto rows = engine_.Query(
        fmt::format("SELECT _file, count(*), count_if(_is_rejected){} FROM judged.{} GROUP BY _file", sums, name_));
    for (const auto& row : rows.rows) {
      auto& counts = counts_[static_cast<size_t>(engine::IntegerOf(row[0]))];
      counts.rejected = engine::IntegerOf(row[2]);
      counts.accepted = engine::IntegerOf(row[1]) - counts.rejected;
      rejected_rows_ += counts.rejected;
      for (size_t i = 0; i < counted.size(); ++i) broken[counted[i]] += engine::IntegerOf(row[3 + i]);
    }
    for (size_t i : counted) {
      if (broken[i] == 0) continue;
      checks_.push_back({name_, rules_[i].name, std::string(NameOf(rules_[i].on_violation)), broken[i]});
    }
  }

  // Good rows never pay for the reasons of bad ones.
  void ExplainRejected() {
    if (rejected_rows_ == 0) {
      return engine_.DefineEmptyTable("rejected." + name_, {{"_file", {Kind::kInteger}},
                                                            {"_file_id", {}},
                                                            {"_line", {Kind::kLong}},
                                                            {"data_hour", {Kind::kTimestamp}},
                                                            {"key", {}},
                                                            {"kind", {}},
                                                            {"reasons", {}},
                                                            {"record", {}},
                                                            {"failed", {Kind::kBoolean}}});
    }
    engine_.DefineView("scan_rejected." + name_,
                       fmt::format("SELECT s.* FROM scan.{0} AS s LEFT SEMI JOIN (SELECT _file, _line FROM judged.{0} "
                                   "WHERE _is_rejected) AS j ON s._file = j._file AND s._line = j._line",
                                   name_));
    engine_.DefineRows(
        "rejected." + name_,
        fmt::format("SELECT r._file, f._file_id, r._line, f.data_hour, r.key, r.kind, r.reasons, r.record, r.failed "
                    "FROM ({1}) AS r JOIN staged_files.{0} AS f ON r._file = f._file",
                    name_, RejectedSql(contract(), "scan_rejected." + name_, SqlDialect::kSpark)));
    CountRejected(engine_, std::ranges::any_of(
                               rules_, [](const NamedRule& rule) { return rule.on_violation == OnViolation::kFail; }));
  }

  engine::Engine& engine_;
  std::string name_;
  std::vector<NamedRule> rules_;
  int64_t rejected_rows_ = 0;
};

class SqlStaging final : public BatchStaging {
 public:
  SqlStaging(lake::Writer& writer, engine::Engine& engine, const Plan& plan)
      : writer_(writer), engine_(engine), plan_(plan) {}

  engine::Engine& engine() override { return engine_; }

  void Stage(const StagedInput& input) override {
    sources_.emplace_back(writer_, engine_, input.contract, input.input.files, plan_.revisions);
  }

  void JudgeRepeats(const StagedInput& input) override {
    auto& source = sources_.back();
    if (input.fact == nullptr) return source.CountRepeats();
    bool has_fact_rows = !input.IsDerivedAnew();
    if (has_fact_rows) {
      engine_.DefineTable(input.fact->table, *writer_.lake().LoadVersion(input.fact->table, input.fact_version));
    }
    source.JudgeDuplicates(*input.fact, has_fact_rows);
  }

  std::vector<const StagedAccount*> accounts() const override {
    std::vector<const StagedAccount*> accounts;
    for (const auto& source : sources_) accounts.push_back(&source);
    return accounts;
  }

  std::string ConflictsSql(const Contract& contract, const Model& fact) const override {
    return fmt::format(
        "SELECT j._file_id, j._line, j.data_hour, j.key, 'conflicting_duplicate', to_json(array({0} || j.key || ' came "
        "before with other content: ' || j.kept_file_id || ' line ' || j.kept_line)), left(s._record, 65536) FROM "
        "repeats.{1} AS j JOIN scan.{1} AS s ON s._file = j._file AND s._line = j._line WHERE j.is_conflict",
        QuoteLiteral(fmt::format("{}: ", fmt::join(fact.key, ", "))), contract.name);
  }

  const StagedSource* InMemory(const std::string&) const override { return nullptr; }
  bool ClusterBy(const Model&) override { return false; }
  void Publish() override {}  // The embedded engine finds that its key index is behind.
  void ForgetRows() override {}

 private:
  lake::Writer& writer_;
  engine::Engine& engine_;
  const Plan& plan_;
  std::deque<SqlSource> sources_;  // Handed out by their addresses.
};

}  // namespace

std::unique_ptr<BatchStaging> MakeSqlStaging(lake::Writer& writer, engine::Engine& engine, const Plan& plan) {
  return std::make_unique<SqlStaging>(writer, engine, plan);
}

}  // namespace qlake::model
