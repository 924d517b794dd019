#pragma once

#include "base/nearest_name.h"

namespace qlake::cli {

using base::NearestName;
using base::SuggestName;

}  // namespace qlake::cli
