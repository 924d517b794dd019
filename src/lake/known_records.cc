#include "lake/known_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace qlake::lake {
namespace {

// The files of a snapshot that an earlier one has not; nothing when the earlier one has files that are gone by now.
std::optional<std::vector<std::string>> FilesSince(const std::optional<delta::Snapshot>& before,
                                                   const delta::Snapshot& now) {
  std::vector<std::string> come;
  size_t stayed = 0;
  for (const auto& [path, file] : now.files()) {
    bool is_known = before && before->files().contains(path) &&
                    delta::LogicalFileKey(before->files().at(path)) == delta::LogicalFileKey(file);
    if (is_known) {
      ++stayed;
    } else {
      come.push_back(path);
    }
  }
  if (before && stayed != before->files().size()) return std::nullopt;
  return come;
}

// Goes on from a table's version `before` to `now`: `take` gets what a SELECT answers of the rows that came since, with
// its list and what stands behind them.
// When rows went, too, or the table, `forget` is called first, and all rows are new. A failure leaves what was known,
// or nothing.
template <typename Forget, typename Take>
void Follow(Lake& lake, std::optional<delta::Snapshot>& before, const std::optional<delta::Snapshot>& now,
            std::string_view list, std::string_view behind, const Forget& forget, const Take& take) {
  auto come = now ? FilesSince(before, *now) : std::nullopt;
  if (!come) {
    before.reset();
    forget();
    if (!now) return;
    come = FilesSince(std::nullopt, *now);
  }
  if (!come->empty()) {
    auto& database = lake.database();
    take(database.Query(fmt::format("SELECT {} FROM ({}) {}", list, database.SelectRowsOf(*now, *come), behind)));
  }
  before = now;
}

template <typename Row, typename Convert>
std::vector<Row> Converted(const engine::Result& result, const Convert& convert) {
  std::vector<Row> rows;
  rows.reserve(result.rows.size());
  for (const auto& row : result.rows) rows.push_back(convert(row));
  return rows;
}

}  // namespace

const std::vector<FileRecord>& KnownRecords::Files(Lake& lake) {
  Follow(
      lake, files_snapshot_, lake.Load(kRawFiles), kFileColumns, "ORDER BY seq", [&] { files_.clear(); },
      [&](const engine::Result& result) {
        auto come = Converted<FileRecord>(result, ToFileRecord);
        auto known = static_cast<std::ptrdiff_t>(files_.size());
        files_.insert(files_.end(), std::move_iterator(come.begin()), std::move_iterator(come.end()));
        std::ranges::inplace_merge(files_, files_.begin() + known, {}, &FileRecord::seq);
      });
  return files_;
}

const std::map<std::string, Intent>& KnownRecords::LastIntents(Lake& lake) {
  Follow(
      lake, steps_snapshot_, lake.Load(kOpsSteps), kIntentColumns,
      "QUALIFY row_number() OVER (PARTITION BY step ORDER BY to_seq DESC, started_at DESC) = 1",
      [&] { intents_.clear(); },
      [&](const engine::Result& result) {
        auto place = [](const Intent& intent) { return std::tie(intent.to_seq, intent.started_at); };
        for (auto& intent : Converted<Intent>(result, ToIntent)) {
          auto [known, is_new] = intents_.try_emplace(intent.step, intent);
          if (place(known->second) <= place(intent)) known->second = std::move(intent);
        }
      });
  return intents_;
}

std::vector<LedgerEntry> KnownRecords::Ledger(Lake& lake) {
  Follow(
      lake, ledger_snapshot_, lake.Load(kOpsLedger), fmt::format("{}, to_seq", kLedgerColumns), "",
      [&] { accounts_.clear(); },
      [&](const engine::Result& result) {
        auto come = Converted<Account>(result, [](const engine::ResultRow& row) {
          return Account{engine::IntegerOf(row.back()), ToLedgerEntry(row)};
        });
        for (auto& account : come) {
          auto [known, is_new] = accounts_.try_emplace({account.entry.step, account.entry.file_id});
          if (is_new || known->second.to_seq < account.to_seq) known->second = std::move(account);
        }
      });
  std::vector<LedgerEntry> ledger;
  ledger.reserve(accounts_.size());
  for (const auto& [key, account] : accounts_) ledger.push_back(account.entry);
  std::ranges::stable_sort(ledger, {}, [](const LedgerEntry& entry) { return std::tie(entry.hour, entry.file_id); });
  return ledger;
}

const std::optional<Publication>& KnownRecords::LastPublication(Lake& lake) {
  auto ledger = lake.Load(kOpsLedger);
  Follow(
      lake, publication_snapshot_, ledger, kPublicationColumns, "ORDER BY to_seq DESC, committed_at DESC LIMIT 1",
      [&] { publication_.reset(); },
      [&](const engine::Result& result) {
        if (result.rows.empty()) return;
        auto come = ToPublication(result.rows.front());
        auto place = [](const Publication& publication) {
          return std::tie(publication.to_seq, publication.committed_at);
        };
        if (!publication_ || place(*publication_) <= place(come)) publication_ = std::move(come);
      });
  if (publication_) publication_->ledger = ledger->version();
  return publication_;
}

}  // namespace qlake::lake
