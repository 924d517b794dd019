#include "lake/key_manifest.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/log.h"
#include "storage/path.h"

namespace qlake::lake {
namespace {

using base::Json;

constexpr const char* kManifestName = "MANIFEST";
constexpr uint64_t kFormat = 1;

std::optional<uint64_t> CountAt(const Json& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<uint64_t>();
}

std::optional<std::string> TextAt(const Json& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// A name that leads nowhere but to a run of the index's own folder.
bool IsRunName(std::string_view name) {
  return name.size() > kKeyRunEnding.size() && name.ends_with(kKeyRunEnding) &&
         name.find('/') == std::string_view::npos;
}

std::optional<KeyManifest::Run> ParseRun(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  auto name = TextAt(json, "name");
  auto entries = CountAt(json, "entries");
  auto bytes = CountAt(json, "bytes");
  if (!name || !entries || !bytes || !IsRunName(*name)) return std::nullopt;
  return KeyManifest::Run{*name, *entries, *bytes};
}

}  // namespace

std::string KeyIndexFolder(const std::string& table) { return storage::JoinPath("_qlake/index", table); }

std::string KeyManifestPath(const std::string& table) {
  return storage::JoinPath(KeyIndexFolder(table), kManifestName);
}

std::string KeyRunPath(const std::string& table, const std::string& run_name) {
  return storage::JoinPath(KeyIndexFolder(table), run_name);
}

std::string NewKeyRunName() { return base::NewUuid() + std::string(kKeyRunEnding); }

std::string FormatKeyManifest(const KeyManifest& manifest) {
  Json runs = Json::array();
  for (const auto& run : manifest.runs) {
    runs.push_back({{"name", run.name}, {"entries", run.entries}, {"bytes", run.bytes}});
  }
  Json json = {{"format", kFormat}, {"table_id", manifest.table_id}, {"version", manifest.version}, {"runs", runs}};
  return json.dump(1) + "\n";
}

std::optional<KeyManifest> ParseKeyManifest(std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  auto format = CountAt(json, "format");
  auto table_id = TextAt(json, "table_id");
  auto version = CountAt(json, "version");
  auto runs = json.find("runs");
  if (format != kFormat || !table_id || !version || runs == json.end() || !runs->is_array()) return std::nullopt;
  KeyManifest manifest = {*table_id, static_cast<delta::Version>(*version), {}};
  for (const auto& item : *runs) {
    auto run = ParseRun(item);
    if (!run) return std::nullopt;
    manifest.runs.push_back(*run);
  }
  return manifest;
}

std::optional<KeyManifest> ReadKeyManifest(const storage::Storage& storage, const std::string& table) {
  auto text = storage.ReadIfPresent(KeyManifestPath(table));
  if (!text) return std::nullopt;
  auto manifest = ParseKeyManifest(*text);
  if (!manifest) base::LogWarn("the manifest of a key index is damaged", {{"table", table}});
  return manifest;
}

}  // namespace qlake::lake
