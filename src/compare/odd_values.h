#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace qlake::compare {

// Values at which the functions of two engines are likely to part: texts that are nearly numbers, dates, e-mails and
// addresses, odd characters among them, amounts and times. The same seed gives the same values.
class OddValues {
 public:
  explicit OddValues(uint64_t seed) : random_(seed) {}

  std::optional<std::string> Text();
  int64_t Number(int64_t min, int64_t max);
  std::string Amount();  // Below 10^12, with four digits behind the point; often a small one.

 private:
  std::string Pick(const std::vector<std::string>& of);
  std::string Blank();
  std::string NumberText();
  std::string DateText();
  std::string EmailText();
  std::string AddressText();
  std::string Pieces(int64_t count);

  std::mt19937_64 random_;
};

// Rows of odd values, as FillOddRows() wants them.
using OddRows = std::vector<std::vector<std::optional<std::string>>>;
OddRows MakeOddRows(OddValues& values, int64_t count);

// Defines odd.rows in the engine: n BIGINT (0, 1, 2, ...), x (text), part and whole DECIMAL(38,4), total DECIMAL(38,2),
// t (a moment), d DATE.
void FillOddRows(engine::Engine& engine, const OddRows& rows);

}  // namespace qlake::compare
