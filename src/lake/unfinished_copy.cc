#include "lake/unfinished_copy.h"

#include "base/error.h"
#include "base/json.h"

namespace qlake::lake {

void RequireNoUnfinishedCopy(Lake& lake) {
  auto text = lake.storage().ReadIfPresent(kUnfinishedCopyPath);
  if (!text) return;
  base::Json json = base::Json::parse(*text, nullptr, false);
  std::string source = json.is_object() ? json.value("source", "LAKE") : "LAKE";
  throw base::InputError("the lake is a copy that was not finished: run qlake copy --from {} --to {} again", source,
                         lake.options().root);
}

}  // namespace qlake::lake
