#include "engine/duckdb/commit_description.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/json.h"

namespace qlake::engine {
namespace {

constexpr const char* kAnyChange = "WRITE";

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

class CommitDescription {
 public:
  CommitDescription(const TableShape& shape, const std::optional<delta::Snapshot>& base, const TableChange& change,
                    const ApplyReport& report)
      : shape_(shape), base_(base), change_(change), report_(report) {}

  std::string Operation() const {
    bool removes = !change_.remove_sql.empty() || !change_.remove_where.empty();
    if (!change_.remove_sql.empty() && !change_.insert_sql.empty()) return "MERGE";
    if (removes && change_.insert_sql.empty()) return "DELETE";
    bool has_rows = !change_.insert_sql.empty() || removes || change_.replace || !change_.fold_files.empty();
    if (has_rows || !shape_.changes) return "WRITE";
    if (!base_) return "CREATE TABLE";
    return shape_.schema.changes ? "ADD COLUMNS" : "SET TBLPROPERTIES";
  }

  base::Json Parameters(const std::string& operation) const {
    if (operation == "DELETE" || operation == "MERGE") return {{"predicate", base::Json::array({Predicate()}).dump()}};
    if (operation == "SET TBLPROPERTIES") {
      return {{"properties", base::Json(shape_.metadata.configuration).dump()}};
    }
    if (operation == "ADD COLUMNS") return {{"columns", shape_.schema.schema_json}};
    base::Json parameters = {{"partitionBy", base::Json(shape_.metadata.partition_columns).dump()}};
    if (operation == "CREATE TABLE") return parameters;
    bool overwrites = change_.replace || change_.replace_partitions || !change_.remove_where.empty();
    parameters["mode"] = overwrites || !change_.fold_files.empty() ? "Overwrite" : "Append";
    if (!change_.remove_where.empty()) parameters["predicate"] = Predicate();
    if (change_.replace_partitions) parameters["partitionOverwriteMode"] = "dynamic";
    return parameters;
  }

  base::Json Metrics(const std::string& operation) const {
    if (operation == "MERGE") {
      return {{"numSourceRows", report_.rows_inserted},
              {"numOutputRows", report_.rows_inserted + report_.rows_copied},
              {"numTargetRowsInserted", report_.rows_inserted},
              {"numTargetRowsUpdated", 0},
              {"numTargetRowsDeleted", report_.rows_removed},
              {"numTargetRowsCopied", report_.rows_copied},
              {"numTargetFilesAdded", report_.files_added},
              {"numTargetFilesRemoved", report_.files_removed},
              {"numTargetBytesAdded", report_.bytes_written},
              {"numTargetBytesRemoved", report_.bytes_removed},
              {"numTargetChangeFilesAdded", report_.change_files_added}};
    }
    base::Json metrics = {
        {"numAddedFiles", report_.files_added},     {"numRemovedFiles", report_.files_removed},
        {"numRemovedBytes", report_.bytes_removed}, {"numDeletedRows", report_.rows_removed},
        {"numCopiedRows", report_.rows_copied},     {"numAddedChangeFiles", report_.change_files_added}};
    if (operation == "DELETE") {
      metrics["numAddedBytes"] = report_.bytes_written;
      return metrics;
    }
    metrics["numFiles"] = report_.files_added;
    metrics["numOutputRows"] = report_.rows_inserted;
    metrics["numOutputBytes"] = report_.bytes_written;
    return metrics;
  }

 private:
  std::string Predicate() const {
    if (!change_.remove_where.empty()) {
      return NamesPersonalColumn(change_.remove_where) ? "(not told: it names a personal column)"
                                                       : change_.remove_where;
    }
    std::vector<std::string> terms;
    for (const auto& key : change_.key_columns) terms.push_back(fmt::format("t.`{0}` <=> s.`{0}`", key));
    return fmt::format("({})", fmt::join(terms, " AND "));
  }

  // Also when the name only stands in it by chance.
  bool NamesPersonalColumn(const std::string& condition) const {
    std::string lower = Lower(condition);
    return std::ranges::any_of(shape_.columns(), [&](const base::Column& column) {
      return column.personal && lower.find(Lower(column.name)) != std::string::npos;
    });
  }

  const TableShape& shape_;
  const std::optional<delta::Snapshot>& base_;
  const TableChange& change_;
  const ApplyReport& report_;
};

void Fill(const base::Json& from, base::Json& into) {
  for (const auto& [name, value] : from.items()) {
    if (!into.contains(name)) into[name] = value;
  }
}

}  // namespace

void DescribeCommit(const TableShape& shape, const std::optional<delta::Snapshot>& base, const TableChange& change,
                    const ApplyReport& report, delta::CommitOptions& commit) {
  CommitDescription description(shape, base, change, report);
  std::string operation = description.Operation();
  if (commit.operation == kAnyChange) commit.operation = operation;
  Fill(description.Parameters(operation), commit.operation_parameters);
  Fill(description.Metrics(operation), commit.operation_metrics);
}

}  // namespace qlake::engine
