#include "storage/unfinished.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "storage/hdfs_storage.h"

namespace qlake::storage {

std::vector<Entry> ListUnfinished(const Storage& storage, std::string_view folder) {
  if (const auto* hdfs = dynamic_cast<const HdfsStorage*>(&storage)) return hdfs->ListUnfinished(folder);
  namespace fs = std::filesystem;
  std::vector<Entry> entries;
  std::string root = storage.Url("");
  if (!root.starts_with('/')) return entries;
  fs::path top = fs::path(root) / folder;
  std::error_code failure;
  for (fs::recursive_directory_iterator at(top, failure), end; !failure && at != end; at.increment(failure)) {
    if (!at->path().filename().string().starts_with(kUnfinishedPrefix)) continue;
    struct stat status {};
    if (::lstat(at->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;  // Gone since.
    entries.push_back({.path = at->path().lexically_relative(root).generic_string(),
                       .bytes = static_cast<uint64_t>(status.st_size),
                       .modified = {status.st_mtim.tv_sec * 1'000'000 + status.st_mtim.tv_nsec / 1000}});
  }
  if (failure && failure != std::errc::no_such_file_or_directory) {
    throw base::IoError("cannot list {}: {}", top.string(), failure.message());
  }
  std::ranges::sort(entries, {}, &Entry::path);
  return entries;
}

}  // namespace qlake::storage
