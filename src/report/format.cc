#include "report/format.h"

#include <array>

#include "report/writers.h"

namespace qlake::report {

const std::vector<Format>& AllFormats() {
  static const std::vector<Format> formats = {Format::kTable, Format::kCsv, Format::kJson, Format::kMarkdown,
                                              Format::kHtml};
  return formats;
}

std::string_view NameOf(Format format) {
  constexpr std::array<std::string_view, 5> kNames = {"table", "csv", "json", "markdown", "html"};
  return kNames[static_cast<size_t>(format)];
}

std::optional<Format> ParseFormat(std::string_view name) {
  for (Format format : AllFormats()) {
    if (name == NameOf(format)) return format;
  }
  return std::nullopt;
}

std::unique_ptr<RowWriter> MakeRowWriter(Format format, TextSink sink, FormatOptions options) {
  switch (format) {
    case Format::kTable:
      return std::make_unique<TableWriter>(std::move(sink), std::move(options));
    case Format::kCsv:
      return std::make_unique<CsvWriter>(std::move(sink));
    case Format::kJson:
      return std::make_unique<JsonWriter>(std::move(sink));
    case Format::kMarkdown:
      return std::make_unique<MarkdownWriter>(std::move(sink), std::move(options.title));
    case Format::kHtml:
      break;
  }
  return std::make_unique<HtmlWriter>(std::move(sink), std::move(options.title));
}

std::string FormatResult(const engine::Result& result, Format format, FormatOptions options) {
  std::string text;
  auto writer = MakeRowWriter(
      format, [&](std::string_view piece) { text += piece; }, std::move(options));
  writer->Begin(result.columns);
  for (const auto& row : result.rows) writer->Write(row);
  writer->End();
  return text;
}

}  // namespace qlake::report
