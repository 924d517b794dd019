#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "delta/actions.h"

namespace qlake::delta {

// The live files of a table by path, ascending, to be read like a map. Most of them lie in one sorted list, which the
// snapshots of following versions share; what has changed since lies beside it. So a version more costs what it
// changes, however many files there are. Files keep their place in memory as long as any copy that shows them.
class LiveFiles {
 public:
  using value_type = std::pair<const std::string&, const AddFile&>;
  class const_iterator;

  const_iterator begin() const;
  const_iterator end() const;
  const_iterator find(std::string_view path) const;
  bool contains(std::string_view path) const { return Find(path) != nullptr; }
  const AddFile& at(std::string_view path) const;  // Throws std::out_of_range.
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // For whoever adds up a log. Put takes the place of a file of that path.
  void Put(AddFile file);
  void Remove(const std::string& path);
  void PutAll(std::vector<AddFile> files);  // Quicker than one by one.
  // To be called after each version, so that what lies beside the list stays small.
  void Settle();

 private:
  using List = std::vector<AddFile>;
  using Changes = std::map<std::string, std::optional<AddFile>, std::less<>>;  // Nothing: it has gone.

  const AddFile* Find(std::string_view path) const;
  List::const_iterator InList(std::string_view path) const;
  const List& list() const { return *list_; }

  std::shared_ptr<const List> list_ = std::make_shared<const List>();
  Changes changes_;
  size_t size_ = 0;
};

class LiveFiles::const_iterator {
 public:
  using value_type = LiveFiles::value_type;
  using difference_type = std::ptrdiff_t;
  using reference = value_type;
  using iterator_category = std::input_iterator_tag;
  struct pointer {
    value_type value;
    const value_type* operator->() const { return &value; }
  };

  reference operator*() const {
    const AddFile& file = Current();
    return {file.path, file};
  }
  pointer operator->() const { return {**this}; }
  const_iterator& operator++() {
    if (IsChange()) {
      ++change_;
    } else {
      ++listed_;
    }
    SkipGone();
    return *this;
  }
  const_iterator operator++(int) {
    const_iterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const const_iterator& other) const { return listed_ == other.listed_ && change_ == other.change_; }

 private:
  friend class LiveFiles;
  const_iterator(const LiveFiles& files, List::const_iterator listed, Changes::const_iterator change)
      : files_(&files), listed_(listed), change_(change) {
    SkipGone();
  }
  bool IsChange() const {
    if (change_ == files_->changes_.end()) return false;
    return listed_ == files_->list().end() || change_->first <= listed_->path;
  }
  const AddFile& Current() const { return IsChange() ? *change_->second : *listed_; }
  // Past files that have gone, and past listed ones whose place a change has taken.
  void SkipGone() {
    while (IsChange()) {
      if (listed_ != files_->list().end() && listed_->path == change_->first) ++listed_;
      if (change_->second) return;
      ++change_;
    }
  }

  const LiveFiles* files_;
  List::const_iterator listed_;
  Changes::const_iterator change_;
};

}  // namespace qlake::delta
