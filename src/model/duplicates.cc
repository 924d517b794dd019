#include "model/duplicates.h"

#include <tuple>

#include "base/error.h"
#include "model/table_build.h"

namespace qlake::model {
namespace {

using base::ColumnType;
using engine::KeyedRow;

bool ComesBefore(const KnownKey& known, const KeyedRow& key) {
  return std::tie(known.key_high, known.key_low) < std::tie(key.key_high, key.key_low);
}

// Goes through the batch's rows key by key and decides which row stays.
class Judgement {
 public:
  Judgement(StagedSource& source, const std::vector<KeyedRow>& keys, const std::vector<KnownKey>& known)
      : source_(source), key_columns_(source.IndexesOf(source.contract().key)), keys_(keys), known_(known) {}

  void Run() {
    size_t known = 0;
    for (size_t begin = 0, end = 0; begin < keys_.size(); begin = end) {
      for (end = begin + 1; end < keys_.size() && keys_[end].SameKey(keys_[begin]); ++end) continue;
      while (known < known_.size() && ComesBefore(known_[known], keys_[begin])) ++known;
      bool is_known = known < known_.size() && known_[known].key_high == keys_[begin].key_high &&
                      known_[known].key_low == keys_[begin].key_low;
      if (is_known) {
        const auto& kept = known_[known];
        for (size_t i = begin; i < end; ++i) Leave(keys_[i], kept.content, kept.file_id, kept.line);
      } else {
        // The first in order stays.
        const auto& kept = keys_[begin];
        for (size_t i = begin + 1; i < end; ++i) {
          Leave(keys_[i], kept.content, source_.files()[kept.at.file].file_id, source_.rows().LineOf(kept.at));
        }
      }
    }
  }

  std::vector<std::vector<std::optional<std::string>>> conflicts;
  std::vector<engine::RecordPlace> places;

 private:
  void Leave(const KeyedRow& row, uint64_t kept_content, const std::string& kept_file_id, int64_t kept_line) {
    source_.rows().LeaveOut(row.at, engine::StagedRows::kRepeated);
    auto& counts = source_.counts()[row.at.file];
    if (row.content == kept_content) {
      ++counts.duplicate;
      return;
    }
    ++counts.conflict;
    conflicts.push_back({std::to_string(row.at.file), std::to_string(source_.rows().LineOf(row.at)),
                         source_.rows().KeyText(row.at, key_columns_), kept_file_id, std::to_string(kept_line)});
    places.push_back(source_.rows().PlaceOf(row.at));
  }

  StagedSource& source_;
  std::vector<size_t> key_columns_;
  const std::vector<KeyedRow>& keys_;
  const std::vector<KnownKey>& known_;
};

}  // namespace

std::vector<KeyedRow> JudgeDuplicates(lake::Lake& lake, StagedSource& source, const Model& fact,
                                      const FindKnown& find_known) {
  const auto& contract = source.contract();
  if (fact.key.size() != contract.key.size()) {
    throw base::InputError("the key of the model of {} must be the key of its source {}: {}", fact.table, contract.name,
                           fmt::join(contract.key, ", "));
  }
  auto keys = source.rows().Keys(source.IndexesOf(contract.key), lake.database().threads());
  auto known = find_known(keys);
  Judgement judgement(source, keys, known);
  judgement.Run();
  lake.database().FillTable("conflicts." + contract.name,
                            {{"_file", {ColumnType::Kind::kInteger}},
                             {"_line", {ColumnType::Kind::kLong}},
                             {"key", {}},
                             {"kept_file_id", {}},
                             {"kept_line", {ColumnType::Kind::kLong}}},
                            judgement.conflicts);
  source.DefineScan(lake, "scan_conflicts", std::move(judgement.places));
  source.DefineOnce(lake, std::nullopt);
  return keys;
}

std::vector<KnownKey> FindKnownInFact(lake::Lake& lake, const Contract& contract, const Model& fact) {
  std::string keys;
  std::string on;
  for (size_t i = 0; i < contract.key.size(); ++i) {
    std::string name = engine::QuoteName(fact.key[i]);
    keys += fmt::format("CAST(f.{} AS VARCHAR), ", name);
    on += fmt::format("{}f.{} = s.{}", i == 0 ? "" : " AND ", name, engine::QuoteName(contract.key[i]));
  }
  std::vector<KnownKey> known;
  size_t key_size = contract.key.size();
  auto found = lake.database().Query(
      fmt::format("SELECT {}CAST(CAST('0x' || hex(f._content_hash)[15:16] || hex(f._content_hash)[13:14] || "
                  "hex(f._content_hash)[11:12] || hex(f._content_hash)[9:10] || hex(f._content_hash)[7:8] || "
                  "hex(f._content_hash)[5:6] || hex(f._content_hash)[3:4] || hex(f._content_hash)[1:2] AS UBIGINT) AS "
                  "VARCHAR), f._file_id, CAST(f._line AS VARCHAR) FROM {} AS f SEMI JOIN staged.{} AS s ON {}",
                  keys, fact.table, contract.name, on));
  for (auto& row : found.rows) {
    auto key = engine::HashKey({row.begin(), row.begin() + static_cast<std::ptrdiff_t>(key_size)});
    known.push_back({key.key_high, key.key_low, std::stoull(row[key_size].value_or("0")),
                     row[key_size + 1].value_or(""), engine::IntegerOf(row[key_size + 2])});
  }
  std::sort(known.begin(), known.end(), [](const KnownKey& a, const KnownKey& b) {
    return std::tie(a.key_high, a.key_low) < std::tie(b.key_high, b.key_low);
  });
  return known;
}

void CountRepeats(lake::Lake& lake, StagedSource& source) {
  auto counted = lake.database().Query(
      fmt::format("SELECT _file, CAST(sum(times - 1) AS BIGINT) FROM (SELECT _file, count(*) AS times FROM staged.{} "
                  "GROUP BY _file, {}, _content_hash) GROUP BY _file",
                  source.contract().name, NameList(source.contract().key)));
  for (const auto& row : counted.rows)
    source.counts()[static_cast<size_t>(engine::IntegerOf(row[0]))].duplicate = engine::IntegerOf(row[1]);
}

}  // namespace qlake::model
