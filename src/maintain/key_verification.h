#pragma once

#include <optional>
#include <string>

#include "lake/lake.h"
#include "maintain/verification.h"

namespace qlake::maintain {

// Holds the key index of a fact against the fact's rows at the snapshot: their number, or, with contents, key, content
// and line of each. Nothing: they agree, or there is no index that covers the snapshot.
std::optional<std::string> FindKeyDisagreement(lake::Lake& lake, const FactToVerify& fact,
                                               const delta::Snapshot& snapshot, bool contents);

}  // namespace qlake::maintain
