#include "maintain/table_verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "delta/path_encoding.h"
#include "engine/duckdb/file_merge.h"
#include "engine/duckdb/table_view.h"

namespace qlake::maintain {
namespace {

constexpr size_t kFilesPerQuery = 500;

std::optional<int64_t> RowsInLog(const delta::AddFile& file) {
  base::Json stats = base::Json::parse(file.stats, nullptr, false);
  auto found = stats.is_object() ? stats.find("numRecords") : stats.end();
  if (!stats.is_object() || found == stats.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<int64_t>();
}

// Calls `read` with as many files at once as one query shall read; when that fails, with each file by itself, so that
// `fail` hears of exactly those that cannot be read.
template <typename Read, typename Fail>
void ReadByParts(const std::vector<const delta::AddFile*>& files, const Read& read, const Fail& fail) {
  for (size_t begin = 0; begin < files.size(); begin += kFilesPerQuery) {
    auto first = files.begin() + static_cast<std::ptrdiff_t>(begin);
    std::vector<const delta::AddFile*> part(
        first, first + static_cast<std::ptrdiff_t>(std::min(kFilesPerQuery, files.size() - begin)));
    try {
      read(part);
      continue;
    } catch (const base::Error& error) {
      if (error.kind() == base::ErrorKind::kUnavailable) throw;
    }
    for (const auto* file : part) {
      try {
        read({file});
      } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::kUnavailable) throw;
        fail(*file, error.message());
      }
    }
  }
}

}  // namespace

void TableVerification::Run(bool contents) {
  auto present = FindPresent();
  CountRows(present);
  if (contents) ReadContents(present);
}

std::string TableVerification::UrlOf(const delta::AddFile& file) const {
  return lake_.storage().LocalPath(delta::LocateFile(snapshot_.table_path(), file.path));
}

std::vector<const delta::AddFile*> TableVerification::FindPresent() {
  std::vector<const delta::AddFile*> present;
  for (const auto& [path, file] : snapshot_.files()) {
    auto entry = lake_.storage().Find(delta::LocateFile(snapshot_.table_path(), path));
    if (!entry) {
      findings_.push_back(fmt::format("a file of version {} is missing: {}", snapshot_.version(), path));
    } else if (entry->bytes != static_cast<uint64_t>(file.size_bytes)) {
      findings_.push_back(fmt::format("a file has {} bytes, the log says {}: {}", entry->bytes, file.size_bytes, path));
    } else {
      present.push_back(&file);
    }
  }
  return present;
}

void TableVerification::CountRows(const std::vector<const delta::AddFile*>& files) {
  std::map<std::string, const delta::AddFile*> file_of;  // By URL.
  for (const auto* file : files) file_of[UrlOf(*file)] = file;
  auto read = [&](const std::vector<const delta::AddFile*>& part) {
    std::vector<std::string> paths, patterns;
    for (const auto* file : part) paths.push_back(delta::LocateFile(snapshot_.table_path(), file->path));
    lake_.storage().FetchCopies(paths);
    for (const auto* file : part) patterns.push_back(engine::QuoteLiteral(engine::PatternOf(UrlOf(*file))));
    auto counted = lake_.database().Query(
        fmt::format("SELECT file_name, num_rows FROM parquet_file_metadata([{}])", fmt::join(patterns, ", ")));
    for (const auto& row : counted.rows) {
      auto found = file_of.find(row[0].value_or(""));
      if (found != file_of.end()) HoldAgainstLog(*found->second, engine::IntegerOf(row[1]));
    }
  };
  ReadByParts(files, read, [&](const delta::AddFile& file, const std::string& why) {
    findings_.push_back(fmt::format("a file is no Parquet file: {}: {}", file.path, why));
  });
}

void TableVerification::HoldAgainstLog(const delta::AddFile& file, int64_t rows) {
  rows_ += rows - (file.deletion_vector ? file.deletion_vector->cardinality : 0);
  auto in_log = RowsInLog(file);
  if (in_log && *in_log != rows) {
    findings_.push_back(fmt::format("a file has {} rows, the log says {}: {}", rows, *in_log, file.path));
  }
}

void TableVerification::ReadContents(const std::vector<const delta::AddFile*>& files) {
  auto read = [&](const std::vector<const delta::AddFile*>& part) {
    std::vector<std::string> paths;
    for (const auto* file : part) paths.push_back(file->path);
    lake_.database().DigestFiles(snapshot_, paths);
  };
  ReadByParts(files, read, [&](const delta::AddFile& file, const std::string& why) {
    findings_.push_back(fmt::format("a file cannot be read: {}: {}", file.path, why));
  });
}

}  // namespace qlake::maintain
