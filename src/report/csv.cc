#include "report/writers.h"

namespace qlake::report {
namespace {

void AppendField(std::string& line, std::string_view text) {
  // Only quotes tell an empty text from a NULL.
  bool quoted = text.empty() || text.find_first_of(",\"\r\n") != std::string_view::npos;
  if (!quoted) {
    line += text;
    return;
  }
  line += '"';
  for (char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

}  // namespace

void CsvWriter::Begin(const std::vector<engine::ResultColumn>& columns) {
  std::string line;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) line += ',';
    AppendField(line, columns[i].name);
  }
  sink_(line += '\n');
}

void CsvWriter::Write(const engine::ResultRow& row) {
  std::string line;
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += ',';
    if (row[i]) AppendField(line, *row[i]);
  }
  sink_(line += '\n');
}

}  // namespace qlake::report
