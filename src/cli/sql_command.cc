#include <CLI/CLI.hpp>
#include <filesystem>

#include "base/error.h"
#include "cli/answer.h"
#include "cli/as_of.h"
#include "cli/engine_choice.h"
#include "cli/hdfs_settings.h"
#include "cli/open_lake.h"
#include "delta/snapshot.h"
#include "run/published.h"
#include "storage/storage.h"

namespace qlake::cli {
namespace {

struct Options {
  std::string sql;
  std::string table_path;
  std::string as_of;
  AnswerOptions answer;
};

void AnswerReadOnly(Context& context, engine::Engine& engine, const Options& options) {
  engine.CheckReadOnlySelect(options.sql);
  engine.Lock();
  WriteAnswer(context, engine, options.sql, options.answer);
}

int AnswerFromTable(Context& context, const Options& options, const AsOf& as_of) {
  if (!std::filesystem::exists(options.table_path)) {
    throw base::InputError("there is no Delta table (--table): {}", options.table_path);
  }
  // The storage is the folder that holds the table's: paths in a storage are never empty.
  std::filesystem::path folder = std::filesystem::canonical(options.table_path);
  auto storage = storage::OpenLocalStorage(folder.parent_path());
  std::string table = folder.filename();
  auto snapshot = as_of.time ? delta::Snapshot::LoadAsOf(*storage, table, *as_of.time)
                             : delta::Snapshot::Load(*storage, table, as_of.version);
  if (!snapshot) throw base::InputError("there is no Delta table (--table): {}", options.table_path);
  std::unique_ptr<engine::Engine> engine = MakeSparkEngine(context, *storage);
  if (!engine) {
    engine::DatabaseOptions database_options;
    database_options.memory_bytes = context.settings.memory_bytes;
    engine = std::make_unique<engine::Database>(*storage, database_options);
  }
  Interrupts::Scope scope(context.interrupts, [&engine] { engine->Interrupt(); });
  engine->DefineTable("main.t", *snapshot);
  AnswerReadOnly(context, *engine, options);
  return kExitDone;
}

int AnswerFromLake(Context& context, const Options& options, const AsOf& as_of) {
  OpenLake lake(context, IfAbsent::kRefuse, ComputesOn::kEngineOfSettings);
  auto project = context.LoadProject();
  if (as_of.version) {
    run::DefineVersion(*lake, lake->engine(), project, *as_of.version, options.sql);
  } else {
    run::DefinePublished(*lake, lake->engine(), project, as_of.time, options.sql);
  }
  AnswerReadOnly(context, lake->engine(), options);
  return kExitDone;
}

int Execute(Context& context, const Options& options) {
  AsOf as_of = ParseAsOf("--as-of", options.as_of);
  return options.table_path.empty() ? AnswerFromLake(context, options, as_of)
                                    : AnswerFromTable(context, options, as_of);
}

}  // namespace

void AddSql(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(
      app, "sql", "Answer one SELECT over the lake's tables, as last published; nothing else is in reach",
      WithEngineKeys(WithHdfsKeys({"project", "lake", "memory"})),
      "  qlake sql \"SELECT count(*), sum(total_paid_price) FROM sales_transactions_fact\"\n"
      "  qlake sql \"SELECT * FROM raw.sales_transactions WHERE transaction_id = 'trx-152546429674'\" --format json\n"
      "  qlake sql \"SELECT count(*) FROM customer_dim\" --as-of 2023-05-20T14:00:00Z\n"
      "  qlake sql --table lake/warehouse/customer_dim --as-of 3 \"SELECT * FROM t\" --format csv\n"
      "  qlake sql \"SELECT count(*) FROM customer_dim\" --engine spark");
  auto options = std::make_shared<Options>();
  command.add_option("sql", options->sql, "the SELECT; tables are layer.table, or table while that is unique")
      ->required();
  command.add_option("--table", options->table_path, "read this Delta folder, as table t");
  command.add_option("--as-of", options->as_of,
                     "as published at that time (UTC); for a SELECT of one table also its version (qlake history)");
  AddAnswerOptions(command, options->answer);
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return Execute(context, *options); }; });
}

}  // namespace qlake::cli
