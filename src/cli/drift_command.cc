#include <CLI/CLI.hpp>

#include "cli/answer.h"
#include "cli/open_lake.h"
#include "cli/topic_labels.h"

namespace qlake::cli {
namespace {

// streamed.labels: what to show for each topic that ops.drift names.
void FillLabels(engine::Database& database) {
  std::set<std::string> topics;
  for (const auto& row : database.Query("SELECT DISTINCT _topic FROM ops.drift").rows)
    topics.insert(row[0].value_or(""));
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const auto& [topic, label] : LabelTopics(topics)) rows.push_back({topic, label});
  using Kind = base::ColumnType::Kind;
  database.FillTable("streamed.labels", {{"topic", {Kind::kString}}, {"label", {Kind::kString}}}, rows);
}

}  // namespace

void AddDrift(CLI::App& app, CommandLine& line) {
  auto& command = line.Add(app, "drift", "What events have that their contract does not know, and when it came up",
                           {"lake"}, "  qlake drift --lake lake\n  qlake drift --format json");
  auto options = std::make_shared<AnswerOptions>();
  AddAnswerOptions(command, *options);
  command.callback([&line, options] {
    line.command = [options](Context& context) {
      FormatOf(context, *options);
      OpenLake lake(context, IfAbsent::kRefuse);
      lake->Define(lake::DriftSchema(), lake->Load(lake::kOpsDrift));
      FillLabels(lake->database());
      // Instances that run side by side may have recorded the same.
      WriteAnswer(context, lake->database(),
                  "SELECT subject AS \"table\", kind, event_type, name, json_type, min(seen_at) AS first_seen, "
                  "arg_min(label, seen_at) AS topic, arg_min(_partition, seen_at) AS \"partition\", arg_min(_offset, "
                  "seen_at) AS \"offset\" FROM ops.drift JOIN streamed.labels AS l ON _topic = l.topic GROUP BY "
                  "subject, kind, event_type, name, json_type ORDER BY "
                  "first_seen, kind, event_type, name, json_type",
                  *options);
      return kExitDone;
    };
  });
}

}  // namespace qlake::cli
