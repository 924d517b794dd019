#include "compare/hive_comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/error.h"
#include "compare/privacy.h"
#include "compare/row_comparison.h"
#include "compare/table_key.h"
#include "delta/schema.h"
#include "engine/sql_text.h"
#include "hive/table_description.h"
#include "lake/same_rows.h"
#include "run/published.h"

namespace qlake::compare {
namespace {

using Names = std::vector<std::string>;
using FieldKind = delta::DataType::Kind;

std::string HiveNameOf(const std::string& table) { return hive::InSmallLetters(table.substr(table.find('.') + 1)); }

std::string PropertyOf(const hive::HiveTable& table, const char* key) {
  auto found = table.properties.find(key);
  return found == table.properties.end() ? "" : found->second;
}

// Hive has texts of its own for these, which nothing else writes.
bool IsNested(const delta::Field& field) {
  return field.type.kind == FieldKind::kStruct || field.type.kind == FieldKind::kArray ||
         field.type.kind == FieldKind::kMap;
}

std::string InBackquotes(const std::string& name) { return "`" + name + "`"; }

class HiveComparison {
 public:
  HiveComparison(lake::Lake& lake, const model::Project& project, hive::Metastore& metastore, hive::HiveServer& server,
                 const HiveComparisonOptions& options)
      : lake_(lake), project_(project), metastore_(metastore), server_(server), options_(options), privacy_(project) {}

  ComparisonReport Run() {
    for (const auto& table : run::ListPublished(lake_, project_)) {
      if (options_.on_stage) options_.on_stage("comparing hive " + table.name);
      CompareTable(table.name);
    }
    return std::move(report_);
  }

 private:
  void LeaveOut(const std::string& table, const std::string& why) {
    report_.left_out.push_back(fmt::format("hive {}: {}", table, why));
  }

  // The version of the table that Hive shows; nothing, and left out, when it shows none.
  std::optional<delta::Snapshot> LoadRegistered(const std::string& table, const std::optional<hive::HiveTable>& found) {
    if (!found || PropertyOf(*found, hive::kLakeProperty) != lake_.storage().Url("")) {
      LeaveOut(table, fmt::format("it is not registered in {}, qlake repair does that", options_.database));
      return std::nullopt;
    }
    if (found->properties.contains(hive::kMovingToProperty)) {
      LeaveOut(table, "a repair is at work on it, or was killed: run qlake repair again");
      return std::nullopt;
    }
    std::string text = PropertyOf(*found, hive::kVersionProperty);
    delta::Version version = delta::kNoVersion;
    std::from_chars(text.data(), text.data() + text.size(), version);
    auto snapshot = lake::LoadNewestWithRowsOf(lake_, table, version);
    if (!snapshot) LeaveOut(table, fmt::format("the lake no longer has its version {}", text));
    return snapshot;
  }

  void CompareTable(const std::string& table) {
    auto found = metastore_.FindTable(options_.database, HiveNameOf(table));
    auto snapshot = LoadRegistered(table, found);
    if (!snapshot) return;
    privacy_.Learn(*snapshot);
    lake_.database().DefineTable(table, *snapshot);
    Compared compared{"hive", table};
    if (auto names = CompareNames(*found, *snapshot)) {
      compared.differences.push_back(std::move(*names));
    } else {
      CompareRowsOf(table, *snapshot, compared);
    }
    auto now = metastore_.FindTable(options_.database, HiveNameOf(table));
    if (!now || now->properties != found->properties) {
      LeaveOut(table, "it was registered anew while it was compared: compare again");
      return;
    }
    report_.compared.push_back(std::move(compared));
  }

  // Of the columns, when they are not the same.
  static std::optional<Difference> CompareNames(const hive::HiveTable& found, const delta::Snapshot& snapshot) {
    std::set<std::string> in_lake;
    for (const auto& field : delta::ParseSchema(snapshot)) in_lake.insert(hive::InSmallLetters(field.name));
    std::set<std::string> in_hive;
    for (const auto* columns : {&found.columns, &found.partition_columns}) {
      for (const auto& column : *columns) in_hive.insert(column.name);
    }
    if (in_lake == in_hive) return std::nullopt;
    return Difference{{}, "", fmt::format("{}", fmt::join(in_lake, ", ")), fmt::format("{}", fmt::join(in_hive, ", "))};
  }

  void CompareRowsOf(const std::string& table, const delta::Snapshot& snapshot, Compared& compared) {
    std::vector<delta::Field> fields;
    for (auto& field : delta::ParseSchema(snapshot)) {
      if (!IsNested(field)) {
        fields.push_back(std::move(field));
      } else {
        LeaveOut(table, fmt::format("its column {}, whose values are nested", field.name));
      }
    }
    Names names;
    for (const auto& field : fields) names.push_back(engine::QuoteName(field.name));
    std::string sql = fmt::format("SELECT {} FROM {}", fmt::join(names, ", "), table);
    auto columns = lake_.database().Query(sql + " LIMIT 0").columns;
    auto of_lake = [&](const engine::ResultVisitor& visitor) { lake_.database().Query(sql, visitor); };
    auto of_hive = [&](const engine::ResultVisitor& visitor) { AskHive(table, fields, columns, visitor); };
    try {
      privacy_.Enter(CompareRows(of_lake, of_hive, KeyOf(project_, table), options_.differences_max), compared);
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::kInput) throw;
      compared.differences.push_back({{}, "", "an answer", error.message()});
    }
  }

  // As the embedded engine would give them: columns under the lake's names, and of its types where Hive's are what
  // `repair` makes of these; a timestamp of Hive's, which has no zone, is one of UTC.
  void AskHive(const std::string& table, const std::vector<delta::Field>& fields,
               const std::vector<engine::ResultColumn>& columns, const engine::ResultVisitor& visitor) {
    Names names;
    for (const auto& field : fields) names.push_back(InBackquotes(hive::InSmallLetters(field.name)));
    std::string sql = fmt::format("SELECT {} FROM {}.{}", fmt::join(names, ", "), InBackquotes(options_.database),
                                  InBackquotes(HiveNameOf(table)));
    server_.Query(sql, {[&](const std::vector<engine::ResultColumn>& in_hive) {
                          std::vector<engine::ResultColumn> as_in_lake = columns;
                          for (size_t i = 0; i < fields.size(); ++i) {
                            std::string wanted = hive::ToHiveType(fields[i]);
                            if (in_hive[i].sql_type != wanted) as_in_lake[i].sql_type = in_hive[i].sql_type;
                          }
                          if (visitor.on_columns) visitor.on_columns(as_in_lake);
                        },
                        [&](engine::ResultRow& row) {
                          for (size_t i = 0; i < fields.size(); ++i) {
                            if (row[i] && fields[i].type.kind == FieldKind::kTimestamp) *row[i] += "Z";
                          }
                          return visitor.on_row(row);
                        }});
  }

  lake::Lake& lake_;
  const model::Project& project_;
  hive::Metastore& metastore_;
  hive::HiveServer& server_;
  const HiveComparisonOptions& options_;
  Privacy privacy_;
  ComparisonReport report_;
};

}  // namespace

ComparisonReport CompareWithHive(lake::Lake& lake, const model::Project& project, hive::Metastore& metastore,
                                 hive::HiveServer& server, const HiveComparisonOptions& options) {
  return HiveComparison(lake, project, metastore, server, options).Run();
}

}  // namespace qlake::compare
