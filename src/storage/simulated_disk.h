#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "storage/disk_observer.h"

namespace qlake::storage {

// For tests: what a disk holds after a power loss. It hears of all changes below a folder, which is empty at first, and
// lays out elsewhere what would be left had the power gone after any of them: what was synced is there; of the rest,
// bytes and names, each may be there or not, whatever came before or after it.
class SimulatedDisk final : public DiskObserver {
 public:
  explicit SimulatedDisk(std::string root) : root_(std::move(root)) { ObserveDisk(this); }
  ~SimulatedDisk() override { ObserveDisk(nullptr); }

  size_t changes() const { return changes_.size(); }

  // What the first `count` changes leave, below the folder `target`. `keep`: for something that was not synced, whether
  // it is there all the same.
  template <typename Keep>
  void LayOut(size_t count, const std::string& target, Keep keep) const;

  void Created(const std::string& path) override { Add({Kind::kCreated, path}); }
  void Wrote(const std::string& path, std::string_view bytes) override {
    Add({Kind::kWrote, path, {}, std::string(bytes)});
  }
  void Synced(const std::string& path) override { Add({Kind::kSynced, path}); }
  void MadeFolder(const std::string& path) override { Add({Kind::kMadeFolder, path}); }
  void Linked(const std::string& path, const std::string& new_path) override { Add({Kind::kLinked, path, new_path}); }
  void Renamed(const std::string& path, const std::string& new_path) override { Add({Kind::kRenamed, path, new_path}); }
  void Removed(const std::string& path) override { Add({Kind::kRemoved, path}); }

 private:
  enum class Kind { kCreated, kWrote, kSynced, kMadeFolder, kLinked, kRenamed, kRemoved };
  struct Change {
    Kind kind;
    std::string path;
    std::string new_path;
    std::string bytes;
  };
  struct Node {
    bool is_folder = false;
    std::string bytes;
    std::string synced_bytes;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  void Add(Change change);
  void Replay(size_t count, Names& names, Names& synced_names) const;
  static std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }
  static void WriteOut(const std::string& path, const Node& node, const std::string& bytes);

  std::string root_;
  std::mutex mutex_;
  std::vector<Change> changes_;
};

template <typename Keep>
void SimulatedDisk::LayOut(size_t count, const std::string& target, Keep keep) const {
  Names names, synced_names;
  Replay(count, names, synced_names);
  Names left = synced_names;
  for (const auto& [path, node] : names) {
    auto synced = synced_names.find(path);
    if ((synced == synced_names.end() || synced->second != node) && keep()) left[path] = node;
  }
  for (const auto& [path, node] : synced_names) {
    if (!names.contains(path) && keep()) left.erase(path);
  }
  // Folders come before what is in them; what is in a folder that is not there is not there either.
  for (const auto& [path, node] : left) {
    std::string folder = FolderOf(path);
    if (folder != root_ && !left.contains(folder)) continue;
    bool is_synced = node->bytes == node->synced_bytes;
    WriteOut(target + path.substr(root_.size()), *node, is_synced || keep() ? node->bytes : node->synced_bytes);
  }
}

inline void SimulatedDisk::Add(Change change) {
  std::lock_guard lock(mutex_);
  if (change.path.starts_with(root_)) changes_.push_back(std::move(change));
}

inline void SimulatedDisk::Replay(size_t count, Names& names, Names& synced_names) const {
  for (size_t i = 0; i < count; ++i) {
    const Change& change = changes_[i];
    const std::string& path = change.path;
    switch (change.kind) {
      case Kind::kCreated:
        names[path] = std::make_shared<Node>();
        break;
      case Kind::kMadeFolder:
        names[path] = std::make_shared<Node>(Node{.is_folder = true});
        break;
      case Kind::kWrote:
        names.at(path)->bytes += change.bytes;
        break;
      case Kind::kLinked:
        names[change.new_path] = names.at(path);
        break;
      case Kind::kRenamed:
        names[change.new_path] = names.at(path);
        names.erase(path);
        break;
      case Kind::kRemoved:
        names.erase(path);
        break;
      case Kind::kSynced: {
        auto node = names.find(path);
        if (node != names.end() && !node->second->is_folder) {
          node->second->synced_bytes = node->second->bytes;
          break;
        }
        std::erase_if(synced_names, [&](const auto& entry) { return FolderOf(entry.first) == path; });
        for (const auto& entry : names) {
          if (FolderOf(entry.first) == path) synced_names.insert(entry);
        }
      }
    }
  }
}

inline void SimulatedDisk::WriteOut(const std::string& path, const Node& node, const std::string& bytes) {
  if (node.is_folder) {
    std::filesystem::create_directories(path);
    return;
  }
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace qlake::storage
