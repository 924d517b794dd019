#include "base/fault.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

namespace qlake::base {
namespace {

struct PlannedCrash {
  std::string label;
  int pass = 1;
};

PlannedCrash ReadPlan() {
  const char* text = std::getenv("QLAKE_CRASH_AT");
  if (text == nullptr) return {};
  std::string_view plan = text;
  size_t colon = plan.rfind(':');
  if (colon == std::string_view::npos) return {std::string(plan), 1};
  return {std::string(plan.substr(0, colon)), std::atoi(plan.substr(colon + 1).data())};
}

}  // namespace

void CrashPoint(std::string_view label) {
  static const PlannedCrash plan = ReadPlan();
  if (plan.label.empty() || plan.label != label) return;
  static std::atomic<int> passes = 0;
  if (++passes == plan.pass) std::raise(SIGKILL);
}

}  // namespace qlake::base
