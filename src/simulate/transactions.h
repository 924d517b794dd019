#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulate/drop_file.h"
#include "simulate/drops.h"
#include "simulate/sale.h"

namespace qlake::simulate {

struct TransactionCounts {
  int64_t rows = 0;
  int64_t repeated = 0;
  int64_t broken = 0;
};

// The transactions of one hour as the source exports them.
class TransactionExport {
 public:
  // A corrected export has the same transactions, some with other units, and other e-mail endings.
  TransactionExport(const DropOptions& options, int64_t hour, bool corrected);

  TransactionCounts Write(DropFile& file) const;

  // The parts that stand beside the usual file in odd hours.
  TransactionCounts WriteHeaderOnly(DropFile& file) const;
  TransactionCounts WriteNoCsv(DropFile& file) const;  // Bytes of something else under the name of a CSV file.
  TransactionCounts WriteCut(DropFile& file) const;    // Ends in the middle of its second row.

 private:
  struct Person {
    std::string names;
    std::string mail;
  };

  // The hour whose transaction stands in the row.
  int64_t HourOf(int64_t row) const { return row % 2 == 0 ? half_from_ : hour_; }
  // The transaction that the row of that hour stands for, the same whenever it is exported.
  Sale MakeSale(int64_t hour, int64_t row) const;
  void SellInBranch(Sale& sale, int64_t hour, Random& random) const;
  void SellOnline(Sale& sale, Random& random) const;
  std::string_view DateOfSale(int64_t hour, Random& random) const;
  const Person& PersonOf(uint32_t customer, int64_t hour) const;
  uint64_t NumberOf(int64_t hour, int64_t row) const;
  // What this export makes of it: the e-mail ending, a correction, something broken. Returns whether it is broken.
  bool ExportSale(Sale& sale, int64_t row) const;

  DropOptions options_;
  int64_t hour_;       // Whose bytes these are: the hour itself, or the one whose file it pushes again.
  int64_t half_from_;  // The hour of every other row; hour_ when no rows are exported again.
  bool whole_file_again_;
  bool corrected_;
  LineForm form_;
  bool byte_order_mark_;
  uint32_t customers_;
  std::vector<Person> persons_;
  std::vector<std::string> dates_;  // From two years before the first drop to this hour.
};

}  // namespace qlake::simulate
