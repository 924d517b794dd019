#include "lake/key_run.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/error.h"
#include "base/log.h"

namespace qlake::lake {
namespace {

static_assert(std::endian::native == std::endian::little, "entries are written as they stand in memory");

constexpr uint64_t kFormat = 1;
constexpr size_t kBlockPages = 64;  // 256 KiB: what a merge holds of each run.
constexpr size_t kPageBytes = kPageEntries * sizeof(KeyEntry);
constexpr size_t kVisitsSampled = 32;
constexpr size_t kVisitsAtOnce = 4096;  // Pages that are read ahead together: 16 MiB.
constexpr std::array<char, 8> kMagic = {'q', 'l', 'a', 'k', 'e', 'k', 'e', 'y'};

struct Foot {
  std::array<char, 8> magic = kMagic;
  uint64_t format = kFormat;
  uint64_t count = 0;
  uint64_t directory_checksum = 0;
  uint64_t foot_checksum = 0;
};
static_assert(sizeof(Foot) == 40);

uint64_t ChecksumOf(const Foot& foot) { return XXH3_64bits(&foot, offsetof(Foot, foot_checksum)); }

template <typename T>
std::string_view BytesOf(std::span<const T> items) {
  return {reinterpret_cast<const char*>(items.data()), items.size_bytes()};
}

// The items that lie in the bytes. Mapped files and the bytes of long strings are aligned for it.
template <typename T>
std::span<const T> ItemsIn(std::string_view bytes) {
  QLAKE_CHECK(reinterpret_cast<uintptr_t>(bytes.data()) % alignof(T) == 0);
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

uint64_t PagesOf(uint64_t count) { return (count + kPageEntries - 1) / kPageEntries; }

void LogDamage(const std::string& path, std::string_view what) {
  base::LogWarn("a file of a key index is not usable", {{"path", path}, {"reason", what}});
}

// The number of entries of a run that its file's foot and size agree on.
std::optional<Foot> ReadFoot(std::string_view file) {
  Foot foot;
  if (file.size() < sizeof foot) return std::nullopt;
  std::memcpy(&foot, file.data() + file.size() - sizeof foot, sizeof foot);
  if (foot.magic != kMagic || foot.format != kFormat || foot.foot_checksum != ChecksumOf(foot)) return std::nullopt;
  if (foot.count > file.size() / sizeof(KeyEntry)) return std::nullopt;
  uint64_t size = foot.count * sizeof(KeyEntry) + PagesOf(foot.count) * sizeof(PageHead) + sizeof foot;
  if (size != file.size()) return std::nullopt;
  return foot;
}

}  // namespace

void KeyRunWriter::Add(std::span<const KeyEntry> entries) {
  QLAKE_CHECK(count_ % kPageEntries == 0);
  for (size_t start = 0; start < entries.size(); start += kPageEntries) {
    auto page = entries.subspan(start, std::min(kPageEntries, entries.size() - start));
    directory_.push_back({page.front().key_high, XXH3_64bits(page.data(), page.size_bytes())});
  }
  count_ += entries.size();
  Put(BytesOf(entries));
}

uint64_t KeyRunWriter::Finish() {
  auto directory = BytesOf(std::span<const PageHead>(directory_));
  Foot foot;
  foot.count = count_;
  foot.directory_checksum = XXH3_64bits(directory.data(), directory.size());
  foot.foot_checksum = ChecksumOf(foot);
  std::string end(directory);
  end += BytesOf(std::span<const Foot>(&foot, 1));
  Put(end);
  return count_ * sizeof(KeyEntry) + end.size();
}

void KeyRunWriter::Put(std::string_view bytes) {
  if (is_begun_) return storage_.Append(path_, bytes);
  storage_.Write(path_, bytes);
  is_begun_ = true;
}

KeyRun::KeyRun(storage::MappedFile file, std::string path, uint64_t count)
    : file_(std::move(file)), path_(std::move(path)), count_(count) {}

std::optional<KeyRun> KeyRun::Open(const storage::Storage& storage, const std::string& path, uint64_t entries) {
  auto file = storage::MappedFile::Open(storage, path);
  if (!file) {
    LogDamage(path, "it is absent");
    return std::nullopt;
  }
  auto foot = ReadFoot(file->bytes());
  if (!foot || foot->count != entries) {
    LogDamage(path, "it is no whole run");
    return std::nullopt;
  }
  KeyRun run(std::move(*file), path, entries);
  if (!run.IsDirectoryWhole(foot->directory_checksum)) {
    LogDamage(path, "its directory is damaged");
    return std::nullopt;
  }
  run.file_.ExpectScatteredReads();
  return run;
}

bool KeyRun::IsDirectoryWhole(uint64_t checksum) const {
  file_.ReadAhead(count_ * sizeof(KeyEntry), directory().size_bytes());
  return XXH3_64bits(directory().data(), directory().size_bytes()) == checksum;
}

std::span<const PageHead> KeyRun::directory() const {
  return ItemsIn<PageHead>(file_.bytes().substr(count_ * sizeof(KeyEntry), PagesOf(count_) * sizeof(PageHead)));
}

std::span<const KeyEntry> KeyRun::Page(size_t page) const {
  auto entries = ItemsIn<KeyEntry>(file_.bytes().substr(0, count_ * sizeof(KeyEntry)));
  return entries.subspan(page * kPageEntries, std::min<size_t>(kPageEntries, count_ - page * kPageEntries));
}

bool KeyRun::IsPageWhole(size_t page, std::span<const KeyEntry> entries) const {
  if (XXH3_64bits(entries.data(), entries.size_bytes()) == directory()[page].checksum) return true;
  LogDamage(path_, fmt::format("its page {} is damaged", page));
  return false;
}

// The first page, from `from_page` on, that can hold an entry with this half of a key: the last one that begins before
// it. The heads are hashes, so interpolation comes within a few of the place; galloping from there finds it.
size_t KeyRun::FirstPageOf(uint64_t key_high, size_t from_page) const {
  auto heads = directory();
  size_t low = from_page;
  size_t high = heads.size();  // The answer lies in [low, high).
  if (low + 1 == high || heads[low + 1].first_key_high >= key_high) return low;
  uint64_t first = heads[low].first_key_high;
  uint64_t last = heads.back().first_key_high;
  if (last < key_high) return high - 1;
  double share = static_cast<double>(key_high - first) / static_cast<double>(last - first);
  size_t guess = std::min(low + static_cast<size_t>(share * static_cast<double>(high - low)), high - 1);
  if (heads[guess].first_key_high < key_high) {
    low = guess;
    for (size_t step = 1; low + step < high; step *= 2) {
      if (heads[low + step].first_key_high >= key_high) {
        high = low + step;
        break;
      }
      low += step;
    }
  } else {
    high = guess;
    for (size_t step = 1; step < high - low; step *= 2) {
      if (heads[high - step].first_key_high < key_high) {
        low = high - step;
        break;
      }
      high -= step;
    }
  }
  auto bound = std::ranges::lower_bound(heads.subspan(low, high - low), key_high, {}, &PageHead::first_key_high);
  return low + static_cast<size_t>(bound - heads.subspan(low).begin()) - 1;
}

bool KeyRun::Find(std::span<const KeyEntry> probes, uint32_t seq_max, std::vector<KeyEntry>& found) const {
  Progress progress;
  std::vector<Visit> visits;
  while (true) {
    NextVisits(probes, progress, visits);
    if (visits.empty()) return true;
    ReadAhead(visits);
    for (const Visit& visit : visits) {
      auto entries = Page(visit.page);
      if (!IsPageWhole(visit.page, entries)) return false;
      AppendMatches(entries, probes.subspan(visit.first_probe), seq_max, found);
    }
    // Many probes see every page, and the whole run would be counted as memory of ours.
    uint64_t begin = visits.front().page * kPageBytes;
    file_.Release(begin, (visits.back().page + 1) * kPageBytes - begin);
  }
}

// The pages that the next probes have to see: in order, and each once.
void KeyRun::NextVisits(std::span<const KeyEntry> probes, Progress& progress, std::vector<Visit>& visits) const {
  auto heads = directory();
  auto& [page, probe] = progress;
  visits.clear();
  while (visits.size() < kVisitsAtOnce && probe < probes.size() && page < heads.size()) {
    page = FirstPageOf(probes[probe].key_high, page);
    visits.push_back({page, probe});
    if (++page == heads.size()) return;
    // The entries of a key may go on in the next page, so a probe that equals its head sees that page too.
    KeyEntry head = {heads[page].first_key_high, 0};
    if (IsBeforeKey(probes[probe], head)) probe = AdvanceToKey(probes, probe, head);
  }
}

// From a disk, pages that are asked for together come many times sooner than one after the other. Asking is a system
// call a page, though: it is left out when a sample of the pages is in memory already. Neighbours are asked for in one
// call.
void KeyRun::ReadAhead(std::span<const Visit> visits) const {
  size_t sample_step = visits.size() / kVisitsSampled + 1;
  bool is_in_memory = true;
  for (size_t i = 0; i < visits.size() && is_in_memory; i += sample_step) {
    is_in_memory = file_.IsInMemory(visits[i].page * kPageBytes);
  }
  if (is_in_memory) return;
  for (size_t i = 0; i < visits.size();) {
    size_t first = visits[i].page;
    size_t end = first;
    for (; i < visits.size() && visits[i].page == end; ++i) ++end;
    file_.ReadAhead(first * kPageBytes, (end - first) * kPageBytes);
  }
}

std::optional<std::span<const KeyEntry>> KeyRunReader::Next() {
  size_t first_page = next_page_;
  next_page_ = std::min<size_t>(first_page + kBlockPages, run_.directory().size());
  if (first_page == next_page_) return std::span<const KeyEntry>();
  uint64_t first = first_page * kPageEntries;
  uint64_t end = std::min<uint64_t>(next_page_ * kPageEntries, run_.entries());
  block_ = storage_.ReadRange(run_.path_, first * sizeof(KeyEntry), (end - first) * sizeof(KeyEntry));
  auto entries = ItemsIn<KeyEntry>(block_);
  for (size_t page = first_page; page < next_page_; ++page) {
    size_t start = (page - first_page) * kPageEntries;
    if (!run_.IsPageWhole(page, entries.subspan(start, std::min(kPageEntries, entries.size() - start)))) {
      return std::nullopt;
    }
  }
  return entries;
}

}  // namespace qlake::lake
