#include "simulate/events.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace qlake::simulate {
namespace {

constexpr int64_t kUsPerSecond = 1'000'000;

// What random numbers are for.
enum Stream : uint64_t { kVisits = 100, kEvents, kPrices };

// Visits that take place at a time, and the events of each.
constexpr int64_t kVisitors = 128;
constexpr int64_t kSteps = 8;

constexpr uint32_t kCustomers = 20'000;
constexpr uint32_t kFirstCustomer = 10'000;  // Five digits.
constexpr uint32_t kProductCount = 1000;
constexpr uint32_t kFirstProduct = 1000;  // Four digits.

constexpr std::array<std::string_view, 10> kCategories = {
    "Electronics", "Electronics", "Electronics",    "Electronics",    "Clothing",
    "Clothing",    "Clothing",    "Home & Kitchen", "Home & Kitchen", "Books"};
constexpr std::array<std::string_view, 3> kSources = {"Search", "Direct", "Advertisement"};
constexpr std::array<std::string_view, 3> kPaymentMethods = {"Credit Card", "Debit Card", "PayPal"};
constexpr std::array<std::string_view, 2> kAlgorithms = {"collaborative_filtering", "content_based"};

template <size_t N>
std::string_view OneOf(const std::array<std::string_view, N>& values, Random& random) {
  return values[random.Below(N)];
}

// The small numbers are the popular ones.
uint32_t ChooseProduct(Random& random) {
  return random.Below(kProductCount) * random.Below(kProductCount) / kProductCount;
}

enum class Act { kView, kAddToCart, kPurchase, kClick };

// One customer's visit, and what happens in one step of it.
struct Step {
  uint32_t customer = 0;
  Act act = Act::kView;
  uint32_t product = 0;
  uint32_t recommended = 0;
};

Step StepOf(uint64_t seed, int64_t number) {
  const int64_t lane = number % kVisitors;
  const int64_t step = number / kVisitors % kSteps;
  const int64_t visit = number / (kVisitors * kSteps) * kVisitors + lane;
  Random random({seed, kVisits, 0, static_cast<uint64_t>(visit)});
  const uint32_t customer = kFirstCustomer + random.Below(kCustomers);
  const std::array<uint32_t, 3> products = {ChooseProduct(random), ChooseProduct(random), ChooseProduct(random)};
  const bool clicks = random.Chance(0.3);
  const bool adds = random.Chance(0.6);
  const bool buys = adds && random.Chance(0.5);
  const bool adds_more = random.Chance(0.2);
  const bool buys_more = adds_more && random.Chance(0.4);
  auto choose = [&](bool chosen, Act act, uint32_t product, uint32_t viewed_else) {
    return Step{customer, chosen ? act : Act::kView, products[chosen ? product : viewed_else], products[viewed_else]};
  };
  switch (step) {
    case 1:
      return choose(clicks, Act::kClick, 0, 1);
    case 2:
      return choose(false, Act::kView, 2, 2);
    case 3:
      return choose(adds, Act::kAddToCart, 2, 1);
    case 4:
      return choose(clicks && adds, Act::kClick, 2, 0);
    case 5:
      return choose(buys, Act::kPurchase, 2, 2);
    case 6:
      return choose(adds_more, Act::kAddToCart, 0, 1);
    case 7:
      return choose(buys_more, Act::kPurchase, 0, 0);
    default:
      return choose(false, Act::kView, 0, 0);
  }
}

void PutText(std::string& members, std::string_view name, std::string_view value) {
  PutName(members, name);
  PutQuoted(members, value);
}

void PutId(std::string& value, uint32_t id) {
  value = "\"";
  PutNumber(value, id);
  value += '"';
}

// 10.00 to 500.00, the same product at the same price.
void PutAmount(std::string& members, uint64_t seed, uint32_t product, int64_t quantity) {
  Random price({seed, kPrices, 0, product});
  const int64_t cents = std::min<int64_t>((1000 + price.Below(15'000)) * quantity, 50'000);
  PutName(members, "totalAmount");
  PutNumber(members, cents / 100);
  members += '.';
  if (cents % 100 < 10) members += '0';
  PutNumber(members, cents % 100);
}

void PutView(EventDraft& draft, const Step& step, Random& random) {
  draft.type = "productView";
  PutText(draft.details, "category", kCategories[step.product % kCategories.size()]);
  PutText(draft.details, "source", OneOf(kSources, random));
}

int64_t PutQuantity(EventDraft& draft, Random& random) {
  const int64_t quantity = 1 + random.Below(5);
  PutName(draft.details, "quantity");
  PutNumber(draft.details, quantity);
  return quantity;
}

void PutClick(EventDraft& draft, const Step& step, Random& random) {
  draft.type = "recommendationClick";
  PutName(draft.details, "recommendedProductId");
  std::string id;
  PutId(id, kFirstProduct + step.recommended);
  draft.details += id;
  PutText(draft.details, "algorithm", OneOf(kAlgorithms, random));
}

void PutAct(EventDraft& draft, const Step& step, uint64_t seed, Random& random) {
  switch (step.act) {
    case Act::kView:
      return PutView(draft, step, random);
    case Act::kAddToCart:
      draft.type = "addToCart";
      PutQuantity(draft, random);
      return;
    case Act::kPurchase:
      draft.type = "purchase";
      PutAmount(draft.details, seed, step.product, PutQuantity(draft, random));
      return PutText(draft.details, "paymentMethod", OneOf(kPaymentMethods, random));
    case Act::kClick:
      return PutClick(draft, step, random);
  }
}

void CheckShare(std::string_view name, double share) {
  if (!(share >= 0 && share <= 1)) throw base::InputError("the share of {} lies between 0 and 1: {}", name, share);
}

}  // namespace

EventGenerator::EventGenerator(const EventOptions& options)
    : options_(options), faults_(std::accumulate(options.faults.begin(), options.faults.end(), 0.0)) {
  CheckShare("late events", options.late);
  CheckShare("bad events", faults_);
  CheckShare("events with fields at the top", options.at_top);
  if (!(options.events_a_second > 0)) {
    throw base::InputError("events come at a rate above 0 by their own time: {}", options.events_a_second);
  }
}

SimulatedEvent EventGenerator::Make(int64_t number) {
  const Step step = StepOf(options_.seed, number);
  Random random({options_.seed, kEvents, 0, static_cast<uint64_t>(number)});
  SimulatedEvent event;
  draft_.details.clear();
  draft_.extras.clear();
  PutId(draft_.customer, step.customer);
  PutId(draft_.product, kFirstProduct + step.product);
  key_.assign(draft_.customer, 1, draft_.customer.size() - 2);
  PutAct(draft_, step, options_.seed, random);
  draft_.details_at_top = random.Chance(options_.at_top);

  auto passed_us = static_cast<int64_t>(static_cast<double>(number) * kUsPerSecond / options_.events_a_second);
  event.is_late = random.Chance(options_.late);
  PutTime(options_.start.us + passed_us - (event.is_late ? (120 + random.Below(86'280)) * kUsPerSecond : 0));
  if (options_.numbered) {
    PutName(draft_.extras, "sequence");
    PutNumber(draft_.extras, number);
  }
  if (options_.drift_at && number >= *options_.drift_at) PutDrift(random);

  event.fault = ChooseFault(random);
  if (event.fault) BreakDraft(*event.fault, random, draft_);
  Render(draft_, text_);
  if (event.fault) BreakText(*event.fault, random, text_);
  event.key = key_;
  event.text = text_;
  return event;
}

void EventGenerator::PutTime(int64_t time_us) {
  const int64_t second = time_us / kUsPerSecond;
  if (second != second_ || time_text_.empty()) {
    second_ = second;
    time_text_ = '"' + base::FormatTimestamp({second * kUsPerSecond}).substr(0, 19) + '"';
  }
  draft_.time = time_text_;
}

void EventGenerator::PutDrift(Random& random) {
  if (random.OneIn(20)) {
    draft_.type = "wishlistAdd";
    draft_.details.clear();
    PutText(draft_.details, "listName", random.OneIn(2) ? "birthday" : "later");
  }
  PutText(draft_.extras, "appVersion", "3.1.0");
  PutText(draft_.details, "device", random.OneIn(3) ? "tablet" : "phone");
}

std::optional<Fault> EventGenerator::ChooseFault(Random& random) const {
  if (faults_ == 0 || !random.Chance(faults_)) return std::nullopt;
  double left = static_cast<double>(random.Below(1u << 30)) * 0x1p-30 * faults_;
  size_t chosen = 0;
  for (size_t fault = 0; fault < kFaults && left >= 0; ++fault) {
    if (options_.faults[fault] > 0) chosen = fault;
    left -= options_.faults[fault];
  }
  return static_cast<Fault>(chosen);
}

}  // namespace qlake::simulate
