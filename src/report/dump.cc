#include "report/dump.h"

#include "base/error.h"
#include "report/dump_files.h"
#include "report/format.h"

namespace qlake::report {
namespace {

void CheckColumns(const std::vector<engine::ResultColumn>& columns) {
  std::string names;
  for (const auto& column : columns) names += (names.empty() ? "" : ",") + column.name;
  if (names != kDumpHeader) throw base::InputError("the dump's query must answer {}: {}", kDumpHeader, names);
}

}  // namespace

DumpReport WriteDump(engine::Engine& engine, const DumpRequest& request) {
  engine::Result answer = engine.Query(request.query_sql);
  CheckColumns(answer.columns);
  DumpContent content;
  content.csv = FormatResult(answer, Format::kCsv);
  content.rows = static_cast<int64_t>(answer.rows.size());
  content.online_sales_left_out = engine.QueryInteger(request.left_out_sql);
  return WriteDumpFiles(content, request);
}

}  // namespace qlake::report
