#include "cli/open_lake.h"

#include <filesystem>

#include "base/error.h"
#include "cli/engine_choice.h"
#include "cli/hdfs_settings.h"

namespace qlake::cli {
namespace {

lake::LakeOptions CheckedOptions(const Context& context, IfAbsent if_absent) {
  const std::string& folder = context.settings.lake;
  auto options = LakeOptionsOf(context.settings, folder);
  if (storage::IsOnHdfs(folder)) {
    bool is_there =
        if_absent == IfAbsent::kCreate || !storage::OpenStorage(folder, options.hdfs)->ListFolders("").empty();
    if (!is_there) throw base::InputError("there is no lake there, nothing at all: {}", folder);
  } else if (if_absent == IfAbsent::kRefuse && !std::filesystem::exists(folder)) {
    throw base::InputError("there is no lake yet, make it with qlake run --landing DIR --lake {}: {}", folder, folder);
  }
  return options;
}

// Opens the lake's engines, all before an interrupt can look for them; gives what an interrupt does.
std::function<void()> OpenEngines(lake::Lake& lake, const Context& context, ComputesOn computes_on,
                                  const std::vector<std::string>& tables) {
  if (!tables.empty()) lake.LoadAhead(tables);
  lake.database();
  if (computes_on == ComputesOn::kEngineOfSettings) lake.UseEngine(MakeSparkEngine(context, lake.storage()));
  return [&lake] { lake.Interrupt(); };
}

}  // namespace

OpenLake::OpenLake(Context& context, IfAbsent if_absent, ComputesOn computes_on, const std::vector<std::string>& tables)
    : lake_(CheckedOptions(context, if_absent), context.clock),
      scope_(context.interrupts, OpenEngines(lake_, context, computes_on, tables)) {}

}  // namespace qlake::cli
