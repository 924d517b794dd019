#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "delta/actions.h"
#include "storage/storage.h"

namespace qlake::hive {

// Folders that hold the live files of a table, or of one of its partitions, at one version and nothing else: what a
// location in the metastore can be, because Hive reads all files of a folder. On the local disk the files are further
// names of the table's own (link(2)), on HDFS copies. A folder is named by what is in it, so that one which is there is
// the right one, whoever made it, and never changes once a location names it.
//
// `_qlake/hive/<layer.table>/<name>/part-00000.parquet`, `.../empty/_empty`, `.../moves/<microseconds>-<run>.json`: the
// names of folders that a run was about to make or to leave. All of it may be deleted: the next repair makes it again.
class FileFolders {
 public:
  // The files of one folder, in the order of the table's log.
  using Files = std::vector<const delta::AddFile*>;

  // Looks what is there already.
  FileFolders(storage::Storage& storage, std::string table);

  std::string NameOf(const Files& files) const;  // "empty" when there are none.
  std::string Url(const std::string& name) const;

  // Notes the names of folders that are about to be made or left, durably: Clean() finds them by that.
  void NoteMove(base::Timestamp now, const std::string& run_id, const std::set<std::string>& names);
  // Sees to it that the folder holds the files, durably. Throws Error{kInput} on a file that has deleted rows, which
  // Hive would read.
  void Fill(const std::string& name, const Files& files);
  // Notes the folders that are not in use and that no move has noted: those of a table that is not published any more,
  // or of a metastore that was made anew. Clean() finds them, too.
  void NoteStrays(base::Timestamp now, const std::string& run_id, const std::set<std::string>& used);
  // Removes the folders that were made or left before the time and are not in use.
  void Clean(base::Timestamp cut_off, const std::set<std::string>& used);

  // Removes all that is left of a table that is not published any more, once none of its folders holds files.
  void RemoveIfBare();

 private:
  std::string PathOf(const std::string& name) const;

  storage::Storage& storage_;
  std::string table_;
  std::set<std::string> present_;  // Paths of files.
};

// The tables that have folders, by name, sorted.
std::vector<std::string> TablesWithFolders(const storage::Storage& storage);

// Where the databases of the metastore would keep tables that others make in them.
inline constexpr const char* kDatabasesPath = "_qlake/hive/databases";

// The folder of all of a table's folders.
std::string FileFoldersPath(const std::string& table);

// Where a path of the lake is for servers, with its scheme: file:///... or hdfs://...
std::string UrlOf(const storage::Storage& storage, const std::string& path);

}  // namespace qlake::hive
