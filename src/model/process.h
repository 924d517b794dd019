#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lake/records.h"
#include "lake/writer.h"
#include "model/batch_outlook.h"
#include "model/project.h"
#include "model/staging.h"

namespace qlake::model {

struct ProcessOptions {
  // What is taken as one batch, in bytes of raw files; what does not fit is cut at hour borders.
  uint64_t batch_bytes_max = uint64_t{512} << 20;
  // Called as the work goes on, with what is being done: "staging sales_transactions", "writing warehouse.product_dim".
  std::function<void(const std::string& stage)> on_stage;
  // Called when a batch begins, with the stages that are to come.
  std::function<void(const BatchOutlook& outlook)> on_batch;
};

struct WrittenTable {
  std::string name;
  delta::Version version = delta::kNoVersion;
  int64_t rows_inserted = 0;
  int64_t rows_removed = 0;
};

struct ProcessReport {
  int64_t batches = 0;
  int64_t files = 0;  // Files newly processed.
  int64_t bytes = 0;
  std::vector<lake::LedgerEntry> entries;  // Accounts made or revised, by hour and file.
  std::vector<WrittenTable> tables;        // In the order of their computation.
  std::vector<CheckCount> checks;          // Rules that were broken.
  bool finished_earlier_run = false;
};

// raw -> staged -> dimensions, fact -> marts: every file of raw.files that waits, batch by batch. Each table's rows and
// its progress are one commit; the ledger's is the last and publishes the batch. Again it does nothing. Safe to kill
// anywhere: the next call ends the batch from the versions and contracts that its intent names. Throws Error{kCorrupt},
// before anything is written, when the account of a file does not close.
ProcessReport Process(lake::Writer& writer, const Project& project, const ProcessOptions& options);

}  // namespace qlake::model
