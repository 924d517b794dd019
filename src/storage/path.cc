#include "storage/path.h"

#include <algorithm>

#include "base/error.h"

namespace qlake::storage {

void RequireFilePath(std::string_view path) {
  size_t start = 0;
  while (true) {
    size_t end = std::min(path.find('/', start), path.size());
    std::string_view part = path.substr(start, end - start);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos) {
      throw base::InputError(
          "not a path of the lake (parts between \"/\", none of them empty, \".\" or \"..\"): \"{}\"", path);
    }
    if (end == path.size()) return;
    start = end + 1;
  }
}

void RequireFolderPath(std::string_view path) {
  if (!path.empty()) RequireFilePath(path);
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  std::string path;
  path.reserve(folder.size() + 1 + name.size());
  path.append(folder).append("/").append(name);
  return path;
}

std::string_view ParentOf(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

}  // namespace qlake::storage
