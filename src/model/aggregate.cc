#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/json.h"
#include "model/fold_plan.h"
#include "model/plan.h"
#include "model/table_build.h"

namespace qlake::model {
namespace {

// A file without statistics, which another writer left, counts as empty: it is folded soon, and has them then.
int64_t RowsOf(const delta::AddFile& file) {
  base::Json stats = base::Json::parse(file.stats, nullptr, false);
  return stats.is_object() ? stats.value("numRecords", int64_t{0}) : 0;
}

std::vector<std::string> FilesToFold(const delta::Snapshot& snapshot, int64_t batch_rows) {
  std::vector<SummedFile> files;
  for (const auto& [path, file] : snapshot.files()) files.push_back({path, RowsOf(file)});
  return PlanFold(std::move(files), batch_rows);
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// The SQL of one mart's sums: its columns are the key's, and sums; or the least or greatest of times and the like.
class Sums {
 public:
  Sums(const engine::Engine& engine, const Model& model, const std::vector<base::Column>& columns)
      : keys_(NameList(model.key)) {
    for (const auto& column : columns) {
      std::string name = engine::QuoteName(column.name);
      names_.push_back(name);
      if (Contains(model.key, column.name)) {
        values_.push_back(name);
      } else if (Contains(model.least, column.name)) {
        values_.push_back(fmt::format("min({0}) AS {0}", name));
      } else if (Contains(model.greatest, column.name)) {
        values_.push_back(fmt::format("max({0}) AS {0}", name));
      } else {
        values_.push_back(fmt::format("CAST(sum({0}) AS {1}) AS {0}", name, engine.SqlType(column.type)));
        not_zero_.push_back(fmt::format("coalesce({}, 0) <> 0", name));
      }
    }
    has_count_ = fmt::format("{} <> 0", engine::QuoteName(model.count));
  }

  const std::string& keys() const { return keys_; }
  std::string names() const { return fmt::format("{}", fmt::join(names_, ", ")); }
  // Whether a row changes what it is added to.
  std::string AddsSomething() const { return fmt::format("{}", fmt::join(not_zero_, " OR ")); }
  // Whether anything was sold under the key, for a row that is the whole sum.
  const std::string& HasCount() const { return has_count_; }
  std::string Fold(const std::string& rows) const {
    return fmt::format("SELECT {} FROM ({}) GROUP BY {}", fmt::join(values_, ", "), rows, keys_);
  }

 private:
  std::string keys_;
  std::vector<std::string> names_;
  std::vector<std::string> values_;
  std::vector<std::string> not_zero_;
  std::string has_count_;
};

// The relation's rows with these columns. What it lacks, because it is older than the model, is NULL.
std::string PaddedTo(engine::Engine& engine, const std::vector<base::Column>& columns, const std::string& relation) {
  auto present = engine.Describe("SELECT * FROM " + relation);
  std::vector<std::string> list;
  for (const auto& column : columns) {
    std::string name = engine::QuoteName(column.name);
    bool is_present = std::ranges::find(present, column.name, &base::Column::name) != present.end();
    list.push_back(is_present ? name : fmt::format("CAST(NULL AS {}) AS {}", engine.SqlType(column.type), name));
  }
  return fmt::format("SELECT {} FROM {}", fmt::join(list, ", "), relation);
}

// Until Leave(), changes.<fact> also brings every row that the fact held before the batch: what a mart that is new to
// the lake begins with.
class WholeFact {
 public:
  // REQUIRES: the fact's view is defined.
  WholeFact(engine::Engine& engine, const Model& fact) : engine_(engine), name_(ShortName(fact)) {
    engine_.DefineRows("batch." + name_, "SELECT * FROM changes." + name_);
    auto columns = engine_.Describe("SELECT * FROM batch." + name_);
    std::erase_if(columns, [](const base::Column& column) { return column.name == kSign; });
    std::vector<std::string> names;
    for (const auto& column : columns) names.push_back(column.name);
    engine_.DefineView("changes." + name_,
                       fmt::format("SELECT {0}, 1 AS {1} FROM ({2}) AS before UNION ALL SELECT {0}, {1} FROM batch.{3}",
                                   NameList(names), kSign, PaddedTo(engine_, columns, fact.table), name_));
  }
  void Leave() { engine_.DefineView("changes." + name_, "SELECT * FROM batch." + name_); }

 private:
  static constexpr const char* kSign = "_sign";

  engine::Engine& engine_;
  std::string name_;
};

// How its rows are read, behind the words of its author.
std::string DescriptionOf(const Model& model) {
  std::string text = fmt::format(" Rows add up: sum by {}", fmt::join(model.key, ", "));
  if (!model.least.empty()) text += fmt::format(", least {}", fmt::join(model.least, ", "));
  if (!model.greatest.empty()) text += fmt::format(", greatest {}", fmt::join(model.greatest, ", "));
  return text + ".";
}

}  // namespace

TableBuild BuildAggregate(const BuildInput& input) {
  auto& engine = input.engine;
  const auto& model = input.model;
  std::string name = ShortName(model);
  // Not as the intent saw it: while the batch is not in the table, whoever rewrote its files left the sums as they
  // were.
  auto base = input.lake.Load(model.table);
  std::optional<WholeFact> whole_fact;
  // Of a mart that came after a publication that the lake was taken back to, the table is still there, but empty.
  bool is_new = !base || base->TransactionVersion(kProcessApp) < 0;
  if (is_new && input.earlier_fact != nullptr && input.earlier_fact_version != delta::kNoVersion) {
    auto fact = input.lake.LoadVersion(input.earlier_fact->table, input.earlier_fact_version);
    engine.DefineTable(input.earlier_fact->table, *fact);
    whole_fact.emplace(engine, *input.earlier_fact);
  }
  engine.DefineRows("summed." + name, model.sql);
  if (whole_fact) whole_fact->Leave();
  // Of the rows, which are there by now: the model's own SQL would be planned once more.
  auto columns = engine.Describe("SELECT * FROM summed." + name);
  Sums sums(engine, model, columns);
  TableBuild build{MakeTarget(model, columns), {}, true};
  build.target.description += DescriptionOf(model);
  engine.DefineView("coming." + name, fmt::format("SELECT * FROM summed.{} WHERE {}", name, sums.AddsSomething()));
  int64_t coming_rows = engine.QueryInteger("SELECT count(*) FROM coming." + name);
  build.changes = coming_rows > 0;
  if (!build.changes) return build;
  if (base) build.change.fold_files = FilesToFold(*base, coming_rows);
  std::string from = "coming." + name;
  if (!build.change.fold_files.empty()) {
    engine.DefineFiles("folding." + name, *base, build.change.fold_files);
    bool is_whole = build.change.fold_files.size() == base->files().size();
    std::string rows = fmt::format("SELECT {} FROM coming.{} UNION ALL {}", sums.names(), name,
                                   PaddedTo(engine, columns, "folding." + name));
    engine.DefineRows("built." + name, fmt::format("SELECT * FROM ({}) WHERE {}", sums.Fold(rows),
                                                   is_whole ? sums.HasCount() : sums.AddsSomething()));
    from = "built." + name;
    LetGo(input, {"summed." + name});
  }
  build.change.insert_sql = fmt::format("SELECT * FROM {} ORDER BY {}", from, sums.keys());
  return build;
}

}  // namespace qlake::model
