#include "storage/second_name.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <tuple>

#include "storage/path.h"
#include "storage/posix_file.h"

namespace qlake::storage {
namespace {

bool IsOnLocalDisk(const std::string& url) { return url.starts_with('/'); }

// Whether the file has the second name now; false when this disk cannot do that.
bool Link(const std::string& from, const std::string& to) {
  std::error_code failure;
  std::filesystem::create_directories(ParentOf(to), failure);
  if (failure) throw PosixError("create the folder of", to, failure.value());
  if (::link(from.c_str(), to.c_str()) == 0 || errno == EEXIST) return true;
  // Another file system, one without links, or a file that has as many as it can.
  if (errno == EXDEV || errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK) return false;
  throw PosixError("link as " + to, from, errno);
}

}  // namespace

void GiveSecondName(Storage& storage, std::string_view from, std::string_view to) {
  std::string target = storage.Url(to);
  if (IsOnLocalDisk(target) && Link(storage.Url(from), target)) return;
  if (storage.Find(to)) return;
  // When the name is taken by now, whoever was first gave it the same bytes.
  std::ignore = storage.PutIfAbsent(to, storage.Read(from));
}

void RemoveFolder(Storage& storage, std::string_view folder) {
  for (const auto& entry : storage.ListAll(folder)) storage.Remove(entry.path);
  std::string url = storage.Url(folder);
  if (!IsOnLocalDisk(url)) return storage.Remove(folder);  // HDFS removes a folder that is empty so.
  std::error_code failure;
  std::filesystem::remove_all(url, failure);
  if (failure) throw PosixError("remove", url, failure.value());
}

}  // namespace qlake::storage
