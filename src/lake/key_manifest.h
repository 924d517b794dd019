#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delta/actions.h"
#include "storage/storage.h"

namespace qlake::lake {

// What a key index consists of: the file MANIFEST of its folder, a JSON object. Replacing it is what makes an update
// visible.
struct KeyManifest {
  struct Run {
    std::string name;  // Of the file in the index's folder.
    uint64_t entries = 0;
    uint64_t bytes = 0;
    bool operator==(const Run&) const = default;
  };

  std::string table_id;  // Delta's metaData.id of the table: a table that was made anew has another.
  delta::Version version = delta::kNoVersion;  // The table's version whose rows the entries are.
  std::vector<Run> runs;

  bool operator==(const KeyManifest&) const = default;
};

std::string KeyIndexFolder(const std::string& table);   // "_qlake/index/warehouse.sales_transactions_fact"
std::string KeyManifestPath(const std::string& table);  // Of the table's index.
std::string KeyRunPath(const std::string& table, const std::string& run_name);
inline constexpr std::string_view kKeyRunEnding = ".run";
std::string NewKeyRunName();  // "<uuid>.run"

std::string FormatKeyManifest(const KeyManifest& manifest);
std::optional<KeyManifest> ParseKeyManifest(std::string_view text);  // Nothing when it is not of the form.
// Nothing when there is none or it is damaged.
std::optional<KeyManifest> ReadKeyManifest(const storage::Storage& storage, const std::string& table);

}  // namespace qlake::lake
