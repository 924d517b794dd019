#include "simulate/transactions.h"

#include <algorithm>

#include "simulate/drop_plan.h"

namespace qlake::simulate {
namespace {

constexpr int32_t kDaysBack = static_cast<int32_t>(kSpreadDaysMax) - 1;
constexpr uint64_t kFirstCustomer = 85462;
constexpr uint64_t kIdCount = 1'000'000'000'000;  // Twelve digits.

enum Stream : uint64_t { kSaleStream = 300, kNameStream, kMailStream, kBreakStream, kPartStream, kIdStream };

constexpr std::array<std::string_view, 10> kUnits = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"};
constexpr std::array<std::string_view, 2> kBranchPayments = {"Cash", "Credit Card"};
constexpr std::array<std::string_view, 3> kOnlinePayments = {"Stripe", "PayPal", "Credit Card"};
constexpr std::array<std::string_view, 2> kBranchLogs = {",till 3 receipt printed,pos", ",till 1 receipt mailed,pos"};
constexpr std::array<std::string_view, 3> kOnlineLogs = {",checkout in 3 steps,web", ",checkout in 5 steps,app",
                                                         ",,web"};
constexpr std::string_view kStreetOverLines = " Harbor View\nBack Entrance/";

// 2023-05-07 is 2023-5-7 in the source.
std::string UnpaddedDate(base::Date date) {
  std::string text = base::FormatDate(date);
  if (text[8] == '0') text.erase(8, 1);
  if (text[5] == '0') text.erase(5, 1);
  return text;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

int64_t HourOfBytes(int64_t hour) { return RepeatOf(hour) == Repeat::kWholeFile ? hour - kRepeatDistance : hour; }

LineForm LineFormOf(const DropOptions& options, int64_t hour) {
  const FileForm form = FormOf(options, hour);
  return {.line_end = form == FileForm::kByteOrderMarkAndLf ? "\n" : "\r\n",
          .id_first = form == FileForm::kOtherColumnOrder,
          .drifted = options.drift_at.has_value() && hour >= *options.drift_at};
}

}  // namespace

TransactionExport::TransactionExport(const DropOptions& options, int64_t hour, bool corrected)
    : options_(options),
      hour_(HourOfBytes(hour)),
      half_from_(RepeatOf(hour_) == Repeat::kHalfOfRows ? hour_ - kRepeatDistance : hour_),
      whole_file_again_(hour_ != hour),
      corrected_(corrected),
      form_(LineFormOf(options, hour_)),
      byte_order_mark_(FormOf(options, hour_) == FileForm::kByteOrderMarkAndLf),
      customers_(static_cast<uint32_t>(std::clamp<int64_t>(options.rows / 15, 101, 100'000))) {
  for (const std::string_view domain : kMailDomains) {
    for (const std::string_view last : kLastNames) {
      for (const std::string_view first : kFirstNames) {
        persons_.push_back({.names = std::string(first) + "," + std::string(last),
                            .mail = LowerCase(first) + "." + LowerCase(last) + "@" + std::string(domain)});
      }
    }
  }
  const base::Date first = base::DateOf(options.start);
  const base::Date last = base::DateOf({options.start.hours + hour_});
  for (int32_t day = first.days - kDaysBack; day <= last.days; ++day) dates_.push_back(UnpaddedDate({day}));
}

TransactionCounts TransactionExport::Write(DropFile& file) const {
  TransactionCounts counts{.rows = options_.rows};
  if (byte_order_mark_) file.Put("\xEF\xBB\xBF");
  PutTransactionHeader(file, form_);
  for (int64_t row = 0; row < options_.rows; ++row) {
    Sale sale = MakeSale(HourOf(row), row);
    counts.broken += ExportSale(sale, row) ? 1 : 0;
    counts.repeated += whole_file_again_ || HourOf(row) != hour_ ? 1 : 0;
    PutSale(file, form_, sale);
  }
  return counts;
}

TransactionCounts TransactionExport::WriteHeaderOnly(DropFile& file) const {
  PutTransactionHeader(file, form_);
  return {};
}

TransactionCounts TransactionExport::WriteNoCsv(DropFile& file) const {
  Random random({.seed = options_.seed, .stream = kPartStream, .hour = static_cast<uint64_t>(hour_)});
  file.Put(std::string_view("\x1F\x8B\x08\0", 4));  // How a gzip file begins.
  for (int i = 0; i < 500; ++i) {
    const char byte = static_cast<char>(random.Below(256));
    file.Put(std::string_view(&byte, 1));
  }
  return {.rows = 1, .broken = 1};
}

TransactionCounts TransactionExport::WriteCut(DropFile& file) const {
  PutTransactionHeader(file, form_);
  PutSale(file, form_, MakeSale(hour_, options_.rows));
  file.Put(dates_.back());
  file.Put(",trx-00");
  return {.rows = 2, .broken = 1};
}

Sale TransactionExport::MakeSale(int64_t hour, int64_t row) const {
  Random random({.seed = options_.seed,
                 .stream = kSaleStream,
                 .hour = static_cast<uint64_t>(hour),
                 .row = static_cast<uint64_t>(row)});
  Sale sale;
  sale.number = NumberOf(hour, row);
  sale.date = DateOfSale(hour, random);
  const uint32_t customer = random.Below(customers_);
  sale.customer = kFirstCustomer + customer;
  const Person& person = PersonOf(customer, hour);
  sale.names = person.names;
  sale.mail = person.mail;
  sale.product = &kProducts[random.Below(kProducts.size())];
  sale.price = sale.product->price;
  const uint32_t offer = random.Below(2 * (kOffers.size() - 1));  // Half of the sales have no offer.
  sale.offers = kOffers[offer < kOffers.size() ? offer : 0];
  sale.units = kUnits[random.Below(kUnits.size())];
  // Sales in branches come first, as in the real files.
  if (row < options_.rows * 2 / 3) {
    SellInBranch(sale, hour, random);
  } else {
    SellOnline(sale, random);
  }
  return sale;
}

void TransactionExport::SellInBranch(Sale& sale, int64_t hour, Random& random) const {
  const auto agents = static_cast<uint32_t>(AgentCount(hour));
  const bool unheard_of = random.OneIn(400);  // The agents file will name this one later, or never.
  sale.agent = unheard_of ? agents + 1 : 1 + random.Below(agents);
  sale.branch = 1 + random.Below(static_cast<uint32_t>(BranchCount(hour)));
  sale.payment_method = kBranchPayments[random.Below(kBranchPayments.size())];
  sale.logs_and_source = kBranchLogs[random.Below(kBranchLogs.size())];
}

void TransactionExport::SellOnline(Sale& sale, Random& random) const {
  sale.payment_method = kOnlinePayments[random.Below(kOnlinePayments.size())];
  sale.logs_and_source = kOnlineLogs[random.Below(kOnlineLogs.size())];
  if (random.OneIn(250)) {
    sale.street = kStreetWithSlash;
    sale.city = "Washington/DC/20003";
    return;
  }
  sale.house = 1 + random.Below(9999);
  const bool over_lines = random.OneIn(500) && options_.dirty > 0;
  sale.street = over_lines ? kStreetOverLines : kStreets[random.Below(kStreets.size())];
  sale.city = kCities[random.Below(kCities.size())];
}

std::string_view TransactionExport::DateOfSale(int64_t hour, Random& random) const {
  if (!options_.recent_dates) {
    const auto days = static_cast<uint32_t>(options_.spread_days);
    return dates_[kSpreadDaysMax - days + random.Below(days)];
  }
  // Most sales are reported on their day, few up to five days later.
  const uint32_t days_ago = random.Below(1 + random.Below(1 + random.Below(6)));
  const int32_t day = base::DateOf({options_.start.hours + hour}).days - base::DateOf(options_.start).days + kDaysBack;
  return dates_[static_cast<size_t>(day) - days_ago];
}

const TransactionExport::Person& TransactionExport::PersonOf(uint32_t customer, int64_t hour) const {
  // By hour: each export of the real source has other names for the same customer id.
  Random random({.seed = options_.seed, .stream = kNameStream, .hour = static_cast<uint64_t>(hour), .row = customer});
  return persons_[random.Below(static_cast<uint32_t>(persons_.size()))];
}

uint64_t TransactionExport::NumberOf(int64_t hour, int64_t row) const {
  // The factor has no divisor in common with the count, so that no two sales ever get one number.
  constexpr unsigned __int128 kFactor = 618'033'988'749;
  const uint64_t shift = Random({.seed = options_.seed, .stream = kIdStream}).Next() % kIdCount;
  const auto sale = static_cast<uint64_t>(hour * (options_.rows + 1) + row);  // + 1: the row of the part that is cut.
  return static_cast<uint64_t>((kFactor * sale + shift) % kIdCount);
}

bool TransactionExport::ExportSale(Sale& sale, int64_t row) const {
  const auto hour = static_cast<uint64_t>(hour_);
  const auto key_row = static_cast<uint64_t>(row);
  Random mail({.seed = options_.seed + (corrected_ ? 1 : 0), .stream = kMailStream, .hour = hour, .row = key_row});
  sale.mail_ending = kMailEndings[mail.Below(kMailEndings.size())];
  if (corrected_ && row % 20 == 0) sale.units = sale.units == "1" ? "2" : "1";
  Random breaking({.seed = options_.seed, .stream = kBreakStream, .hour = hour, .row = key_row});
  if (!breaking.Chance(options_.dirty)) return false;
  const int64_t neighbour = row == 0 ? 1 : row - 1;
  BreakSale(sale, NumberOf(HourOf(neighbour), neighbour), breaking);
  return true;
}

}  // namespace qlake::simulate
