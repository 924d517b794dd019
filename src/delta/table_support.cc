#include "delta/table_support.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "base/error.h"

namespace qlake::delta {
namespace {

constexpr std::array<std::string_view, 7> kReaderFeatures = {
    "columnMapping",        "deletionVectors", "timestampNtz",       "typeWidening",
    "typeWidening-preview", "v2Checkpoint",    "vacuumProtocolCheck"};
constexpr std::array<std::string_view, 4> kWriterFeatures = {"timestampNtz", "vacuumProtocolCheck", "appendOnly",
                                                             "invariants"};

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
  if (protocol.min_writer_version == 7) {
    RequireAmong(table_path, protocol.writer_features, kWriterFeatures);
  } else if (protocol.min_writer_version > 2) {
    throw base::InputError("table {} needs a writer version that is not supported: {}", table_path,
                           protocol.min_writer_version);
  }
  if (metadata.schema_json.find("\"delta.invariants\"") != std::string::npos) {
    throw base::InputError("table {} needs a feature that is not supported in writing: invariants of a column",
                           table_path);
  }
}

bool IsAppendOnly(const Metadata& metadata) { return Configuration(metadata, "delta.appendOnly") == "true"; }

}  // namespace qlake::delta
