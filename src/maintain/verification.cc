#include "maintain/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "lake/records.h"
#include "maintain/key_verification.h"
#include "maintain/raw_bytes.h"
#include "maintain/table_verification.h"

namespace qlake::maintain {
namespace {

constexpr int kFilesNamedMax = 20;  // Of those whose rows the ledger has otherwise.

class Verifier {
 public:
  Verifier(lake::Lake& lake, const VerifyOptions& options) : lake_(lake), options_(options) {}

  VerifyReport Run() {
    Try("ops.ledger", [&] { publication_ = lake::ReadPublication(lake_); });
    for (const auto& table : options_.tables) {
      Say("verifying " + table);
      Try(table, [&] { VerifyTable(table); });
    }
    for (const auto& fact : options_.facts) {
      if (std::ranges::find(options_.tables, fact.table) == options_.tables.end()) continue;
      Try(fact.table, [&] { VerifyFact(fact); });
    }
    if (options_.whole_lake) {
      Say("verifying the ledger");
      Try("ops.ledger", [&] { VerifyLedger(); });
      Say("verifying received bytes");
      Try("raw bytes", [&] { VerifyRawBytes(); });
    }
    return std::move(report_);
  }

 private:
  void Say(const std::string& stage) const {
    if (options_.on_stage) options_.on_stage(stage);
  }
  void Find(const std::string& place, std::string message) { report_.findings.push_back({place, std::move(message)}); }

  // What cannot even be looked at is a finding, too.
  template <typename Body>
  void Try(const std::string& place, const Body& body) {
    try {
      body();
    } catch (const base::Error& error) {
      if (error.kind() == base::ErrorKind::kUnavailable) throw;
      Find(place, error.message());
    }
  }

  std::optional<delta::Version> PublishedVersion(const std::string& table) const {
    if (!publication_ || !publication_->tables.contains(table)) return std::nullopt;
    return publication_->tables.at(table);
  }

  void VerifyTable(const std::string& table) {
    auto newest = lake_.Load(table);
    if (!newest) throw base::CorruptError("there is no such table");
    ++report_.tables;
    report_.files += static_cast<int64_t>(newest->files().size());
    TableVerification verification(lake_, *newest);
    verification.Run(options_.contents);
    report_.rows += verification.rows();
    std::set<std::string> findings(verification.findings().begin(), verification.findings().end());
    auto published = PublishedVersion(table);
    if (published && *published != newest->version()) {
      auto snapshot = lake_.LoadVersion(table, *published);
      TableVerification of_published(lake_, *snapshot);
      of_published.Run(false);
      findings.insert(of_published.findings().begin(), of_published.findings().end());
    }
    for (const auto& finding : findings) Find(table, finding);
  }

  void VerifyFact(const FactToVerify& fact) {
    auto newest = lake_.Load(fact.table);
    if (!newest) return;
    if (auto finding = FindKeyDisagreement(lake_, fact, *newest, options_.contents)) Find(fact.table, *finding);
    HoldAgainstLedger(fact.table, fact.source, "loaded");
    HoldAgainstLedger("quarantine." + fact.source, fact.source, "quarantined");
  }

  // The rows of each file in the published version, against the account of the file.
  void HoldAgainstLedger(const std::string& table, const std::string& source, const std::string& column) {
    auto published = PublishedVersion(table);
    auto snapshot = published ? lake_.LoadVersion(table, *published) : std::nullopt;
    if (!snapshot) return;
    lake_.database().DefineTable("verified.published", *snapshot);
    lake_.Define(lake::LedgerSchema(), lake_.Load(lake::kOpsLedger));
    auto differences = lake_.database().Query(fmt::format(
        "WITH account AS (SELECT _file_id, {0} AS rows FROM ops.ledger WHERE source = {1} QUALIFY row_number() OVER "
        "(PARTITION BY step, _file_id ORDER BY to_seq DESC) = 1), "
        "held AS (SELECT _file_id, count(*) AS rows FROM verified.published GROUP BY _file_id) "
        "SELECT coalesce(a._file_id, h._file_id) AS file, coalesce(a.rows, 0), coalesce(h.rows, 0) FROM account AS a "
        "FULL JOIN held AS h ON a._file_id = h._file_id WHERE coalesce(a.rows, 0) <> coalesce(h.rows, 0) "
        "ORDER BY file LIMIT {2}",
        column, engine::QuoteLiteral(source), kFilesNamedMax));
    for (const auto& row : differences.rows) {
      Find(table, fmt::format("it holds {} rows of {}, the ledger says {} {}", row[2].value_or(""), row[0].value_or(""),
                              row[1].value_or(""), column));
    }
  }

  void VerifyLedger() {
    for (const auto& entry : lake::ReadLedger(lake_)) {
      if (entry.Closes()) continue;
      Find(lake::kOpsLedger,
           fmt::format("it does not close for {}: {} rows in, {} loaded + {} quarantined + {} duplicate", entry.file_id,
                       entry.rows_in, entry.loaded, entry.quarantined, entry.duplicate));
    }
  }

  void VerifyRawBytes() {
    for (const auto& file : lake::ReadFiles(lake_)) {
      ++report_.received_files;
      RawRange range{file.path, static_cast<uint64_t>(file.offset), static_cast<uint64_t>(file.bytes)};
      auto entry = lake_.storage().Find(range.path);
      if (!entry) {
        Find("raw bytes", fmt::format("the bytes of {} are missing: {}", file.file_id, file.path));
      } else if (entry->bytes < range.offset + range.length) {
        Find("raw bytes", fmt::format("the bytes of {} are cut: {} has {} bytes, {} from {} on are wanted",
                                      file.file_id, file.path, entry->bytes, range.length, range.offset));
      } else if (options_.contents) {
        HoldAgainstDigest(file, range);
      }
    }
  }

  void HoldAgainstDigest(const lake::FileRecord& file, const RawRange& range) {
    std::string sha256 = VisitRaw(lake_.storage(), range);
    if (sha256 == file.sha256) return;
    Find("raw bytes",
         fmt::format("the bytes of {} are not those that were received: {} from byte {} on has SHA-256 {}, "
                     "raw.files says {}",
                     file.file_id, file.path, file.offset, sha256, file.sha256));
  }

  lake::Lake& lake_;
  const VerifyOptions& options_;
  std::optional<lake::Publication> publication_;
  VerifyReport report_;
};

}  // namespace

VerifyReport Verify(lake::Lake& lake, const VerifyOptions& options) { return Verifier(lake, options).Run(); }

}  // namespace qlake::maintain
