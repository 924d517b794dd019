#pragma once

#include <string_view>

namespace qlake::engine {

// Whether the word stands in the SQL, in whatever case: as a name, or in a text or a remark, which does no harm to who
// only asks what a statement may read.
bool NamesWord(std::string_view sql, std::string_view word);

}  // namespace qlake::engine
