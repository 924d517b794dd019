#pragma once

#include <string_view>

#include "storage/storage.h"

namespace qlake::storage {

// Gives the bytes of a file, which nobody changes, a second name: on the local disk at no cost (link(2)), elsewhere,
// and where the disk cannot do that, as a copy. The name appears in one piece; one that is taken is left alone. Not
// durable before Storage::Sync(). Throws what a Storage throws. `from` may be an absolute path as of Storage::Read.
void GiveSecondName(Storage& storage, std::string_view from, std::string_view to);

// Removes the folder with all that is in it, in any order; an absent one is no error.
void RemoveFolder(Storage& storage, std::string_view folder);

}  // namespace qlake::storage
