#include "base/json.h"

#include <set>

#include "report/writers.h"

namespace qlake::report {
namespace {

// JSON text of a text; what is no UTF-8 in it becomes U+FFFD, for JSON has no bytes.
std::string Quote(std::string_view text) {
  return base::Json(text).dump(-1, ' ', false, base::Json::error_handler_t::replace);
}

// JSON has neither NaN nor infinities; they become texts.
bool IsNoJsonNumber(std::string_view cell) { return cell == "NaN" || cell == "Infinity" || cell == "-Infinity"; }

// A key may occur once in an object, a column name twice in an answer (SELECT a.id, b.id): the second one is id_2.
std::vector<std::string> UniqueNames(const std::vector<engine::ResultColumn>& columns) {
  std::set<std::string> taken;
  for (const auto& column : columns) taken.insert(column.name);
  std::set<std::string> used;
  std::vector<std::string> names;
  for (const auto& column : columns) {
    std::string name = column.name;
    for (int number = 2; used.contains(name); ++number) {
      std::string candidate = column.name + "_" + std::to_string(number);
      if (!taken.contains(candidate)) name = candidate;
    }
    used.insert(name);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

void JsonWriter::Begin(const std::vector<engine::ResultColumn>& columns) {
  for (const auto& name : UniqueNames(columns)) keys_.push_back(Quote(name) + ":");
  for (const auto& column : columns) quoted_.push_back(column.json_quoted);
  sink_("[");
}

void JsonWriter::Write(const engine::ResultRow& row) {
  std::string line = is_first_ ? "\n{" : ",\n{";
  is_first_ = false;
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += ',';
    line += keys_[i];
    if (!row[i]) {
      line += "null";
    } else if (quoted_[i] || IsNoJsonNumber(*row[i])) {
      line += Quote(*row[i]);
    } else {
      line += *row[i];
    }
  }
  sink_(line += '}');
}

void JsonWriter::End() { sink_(is_first_ ? "]\n" : "\n]\n"); }

}  // namespace qlake::report
