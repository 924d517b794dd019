#include "simulate/sale.h"

namespace qlake::simulate {
namespace {

void PutDateAndId(DropFile& file, const LineForm& form, const Sale& sale) {
  if (!form.id_first) {
    file.Put(sale.date);
    file.Put(",");
  }
  if (sale.has_id) {
    file.Put("trx-");
    file.PutDigits(sale.number, 12);
  }
  if (form.id_first) {
    file.Put(",");
    file.Put(sale.date);
  }
}

void PutMail(DropFile& file, const Sale& sale) {
  const bool quoted = sale.mail_ending == "\"";
  if (quoted || sale.mail_quote_unclosed) file.Put("\"");
  file.Put(sale.mail);
  file.Put(quoted && !sale.mail_quote_unclosed ? "\"\"\"" : sale.mail_ending);
}

void PutAgentAndBranch(DropFile& file, const Sale& sale) {
  if (sale.agent == 0) {
    file.Put(",,,");
    return;
  }
  file.Put(",");
  file.PutNumber(sale.agent);
  file.Put(",");
  file.PutNumber(sale.branch);
  file.Put(",");
}

void PutAddress(DropFile& file, const LineForm& form, const Sale& sale) {
  if (sale.agent != 0) {
    // A row in a shop ends one field early, but where more columns follow.
    if (form.drifted) file.Put(",");
    return;
  }
  const bool over_lines = sale.street.find('\n') != std::string_view::npos;
  file.Put(over_lines ? ",\"" : ",");
  if (sale.house != 0) file.PutNumber(sale.house);
  file.Put(sale.street);
  file.Put(sale.city);
  if (over_lines) file.Put("\"");
}

void TakeConflictingId(Sale& sale, uint64_t other) {
  sale.number = other;
  sale.units = sale.units == "9" ? "8" : "9";
}

}  // namespace

void PutTransactionHeader(DropFile& file, const LineForm& form) {
  file.Put(form.id_first ? "transaction_id,transaction_date" : "transaction_date,transaction_id");
  file.Put(
      ",customer_id,customer_fname,cusomter_lname,cusomter_email,sales_agent_id,branch_id,product_id,product_name,"
      "product_category,offer_1,offer_2,offer_3,offer_4,offer_5,units,unit_price,is_online,payment_method,"
      "shipping_address");
  if (form.drifted) file.Put(",logs,source");
  file.Put(form.line_end);
}

void PutSale(DropFile& file, const LineForm& form, const Sale& sale) {
  PutDateAndId(file, form, sale);
  file.Put(",");
  file.PutNumber(sale.customer);
  file.Put(",");
  file.Put(sale.names);
  file.Put(",");
  PutMail(file, sale);
  PutAgentAndBranch(file, sale);
  file.Put(sale.product->fields);
  file.Put(",");
  file.Put(sale.offers);
  file.Put(",");
  file.Put(sale.units);
  if (!sale.ends_after_units) {
    file.Put(",");
    file.Put(sale.price);
    file.Put(sale.agent != 0 ? ",no," : ",yes,");
    file.Put(sale.payment_method);
    PutAddress(file, form, sale);
    if (form.drifted) file.Put(sale.logs_and_source);
    file.Put(sale.surplus);
  }
  file.Put(form.line_end);
  file.EndRecord();
}

void BreakSale(Sale& sale, uint64_t other, Random& random) {
  static constexpr std::array<std::string_view, 4> kBadDates = {"2023-13-45", "2022-2-30", "20.5.2023", ""};
  static constexpr std::array<std::string_view, 4> kBadUnits = {"0", "-3", "ten", ""};
  static constexpr std::array<std::string_view, 3> kBadPrices = {"free", "\"12,50\"", "-19.99"};
  switch (random.Below(10)) {
    case 0:
      sale.date = kBadDates[random.Below(kBadDates.size())];
      break;
    case 1:
      sale.units = kBadUnits[random.Below(kBadUnits.size())];
      break;
    case 2:
      sale.price = kBadPrices[random.Below(kBadPrices.size())];
      break;
    case 3:
      sale.offers = kTwoOffers;
      break;
    case 4:
      sale.surplus = ",surplus,fields";
      break;
    case 5:
      sale.ends_after_units = true;
      break;
    case 6:
      sale.mail_quote_unclosed = true;
      break;
    case 7:
      sale.has_id = false;
      break;
    case 8:
      sale.names =
          "Ren\xE9"
          "e,Smith";  // Latin-1, where UTF-8 is due.
      break;
    default:
      TakeConflictingId(sale, other);
  }
}

}  // namespace qlake::simulate
