#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/clock.h"

// A source like the real one, at any size: the same options give the same bytes, on every machine.
namespace qlake::simulate {

constexpr int64_t kSpreadDaysMax = 731;  // Two years and the day of the start.

struct DropOptions {
  int64_t hours = 4;
  int64_t rows = 1500;  // Transactions an hour.
  uint64_t seed = 1;
  base::Hour start;           // Of the first drop.
  bool recent_dates = false;  // Transaction dates in the last days before the hour; else in spread_days up to start's.
  int64_t spread_days = kSpreadDaysMax;
  double dirty = 0.01;        // Share of the transactions that are broken; above 0, some files are odd as well.
  int64_t late = 0;           // Hours whose files arrive in the follow-up.
  int64_t missing = 0;        // Files that never arrive.
  int64_t correct = 0;        // Files that the follow-up writes again with other bytes under the same name.
  std::optional<int64_t> drift_at;  // From this hour (0 is the first) on, two new columns: logs and source.
};

// When a file arrives. Ingesting between the two phases shows late and corrected files as what they are.
enum class Phase {
  kInitial,   // Everything but the late hours, in hour order.
  kFollowup,  // The late hours, then the corrections. Writes nothing when there are neither.
};

// What one phase wrote.
struct DropReport {
  int64_t files = 0;
  int64_t rows = 0;          // Records in all files, without headers; a file that is no CSV is one.
  int64_t transactions = 0;  // Those in files named sales_transactions_*, broken and repeated ones included.
  int64_t repeated = 0;      // Transactions that an earlier hour brought already.
  int64_t broken = 0;        // Transactions with something wrong in them.
  int64_t bytes = 0;
};

// Writes the drops as FOLDER/2023-05-20T14/ with branches_N.csv, sales_agents_N.csv and sales_transactions_N.csv,
// where N counts the hours from 1. A file appears under its name only when it is whole.
//
// What the files show. Always: CRLF; the header's typos; branch rows that end one field early; e-mail endings that
// differ from export to export; names that conflict for one customer; unpadded dates; postal codes with leading zeros;
// a street with a slash; from the fourth hour on, and again each day after it, one more branch and agent and new hire
// dates; a few transactions of an agent that the agents file does not know yet. Hours 3, 9, 15, ... push the file of
// two hours before again, byte for byte; hours 6, 12, 18, ... export half of its rows again, with other e-mail endings.
// With dirty above 0 also: broken rows of every kind, quoted line feeds in addresses (not broken), and, from the fifth
// hour on, files with a BOM and LF, in another column order, empty, of a header only, of no CSV at all, and cut short.
//
// Throws Error{kInput} for options that make no sense and Error{kIo} when a file cannot be written.
DropReport WriteDrops(const std::filesystem::path& folder, const DropOptions& options, Phase phase);

}  // namespace qlake::simulate
