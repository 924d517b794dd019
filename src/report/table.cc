#include <algorithm>

#include "base/error.h"
#include "report/bar.h"
#include "report/display_width.h"
#include "report/writers.h"

namespace qlake::report {
namespace {

constexpr std::string_view kGap = "  ";

}  // namespace

void TableWriter::Begin(const std::vector<engine::ResultColumn>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    std::string name = Shorten(columns[i].name);
    columns_.push_back({name, columns[i].right_aligned, DisplayWidth(name)});
    if (options_.bar && columns[i].name == options_.bar->column) bar_column_ = i;
  }
  if (options_.bar && !bar_column_) {
    throw base::InputError("the answer has no column to draw as a bar: {}", options_.bar->column);
  }
}

void TableWriter::Write(const engine::ResultRow& row) {
  std::vector<std::string> cells;
  for (size_t i = 0; i < row.size(); ++i) {
    cells.push_back(row[i] ? Shorten(*row[i]) : "NULL");
    columns_[i].width = std::max(columns_[i].width, DisplayWidth(cells.back()));
  }
  if (bar_column_) bar_values_.push_back(DrawnValue(row[*bar_column_].value_or("")));
  rows_.push_back(std::move(cells));
}

void TableWriter::End() {
  if (!options_.title.empty()) sink_(Printable(options_.title) + "\n\n");
  std::vector<std::string> names;
  for (const auto& column : columns_) names.push_back(column.name);
  WriteLine(names, "");
  WriteRule();
  std::vector<std::string> bars = DrawBars();
  for (size_t i = 0; i < rows_.size(); ++i) WriteLine(rows_[i], bars[i]);
  if (rows_.empty()) sink_("(no rows)\n");
}

std::string TableWriter::Shorten(std::string_view text) const {
  std::string printable = Printable(text);
  return options_.cell_width_max == 0 ? printable : CutToWidth(printable, options_.cell_width_max);
}

void TableWriter::WriteLine(const std::vector<std::string>& cells, const std::string& bar) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    std::string padding(columns_[i].width - DisplayWidth(cells[i]), ' ');
    if (i > 0) line += kGap;
    line += columns_[i].right_aligned ? padding + cells[i] : cells[i] + padding;
  }
  if (!bar.empty()) line.append(kGap).append(bar);
  line.erase(line.find_last_not_of(' ') + 1);
  sink_(line += '\n');
}

void TableWriter::WriteRule() {
  std::string line;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) line += kGap;
    for (size_t column = 0; column < columns_[i].width; ++column) line += "─";
  }
  sink_(line += '\n');
}

std::vector<std::string> TableWriter::DrawBars() const {
  std::vector<std::string> bars(rows_.size());
  if (!bar_column_ || rows_.empty()) return bars;
  double highest = *std::max_element(bar_values_.begin(), bar_values_.end());
  if (highest <= 0) return bars;
  for (size_t i = 0; i < bars.size(); ++i) bars[i] = DrawBar(bar_values_[i] / highest, options_.bar->width);
  return bars;
}

}  // namespace qlake::report
