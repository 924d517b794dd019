#include "report/display_width.h"
#include "report/writers.h"

namespace qlake::report {
namespace {

std::string EscapeLine(std::string_view line) {
  std::string escaped;
  for (char c : Printable(line)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

// Line feeds stay, the page's style shows them; other control characters have no place in HTML and are written out.
std::string Escape(std::string_view text) {
  std::string escaped;
  while (true) {
    size_t end = text.find('\n');
    escaped += EscapeLine(text.substr(0, end));
    if (end == std::string_view::npos) return escaped;
    escaped += '\n';
    text.remove_prefix(end + 1);
  }
}

constexpr std::string_view kStyle =
    "table { border-collapse: collapse; font-family: sans-serif; font-variant-numeric: tabular-nums; }\n"
    "th, td { border-bottom: 1px solid #ccc; padding: 0.3em 0.8em; text-align: left; white-space: pre-wrap; }\n"
    ".number { text-align: right; }\n"
    ".null { color: #888; }\n";

}  // namespace

void HtmlWriter::Begin(const std::vector<engine::ResultColumn>& columns) {
  std::string title = Escape(title_.empty() ? "qlake" : title_);
  std::string page =
      "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>" + title + "</title>\n<style>\n";
  page += kStyle;
  page += "</style>\n</head>\n<body>\n";
  if (!title_.empty()) page += "<h1>" + title + "</h1>\n";
  page += "<table>\n<thead>\n<tr>";
  for (const auto& column : columns) {
    page += (column.right_aligned ? "<th class=\"number\">" : "<th>") + Escape(column.name) + "</th>";
    right_aligned_.push_back(column.right_aligned);
  }
  sink_(page += "</tr>\n</thead>\n<tbody>\n");
}

void HtmlWriter::Write(const engine::ResultRow& row) {
  std::string line = "<tr>";
  for (size_t i = 0; i < row.size(); ++i) {
    if (!row[i]) {
      line += "<td class=\"null\">NULL</td>";
    } else {
      line += (right_aligned_[i] ? "<td class=\"number\">" : "<td>") + Escape(*row[i]) + "</td>";
    }
  }
  sink_(line += "</tr>\n");
}

void HtmlWriter::End() { sink_("</tbody>\n</table>\n</body>\n</html>\n"); }

}  // namespace qlake::report
