#pragma once

#include <string>
#include <vector>

#include "lake/records.h"
#include "model/process.h"

// Marts that are not in the last publication: they failed when their batch was made, or the project has gained them
// since. Nothing of a batch goes into them until they have been brought up to the publication whole.
namespace qlake::model {

// Their tables, in the project's order. None while nothing has been published.
std::vector<std::string> LeftOutMarts(const Project& project, const std::optional<lake::Publication>& publication);

// Computes each of them anew from its fact as it is published, and publishes it beside the other tables. One that fails
// is told of in the report, and the others go on. Again it does nothing. Safe to kill anywhere.
void RefreshLeftOutMarts(lake::Writer& writer, const Project& project, ProcessReport& report);

}  // namespace qlake::model
