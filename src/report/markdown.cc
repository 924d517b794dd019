#include <cctype>

#include "report/display_width.h"
#include "report/writers.h"

namespace qlake::report {
namespace {

bool IsAlphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// An underscore within a word (product_id) means nothing in GitHub's Markdown; elsewhere it begins emphasis.
bool IsWithinWord(std::string_view line, size_t at) {
  return at > 0 && at + 1 < line.size() && IsAlphanumeric(line[at - 1]) && IsAlphanumeric(line[at + 1]);
}

void AppendEscapedLine(std::string& text, const std::string& line) {
  for (size_t i = 0; i < line.size(); ++i) {
    char c = line[i];
    if (c == '<') {
      text += "&lt;";
    } else if (c == '&') {
      text += "&amp;";
    } else {
      bool is_markup = std::string_view("\\|`*[]~").find(c) != std::string_view::npos;
      if (is_markup || (c == '_' && !IsWithinWord(line, i))) text += '\\';
      text += c;
    }
  }
}

// The text such that a reader of the rendered page sees its characters, and the row stays one line.
std::string Escape(std::string_view text) {
  std::string escaped;
  std::string line;
  auto end_line = [&] {
    AppendEscapedLine(escaped, Printable(line));
    line.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    bool is_crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (text[i] == '\n' || text[i] == '\r') {
      end_line();
      escaped += "<br>";
      i += is_crlf ? 1 : 0;
    } else {
      line += text[i];
    }
  }
  end_line();
  return escaped;
}

}  // namespace

void MarkdownWriter::Begin(const std::vector<engine::ResultColumn>& columns) {
  std::string lines = title_.empty() ? "" : "### " + Escape(title_) + "\n\n";
  for (const auto& column : columns) lines += "| " + Escape(column.name) + " ";
  lines += "|\n";
  for (const auto& column : columns) lines += column.right_aligned ? "| ---: " : "| --- ";
  sink_(lines += "|\n");
}

void MarkdownWriter::Write(const engine::ResultRow& row) {
  std::string line;
  for (const auto& cell : row) line += "| " + Escape(cell.value_or("NULL")) + " ";
  sink_(line += "|\n");
}

}  // namespace qlake::report
