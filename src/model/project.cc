#include "model/project.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "model/event_contract.h"

namespace qlake::model {
namespace {

namespace fs = std::filesystem;

std::string ReadWhole(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  if (!stream) throw base::IoError("cannot read {}", path.native());
  return text.str();
}

// Sums and windows over the tables of events.
void CheckEventReferences(const std::vector<events::EventShape>& events, const std::vector<Model>& models) {
  for (const auto& model : models) {
    bool is_known = std::any_of(events.begin(), events.end(),
                                [&](const events::EventShape& shape) { return shape.name == model.source; });
    if (!is_known) {
      throw base::InputError("the model of {} names events without a contract: {}", model.table, model.source);
    }
    if (model.kind != ModelKind::kAggregate && model.kind != ModelKind::kWindow) {
      throw base::InputError("the model of {} must be an aggregate or a window: it is computed from events",
                             model.table);
    }
  }
}

void CheckReferences(const std::vector<Contract>& contracts, const std::vector<Model>& models) {
  auto known = [&](const std::string& source) {
    return std::any_of(contracts.begin(), contracts.end(),
                       [&](const auto& contract) { return contract.name == source; });
  };
  for (const auto& model : models) {
    for (const auto& source : {model.source, model.inferred_source}) {
      if (!source.empty() && !known(source)) {
        throw base::InputError("the model of {} names a source without a contract: {}", model.table, source);
      }
    }
  }
}

}  // namespace

Project::Project(std::vector<ProjectFile> files) : files_(std::move(files)) {
  std::sort(files_.begin(), files_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  for (const auto& file : files_) {
    if (file.path.starts_with("sources/") && file.path.ends_with(".toml")) {
      contracts_.push_back(ParseContract(file.path, file.text));
    } else if (file.path.starts_with("models/") && file.path.ends_with(".sql")) {
      models_.push_back(ParseModel(file.path, file.text));
    } else if (file.path.starts_with("events/") && file.path.ends_with(".toml")) {
      events_.push_back(ParseEventContract(file.path, file.text));
    } else if (file.path.starts_with("events/") && file.path.ends_with(".sql")) {
      event_models_.push_back(ParseModel(file.path, file.text));
    }
  }
  auto stage = [](const Model& model) {
    return model.kind == ModelKind::kFact ? 1 : model.kind == ModelKind::kAggregate ? 2 : 0;
  };
  std::stable_sort(models_.begin(), models_.end(), [&](const auto& a, const auto& b) { return stage(a) < stage(b); });
  CheckReferences(contracts_, models_);
  for (const auto& model : models_) {
    if (model.kind == ModelKind::kWindow) {
      throw base::InputError("the model of {} is a window, which is computed from events: put it below events/",
                             model.table);
    }
  }
  std::stable_partition(event_models_.begin(), event_models_.end(),
                        [](const Model& model) { return model.kind == ModelKind::kAggregate; });
  CheckEventReferences(events_, event_models_);
}

std::string Project::FunctionsSql(std::string_view engine) const {
  std::string path = fmt::format("functions/{}.sql", engine);
  auto found = std::ranges::find(files_, path, &ProjectFile::path);
  return found == files_.end() ? "" : found->text;
}

Project Project::BuiltIn() { return Project(BuiltInProject()); }

Project Project::FromFolder(const std::string& folder) {
  std::error_code failed;
  fs::recursive_directory_iterator entries(folder, failed);
  if (failed) throw base::InputError("cannot read the project folder (--project), {}: {}", failed.message(), folder);
  std::vector<ProjectFile> files;
  for (const auto& entry : entries) {
    fs::path relative = entry.path().lexically_relative(folder);
    if (entry.is_regular_file() && relative.has_parent_path()) {
      files.push_back({relative.generic_string(), ReadWhole(entry.path())});
    }
  }
  Project project(std::move(files));
  if (project.contracts_.empty()) {
    throw base::InputError("the project folder has no contract below sources/: write one out with qlake init {}",
                           folder);
  }
  return project;
}

Project Project::FromJsonText(const std::string& json) {
  base::Json parsed = base::Json::parse(json, nullptr, false);
  if (!parsed.is_object()) throw base::CorruptError("a kept project is no JSON object");
  std::vector<ProjectFile> files;
  for (const auto& [path, text] : parsed.items()) files.push_back({path, text.get<std::string>()});
  return Project(std::move(files));
}

std::string Project::ToJsonText() const {
  base::Json json = base::Json::object();
  for (const auto& file : files_) json[file.path] = file.text;
  return json.dump(1, ' ', false, base::Json::error_handler_t::replace);
}

std::string Project::Sha256() const { return base::Sha256Hex(ToJsonText()); }

std::vector<ProjectFile> Project::FilesIn(const std::string& folder) const {
  std::vector<ProjectFile> found;
  for (const auto& file : files_) {
    if (file.path.starts_with(folder)) found.push_back(file);
  }
  return found;
}

std::vector<std::string> WriteProject(const std::string& folder) {
  std::vector<std::string> written;
  for (const auto& file : BuiltInProject()) {
    fs::path path = fs::path(folder) / file.path;
    if (fs::exists(path)) continue;
    std::error_code failed;
    fs::create_directories(path.parent_path(), failed);
    std::ofstream stream(path, std::ios::binary);
    stream << file.text;
    stream.flush();
    if (failed || !stream) throw base::IoError("cannot write {}", path.native());
    written.push_back(path.native());
  }
  return written;
}

}  // namespace qlake::model
