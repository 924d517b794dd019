#include "rows/reader.h"

#include "rows/csv_parser.h"
#include "rows/json_lines_parser.h"
#include "rows/row_parser.h"

namespace qlake::rows {
namespace {

std::unique_ptr<RowParser> MakeParser(std::string_view bytes, const RowShape& shape) {
  if (shape.format == FileFormat::kJsonLines) return std::make_unique<JsonLinesParser>(bytes, shape);
  return std::make_unique<CsvParser>(bytes, shape);
}

}  // namespace

Reader::Reader(std::string_view bytes, const RowShape& shape) : parser_(MakeParser(bytes, shape)) {}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;

bool Reader::Next(Row& row) { return parser_->Next(row); }
const std::string& Reader::header() const { return parser_->header(); }
const std::vector<std::string>& Reader::unknown_columns() const { return parser_->unknown_columns(); }
Position Reader::position() const { return parser_->position(); }
void Reader::Seek(const Position& position) { parser_->Seek(position); }

int64_t CountRows(std::string_view bytes, const RowShape& shape) { return MakeParser(bytes, shape)->CountRest(); }

}  // namespace qlake::rows
