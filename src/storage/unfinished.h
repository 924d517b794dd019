#pragma once

#include <string_view>
#include <vector>

#include "storage/storage.h"

namespace qlake::storage {

// How the hidden files begin that a PutIfAbsent or a Replace makes on the local disk.
inline constexpr std::string_view kUnfinishedPrefix = ".qlake-put-";

// Those that are anywhere below the folder of the storage's local disk ("" is all of it), by path: of a call in flight,
// or of one that a crash has cut short. No list of the storage shows them. None when it is not on the local disk.
std::vector<Entry> ListUnfinished(const Storage& storage, std::string_view folder);

}  // namespace qlake::storage
