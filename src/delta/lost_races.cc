#include "delta/lost_races.h"

#include <atomic>

namespace qlake::delta {
namespace {

std::atomic<int64_t> lost_races = 0;

}  // namespace

int64_t LostRaces() { return lost_races; }
void CountLostRace() { ++lost_races; }

}  // namespace qlake::delta
