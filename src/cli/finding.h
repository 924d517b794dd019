#pragma once

#include <string>
#include <vector>

namespace qlake::cli {

// What `qlake doctor` has found at one place.
struct Finding {
  enum class Severity { kFine, kWarning, kError };

  Severity severity = Severity::kFine;
  std::string area;    // config, permissions, disk, clock, versions, broker, registry, cluster, lake, tables
  std::string what;    // As it is, the value last.
  std::string remedy;  // What to do; empty when all is well.
};

using Findings = std::vector<Finding>;

inline void AddFine(Findings& findings, std::string area, std::string what) {
  findings.push_back({Finding::Severity::kFine, std::move(area), std::move(what), ""});
}
inline void AddWarning(Findings& findings, std::string area, std::string what, std::string remedy) {
  findings.push_back({Finding::Severity::kWarning, std::move(area), std::move(what), std::move(remedy)});
}
inline void AddError(Findings& findings, std::string area, std::string what, std::string remedy) {
  findings.push_back({Finding::Severity::kError, std::move(area), std::move(what), std::move(remedy)});
}

}  // namespace qlake::cli
