#include "compare/privacy.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/log.h"
#include "base/mask.h"
#include "delta/schema.h"
#include "lake/tables.h"

namespace qlake::compare {
namespace {

constexpr const char* kNoRow = "no such row";

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool IsText(const std::string& sql_type) { return sql_type == "VARCHAR" || sql_type == "BLOB"; }

}  // namespace

Privacy::Privacy(const model::Project& project) {
  for (const auto& contract : project.contracts()) {
    for (const auto& column : contract.columns) Declare(column.name, column.personal);
  }
  for (const auto& shape : project.events()) {
    for (const auto& column : shape.columns) Declare(column.name, column.personal);
    for (const auto& column : lake::DeadLetterSchema(shape).columns) Declare(column.name, column.personal);
  }
  for (const auto* models : {&project.models(), &project.event_models()}) {
    for (const auto& model : *models) {
      for (const auto& name : model.personal) Declare(name, true);
    }
  }
  for (const auto& column : lake::QuarantineSchema("any").columns) Declare(column.name, column.personal);
  for (const auto* schema : {&lake::RawFilesSchema(), &lake::StepsSchema(), &lake::LedgerSchema(), &lake::RunsSchema(),
                             &lake::ChecksSchema(), &lake::DriftSchema()}) {
    for (const auto& column : schema->columns) Declare(column.name, column.personal);
  }
  for (const char* name : {kRowNumber, "x"}) Declare(name, false);
  for (const char* name : {"_record", "_error", "_rescued", "_content_hash"}) Declare(name, true);
}

void Privacy::Learn(const delta::Snapshot& snapshot) {
  try {
    for (const auto& column : delta::FromSchemaJson(snapshot.metadata().schema_json)) {
      Declare(column.name, column.personal);
    }
  } catch (const base::Error& error) {
    base::LogDebug("a table's columns are of types that are none of ours",
                   {{"table", snapshot.table_path()}, {"why", error.message()}});
  }
}

void Privacy::Enter(const RowComparison& rows, Compared& compared) const {
  compared.rows = rows.rows_in_one;
  compared.rows_different = rows.rows_different;
  compared.has_more = rows.has_more;
  for (const auto& difference : rows.differences) compared.differences.push_back(Tell(rows, difference));
}

Difference Privacy::Tell(const RowComparison& rows, const RowDifference& found) const {
  Difference difference;
  for (size_t i = 0; i < found.key.size(); ++i) {
    const auto& column = rows.columns[rows.key[i]];
    difference.key.emplace_back(column.name, Show(column, found.key[i]));
  }
  difference.column = found.column;
  using Kind = RowDifference::Kind;
  auto column = std::ranges::find(rows.columns, found.column, &engine::ResultColumn::name);
  bool is_value = found.kind == Kind::kValue && column != rows.columns.end();
  auto show = [&](const engine::ResultCell& cell) { return is_value ? Show(*column, cell) : cell.value_or(""); };
  difference.one = found.kind == Kind::kOnlyInOne     ? "a row"
                   : found.kind == Kind::kOnlyInOther ? kNoRow
                                                      : show(found.one);
  difference.other = found.kind == Kind::kOnlyInOther ? "a row"
                     : found.kind == Kind::kOnlyInOne ? kNoRow
                                                      : show(found.other);
  // Masked values may look alike.
  if (is_value && difference.one == difference.other) difference.other += " (another one)";
  return difference;
}

void Privacy::Declare(const std::string& name, bool is_personal) { is_personal_[Lower(name)] |= is_personal; }

std::string Privacy::Show(const engine::ResultColumn& column, const engine::ResultCell& cell) const {
  if (!cell) return "NULL";
  auto known = is_personal_.find(Lower(column.name));
  bool is_hidden = known == is_personal_.end() ? IsText(column.sql_type) : known->second;
  return is_hidden ? base::Mask(*cell) : base::MaskWithin(*cell);
}

}  // namespace qlake::compare
