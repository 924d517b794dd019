#include "delta/constraints.h"

#include "base/error.h"
#include "base/json.h"

namespace qlake::delta {
namespace {

// PROTOCOL.md, "Column Invariants": {"expression": {"expression": "x > 3"}}, as a text within the field's metadata.
constexpr const char* kInvariantsKey = "delta.invariants";

std::string QuoteForSpark(const std::string& name) {
  std::string quoted = "`";
  for (char c : name) quoted += c == '`' ? std::string("``") : std::string(1, c);
  return quoted + "`";
}

void AddConstraintsOfField(const base::Json& field, std::vector<Constraint>& constraints) {
  auto name = field.at("name").get<std::string>();
  if (!field.value("nullable", true)) {
    constraints.push_back({name + " is not nullable", QuoteForSpark(name) + " IS NOT NULL"});
  }
  base::Json metadata = field.value("metadata", base::Json::object());
  if (!metadata.contains(kInvariantsKey)) return;
  base::Json invariant = base::Json::parse(metadata[kInvariantsKey].get<std::string>());
  constraints.push_back({"invariant of " + name, invariant.at("expression").at("expression").get<std::string>()});
}

}  // namespace

std::vector<Constraint> ConstraintsOf(const Metadata& metadata) {
  std::vector<Constraint> constraints;
  for (const auto& [key, value] : metadata.configuration) {
    if (key.starts_with(kCheckPrefix)) constraints.push_back({key.substr(kCheckPrefix.size()), value});
  }
  try {
    const base::Json schema = base::Json::parse(metadata.schema_json);
    for (const base::Json& field : schema.value("fields", base::Json::array()))
      AddConstraintsOfField(field, constraints);
  } catch (const base::Json::exception& error) {
    throw base::CorruptError("a table's schema is not what the Delta protocol says ({}): {}", error.what(),
                             metadata.schema_json.substr(0, 200));
  }
  return constraints;
}

}  // namespace qlake::delta
