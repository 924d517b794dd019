#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace qlake::engine {

// The names of tables in one session of Spark. Its catalog is the server's, which all sessions share, so tables stand
// in it as temporary views of the session, and these have no schema: layer.table is view layer__table, and SQL is
// rewritten on its way. Two processes that read different versions do not see each other's.
class SessionViews {
 public:
  // The name of the table's view. `table` is layer.table.
  static std::string ViewOf(const std::string& table);

  void Add(const std::string& table);
  void Forget(const std::string& layer);                           // All its tables. The session keeps their views.
  const std::set<std::string>& tables() const { return tables_; }  // In lower case.

  // Tables by the second half of their name, those apart whose name another layer has, too.
  std::map<std::string, std::string> TablesByShortName() const;

  // The SQL with every layer.table that was added, quoted or not and whatever its case, replaced by its view, which is
  // called `table` unless the SQL calls it otherwise; layer.table.column becomes table.column. Literals and names are
  // written as Spark reads them (SqlToken::ForSpark), comments go.
  std::string Rewrite(std::string_view sql) const;

 private:
  std::set<std::string> tables_;
};

}  // namespace qlake::engine
