#include "delta/table_properties.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <sstream>
#include <string_view>

#include "base/error.h"
#include "base/nearest_name.h"
#include "delta/retention.h"

namespace qlake::delta {
namespace {

constexpr const char* kAppendOnly = "delta.appendOnly";
constexpr const char* kChangeDataFeed = "delta.enableChangeDataFeed";
constexpr const char* kCheckpointInterval = "delta.checkpointInterval";
constexpr const char* kExpiredLogCleanup = "delta.enableExpiredLogCleanup";
constexpr const char* kIndexedColumns = "delta.dataSkippingNumIndexedCols";
constexpr const char* kStatsColumns = "delta.dataSkippingStatsColumns";
constexpr int64_t kCheckpointIntervalDefault = 10;

std::string Trim(std::string_view text) {
  size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::optional<bool> ParseBool(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "true") return true;
  if (lower == "false") return false;
  return std::nullopt;
}

std::optional<int> ParseNumber(std::string_view text, int least) {
  int number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number && number >= least ? std::optional(number) : std::nullopt;
}

// "id, `the name`": names with a comma in them are not understood.
std::vector<std::string> ParseNames(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    std::string name = Trim(part);
    if (name.size() >= 2 && name.front() == '`' && name.back() == '`') name = name.substr(1, name.size() - 2);
    if (!name.empty()) names.push_back(std::move(name));
  }
  return names;
}

std::string Text(const Metadata& metadata, const char* name) {
  auto found = metadata.configuration.find(name);
  return found == metadata.configuration.end() ? std::string() : found->second;
}

// A property that a project may set, and what its value must look like.
struct Property {
  const char* name;
  const char* form;
  bool (*is_value)(const std::string& text);
};

bool IsBool(const std::string& text) { return ParseBool(text).has_value(); }
bool IsInterval(const std::string& text) { return ParseIntervalMs(text).has_value(); }

constexpr std::array<Property, 8> kProperties = {{
    {kAppendOnly, "true or false", IsBool},
    {kChangeDataFeed, "true or false", IsBool},
    {kCheckpointInterval, "a number of versions, 1 or more",
     [](const std::string& text) { return ParseNumber(text, 1).has_value(); }},
    {kExpiredLogCleanup, "true or false", IsBool},
    {kIndexedColumns, "a number of columns, or -1 for all",
     [](const std::string& text) { return ParseNumber(text, -1).has_value(); }},
    {kStatsColumns, "names of columns with commas between",
     [](const std::string& text) { return !ParseNames(text).empty(); }},
    {"delta.deletedFileRetentionDuration", "a time like: interval 7 days", IsInterval},
    {"delta.logRetentionDuration", "a time like: interval 30 days", IsInterval},
}};

}  // namespace

bool IsAppendOnly(const Metadata& metadata) { return ParseBool(Text(metadata, kAppendOnly)).value_or(false); }

bool KeepsChanges(const Metadata& metadata) { return ParseBool(Text(metadata, kChangeDataFeed)).value_or(false); }

int64_t CheckpointInterval(const Metadata& metadata) {
  auto interval = ParseNumber(Text(metadata, kCheckpointInterval), 1);
  return interval ? *interval : kCheckpointIntervalDefault;
}

bool ExpiredLogGoes(const Metadata& metadata) { return ParseBool(Text(metadata, kExpiredLogCleanup)).value_or(true); }

IndexedColumns IndexedColumnsOf(const Metadata& metadata) {
  IndexedColumns columns;
  if (auto count = ParseNumber(Text(metadata, kIndexedColumns), -1)) columns.first_columns = *count;
  auto names = metadata.configuration.find(kStatsColumns);
  if (names != metadata.configuration.end()) columns.names = ParseNames(names->second);
  return columns;
}

void RequireProperty(const std::string& name, const std::string& value) {
  std::vector<std::string> names;
  for (const Property& property : kProperties) {
    if (name == property.name && property.is_value(value)) return;
    if (name == property.name) throw base::InputError("{} must be {}: {}", name, property.form, value);
    names.emplace_back(property.name);
  }
  throw base::InputError("a table has no property {} that a project may set{}", name, base::SuggestName(name, names));
}

}  // namespace qlake::delta
