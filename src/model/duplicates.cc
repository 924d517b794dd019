#include "model/duplicates.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "base/error.h"
#include "base/parallel.h"
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

// A row that leaves for one of its key.
struct Repeat {
  KeyedRow row;
  lake::KeyEntry kept;
};

// What is decided of a stretch of the batch's rows, which stand key by key.
struct Verdict {
  size_t staying = 0;
  std::vector<Repeat> repeats;
};

class Judgement {
 public:
  explicit Judgement(StagedSource& source) : source_(source) {}

  // Writes the entries of rows that stay from `stay` on. REQUIRES: no key stands in another stretch as well.
  // Thread-safe.
  Verdict Judge(std::span<const KeyedRow> keys, std::span<const lake::KeyEntry> known, lake::KeyEntry* stay) const {
    Verdict verdict;
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
        stay[verdict.staying++] = kept;
        ++first_repeat;
      }
      for (size_t i = first_repeat; i < end; ++i) verdict.repeats.push_back({keys[i], kept});
    }
    return verdict;
  }

 private:
  static constexpr size_t kPrefetched = 32;

  lake::KeyEntry EntryOf(const KeyedRow& row) const {
    return {row.key_high, row.key_low, row.content, static_cast<uint32_t>(source_.files()[row.at.file].seq),
            static_cast<uint32_t>(source_.rows().LineOf(row.at))};
  }

  StagedSource& source_;
};

// Stretches of about equal size for so many threads; no key stands in two.
std::vector<std::span<const KeyedRow>> Cut(const std::vector<KeyedRow>& keys, size_t threads) {
  std::vector<std::span<const KeyedRow>> stretches;
  size_t size = keys.size() / (4 * threads) + 1;
  for (size_t begin = 0, end = 0; begin < keys.size(); begin = end) {
    end = std::min(begin + size, keys.size());
    while (end < keys.size() && keys[end].SameKey(keys[end - 1])) ++end;
    stretches.push_back(std::span(keys).subspan(begin, end - begin));
  }
  return stretches;
}

// The part of the known entries, which are in order, that a stretch may meet.
std::span<const lake::KeyEntry> Meeting(std::span<const KeyedRow> stretch, const std::vector<lake::KeyEntry>& known) {
  auto begin = std::lower_bound(known.begin(), known.end(), stretch.front(), IsBefore);
  return {begin, known.end()};
}

// Takes rows whose key came before out of the batch, and tells of those with other content.
class RepeatedRows {
 public:
  RepeatedRows(StagedSource& source, const FactKeys& fact_keys)
      : source_(source), fact_keys_(fact_keys), key_columns_(source.IndexesOf(source.contract().key)) {}

  void Leave(const Repeat& repeat) {
    const auto& [row, kept] = repeat;
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

  std::vector<std::vector<std::optional<std::string>>> conflicts;
  std::vector<engine::RecordPlace> places;

 private:
  StagedSource& source_;
  const FactKeys& fact_keys_;
  std::vector<size_t> key_columns_;
};

// What is decided of a batch.
struct Judged {
  std::vector<lake::KeyEntry> stay;  // In the order of their keys.
  std::vector<std::vector<Repeat>> repeats;
};

Judged JudgeKeys(StagedSource& source, FactBefore& fact, size_t threads) {
  auto keys = source.rows().Keys(source.IndexesOf(source.contract().key), threads);
  std::vector<lake::KeyEntry> known;
  if (fact.snapshot) known = fact.keys.Find(keys, *fact.snapshot, fact.before_seq);
  auto stretches = Cut(keys, threads);
  std::vector<Verdict> verdicts(stretches.size());
  Judged judged{.stay = std::vector<lake::KeyEntry>(keys.size())};
  auto& stay = judged.stay;
  Judgement judgement(source);
  base::ParallelFor(stretches.size(), threads, [&](size_t i) {
    auto* from = stay.data() + (stretches[i].data() - keys.data());
    verdicts[i] = judgement.Judge(stretches[i], Meeting(stretches[i], known), from);
  });
  auto end = stay.begin();
  for (size_t i = 0; i < stretches.size(); ++i) {
    // What left makes gaps.
    auto from = stay.begin() + (stretches[i].data() - keys.data());
    end = std::move(from, from + static_cast<std::ptrdiff_t>(verdicts[i].staying), end);
    judged.repeats.push_back(std::move(verdicts[i].repeats));
  }
  stay.erase(end, stay.end());
  stay.shrink_to_fit();  // It stays until the batch ends, where memory is needed more than now.
  return judged;
}

}  // namespace

std::vector<lake::KeyEntry> JudgeDuplicates(lake::Lake& lake, StagedSource& source, FactBefore& fact) {
  const auto& contract = source.contract();
  if (fact.model.key.size() != contract.key.size()) {
    throw base::InputError("the key of the model of {} must be the key of its source {}: {}", fact.model.table,
                           contract.name, fmt::join(contract.key, ", "));
  }
  auto judged = JudgeKeys(source, fact, lake.database().threads());
  // Their keys' texts bring the files' bytes back into memory, so the batch's keys had better be gone.
  RepeatedRows repeated(source, fact.keys);
  for (const auto& repeats : judged.repeats) {
    for (const auto& repeat : repeats) repeated.Leave(repeat);
  }
  lake.database().FillTable("conflicts." + contract.name,
                            {{"_file", {ColumnType::Kind::kInteger}},
                             {"_line", {ColumnType::Kind::kLong}},
                             {"key", {}},
                             {"kept_file_id", {}},
                             {"kept_line", {ColumnType::Kind::kLong}}},
                            repeated.conflicts);
  source.DefineScan(lake, "scan_conflicts", std::move(repeated.places));
  source.DefineOnce(lake);
  return std::move(judged.stay);
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
