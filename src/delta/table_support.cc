#include "delta/table_support.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "delta/constraints.h"
#include "delta/table_properties.h"

namespace qlake::delta {
namespace {

constexpr std::array<std::string_view, 7> kReaderFeatures = {
    "columnMapping",        "deletionVectors", "timestampNtz",       "typeWidening",
    "typeWidening-preview", "v2Checkpoint",    "vacuumProtocolCheck"};
// Of those that legacy versions imply, generated and identity columns and column mapping may be declared, not used.
constexpr std::array<std::string_view, 9> kWriterFeatures = {
    "timestampNtz",   "vacuumProtocolCheck", "appendOnly",      "invariants",   "checkConstraints",
    "changeDataFeed", "generatedColumns",    "identityColumns", "columnMapping"};

constexpr int kFeaturesWriterVersion = 7;  // From it on, the protocol lists features instead of implying them.
constexpr const char* kMappingMode = "delta.columnMapping.mode";

bool Contains(const std::vector<std::string>& features, std::string_view feature) {
  return std::ranges::find(features, feature) != features.end();
}

std::string Configuration(const Metadata& metadata, const std::string& key) {
  auto found = metadata.configuration.find(key);
  return found == metadata.configuration.end() ? std::string() : found->second;
}

void RequireAmong(const std::string& table_path, const std::vector<std::string>& features,
                  std::span<const std::string_view> supported) {
  for (const std::string& feature : features) {
    if (std::ranges::find(supported, feature) == supported.end()) {
      throw base::InputError("table {} needs a feature that is not supported: {}", table_path, feature);
    }
  }
}

// Columns whose values the table computes (PROTOCOL.md, "Generated Columns", "Identity Columns").
void RequireNoComputedColumns(const std::string& table_path, const Metadata& metadata) {
  const base::Json schema = base::Json::parse(metadata.schema_json, nullptr, false);
  if (!schema.is_object() || !schema.contains("fields")) return;  // For the schema's readers to complain about.
  for (const base::Json& field : schema["fields"]) {
    if (!field.contains("metadata")) continue;
    for (const auto& [key, value] : field["metadata"].items()) {
      bool is_generated = key == "delta.generationExpression";
      if (!is_generated && !key.starts_with("delta.identity.")) continue;
      throw base::InputError("table {} needs a feature that is not supported in writing: {} (column \"{}\")",
                             table_path, is_generated ? "generatedColumns" : "identityColumns",
                             field.value("name", ""));
    }
  }
}

}  // namespace

void RequireReadable(const std::string& table_path, const Protocol& protocol, const Metadata& metadata) {
  if (protocol.min_reader_version < 1 || protocol.min_reader_version > 3) {
    throw base::InputError("table {} needs a reader version that is not supported: {}", table_path,
                           protocol.min_reader_version);
  }
  if (protocol.min_reader_version == 3) RequireAmong(table_path, protocol.reader_features, kReaderFeatures);
  if (!ColumnMappingOf(protocol, metadata)) {
    throw base::InputError("table {} needs a feature that is not supported: columnMapping, mode {}", table_path,
                           Configuration(metadata, kMappingMode));
  }
}

std::optional<ColumnMapping> ColumnMappingOf(const Protocol& protocol, const Metadata& metadata) {
  bool has_feature = protocol.min_reader_version == 2 || Contains(protocol.reader_features, "columnMapping");
  std::string mode = has_feature ? Configuration(metadata, kMappingMode) : std::string();
  if (mode.empty() || mode == "none") return ColumnMapping::kNone;
  if (mode == "name") return ColumnMapping::kName;
  if (mode == "id") return ColumnMapping::kId;
  return std::nullopt;
}

void RequireWritable(const std::string& table_path, const Protocol& protocol, const Metadata& metadata) {
  RequireReadable(table_path, protocol, metadata);
  if (ColumnMappingOf(protocol, metadata) != ColumnMapping::kNone) {
    throw base::InputError("table {} needs a feature that is not supported in writing: columnMapping", table_path);
  }
  if (protocol.min_writer_version == kFeaturesWriterVersion) {
    RequireAmong(table_path, protocol.writer_features, kWriterFeatures);
  } else if (protocol.min_writer_version > kFeaturesWriterVersion) {
    throw base::InputError("table {} needs a writer version that is not supported: {}", table_path,
                           protocol.min_writer_version);
  }
  RequireNoComputedColumns(table_path, metadata);
}

Protocol RaiseProtocol(Protocol present, const Metadata& metadata) {
  bool has_checks = std::ranges::any_of(metadata.configuration,
                                        [](const auto& property) { return property.first.starts_with(kCheckPrefix); });
  struct Need {
    bool is_needed;
    int writer_version;
    const char* feature;
  };
  for (const Need& need : {Need{IsAppendOnly(metadata), 2, "appendOnly"}, Need{has_checks, 3, "checkConstraints"},
                           Need{KeepsChanges(metadata), 4, "changeDataFeed"}}) {
    if (!need.is_needed) continue;
    if (present.min_writer_version < kFeaturesWriterVersion) {
      present.min_writer_version = std::max(present.min_writer_version, need.writer_version);
    } else if (!Contains(present.writer_features, need.feature)) {
      present.writer_features.emplace_back(need.feature);
    }
  }
  return present;
}

}  // namespace qlake::delta
