#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/answer.h"
#include "cli/hdfs_settings.h"
#include "cli/open_lake.h"
#include "cli/topic_labels.h"
#include "stream/topic_ledger.h"

namespace qlake::cli {
namespace {

constexpr std::string_view kFileIdPrefix = "file-";
constexpr size_t kIdCharactersShown = 8;

// What stands before the partition. Of topics that followed each other under one name, the id's beginning says which.
std::string Label(const stream::PartitionAccount& account, const std::vector<stream::PartitionAccount>& accounts) {
  std::set<std::string> names;
  for (const auto& other : accounts) names.insert(other.topic);
  std::string label = LabelTopics(names).at(account.topic);
  bool is_alone = std::ranges::none_of(
      accounts, [&](const auto& other) { return other.topic == account.topic && other.topic_id != account.topic_id; });
  if (is_alone) return label;
  size_t dash = account.topic_id.starts_with(kFileIdPrefix) ? kFileIdPrefix.size() : 0;
  return label + "#" + account.topic_id.substr(dash, kIdCharactersShown);
}

// The accounts of topics as a table of the engine.
void FillTopics(lake::Lake& lake, const model::Project& project) {
  using Kind = base::ColumnType::Kind;
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const auto& shape : project.events()) {
    auto accounts = stream::ReadTopicLedger(lake, shape);
    for (const auto& account : accounts) {
      rows.push_back({shape.name, fmt::format("{}/{}", Label(account, accounts), account.partition),
                      std::to_string(account.offsets - account.no_message), std::to_string(account.loaded),
                      std::to_string(account.dead_lettered)});
    }
  }
  lake.database().FillTable("streamed.accounts",
                            {{"source", {Kind::kString}},
                             {"file", {Kind::kString}},
                             {"rows_in", {Kind::kLong}},
                             {"loaded", {Kind::kLong}},
                             {"quarantined", {Kind::kLong}}},
                            rows);
}

int Execute(Context& context, const AnswerOptions& options) {
  FormatOf(context, options);
  OpenLake lake(context, IfAbsent::kRefuse);
  auto project = context.LoadProject();
  FillTopics(*lake, project);
  bool has_topics = lake->database().QueryInteger("SELECT count(*) FROM streamed.accounts") > 0;
  if (!has_topics) run::RequirePublished(*lake, lake->database(), project, std::nullopt, "ops.ledger");
  lake->Define(lake::LedgerSchema(), lake->Load(lake::kOpsLedger));
  WriteAnswer(
      context, lake->database(),
      "SELECT data_hour, source, _file_id AS file, rows_in, loaded, quarantined, duplicate, "
      "rows_in = loaded + quarantined + duplicate AS closes FROM (SELECT * FROM ops.ledger QUALIFY row_number() "
      "OVER (PARTITION BY step, _file_id ORDER BY to_seq DESC) = 1) UNION ALL SELECT NULL, source, file, rows_in, "
      "loaded, quarantined, 0, rows_in = loaded + quarantined FROM streamed.accounts ORDER BY data_hour NULLS LAST, "
      "file",
      options);
  return kExitDone;
}

}  // namespace

void AddLedger(CLI::App& app, CommandLine& line) {
  auto& command =
      line.Add(app, "ledger",
               "The account of rows of every file and every topic's partition: rows in = loaded + quarantined "
               "(of topics: dead letters) + duplicate",
               WithHdfsKeys({"project", "lake"}), "  qlake ledger --lake lake\n  qlake ledger --format csv");
  auto options = std::make_shared<AnswerOptions>();
  AddAnswerOptions(command, *options);
  command.callback(
      [&line, options] { line.command = [options](Context& context) { return Execute(context, *options); }; });
}

}  // namespace qlake::cli
