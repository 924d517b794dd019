#include "model/duplicates.h"

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "model/table_build.h"

namespace qlake::model {
namespace {

using base::ColumnType;
using engine::KeyedRow;

bool HasKey(const lake::KeyEntry& entry, const KeyedRow& row) {
  return entry.key_high == row.key_high && entry.key_low == row.key_low;
}

bool IsBefore(const lake::KeyEntry& entry, const KeyedRow& row) {
  return std::tie(entry.key_high, entry.key_low) < std::tie(row.key_high, row.key_low);
}

// Goes through the batch's rows key by key and decides which row stays.
class Judgement {
 public:
  Judgement(StagedSource& source, const FactKeys& fact_keys)
      : source_(source), fact_keys_(fact_keys), key_columns_(source.IndexesOf(source.contract().key)) {}

  void Run(const std::vector<KeyedRow>& keys, const std::vector<lake::KeyEntry>& known) {
    stay.reserve(keys.size());
    auto held = known.begin();
    for (size_t begin = 0, end = 0; begin < keys.size(); begin = end) {
      if (begin + kPrefetched < keys.size()) source_.rows().Prefetch(keys[begin + kPrefetched].at);
      for (end = begin + 1; end < keys.size() && keys[end].SameKey(keys[begin]); ++end) continue;
      while (held != known.end() && IsBefore(*held, keys[begin])) ++held;
      size_t first_repeat = begin;
      auto kept = EntryOf(keys[begin]);
      if (held != known.end() && HasKey(*held, keys[begin])) {
        kept = *held;
      } else {
        // The first in order stays.
        stay.push_back(kept);
        ++first_repeat;
      }
      for (size_t i = first_repeat; i < end; ++i) Leave(keys[i], kept);
    }
  }

  std::vector<lake::KeyEntry> stay;
  std::vector<std::vector<std::optional<std::string>>> conflicts;
  std::vector<engine::RecordPlace> places;

 private:
  static constexpr size_t kPrefetched = 32;

  lake::KeyEntry EntryOf(const KeyedRow& row) const {
    return {row.key_high, row.key_low, row.content, static_cast<uint32_t>(source_.files()[row.at.file].seq),
            static_cast<uint32_t>(source_.rows().LineOf(row.at))};
  }

  void Leave(const KeyedRow& row, const lake::KeyEntry& kept) {
    source_.rows().LeaveOut(row.at, engine::StagedRows::kRepeated);
    auto& counts = source_.counts()[row.at.file];
    if (row.content == kept.content) {
      ++counts.duplicate;
      return;
    }
    ++counts.conflict;
    conflicts.push_back({std::to_string(row.at.file), std::to_string(source_.rows().LineOf(row.at)),
                         source_.rows().KeyText(row.at, key_columns_), fact_keys_.FileOf(kept),
                         std::to_string(kept.line)});
    places.push_back(source_.rows().PlaceOf(row.at));
  }

  StagedSource& source_;
  const FactKeys& fact_keys_;
  std::vector<size_t> key_columns_;
};

}  // namespace

std::vector<lake::KeyEntry> JudgeDuplicates(lake::Lake& lake, StagedSource& source, FactBefore& fact) {
  const auto& contract = source.contract();
  if (fact.model.key.size() != contract.key.size()) {
    throw base::InputError("the key of the model of {} must be the key of its source {}: {}", fact.model.table,
                           contract.name, fmt::join(contract.key, ", "));
  }
  auto keys = source.rows().Keys(source.IndexesOf(contract.key), lake.database().threads());
  std::vector<lake::KeyEntry> known;
  if (fact.snapshot) known = fact.keys.Find(keys, *fact.snapshot, fact.before_seq);
  Judgement judgement(source, fact.keys);
  judgement.Run(keys, known);
  lake.database().FillTable("conflicts." + contract.name,
                            {{"_file", {ColumnType::Kind::kInteger}},
                             {"_line", {ColumnType::Kind::kLong}},
                             {"key", {}},
                             {"kept_file_id", {}},
                             {"kept_line", {ColumnType::Kind::kLong}}},
                            judgement.conflicts);
  source.DefineScan(lake, "scan_conflicts", std::move(judgement.places));
  source.DefineOnce(lake);
  return std::move(judgement.stay);
}

void CountRepeats(lake::Lake& lake, StagedSource& source) {
  auto keys = source.rows().Keys(source.IndexesOf(source.contract().key), lake.database().threads());
  std::vector<uint64_t> contents;  // Of the rows of one key in one file.
  for (size_t begin = 0, end = 0; begin < keys.size(); begin = end) {
    contents.clear();
    for (end = begin; end < keys.size() && keys[end].SameKey(keys[begin]) && keys[end].at.file == keys[begin].at.file;
         ++end) {
      contents.push_back(keys[end].content);
    }
    std::sort(contents.begin(), contents.end());
    auto different = std::unique(contents.begin(), contents.end()) - contents.begin();
    source.counts()[keys[begin].at.file].duplicate += static_cast<int64_t>(end - begin) - different;
  }
}

}  // namespace qlake::model
