#include "engine/duckdb/library_version.h"

#include <duckdb.h>

namespace qlake::engine {

std::string LibraryVersion() { return duckdb_library_version(); }

}  // namespace qlake::engine
