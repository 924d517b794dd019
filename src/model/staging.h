#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lake/records.h"
#include "lake/writer.h"
#include "model/project.h"

namespace qlake::model {

// How a file's rows fared in staging and among each other.
struct FileCounts {
  int64_t accepted = 0;
  int64_t flawed = 0;  // Accepted, but a null or warn rule was broken.
  int64_t rejected = 0;
  int64_t duplicate = 0;  // Accepted, but key and content came before.
  int64_t conflict = 0;   // Accepted, but the key came before with other content: to quarantine.
};

struct CheckCount {
  std::string subject;
  std::string name;
  std::string on_violation;
  int64_t rows_failed = 0;
};

// The rows of one source in one batch, staged: read, typed, cleaned, judged. Tables and views in the engine:
//   staged_rows.<source>  accepted rows: _file INTEGER, _line BIGINT, columns, derived columns, _content_hash
//   staged.<source>       the same with _file_id VARCHAR and data_hour: what models read
//   staged_files.<source> _file, _file_id, data_hour
//   rejected.<source>     rows that broke the contract, as lake::QuarantineSchema says
class StagedSource {
 public:
  // `files` in order: their indexes are the rows' _file. Throws Error{kInput} when a rule with on_violation = "fail"
  // broke.
  StagedSource(lake::Lake& lake, const Contract& contract, std::vector<lake::FileRecord> files);

  const Contract& contract() const { return *contract_; }
  const std::vector<lake::FileRecord>& files() const { return files_; }
  std::vector<FileCounts>& counts() { return counts_; }  // One per file.
  const std::vector<CheckCount>& checks() const { return checks_; }

  // Defines raw scan <schema>.<source> over the files that `chosen` picks, and returns what to SELECT FROM: its rows
  // with the _file that they have in the whole batch.
  std::string DefineScan(lake::Lake& lake, const std::string& schema,
                         const std::function<bool(const lake::FileRecord&, const FileCounts&)>& chosen) const;

 private:
  void DefineFiles(lake::Lake& lake) const;
  void Accept(lake::Lake& lake);
  void Reject(lake::Lake& lake);
  void CountFlaws(lake::Lake& lake);

  const Contract* contract_;
  std::vector<lake::FileRecord> files_;
  std::vector<FileCounts> counts_;
  std::vector<CheckCount> checks_;
};

}  // namespace qlake::model
