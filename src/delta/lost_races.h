#pragma once

#include <cstdint>

namespace qlake::delta {

// How often a commit of this process found that another writer had taken its version, whatever came of it then: an
// append goes behind the winner, others may be refused. Thread-safe.
int64_t LostRaces();
void CountLostRace();

}  // namespace qlake::delta
