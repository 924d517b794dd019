#include "delta/changes.h"

#include "base/error.h"
#include "delta/action_json.h"
#include "delta/log_listing.h"

namespace qlake::delta {
namespace {

AddFile AsAdded(RemoveFile file) {
  AddFile added;
  added.path = std::move(file.path);
  added.partition_values = std::move(file.partition_values);
  added.size_bytes = file.size_bytes;
  added.deletion_vector = std::move(file.deletion_vector);
  return added;
}

}  // namespace

std::optional<TableChanges> ReadChanges(const storage::Storage& storage, const std::string& table_path, Version from,
                                        Version to) {
  QLAKE_CHECK(from <= to);
  TableChanges changes;
  for (Version version = from + 1; version <= to; ++version) {
    std::string path = CommitPath(table_path, version);
    auto text = storage.ReadIfPresent(path);
    if (!text) return std::nullopt;
    for (auto& action : ParseActions(*std::move(text), path)) {
      if (auto* add = std::get_if<AddFile>(&action); add != nullptr && add->data_change) {
        changes.added.push_back(std::move(*add));
      }
      if (auto* remove = std::get_if<RemoveFile>(&action); remove != nullptr && remove->data_change) {
        changes.removed.push_back(AsAdded(std::move(*remove)));
      }
    }
  }
  return changes;
}

}  // namespace qlake::delta
