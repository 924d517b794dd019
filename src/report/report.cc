#include "report/report.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "engine/sql_text.h"
#include "report/placeholders.h"

namespace qlake::report {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// The value of the head line "-- <key>: value", or nothing.
std::optional<std::string> HeadValue(std::string_view line, std::string_view key) {
  line.remove_prefix(2);
  line = Trim(line);
  if (!line.starts_with(key) || !line.substr(key.size()).starts_with(":")) return std::nullopt;
  return std::string(Trim(line.substr(key.size() + 1)));
}

class ReportParser {
 public:
  ReportParser(const std::string& path, std::string_view text) : text_(text) { report_.path = path; }

  Report Parse() {
    std::vector<std::string_view> lines = SplitLines(text_);
    size_t head_lines = 0;
    while (head_lines < lines.size() && lines[head_lines].starts_with("--")) {
      ReadHeadLine(lines[head_lines], static_cast<int>(head_lines) + 1);
      ++head_lines;
    }
    CheckHead();
    bool has_sql = std::any_of(lines.begin() + static_cast<std::ptrdiff_t>(head_lines), lines.end(),
                               [](std::string_view line) { return !Trim(line).empty(); });
    if (!has_sql) Fail(static_cast<int>(lines.size()), "there is no SELECT below the head");
    report_.sql = text_;
    ReplacePlaceholders(text_, [&](std::string_view name, int line) {
      if (name != "from" && name != "to") Fail(line, "unknown placeholder, known are $from and $to: ${}", name);
      report_.takes_dates = true;
      return std::string();
    });
    return report_;
  }

 private:
  template <typename... Args>
  [[noreturn]] void Fail(int line, fmt::format_string<Args...> format, Args&&... args) const {
    throw base::InputError("{}:{}: {}", report_.path, std::max(line, 1),
                           fmt::format(format, std::forward<Args>(args)...));
  }

  void ReadHeadLine(std::string_view line, int number) {
    const std::pair<const char*, std::string*> entries[] = {
        {"report", &report_.name}, {"title", &report_.title}, {"bar", &report_.bar_column}};
    for (const auto& [key, field] : entries) {
      auto value = HeadValue(line, key);
      if (!value) continue;
      if (value->empty()) Fail(number, "{} has no value", key);
      if (!field->empty()) Fail(number, "{} is given twice", key);
      *field = *value;
    }
  }

  void CheckHead() const {
    std::string file_name = std::filesystem::path(report_.path).stem().string();
    if (report_.name.empty()) Fail(1, "the head has no line like: -- report: {}", file_name);
    if (report_.name != file_name) Fail(1, "the report must be named as its file, {}: {}", file_name, report_.name);
    if (report_.title.empty()) Fail(1, "the head has no line like: -- title: Products by units sold");
  }

  std::string_view text_;
  Report report_;
};

std::string DateLiteral(base::Date date) { return "DATE " + engine::QuoteLiteral(base::FormatDate(date)); }

}  // namespace

bool IsReportFile(std::string_view path, std::string_view text) {
  if (!path.ends_with(".sql")) return false;
  std::string_view first_line = text.substr(0, text.find('\n'));
  return !first_line.starts_with("--") || !HeadValue(first_line, "dump");
}

Report ParseReport(const std::string& path, std::string_view text) { return ReportParser(path, text).Parse(); }

std::string RenderSql(const Report& report, const DateRange& dates) {
  const base::Date earliest = *base::ParseDate("0001-01-01");
  const base::Date latest = *base::ParseDate("9999-12-31");
  if ((dates.from || dates.to) && !report.takes_dates) {
    throw base::InputError("the report takes no dates, leave --from and --to out: {}", report.name);
  }
  base::Date from = dates.from.value_or(earliest);
  base::Date to = dates.to.value_or(latest);
  if (from > to) {
    throw base::InputError("the first date is after the last one: {} .. {}", base::FormatDate(from),
                           base::FormatDate(to));
  }
  return ReplacePlaceholders(report.sql,
                             [&](std::string_view name, int) { return DateLiteral(name == "from" ? from : to); });
}

WrittenRows WriteAnswer(engine::Engine& engine, const std::string& sql, int64_t rows_max, RowWriter& writer) {
  WrittenRows written;
  engine::ResultVisitor visitor;
  visitor.on_columns = [&](const auto& columns) { writer.Begin(columns); };
  visitor.on_row = [&](engine::ResultRow& row) {
    written.more = rows_max > 0 && written.rows == rows_max;
    if (written.more) return false;
    ++written.rows;
    writer.Write(row);
    return true;
  };
  engine.Query(sql, visitor);
  writer.End();
  return written;
}

}  // namespace qlake::report
