#include "simulate/event_fault.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <sstream>

#include "base/error.h"

namespace qlake::simulate {
namespace {

constexpr double kOversizeWeight = 0.01;  // One weighs as much as five thousand others.
constexpr size_t kOversizeBytes = 1'100'000;
constexpr int kDepth = 100;

std::optional<double> ParseShare(std::string_view text) {
  double share = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error != std::errc() || end != text.data() + text.size() || !(share >= 0 && share <= 1)) return std::nullopt;
  return share;
}

FaultShares ShareAmongAll(double share) {
  FaultShares shares;
  shares.fill(share / (kFaults - 1 + kOversizeWeight));
  shares[static_cast<size_t>(Fault::kOversize)] *= kOversizeWeight;
  return shares;
}

std::string NestedObjects() {
  std::string text;
  for (int i = 0; i < kDepth; ++i) text += "{\"a\":";
  return text + "1" + std::string(kDepth, '}');
}

void PutExtra(EventDraft& draft, std::string_view name, std::string_view value) {
  PutName(draft.extras, name);
  draft.extras += value;
}

}  // namespace

FaultShares ParseFaultShares(const std::string& text) {
  if (auto share = ParseShare(text)) return ShareAmongAll(*share);
  FaultShares shares{};
  std::stringstream parts(text + ",");
  for (std::string part; std::getline(parts, part, ',');) {
    size_t equals = std::min(part.find('='), part.size());
    auto kind = std::ranges::find(kFaultNames, std::string_view(part).substr(0, equals));
    auto share = ParseShare(std::string_view(part).substr(std::min(equals + 1, part.size())));
    if (kind == kFaultNames.end() || !share) {
      throw base::InputError(
          "shares of bad events look like 0.01 or no-json=0.01,deep-nesting=0.001, with kinds {}: {}",
          fmt::join(kFaultNames, ", "), text);
    }
    shares[static_cast<size_t>(kind - kFaultNames.begin())] = *share;
  }
  if (std::accumulate(shares.begin(), shares.end(), 0.0) > 1) {
    throw base::InputError("shares of bad events are more than 1 together: {}", text);
  }
  return shares;
}

void BreakDraft(Fault fault, Random& random, EventDraft& draft) {
  const uint32_t way = random.Below(3);
  auto break_one = [&](std::string_view customer, std::string_view time, std::string_view other, std::string& field) {
    if (way == 0) draft.customer = customer;
    if (way == 1) draft.time = time;
    if (way == 2) field = other;
  };
  switch (fault) {
    case Fault::kMissingField:
      if (way == 0) draft.type = {};
      if (way == 1) draft.customer.clear();
      if (way == 2) draft.time.clear();
      return;
    case Fault::kWrongType:
      return break_one("[\"12345\"]", "true", "{\"id\":1000}", draft.product);
    case Fault::kImpossibleValue:
      return break_one("\"123\"", "\"2023-13-45T25:61:00\"", "\"shoe\"", draft.product);
    case Fault::kOutOfTime:
      draft.time = random.OneIn(2) ? "\"1999-12-31T23:59:59\"" : "\"2999-01-01T00:00:00\"";
      return;
    case Fault::kDuplicateKey:
      return PutExtra(draft, "customerId", "\"10000\"");
    case Fault::kDeepNesting:
      return PutExtra(draft, "trail", NestedObjects());
    case Fault::kBadUtf8:
      return PutExtra(draft, "note", "\"Ren\xE9\"");  // Latin-1.
    case Fault::kOversize:
      return PutExtra(draft, "note", '"' + std::string(kOversizeBytes, 'x') + '"');
    case Fault::kNoJson:
    case Fault::kNoObject:
      return;
  }
}

void BreakText(Fault fault, Random& random, std::string& text) {
  if (fault == Fault::kNoJson) text.resize(1 + random.Below(static_cast<uint32_t>(text.size()) - 1));
  if (fault == Fault::kNoObject) text = "[" + text + "]";
}

}  // namespace qlake::simulate
