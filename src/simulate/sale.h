#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "simulate/catalogue.h"
#include "simulate/drop_file.h"
#include "simulate/random.h"

namespace qlake::simulate {

// One line of a transactions file, as text that is only to be put together. Empty texts are empty fields.
struct Sale {
  std::string_view date;
  uint64_t number = 0;  // Of the transaction id: trx- and twelve digits.
  bool has_id = true;
  uint64_t customer = 0;
  std::string_view names;  // customer_fname,customer_lname
  std::string_view mail;   // Without its ending.
  std::string_view mail_ending;
  uint64_t agent = 0;  // 0: sold online, no agent and no branch.
  uint64_t branch = 0;
  const Product* product = nullptr;
  std::string_view offers;
  std::string_view units;
  std::string_view price;
  std::string_view payment_method;
  uint64_t house = 0;  // 0: the number is in the street.
  std::string_view street;
  std::string_view city;

  // What only broken rows and drifted files have.
  bool mail_quote_unclosed = false;
  bool ends_after_units = false;
  std::string_view surplus;          // More fields at the end.
  std::string_view logs_and_source;  // The two new columns.
};

inline constexpr std::array<std::string_view, 6> kOffers = {",,,,",     "True,,,,", ",True,,,",
                                                            ",,True,,", ",,,True,", ",,,,True"};
inline constexpr std::string_view kTwoOffers = "True,,,True,";

// How the lines of a file look.
struct LineForm {
  std::string_view line_end = "\r\n";
  bool id_first = false;  // The first two columns changed places.
  bool drifted = false;   // With the columns logs and source.
};

void PutTransactionHeader(DropFile& file, const LineForm& form);
void PutSale(DropFile& file, const LineForm& form, const Sale& sale);

// Breaks the sale in one of the ways that the source's rows are broken. `other` is the number of another sale in
// the file, whose id a conflicting row takes.
void BreakSale(Sale& sale, uint64_t other, Random& random);

}  // namespace qlake::simulate
