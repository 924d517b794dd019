#pragma once

#include "cli/settings.h"
#include "run/calendar.h"

namespace qlake::cli {

// What calendar.expect and calendar.grace say.
run::Expectations ExpectationsOf(const Settings& settings);

}  // namespace qlake::cli
