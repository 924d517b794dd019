#include "rows/row_parser.h"

namespace qlake::rows {

void Reject(Row& row, size_t columns, std::string reason) {
  row.cells.assign(columns, Cell{});
  row.rescued.clear();
  if (!row.error.empty()) row.error += "; ";
  row.error += reason;
}

}  // namespace qlake::rows
