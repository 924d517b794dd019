#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lake/lake.h"

namespace qlake::maintain {

// A fact, and what its rows are held against.
struct FactToVerify {
  std::string table;
  std::string source;            // Whose files it holds.
  std::vector<std::string> key;  // Of its rows.
};

struct VerifyOptions {
  std::vector<std::string> tables;
  std::vector<FactToVerify> facts;  // Only those of `tables` count.
  bool whole_lake = false;          // Also the received bytes and the ledger.
  bool contents = false;            // Reads every value and every received byte, not only sizes and counts.
  std::function<void(const std::string& stage)> on_stage;
};

struct Finding {
  std::string place;  // A table, or "raw bytes".
  std::string message;
};

struct VerifyReport {
  int64_t tables = 0;
  int64_t files = 0;
  int64_t rows = 0;
  int64_t received_files = 0;
  std::vector<Finding> findings;
};

// Holds the lake against what it says of itself, and goes on behind whatever it finds:
//   every file of the newest and of the published version of each table is there, of the size and with the number of
//   rows that the log says, and readable when contents are asked for;
//   every received file's bytes are there, with the SHA-256 of raw.files when contents are asked for;
//   the ledger closes, and the fact and the quarantine hold of each file the rows that it says;
//   the key index has an entry for each row of its fact (for each key, when contents are asked for). An index that is
//   absent or behind the table is no finding: the next batch makes it good.
// Writes nothing and needs no lease; a batch that commits meanwhile is seen in part, so run it while none does.
VerifyReport Verify(lake::Lake& lake, const VerifyOptions& options);

}  // namespace qlake::maintain
