#include "cli/open_lake.h"

#include <filesystem>

#include "base/error.h"

namespace qlake::cli {
namespace {

lake::LakeOptions CheckedOptions(const Context& context, IfAbsent if_absent) {
  const std::string& folder = context.settings.lake;
  if (if_absent == IfAbsent::kRefuse && !std::filesystem::exists(folder)) {
    throw base::InputError("there is no lake yet, make it with qlake run --landing DIR --lake {}: {}", folder, folder);
  }
  return {folder, context.settings.memory_bytes};
}

}  // namespace

OpenLake::OpenLake(Context& context, IfAbsent if_absent)
    : lake_(CheckedOptions(context, if_absent), context.clock),
      scope_(context.interrupts, [this] { lake_.Interrupt(); }) {}

}  // namespace qlake::cli
