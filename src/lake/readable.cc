#include "lake/readable.h"

#include <algorithm>

#include "delta/path_encoding.h"

namespace qlake::lake {

bool IsReadable(const storage::Storage& storage, const delta::Snapshot& snapshot) {
  return std::all_of(snapshot.files().begin(), snapshot.files().end(), [&](const auto& file) {
    return storage.Find(delta::LocateFile(snapshot.table_path(), file.first)).has_value();
  });
}

}  // namespace qlake::lake
