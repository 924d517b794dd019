#include "model/fact_keys.h"

#include <algorithm>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/log.h"
#include "delta/action_json.h"
#include "delta/log_listing.h"
#include "lake/tables.h"
#include "model/table_build.h"

namespace qlake::model {
namespace {

// How many of a fact's rows are held at once while its index is built anew.
constexpr int64_t kRebuiltRowsMax = 2'000'000;

bool ChangesRows(const delta::Action& action) {
  if (const auto* add = std::get_if<delta::AddFile>(&action)) return add->data_change;
  if (const auto* remove = std::get_if<delta::RemoveFile>(&action)) return remove->data_change;
  return false;
}

// Cuts a table's files into groups of so many rows at most, one file at least.
std::vector<std::vector<std::string>> GroupFiles(const delta::Snapshot& snapshot) {
  std::vector<std::vector<std::string>> groups;
  int64_t rows = 0;
  for (const auto& [path, file] : snapshot.files()) {
    base::Json stats = base::Json::parse(file.stats, nullptr, false);
    int64_t file_rows = stats.is_object() ? stats.value("numRecords", kRebuiltRowsMax) : kRebuiltRowsMax;
    if (groups.empty() || rows + file_rows > kRebuiltRowsMax) {
      groups.emplace_back();
      rows = 0;
    }
    rows += file_rows;
    groups.back().push_back(path);
  }
  return groups;
}

}  // namespace

FactKeys::FactKeys(lake::Lake& lake, const Model& fact, const std::vector<lake::FileRecord>& revisions)
    : lake_(lake), fact_(fact) {
  for (const auto& file : revisions) {
    if (files_.size() <= static_cast<size_t>(file.seq)) files_.resize(static_cast<size_t>(file.seq) + 1);
    files_[static_cast<size_t>(file.seq)] = &file;
  }
}

FactKeys::~FactKeys() {
  // What it writes lives as long as this.
  if (writing_.valid()) writing_.wait();
}

std::vector<lake::KeyEntry> FactKeys::Find(const std::vector<engine::KeyedRow>& keys, const delta::Snapshot& base,
                                           int64_t before_seq) {
  index_ = lake::KeyIndex::Open(lake_.storage(), fact_.table, base.metadata().id);
  if (!index_ || !Covers(*index_, base)) Rebuild(base, before_seq);
  is_published_ = index_->covers() > base.version();
  std::vector<lake::KeyEntry> probes;
  probes.reserve(keys.size());
  for (const auto& key : keys) {
    bool is_new = probes.empty() || probes.back().key_high != key.key_high || probes.back().key_low != key.key_low;
    if (is_new) probes.push_back({key.key_high, key.key_low, 0, 0, 0});
  }
  std::vector<lake::KeyEntry> found;
  auto seq_max = static_cast<uint32_t>(before_seq - 1);
  if (!index_->Find(probes, seq_max, found)) {
    Rebuild(base, before_seq);
    if (!index_->Find(probes, seq_max, found)) {
      throw base::IoError("the key index of {} was damaged while it was read: check the disk", fact_.table);
    }
  }
  return found;
}

const std::string& FactKeys::FileOf(const lake::KeyEntry& entry) const {
  QLAKE_CHECK(entry.seq < files_.size() && files_[entry.seq] != nullptr);
  return files_[entry.seq]->file_id;
}

bool FactKeys::Covers(const lake::KeyIndex& index, const delta::Snapshot& base) const {
  // Newer than the base: a redo finds what its first try published; Find() leaves those rows out.
  for (auto version = index.covers() + 1; version <= base.version(); ++version) {
    std::string path = delta::CommitPath(base.table_path(), version);
    auto commit = lake_.storage().ReadIfPresent(path);
    if (!commit) return false;
    auto actions = delta::ParseActions(*std::move(commit), path);
    if (std::any_of(actions.begin(), actions.end(), ChangesRows)) return false;
  }
  return true;
}

void FactKeys::Rebuild(const delta::Snapshot& base, int64_t before_seq) {
  base::LogInfo("building the key index from the table", {{"table", fact_.table}, {"version", base.version()}});
  index_.reset();
  // A row's file by its seq: of the revisions of a file the last one that the fact has rows of. Later ones may wait.
  std::map<std::string, int64_t> seqs;
  for (const auto* file : files_) {
    if (file != nullptr && file->source == fact_.source && file->seq < before_seq) seqs[file->file_id] = file->seq;
  }
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const auto& [file_id, seq] : seqs) rows.push_back({file_id, std::to_string(seq)});
  auto& database = lake_.database();
  database.FillTable("key_index.files", {{"file_id", {}}, {"seq", {base::ColumnType::Kind::kLong}}}, rows);
  std::vector<std::string> texts;
  for (const auto& name : fact_.key) texts.push_back(fmt::format("CAST(f.{} AS VARCHAR)", engine::QuoteName(name)));
  lake::KeyIndexUpdate update(lake_.storage(), fact_.table, nullptr);
  for (const auto& group : GroupFiles(base)) {
    database.DefineFiles("key_index.part", base, group);
    std::vector<lake::KeyEntry> entries;
    database.VisitIntegers(
        fmt::format("SELECT key_hash(0, {0}), key_hash(1, {0}), hash_prefix(f._content_hash), s.seq, f._line FROM "
                    "key_index.part AS f JOIN key_index.files AS s ON f._file_id = s.file_id",
                    fmt::join(texts, ", ")),
        [&](const std::vector<int64_t>& row) {
          entries.push_back({static_cast<uint64_t>(row[0]), static_cast<uint64_t>(row[1]),
                             static_cast<uint64_t>(row[2]), static_cast<uint32_t>(row[3]),
                             static_cast<uint32_t>(row[4])});
        });
    lake::SortEntries(entries);
    update.Add(entries);
  }
  std::move(update).Publish(base.metadata().id, base.version());
  index_ = lake::KeyIndex::Open(lake_.storage(), fact_.table, base.metadata().id);
  if (!index_) throw base::IoError("the key index of {} cannot be read back: check the disk", fact_.table);
}

void FactKeys::Begin(std::vector<lake::KeyEntry> entries, bool replace) {
  if (is_published_ || (entries.empty() && !replace)) return;
  entries_ = std::move(entries);
  update_.emplace(lake_.storage(), fact_.table, replace ? nullptr : &*index_);
  writing_ = std::async(std::launch::async, [this] {
    update_->Add(entries_);
    entries_ = {};
    lake_.storage().Sync(update_->paths());
  });
}

void FactKeys::Publish() {
  if (!update_) return;
  writing_.get();
  // A fact whose source failed before it ever brought rows is not there yet.
  if (auto table = lake_.Load(fact_.table)) std::move(*update_).Publish(table->metadata().id, table->version());
  update_.reset();
}

}  // namespace qlake::model
