#include "delta/live_files.h"

#include <algorithm>

namespace qlake::delta {

LiveFiles::const_iterator LiveFiles::begin() const { return {*this, list().begin(), changes_.begin()}; }

LiveFiles::const_iterator LiveFiles::end() const { return {*this, list().end(), changes_.end()}; }

LiveFiles::List::const_iterator LiveFiles::InList(std::string_view path) const {
  auto found =
      std::ranges::lower_bound(list(), path, {}, [](const AddFile& file) { return std::string_view(file.path); });
  return found != list().end() && found->path == path ? found : list().end();
}

const AddFile* LiveFiles::Find(std::string_view path) const {
  auto change = changes_.find(path);
  if (change != changes_.end()) return change->second ? &*change->second : nullptr;
  auto listed = InList(path);
  return listed == list().end() ? nullptr : &*listed;
}

LiveFiles::const_iterator LiveFiles::find(std::string_view path) const {
  if (Find(path) == nullptr) return end();
  auto listed = std::ranges::lower_bound(list(), path, {}, [](const AddFile& f) { return std::string_view(f.path); });
  return {*this, listed, changes_.lower_bound(path)};
}

const AddFile& LiveFiles::at(std::string_view path) const {
  const AddFile* file = Find(path);
  if (file == nullptr) throw std::out_of_range("no such live file: " + std::string(path));
  return *file;
}

void LiveFiles::Put(AddFile file) {
  if (!contains(file.path)) ++size_;
  std::string path = file.path;
  changes_.insert_or_assign(std::move(path), std::move(file));
}

void LiveFiles::Remove(const std::string& path) {
  if (!contains(path)) return;
  --size_;
  if (InList(path) == list().end()) {
    changes_.erase(path);
  } else {
    changes_.insert_or_assign(path, std::nullopt);
  }
}

void LiveFiles::PutAll(std::vector<AddFile> files) {
  if (size_ != 0 || !changes_.empty()) {
    for (AddFile& file : files) Put(std::move(file));
    return;
  }
  if (!std::ranges::is_sorted(files, {}, &AddFile::path)) std::ranges::stable_sort(files, {}, &AddFile::path);
  // Of several of one path, the last counts.
  auto kept = std::unique(files.rbegin(), files.rend(), [](const auto& a, const auto& b) { return a.path == b.path; });
  files.erase(files.begin(), kept.base());
  size_ = files.size();
  list_ = std::make_shared<const List>(std::move(files));
}

void LiveFiles::Settle() {
  constexpr size_t kChangesMin = 1000;
  constexpr size_t kListShare = 8;
  if (changes_.size() < std::max(kChangesMin, list().size() / kListShare)) return;
  List merged;
  merged.reserve(size_);
  for (const auto& [path, file] : *this) merged.push_back(file);
  list_ = std::make_shared<const List>(std::move(merged));
  changes_.clear();
}

}  // namespace qlake::delta
