#include "lake/same_rows.h"

#include <algorithm>
#include <variant>

#include "delta/action_json.h"
#include "delta/log_listing.h"

namespace qlake::lake {
namespace {

// Whether the action may change what a reader of the table sees.
bool ChangesAnswers(const delta::Action& action) {
  if (const auto* add = std::get_if<delta::AddFile>(&action)) return add->data_change;
  if (const auto* remove = std::get_if<delta::RemoveFile>(&action)) return remove->data_change;
  return std::holds_alternative<delta::Metadata>(action) || std::holds_alternative<delta::Protocol>(action);
}

}  // namespace

std::optional<delta::Snapshot> LoadNewestWithRowsOf(Lake& lake, const std::string& table, delta::Version version) {
  if (version == delta::kNoVersion) return std::nullopt;
  auto newest = lake.Load(table);
  if (!newest || newest->version() <= version) return lake.LoadVersion(table, version);
  delta::Version same = version;
  while (same < newest->version()) {
    std::string path = delta::CommitPath(TablePath(table), same + 1);
    auto commit = lake.storage().ReadIfPresent(path);
    if (!commit) break;  // Cleaned up: nobody knows what it did.
    auto actions = delta::ParseActions(*std::move(commit), path);
    if (std::ranges::any_of(actions, ChangesAnswers)) break;
    ++same;
  }
  return lake.LoadVersion(table, same);
}

}  // namespace qlake::lake
