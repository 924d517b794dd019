#include "cli/table_names.h"

#include <algorithm>

#include "base/error.h"
#include "base/nearest_name.h"

namespace qlake::cli {
namespace {

std::string ShortName(const std::string& table) { return table.substr(table.find('.') + 1); }

std::string Resolve(const std::vector<std::string>& tables, const std::string& name) {
  std::vector<std::string> found;
  for (const auto& table : tables) {
    if (table == name) return table;
    if (ShortName(table) == name) found.push_back(table);
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    throw base::InputError("several tables have that name, name one of {}: {}", fmt::join(found, ", "), name);
  }
  if (tables.empty()) throw base::InputError("the lake has no tables yet, make some with qlake run: {}", name);
  std::vector<std::string> known = tables;
  bool is_short = name.find('.') == std::string::npos;
  if (is_short) std::ranges::transform(tables, known.begin(), ShortName);
  throw base::InputError("there is no table {}{}", name, base::SuggestName(name, known));
}

}  // namespace

std::vector<std::string> ResolveTables(const lake::Lake& lake, const std::vector<std::string>& names) {
  auto tables = lake.TableNames();
  if (names.empty()) return tables;
  std::vector<std::string> resolved;
  for (const auto& name : names) {
    std::string table = Resolve(tables, name);
    if (std::ranges::find(resolved, table) == resolved.end()) resolved.push_back(std::move(table));
  }
  return resolved;
}

std::string ResolveTable(const lake::Lake& lake, const std::string& name) { return Resolve(lake.TableNames(), name); }

}  // namespace qlake::cli
