#include "cli/calendar_settings.h"

#include "base/error.h"

namespace qlake::cli {

run::Expectations ExpectationsOf(const Settings& settings) {
  auto expectations = run::Expectations::Parse(settings.Text("calendar.expect"));
  QLAKE_CHECK(expectations);  // The setting's type has seen to it.
  expectations->grace = settings.Duration("calendar.grace");
  return *expectations;
}

}  // namespace qlake::cli
