#include "lake/source.h"

#include "base/error.h"

namespace qlake::lake {

bool MatchesPattern(std::string_view file_name, std::string_view pattern) {
  size_t star = pattern.find('*');
  if (star == std::string_view::npos) return file_name == pattern;
  if (!file_name.starts_with(pattern.substr(0, star))) return false;
  std::string_view rest = pattern.substr(star + 1);
  for (size_t from = star; from <= file_name.size(); ++from) {
    if (MatchesPattern(file_name.substr(from), rest)) return true;
  }
  return false;
}

rows::FileFormat FormatOf(std::string_view file_name) {
  bool json = file_name.ends_with(".jsonl") || file_name.ends_with(".ndjson");
  return json ? rows::FileFormat::kJsonLines : rows::FileFormat::kCsv;
}

const Source* FindSource(const std::vector<Source>& sources, std::string_view file_name) {
  const Source* found = nullptr;
  for (const auto& source : sources) {
    for (const auto& pattern : source.file_patterns) {
      if (!MatchesPattern(file_name, pattern)) continue;
      if (found != nullptr && found != &source) {
        throw base::InputError("two sources claim a file, make their patterns differ: {} and {} claim {}", found->name,
                               source.name, file_name);
      }
      found = &source;
    }
  }
  return found;
}

}  // namespace qlake::lake
