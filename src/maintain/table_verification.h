#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lake/lake.h"

namespace qlake::maintain {

// What one version of a table is held against: see verification.h. Findings are texts without the table's name.
class TableVerification {
 public:
  TableVerification(lake::Lake& lake, const delta::Snapshot& snapshot) : lake_(lake), snapshot_(snapshot) {}

  void Run(bool contents);

  int64_t rows() const { return rows_; }  // As the files themselves say.
  const std::vector<std::string>& findings() const { return findings_; }

 private:
  std::vector<const delta::AddFile*> FindPresent();
  void CountRows(const std::vector<const delta::AddFile*>& files);
  void ReadContents(const std::vector<const delta::AddFile*>& files);
  std::string UrlOf(const delta::AddFile& file) const;
  void HoldAgainstLog(const delta::AddFile& file, int64_t rows);

  lake::Lake& lake_;
  const delta::Snapshot& snapshot_;
  int64_t rows_ = 0;
  std::vector<std::string> findings_;
};

}  // namespace qlake::maintain
