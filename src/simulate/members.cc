#include "simulate/members.h"

#include "simulate/catalogue.h"
#include "simulate/drop_plan.h"
#include "simulate/random.h"

namespace qlake::simulate {
namespace {

constexpr uint64_t kHireDateStream = 200;
constexpr std::string_view kCorrectedClass = "E";

}  // namespace

int64_t WriteBranches(DropFile& file, int64_t hour, bool corrected) {
  file.Put("branch_id,location,establish_date,class\r\n");
  const int64_t count = BranchCount(hour);
  for (int64_t id = 1; id <= count; ++id) {
    const Branch& branch = kBranches[static_cast<size_t>(id - 1)];
    file.PutNumber(static_cast<uint64_t>(id));
    file.Put(",");
    file.Put(branch.location);
    file.Put(",");
    file.Put(branch.establish_date);
    file.Put(",");
    file.Put(corrected && id == 1 ? kCorrectedClass : branch.grade);
    file.Put("\r\n");
  }
  return count;
}

int64_t WriteAgents(DropFile& file, const DropOptions& options, int64_t hour, bool corrected) {
  file.Put("sales_person_id,name,hire_date\r\n");
  const int64_t count = AgentCount(hour);
  for (int64_t id = 1; id <= count; ++id) {
    // Each edition brings other hire dates, as the real source's fourth drop did.
    Random random({.seed = options.seed,
                   .stream = kHireDateStream,
                   .hour = static_cast<uint64_t>(EditionOf(hour)),
                   .row = static_cast<uint64_t>(id)});
    file.PutNumber(static_cast<uint64_t>(id));
    file.Put(",");
    file.Put(kAgents[static_cast<size_t>(id - 1)]);
    file.Put(",");
    file.PutNumber((corrected && id == 1 ? 2010 : 2018) + random.Below(4));
    file.Put("-");
    file.PutNumber(1 + random.Below(12));
    file.Put("-");
    file.PutNumber(1 + random.Below(28));
    file.Put("\r\n");
  }
  return count;
}

}  // namespace qlake::simulate
