#include "engine/engine.h"

#include <charconv>

#include "base/error.h"

namespace qlake::engine {

Result Engine::Query(std::string_view sql) {
  Result result;
  Query(sql, {[&](const std::vector<ResultColumn>& columns) { result.columns = columns; },
              [&](ResultRow& row) {
                result.rows.push_back(std::move(row));
                return true;
              }});
  return result;
}

int64_t Engine::QueryInteger(std::string_view sql) {
  Result result = Query(sql);
  if (result.rows.size() != 1 || result.columns.size() != 1) {
    throw base::InputError("sql: one integer is wanted, not {} rows of {} columns", result.rows.size(),
                           result.columns.size());
  }
  std::string text = result.rows[0][0].value_or("0");
  int64_t value = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    throw base::InputError("sql: one integer is wanted, not {}", text);
  }
  return value;
}

}  // namespace qlake::engine
