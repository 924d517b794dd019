#pragma once

#include <string_view>
#include <vector>

#include "storage/storage.h"

namespace qlake::storage {

// How the hidden files begin that a PutIfAbsent or a Replace makes.
inline constexpr std::string_view kUnfinishedPrefix = ".qlake-put-";

// Those that are anywhere below the folder ("" is all of it), by path: of a call in flight,
// or of one that a crash has cut short. No list of the storage shows them.
std::vector<Entry> ListUnfinished(const Storage& storage, std::string_view folder);

}  // namespace qlake::storage
