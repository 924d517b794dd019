#include "maintain/key_verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/json.h"
#include "lake/key_index.h"

namespace qlake::maintain {
namespace {

constexpr int64_t kRowsAtOnceMax = 2'000'000;

int64_t RowsOf(const delta::AddFile& file) {
  base::Json stats = base::Json::parse(file.stats, nullptr, false);
  return stats.is_object() ? stats.value("numRecords", kRowsAtOnceMax) : kRowsAtOnceMax;
}

class KeyVerification {
 public:
  KeyVerification(lake::Lake& lake, const FactToVerify& fact, const delta::Snapshot& snapshot,
                  const lake::KeyIndex& index)
      : lake_(lake), fact_(fact), snapshot_(snapshot), index_(index) {}

  std::optional<std::string> Run() {
    std::vector<std::string> paths;
    int64_t rows = 0;
    for (const auto& [path, file] : snapshot_.files()) {
      if (!paths.empty() && rows + RowsOf(file) > kRowsAtOnceMax) {
        if (auto finding = Check(paths)) return finding;
        paths.clear();
        rows = 0;
      }
      paths.push_back(path);
      rows += RowsOf(file);
    }
    return paths.empty() ? std::nullopt : Check(paths);
  }

 private:
  std::optional<std::string> Check(const std::vector<std::string>& paths) {
    auto probes = ReadProbes(paths);
    std::vector<lake::KeyEntry> found;
    if (!index_.Find(probes, std::numeric_limits<uint32_t>::max(), found)) return "a page of the key index is damaged";
    size_t at = 0;
    int64_t missing = 0;
    for (const auto& probe : probes) {
      while (at < found.size() && lake::IsBeforeKey(found[at], probe)) ++at;
      bool is_there = false;
      for (size_t i = at; i < found.size() && lake::HasSameKey(found[i], probe); ++i) {
        is_there |= found[i].content == probe.content && found[i].line == probe.line;
      }
      missing += is_there ? 0 : 1;
    }
    if (missing == 0) return std::nullopt;
    return fmt::format("the key index lacks {} rows: remove {}, it is built anew", missing,
                       lake::KeyIndexFolder(fact_.table));
  }

  std::vector<lake::KeyEntry> ReadProbes(const std::vector<std::string>& paths) {
    auto& database = lake_.database();
    database.DefineFiles("verified.part", snapshot_, paths);
    std::vector<std::string> texts;
    for (const auto& name : fact_.key) texts.push_back(fmt::format("CAST({} AS VARCHAR)", engine::QuoteName(name)));
    std::vector<lake::KeyEntry> probes;
    database.VisitIntegers(
        fmt::format("SELECT key_hash(0, {0}), key_hash(1, {0}), hash_prefix(_content_hash), _line FROM verified.part",
                    fmt::join(texts, ", ")),
        [&](const std::vector<int64_t>& row) {
          probes.push_back({static_cast<uint64_t>(row[0]), static_cast<uint64_t>(row[1]), static_cast<uint64_t>(row[2]),
                            0, static_cast<uint32_t>(row[3])});
        });
    lake::SortEntries(probes);
    return probes;
  }

  lake::Lake& lake_;
  const FactToVerify& fact_;
  const delta::Snapshot& snapshot_;
  const lake::KeyIndex& index_;
};

}  // namespace

std::optional<std::string> FindKeyDisagreement(lake::Lake& lake, const FactToVerify& fact,
                                               const delta::Snapshot& snapshot, bool contents) {
  if (!lake.storage().Find(lake::KeyManifestPath(fact.table))) return std::nullopt;
  auto index = lake::KeyIndex::Open(lake.storage(), fact.table, snapshot.metadata().id);
  if (!index || index->covers() != snapshot.version()) return std::nullopt;
  int64_t rows = 0;
  for (const auto& [path, file] : snapshot.files()) rows += RowsOf(file);
  if (index->entries() != static_cast<uint64_t>(rows)) {
    return fmt::format("the key index has {} entries for {} rows: remove {}, it is built anew", index->entries(), rows,
                       lake::KeyIndexFolder(fact.table));
  }
  return contents ? KeyVerification(lake, fact, snapshot, *index).Run() : std::nullopt;
}

}  // namespace qlake::maintain
