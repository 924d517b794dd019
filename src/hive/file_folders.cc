#include "hive/file_folders.h"

#include <fmt/format.h>

#include <charconv>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/parallel.h"
#include "delta/path_encoding.h"
#include "lake/tables.h"
#include "storage/path.h"
#include "storage/second_name.h"

namespace qlake::hive {
namespace {

constexpr const char* kEmpty = "empty";
constexpr size_t kThreads = 8;

// Hive leaves out files whose names begin with "_" or ".": of another writer's, rows would be missing.
std::string NumberedName(size_t i) { return fmt::format("part-{:05}.parquet", i); }

}  // namespace

std::string FileFoldersPath(const std::string& table) { return "_qlake/hive/" + table; }

std::string UrlOf(const storage::Storage& storage, const std::string& path) {
  std::string url = storage.Url(path);
  return url.starts_with('/') ? "file://" + url : url;
}

FileFolders::FileFolders(storage::Storage& storage, std::string table) : storage_(storage), table_(std::move(table)) {
  for (const auto& entry : storage_.ListAll(FileFoldersPath(table_))) present_.insert(entry.path);
}

std::string FileFolders::PathOf(const std::string& name) const { return FileFoldersPath(table_) + "/" + name; }

std::string FileFolders::Url(const std::string& name) const { return UrlOf(storage_, PathOf(name)); }

std::string FileFolders::NameOf(const Files& files) const {
  if (files.empty()) return kEmpty;
  std::string content;
  for (const auto* file : files) content += fmt::format("{} {}\n", file->size_bytes, file->path);
  return base::Sha256Hex(content).substr(0, 32);
}

void FileFolders::NoteMove(base::Timestamp now, const std::string& run_id, const std::set<std::string>& names) {
  std::string path = PathOf(fmt::format("moves/{}-{}.json", now.us, run_id));
  storage_.Replace(path, base::Json(names).dump());
  present_.insert(path);
}

void FileFolders::Fill(const std::string& name, const Files& files) {
  if (files.empty()) {
    std::string path = PathOf(name) + "/_empty";
    if (!present_.contains(path)) storage_.Replace(path, "");
    return;
  }
  std::vector<std::string> missing;
  std::vector<std::string> sources;
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i]->deletion_vector) {
      throw base::InputError(
          "Hive cannot read {}, whose file {} has deleted rows: set delta.enableDeletionVectors to false in the table "
          "and REORG TABLE ... APPLY (PURGE) it",
          table_, files[i]->path);
    }
    std::string path = storage::JoinPath(PathOf(name), NumberedName(i));
    if (present_.contains(path)) continue;
    missing.push_back(path);
    sources.push_back(delta::LocateFile(lake::TablePath(table_), files[i]->path));
  }
  base::ParallelFor(missing.size(), kThreads,
                    [&](size_t i) { storage::GiveSecondName(storage_, sources[i], missing[i]); });
  storage_.Sync(missing);
}

void FileFolders::NoteStrays(base::Timestamp now, const std::string& run_id, const std::set<std::string>& used) {
  std::set<std::string> strays;
  std::set<std::string> noted = used;
  for (const auto& entry : storage_.List(PathOf("moves"))) {
    auto names = base::Json::parse(storage_.Read(entry.path), nullptr, false);
    if (names.is_array()) noted.merge(names.get<std::set<std::string>>());
  }
  for (const auto& name : storage_.ListFolders(FileFoldersPath(table_))) {
    if (name != kEmpty && name != "moves" && !noted.contains(name)) strays.insert(name);
  }
  if (!strays.empty()) NoteMove(now, run_id + "-strays", strays);
}

void FileFolders::RemoveIfBare() {
  for (const auto& name : storage_.ListFolders(FileFoldersPath(table_))) {
    if (name != kEmpty && name != "moves") return;
  }
  storage_.RemoveFolder(FileFoldersPath(table_));
}

std::vector<std::string> TablesWithFolders(const storage::Storage& storage) {
  std::vector<std::string> tables;
  for (const auto& name : storage.ListFolders("_qlake/hive")) {
    if (FileFoldersPath(name) != kDatabasesPath) tables.push_back(name);
  }
  return tables;
}

void FileFolders::Clean(base::Timestamp cut_off, const std::set<std::string>& used) {
  std::string moves = PathOf("moves");
  std::set<std::string> kept = used;
  kept.insert(kEmpty);
  std::vector<std::pair<std::string, std::vector<std::string>>> old;
  for (const auto& entry : storage_.List(moves)) {
    std::string name(entry.path.substr(moves.size() + 1));
    int64_t noted_us = 0;
    std::from_chars(name.data(), name.data() + name.size(), noted_us);
    auto names = base::Json::parse(storage_.Read(entry.path), nullptr, false);
    if (!names.is_array()) continue;
    auto folders = names.get<std::vector<std::string>>();
    if (noted_us < cut_off.us) {
      old.emplace_back(entry.path, std::move(folders));
    } else {
      kept.insert(folders.begin(), folders.end());
    }
  }
  for (const auto& [path, folders] : old) {
    for (const auto& folder : folders) {
      if (!kept.contains(folder)) storage::RemoveFolder(storage_, PathOf(folder));
    }
    // What is in use goes with a later move, which names it again.
    storage_.Remove(path);
  }
}

}  // namespace qlake::hive
