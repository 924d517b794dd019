#include "delta/retention.h"

#include <array>
#include <sstream>
#include <string>

namespace qlake::delta {
namespace {

constexpr int64_t kDayMs = 24LL * 60 * 60 * 1000;

struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr std::array<Unit, 6> kUnits = {{{"week", 7 * kDayMs},
                                         {"day", kDayMs},
                                         {"hour", 60 * 60 * 1000},
                                         {"minute", 60 * 1000},
                                         {"second", 1000},
                                         {"millisecond", 1}}};

std::optional<int64_t> UnitMs(std::string_view name) {
  if (name.ends_with('s')) name.remove_suffix(1);
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.ms;
  }
  return std::nullopt;
}

std::optional<int64_t> Interval(const Metadata& metadata, const char* property) {
  auto found = metadata.configuration.find(property);
  return found == metadata.configuration.end() ? std::nullopt : ParseIntervalMs(found->second);
}

}  // namespace

std::optional<int64_t> ParseIntervalMs(std::string_view text) {
  constexpr int64_t kCountMax = 1'000'000;  // Beyond any retention that is meant; keeps the product in range.
  std::istringstream words{std::string(text)};
  std::string word;
  if (!(words >> word) || word != "interval") return std::nullopt;
  std::optional<int64_t> total;
  int64_t count = 0;
  while (words >> count) {
    if (!(words >> word) || count < 0 || count > kCountMax) return std::nullopt;
    auto unit = UnitMs(word);
    if (!unit) return std::nullopt;
    total = total.value_or(0) + count * *unit;
  }
  return words.eof() ? total : std::nullopt;
}

int64_t TombstoneRetentionMs(const Metadata& metadata) {
  return Interval(metadata, "delta.deletedFileRetentionDuration").value_or(7 * kDayMs);
}

int64_t LogRetentionMs(const Metadata& metadata) {
  return Interval(metadata, "delta.logRetentionDuration").value_or(30 * kDayMs);
}

std::optional<int64_t> TransactionRetentionMs(const Metadata& metadata) {
  return Interval(metadata, "delta.setTransactionRetentionDuration");
}

}  // namespace qlake::delta
