#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lake/records.h"
#include "lake/writer.h"
#include "model/batch_outlook.h"
#include "model/project.h"
#include "model/staged_account.h"

namespace qlake::model {

struct ProcessOptions {
  // What is taken as one batch, in bytes of raw files; what does not fit is cut at hour borders.
  uint64_t batch_bytes_max = uint64_t{512} << 20;
  // Called as the work goes on, with what is being done: "staging sales_transactions", "writing warehouse.product_dim".
  // From any thread, one at a time.
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

// A part of the work that failed while the others went on. What it stands for stays as it was published last, and is
// tried again the next time.
struct PartFailure {
  std::string part;  // A source, or a mart: layer.table.
  std::string message;
};

struct ProcessReport {
  int64_t batches = 0;
  int64_t files = 0;  // Files newly processed.
  int64_t bytes = 0;
  std::vector<lake::LedgerEntry> entries;  // Accounts made or revised, by hour and file.
  std::vector<WrittenTable> tables;        // In the order of their computation.
  std::vector<CheckCount> checks;          // Rules that were broken.
  std::vector<PartFailure> failures;
  bool finished_earlier_run = false;
};

// raw -> staged -> dimensions, fact -> marts, on the lake's engine: every file of raw.files that waits, batch by batch,
// each added to the report.
// Each table's rows and its progress are one commit; the ledger's is the last and publishes the batch. Again it does
// nothing. Safe to kill anywhere: the next call ends the batch from the versions and contracts that its intent names.
//
// A mart that fails is left out of the publication (left_out_marts.h). A source whose files, contract or tables fail,
// be it because the account of a file does not close, is put back behind the files of the others (put_back.h), which go
// on without it; throws when no other has any, and when the batch is one that a killed run had begun to commit.
void Process(lake::Writer& writer, const Project& project, const ProcessOptions& options, ProcessReport& report);

}  // namespace qlake::model
