#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lake/key_entry.h"
#include "storage/mapped_file.h"
#include "storage/storage.h"

// One run of a key index: an immutable file of sorted entries. All numbers are little-endian:
//   entries    n x KeyEntry (32 bytes), in KeyEntryOrder; 128 of them are a page of 4 KiB, the last one may be shorter
//   directory  one PageHead (16 bytes) a page
//   foot       magic "qlakekey", u64 format, u64 n, u64 XXH3 of the directory, u64 XXH3 of the foot before it
// What says how large the file is stands at its end, so that a merge can write it in one go.
namespace qlake::lake {

inline constexpr size_t kPageEntries = 128;

struct PageHead {
  uint64_t first_key_high = 0;  // Of the page's first entry: finds the page of a key without touching others.
  uint64_t checksum = 0;        // XXH3 of the page's entries: every page is checked when it is read.
};

// Writes a run. Not durable, and no run at all, before Finish() and a Storage::Sync. Holds the directory in memory: one
// byte for 256 of the file.
class KeyRunWriter {
 public:
  KeyRunWriter(storage::Storage& storage, std::string path) : storage_(storage), path_(std::move(path)) {}

  // REQUIRES: sorted, and not before what was added; every call but the last adds whole pages.
  void Add(std::span<const KeyEntry> entries);
  uint64_t Finish();  // The file's size in bytes.

 private:
  void Put(std::string_view bytes);

  storage::Storage& storage_;
  std::string path_;
  std::vector<PageHead> directory_;
  uint64_t count_ = 0;
  bool is_begun_ = false;
};

// A run to be searched. Thread-safe. Stays readable when its file is removed.
class KeyRun {
 public:
  // Nothing, and a warning in the log, when the file is absent or not a whole run of that many entries. Reads the foot
  // and the directory, no entries.
  static std::optional<KeyRun> Open(const storage::Storage& storage, const std::string& path, uint64_t entries);

  uint64_t entries() const { return count_; }
  uint64_t bytes() const { return file_.bytes().size(); }

  // Appends the entries that have the key of one of the probes and a seq of at most `seq_max`, in order. Touches one
  // page a probe. False, and a warning in the log, when a page proves damaged: what was appended is then worth nothing.
  // REQUIRES: the probes are sorted. Of a probe only the key counts.
  [[nodiscard]] bool Find(std::span<const KeyEntry> probes, uint32_t seq_max, std::vector<KeyEntry>& found) const;

 private:
  friend class KeyRunReader;

  // A page, and the first probe that may have an entry in it.
  struct Visit {
    size_t page = 0;
    size_t first_probe = 0;
  };
  // How far a search has come.
  struct Progress {
    size_t page = 0;
    size_t probe = 0;
  };

  KeyRun(storage::MappedFile file, std::string path, uint64_t count);
  bool IsDirectoryWhole(uint64_t checksum) const;
  std::span<const PageHead> directory() const;
  std::span<const KeyEntry> Page(size_t page) const;
  bool IsPageWhole(size_t page, std::span<const KeyEntry> entries) const;
  size_t FirstPageOf(uint64_t key_high, size_t from_page) const;
  void NextVisits(std::span<const KeyEntry> probes, Progress& progress, std::vector<Visit>& visits) const;
  void ReadAhead(std::span<const Visit> visits) const;

  storage::MappedFile file_;
  std::string path_;
  uint64_t count_;
};

// Reads a run from its beginning to its end, for a merge: by blocks, so that memory stays small, and not through the
// mapping, so that a device's failure is an Error{kIo}.
class KeyRunReader {
 public:
  KeyRunReader(const storage::Storage& storage, const KeyRun& run) : storage_(storage), run_(run) {}

  // The next entries; empty after the last. They stand until the next call. Nothing when a page proves damaged.
  std::optional<std::span<const KeyEntry>> Next();

 private:
  const storage::Storage& storage_;
  const KeyRun& run_;
  size_t next_page_ = 0;
  std::string block_;
};

}  // namespace qlake::lake
