#include "engine/engine.h"

#include <charconv>
#include <limits>

#include "base/error.h"

namespace qlake::engine {

ResultVisitor VisitorOf(Result& result, size_t rows_max) {
  return {[&result](const std::vector<ResultColumn>& columns) { result.columns = columns; },
          [&result, rows_max](ResultRow& row) {
            if (result.rows.size() == rows_max) return false;
            result.rows.push_back(std::move(row));
            return true;
          }};
}

Result Engine::Query(std::string_view sql) {
  Result result;
  Query(sql, VisitorOf(result, std::numeric_limits<size_t>::max()));
  return result;
}

std::vector<Result> Engine::QueryEach(const std::vector<std::string>& selects, size_t rows_max) {
  std::vector<Result> answers;
  for (const auto& select : selects) {
    Result& answer = answers.emplace_back();
    Query(select, VisitorOf(answer, rows_max));
  }
  return answers;
}

void Engine::ComputeEach(size_t count, const std::function<void(size_t, const ComputeFunction&)>& work) {
  ComputeFunction compute = [this](const auto&... of_change) { return Compute(of_change...); };
  for (size_t i = 0; i < count; ++i) work(i, compute);
}

void Engine::RunEach(size_t count, const std::function<void(size_t, Engine&)>& work) {
  for (size_t i = 0; i < count; ++i) work(i, *this);
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
