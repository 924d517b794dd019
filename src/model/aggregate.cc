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
  Sums(const Model& model, const std::vector<base::Column>& columns) : keys_(NameList(model.key)) {
    for (const auto& column : columns) {
      std::string name = engine::QuoteName(column.name);
      if (Contains(model.key, column.name)) {
        values_.push_back(name);
      } else if (Contains(model.least, column.name)) {
        values_.push_back(fmt::format("min({0}) AS {0}", name));
      } else if (Contains(model.greatest, column.name)) {
        values_.push_back(fmt::format("max({0}) AS {0}", name));
      } else {
        values_.push_back(fmt::format("CAST(sum({0}) AS {1}) AS {0}", name, base::FormatSqlType(column.type)));
        not_zero_.push_back(fmt::format("coalesce({}, 0) <> 0", name));
      }
    }
    has_count_ = fmt::format("{} <> 0", engine::QuoteName(model.count));
  }

  const std::string& keys() const { return keys_; }
  // Whether a row changes what it is added to.
  std::string AddsSomething() const { return fmt::format("{}", fmt::join(not_zero_, " OR ")); }
  // Whether anything was sold under the key, for a row that is the whole sum.
  const std::string& HasCount() const { return has_count_; }
  std::string Fold(const std::string& rows) const {
    return fmt::format("SELECT {} FROM ({}) GROUP BY {}", fmt::join(values_, ", "), rows, keys_);
  }

 private:
  std::string keys_;
  std::vector<std::string> values_;
  std::vector<std::string> not_zero_;
  std::string has_count_;
};

// Until Leave(), changes.<fact> also brings every row that the fact held before the batch: what a mart that is new to
// the lake begins with.
class WholeFact {
 public:
  // REQUIRES: the fact's view is defined.
  WholeFact(engine::Database& database, const Model& fact) : database_(database), name_(ShortName(fact)) {
    database_.Run(
        fmt::format("CREATE SCHEMA IF NOT EXISTS batch; CREATE OR REPLACE TABLE batch.{0} AS SELECT * FROM changes.{0};"
                    "CREATE OR REPLACE VIEW changes.{0} AS SELECT *, 1 AS _sign FROM {1} UNION ALL BY NAME "
                    "SELECT * FROM batch.{0}",
                    name_, fact.table));
  }
  void Leave() { database_.Run(fmt::format("CREATE OR REPLACE VIEW changes.{0} AS SELECT * FROM batch.{0}", name_)); }

 private:
  engine::Database& database_;
  std::string name_;
};

}  // namespace

TableBuild BuildAggregate(const BuildInput& input) {
  auto& database = input.lake.database();
  const auto& model = input.model;
  std::string name = ShortName(model);
  auto columns = database.Describe(model.sql);
  Sums sums(model, columns);
  TableBuild build{MakeTarget(model, columns), {}, true};
  build.target.description += fmt::format(" Rows add up: sum by {}", fmt::join(model.key, ", "));
  if (!model.least.empty()) build.target.description += fmt::format(", least {}", fmt::join(model.least, ", "));
  if (!model.greatest.empty())
    build.target.description += fmt::format(", greatest {}", fmt::join(model.greatest, ", "));
  build.target.description += ".";
  database.Run("CREATE SCHEMA IF NOT EXISTS coming; CREATE SCHEMA IF NOT EXISTS built");
  // Not as the intent saw it: while the batch is not in the table, whoever rewrote its files left the sums as they
  // were.
  auto base = input.lake.Load(model.table);
  std::optional<WholeFact> whole_fact;
  // Of a mart that came after a publication that the lake was taken back to, the table is still there, but empty.
  bool is_new = !base || base->TransactionVersion(kProcessApp) < 0;
  if (is_new && input.earlier_fact != nullptr && input.earlier_fact_version != delta::kNoVersion) {
    auto fact = input.lake.LoadVersion(input.earlier_fact->table, input.earlier_fact_version);
    database.DefineTable(input.earlier_fact->table, *fact);
    whole_fact.emplace(database, *input.earlier_fact);
  }
  database.Run(fmt::format("CREATE OR REPLACE TABLE coming.{} AS SELECT * FROM ({}\n) WHERE {}", name, model.sql,
                           sums.AddsSomething()));
  if (whole_fact) whole_fact->Leave();
  int64_t coming_rows = database.QueryInteger("SELECT count(*) FROM coming." + name);
  build.changes = coming_rows > 0;
  if (!build.changes) return build;
  if (base) build.change.fold_files = FilesToFold(*base, coming_rows);
  std::string from = "coming." + name;
  if (!build.change.fold_files.empty()) {
    database.DefineFiles("folding." + name, *base, build.change.fold_files);
    bool is_whole = build.change.fold_files.size() == base->files().size();
    std::string rows = fmt::format("SELECT * FROM coming.{0} UNION ALL BY NAME SELECT * FROM folding.{0}", name);
    database.Run(fmt::format("CREATE OR REPLACE TABLE built.{} AS SELECT * FROM ({}) WHERE {}", name, sums.Fold(rows),
                             is_whole ? sums.HasCount() : sums.AddsSomething()));
    from = "built." + name;
  }
  build.change.insert_sql = fmt::format("SELECT * FROM {} ORDER BY {}", from, sums.keys());
  return build;
}

}  // namespace qlake::model
