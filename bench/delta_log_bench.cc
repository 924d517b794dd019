// The log of a large table, by delta::Snapshot and delta::Transaction alone; bench/run.py delta runs it beside
// deltalake.
//
//   delta_log_bench make FOLDER FILES      a table of so many files (of no rows: no data file is ever opened) in a
//                                          checkpoint, and ten commits of one file each
//   delta_log_bench open FOLDER            opens it and counts its files
//   delta_log_bench commit FOLDER COMMITS  opens it once and commits one file so many times
//
// Prints one JSON object: wall and CPU milliseconds.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include "base/error.h"
#include "delta/action_json.h"
#include "delta/checkpoint.h"
#include "delta/log_listing.h"
#include "delta/transaction.h"
#include "storage/storage.h"

namespace qlake::delta {
namespace {

constexpr const char* kTable = "t";
constexpr int64_t kDays = 730;

class Stopwatch {
 public:
  double WallMs() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - wall_start_).count();
  }
  // Of all threads. Waiting for fsync is not in it.
  double CpuMs() const { return static_cast<double>(std::clock() - cpu_start_) * 1000 / CLOCKS_PER_SEC; }

 private:
  std::chrono::steady_clock::time_point wall_start_ = std::chrono::steady_clock::now();
  std::clock_t cpu_start_ = std::clock();
};

// A table like the fact: 17 columns, partitioned by a date, statistics on those that are not personal.
Metadata SalesMetadata() {
  using Kind = base::ColumnType::Kind;
  std::vector<base::Column> columns = {{.name = "transaction_date", .type = {Kind::kDate}}};
  for (const char* name : {"transaction_id", "customer_id", "product_id", "branch_id", "sales_agent_id", "city",
                           "payment_method", "_file_id"}) {
    columns.push_back({.name = name, .type = {Kind::kString}});
  }
  for (const char* name : {"units", "discount_percentage", "_line", "_content_hash"}) {
    columns.push_back({.name = name, .type = {Kind::kLong}});
  }
  for (const char* name : {"unit_price", "total_price", "total_paid_price", "tax"}) {
    columns.push_back({.name = name, .type = {Kind::kDecimal, 18, 4}});
  }
  return {.name = "sales", .schema_json = ToSchemaJson(columns), .partition_columns = {"transaction_date"}};
}

AddFile FileNumber(int64_t number) {
  int64_t day = number % kDays;
  std::string date = base::FormatDate({static_cast<int32_t>(19358 + day)});
  AddFile file;
  file.path =
      fmt::format("transaction_date={}/part-{:08}-9f1c2d3e-4b5a-4c6d-8e7f-{:012x}.parquet", date, number, number);
  file.partition_values = PartitionValues{{"transaction_date", date}};
  file.size_bytes = 40'000 + number % 1000;
  file.modification_time_ms = 1'700'000'000'000 + number;
  std::string least, greatest, nulls;
  for (const char* name : {"transaction_id", "customer_id", "product_id", "branch_id", "sales_agent_id", "city"}) {
    least += fmt::format("\"{}\":\"{}-{}\",", name, name, number);
    greatest += fmt::format("\"{}\":\"{}-{}\",", name, name, number + 1000);
    nulls += fmt::format("\"{}\":0,", name);
  }
  for (const char* name : {"units", "discount_percentage", "_line"}) {
    least += fmt::format("\"{}\":{},", name, number % 7);
    greatest += fmt::format("\"{}\":{},", name, 10 + number % 90);
    nulls += fmt::format("\"{}\":0,", name);
  }
  file.stats = fmt::format(
      R"({{"numRecords":{},"minValues":{{{}"tax":0.5}},"maxValues":{{{}"tax":9.5}},"nullCount":{{{}"tax":0}}}})",
      1000 + number % 500, least, greatest, nulls);
  file.tags = {{"qlake.columns", "17"}};
  return file;
}

Version Commit(Transaction transaction) {
  CommitOptions options;
  options.checkpoint_interval = 0;
  CommitOutcome outcome = std::move(transaction).Commit(base::SystemClock(), options);
  QLAKE_CHECK(std::holds_alternative<Committed>(outcome));
  return std::get<Committed>(outcome).version;
}

void CommitFile(storage::Storage& storage, const Snapshot& base, int64_t number) {
  Transaction transaction(storage, kTable, base);
  AddFile file = FileNumber(number);
  storage.Write(std::string(kTable) + "/" + file.path, "no rows");
  transaction.Stage(std::move(file));
  Commit(std::move(transaction));
}

void Make(storage::Storage& storage, int64_t files) {
  Transaction create(storage, kTable, std::nullopt);
  create.Stage(SalesMetadata());
  Commit(std::move(create));
  // Their commit is written by hand: a transaction would make a hundred thousand files durable that nobody reads.
  std::string lines;
  for (int64_t number = 0; number < files; ++number) lines += FormatAction(FileNumber(number)) + "\n";
  QLAKE_CHECK(storage.PutIfAbsent(CommitPath(kTable, 1), lines));
  WriteCheckpoint(storage, *Snapshot::Load(storage, kTable), base::SystemClock().Now().us / 1000);
  // As a cleaned up log: what the checkpoint stands for is not kept.
  for (Version version : {0, 1}) storage.Remove(CommitPath(kTable, version));
  auto snapshot = Snapshot::Load(storage, kTable);
  for (int64_t number = files; number < files + 10; ++number) {
    CommitFile(storage, *snapshot, number);
    snapshot = snapshot->Refresh(storage);
  }
}

void Open(const storage::Storage& storage) {
  Stopwatch watch;
  auto snapshot = Snapshot::Load(storage, kTable);
  int64_t bytes = 0;
  for (const auto& [path, file] : snapshot->files()) bytes += file.size_bytes;
  fmt::print("{{\"wall_ms\":{:.2f},\"cpu_ms\":{:.2f},\"files\":{},\"bytes\":{}}}\n", watch.WallMs(), watch.CpuMs(),
             snapshot->files().size(), bytes);
}

// Each on top of the version before, as a writer's that holds the table open.
void CommitMany(storage::Storage& storage, int64_t commits) {
  auto snapshot = Snapshot::Load(storage, kTable);
  auto first = static_cast<int64_t>(snapshot->files().size()) * 10;
  Stopwatch watch;
  for (int64_t i = 0; i < commits; ++i) {
    CommitFile(storage, *snapshot, first + i);
    snapshot = snapshot->Refresh(storage);
  }
  auto count = static_cast<double>(commits);
  fmt::print("{{\"wall_ms\":{:.2f},\"cpu_ms\":{:.2f},\"files\":{}}}\n", watch.WallMs() / count, watch.CpuMs() / count,
             snapshot->files().size());
}

int Run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) throw base::InputError("delta_log_bench make|open|commit FOLDER [NUMBER]");
  auto storage = storage::OpenLocalStorage(arguments[1]);
  int64_t number = arguments.size() > 2 ? std::stoll(arguments[2]) : 1;
  if (arguments[0] == "make") Make(*storage, number);
  if (arguments[0] == "open") Open(*storage);
  if (arguments[0] == "commit") CommitMany(*storage, number);
  return 0;
}

}  // namespace
}  // namespace qlake::delta

int main(int argc, char** argv) {
  try {
    return qlake::delta::Run({argv + 1, argv + argc});
  } catch (const qlake::base::Error& error) {
    fmt::print(stderr, "{}\n", error.message());
    return 1;
  }
}
