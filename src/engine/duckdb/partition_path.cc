#include "engine/duckdb/partition_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

namespace qlake::engine {
namespace {

constexpr std::string_view kNullFolder = "__HIVE_DEFAULT_PARTITION__";
// Hive's list (FileUtils.charToEscape), which Spark has too.
constexpr std::string_view kEscaped = "\"#%'*/:=?\\{[]^";

bool IsEscaped(char c) {
  return (static_cast<unsigned char>(c) < 0x20) || c == 0x7F || kEscaped.find(c) != std::string_view::npos;
}

bool IsNullWord(std::string_view text) {
  constexpr std::string_view kNull = "null";
  return std::equal(text.begin(), text.end(), kNull.begin(), kNull.end(),
                    [](unsigned char a, char b) { return std::tolower(a) == b; });
}

}  // namespace

std::string EscapePathPart(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    if (IsEscaped(c)) {
      fmt::format_to(std::back_inserter(escaped), "%{:02X}", static_cast<unsigned char>(c));
    } else {
      escaped.push_back(c);
    }
  }
  return escaped;
}

std::string PartitionFolder(const std::vector<std::string>& columns, const delta::PartitionValues& values) {
  std::string folder;
  for (const auto& column : columns) {
    const auto& value = values.at(column);
    folder += EscapePathPart(column) + "=" + (value ? EscapePathPart(*value) : std::string(kNullFolder)) + "/";
  }
  return folder;
}

bool FolderTellsValues(const std::vector<std::string>& columns, const delta::PartitionValues& values) {
  return std::all_of(columns.begin(), columns.end(), [&](const std::string& column) {
    const auto& value = values.at(column);
    return EscapePathPart(column) == column && (!value || (!value->empty() && !IsNullWord(*value)));
  });
}

}  // namespace qlake::engine
