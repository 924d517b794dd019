#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "lake/records.h"
#include "model/contract.h"

namespace qlake::model {

// How a file's rows fared in staging and among each other.
struct FileCounts {
  int64_t accepted = 0;
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

// How the rows of one source fared in one batch.
class StagedAccount {
 public:
  // `files` in order: their indexes are the rows' _file.
  StagedAccount(const Contract& contract, std::vector<lake::FileRecord> files)
      : contract_(&contract), files_(std::move(files)), counts_(files_.size()) {}

  const Contract& contract() const { return *contract_; }
  const std::vector<lake::FileRecord>& files() const { return files_; }
  std::vector<FileCounts>& counts() { return counts_; }  // One per file.
  const std::vector<FileCounts>& counts() const { return counts_; }
  int64_t accepted() const;  // Rows, of all files.
  const std::vector<CheckCount>& checks() const { return checks_; }

  // Enters how many rows of rejected.<source> each file has, and warns of them. Throws Error{kInput} when one of them
  // breaks a rule with on_violation = "fail"; `can_fail`: the contract has such rules.
  void CountRejected(engine::Engine& engine, bool can_fail);

 protected:
  const Contract* contract_;
  std::vector<lake::FileRecord> files_;
  std::vector<FileCounts> counts_;
  std::vector<CheckCount> checks_;
};

}  // namespace qlake::model
