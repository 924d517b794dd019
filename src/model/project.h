#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/event_shape.h"
#include "model/built_in_project.h"
#include "model/contract.h"
#include "model/model.h"

namespace qlake::model {

// A project: contracts, models, reports and functions, parsed. Immutable.
class Project {
 public:
  // The one compiled in, or that of a folder which `qlake init` wrote. Throws Error{kInput} with file and line.
  static Project BuiltIn();
  static Project FromFolder(const std::string& folder);
  // What ToJsonText() gave: how a redo gets the contracts that the first try followed.
  static Project FromJsonText(const std::string& json);

  const std::vector<Contract>& contracts() const { return contracts_; }
  // In the order in which they can be computed: dimensions, facts, then aggregates.
  const std::vector<Model>& models() const { return models_; }
  // Contracts of events (events/*.toml), and what is computed from their tables (events/marts/*.sql) in the order in
  // which it can be: sums first.
  const std::vector<events::EventShape>& events() const { return events_; }
  const std::vector<Model>& event_models() const { return event_models_; }
  // functions/<engine>.sql; empty when the project has none.
  std::string FunctionsSql(std::string_view engine) const;
  const std::vector<ProjectFile>& files() const { return files_; }
  // All files below a folder such as reports/, with their paths.
  std::vector<ProjectFile> FilesIn(const std::string& folder) const;

  std::string ToJsonText() const;  // Every file, in one text.
  std::string Sha256() const;      // Of that text.

 private:
  explicit Project(std::vector<ProjectFile> files);

  std::vector<ProjectFile> files_;
  std::vector<Contract> contracts_;
  std::vector<Model> models_;
  std::vector<events::EventShape> events_;
  std::vector<Model> event_models_;
};

// Writes the built-in project out, to edit. Existing files are left as they are; returns the paths written.
std::vector<std::string> WriteProject(const std::string& folder);

}  // namespace qlake::model
