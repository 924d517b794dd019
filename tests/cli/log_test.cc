#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/clock.h"
#include "base/json.h"
#include "support/lake_fixture.h"

// Lines of the log of whole runs, held against the table of docs/logs.md.
namespace qlake::testing {
namespace {

struct Field {
  std::string name;
  std::string type;
  bool is_always = false;
};

std::vector<std::string> CellsOf(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, '|');) {
    size_t first = cell.find_first_not_of(" `");
    size_t last = cell.find_last_not_of(" `");
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  return cells;
}

std::vector<Field> DocumentedFields() {
  std::vector<Field> fields;
  std::ifstream document(std::string(QLAKE_REPOSITORY) + "/docs/logs.md");
  bool is_table = false;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("| field |")) is_table = true;
    if (is_table && line.starts_with("| `")) {
      auto cells = CellsOf(line);
      fields.push_back({cells.at(1), cells.at(2), cells.at(3) == "always"});
    }
    if (is_table && line.empty()) break;
  }
  return fields;
}

bool HasType(const base::Json& value, const std::string& type) {
  if (type == "text") return value.is_string() && !value.get<std::string>().empty();
  if (type == "integer") return value.is_number_integer();
  if (type == "object") return value.is_object() && !value.empty();
  if (!value.is_string()) return false;
  auto text = value.get<std::string>();
  if (type == "timestamp") return base::ParseTimestamp(text).has_value() && text.size() == 27;
  if (type == "hour") return base::ParseHour(text).has_value();
  if (type == "level") return text == "DEBUG" || text == "INFO" || text == "WARN" || text == "ERROR";
  return false;
}

// Empty: the line is as documented.
std::string WhatIsWrongWith(const std::string& line, const std::vector<Field>& fields) {
  auto json = base::Json::parse(line, nullptr, false);
  if (!json.is_object()) return "no object";
  size_t at = 0;
  for (const auto& [name, value] : json.items()) {
    while (at < fields.size() && fields[at].name != name) {
      if (fields[at].is_always) return "no " + fields[at].name + " before " + name;
      ++at;
    }
    if (at == fields.size()) return "not documented, or not in its place: " + name;
    if (!HasType(value, fields[at].type)) return name + " is not of type " + fields[at].type;
    ++at;
  }
  return at == 0 ? "empty" : "";
}

class LogTest : public LakeTest {
 protected:
  std::string log() const { return folder() + "/log/qlake.log"; }

  ProcessResult RunLogged(std::vector<std::string> arguments, const Environment& environment = {}) const {
    arguments.insert(arguments.end(), {"--log-level", "debug", "--log-file", log()});
    return Run(arguments, environment);
  }

  std::vector<base::Json> CheckedLines() const {
    auto fields = DocumentedFields();
    EXPECT_EQ(fields.size(), 9u);
    std::vector<base::Json> lines;
    std::stringstream text(ReadFile(log()));
    for (std::string line; std::getline(text, line);) {
      EXPECT_EQ(WhatIsWrongWith(line, fields), "") << line;
      lines.push_back(base::Json::parse(line, nullptr, false));
    }
    return lines;
  }
};

TEST_F(LogTest, EveryLineOfEveryCommandIsAsDocumented) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}, {.id = "trx-2", .units = "x"}}));
  Drop("2023-05-20T10", "branches_1.csv", "branch_id,branch_name,surprise\n1,North,?\n");
  RunLogged({"run"});
  Drop("2023-05-20T11", "sales_transactions_2.csv", SalesCsv({{.id = "trx-3"}}));
  RunLogged({"run"});
  RunLogged({"compact", "--min-files", "2", "--open"});
  RunLogged({"vacuum", "--retain", "0s"});
  EXPECT_EQ(RunLogged({"dump", "--date", "2023-13-01"}).exit_code, 2);
  std::map<std::string, int> with;
  for (const auto& line : CheckedLines()) {
    for (const auto& [name, value] : line.items()) ++with[name];
  }
  for (const auto& field : DocumentedFields()) EXPECT_GT(with[field.name], 0) << "no line has " << field.name;
}

TEST_F(LogTest, ARunTellsOfItsStepsAndCommits) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  RunLogged({"run"});
  std::map<std::string, std::string> done;  // Step by message.
  bool committed_fact = false;
  for (const auto& line : CheckedLines()) {
    std::string message = line["message"];
    if (message == "step done") done[line["step"]] = line["fields"].dump();
    committed_fact |= message == "committed" && line["table"] == "warehouse.sales_transactions_fact" &&
                      line["step"] == "process" && line["version"] == 0;
  }
  EXPECT_TRUE(done.contains("ingest") && done.contains("process") && done.contains("dump"));
  EXPECT_NE(done["ingest"].find("\"rows\":1,"), std::string::npos) << done["ingest"];
  EXPECT_TRUE(committed_fact);
}

TEST_F(LogTest, TheFailureThatEndsACommandIsTheLastLine) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  auto result = RunLogged({"run"}, {{"QLAKE_STORAGE_FAULT", "put:1:EIO:persistent"}});
  ASSERT_EQ(result.exit_code, 1);
  auto last = CheckedLines().back();
  EXPECT_EQ(last["level"], "ERROR");
  EXPECT_NE(result.err.find(last["message"].get<std::string>()), std::string::npos) << last << result.err;
}

TEST_F(LogTest, PersonalValuesAreNowhere) {
  Sale sale{.id = "trx-1",
            .first_name = "Zebulonia",
            .last_name = "Quartermain",
            .email = "zebulonia.q@example.org;",
            .address = "99 Hidden Lane/Springfield/DC/20003"};
  Sale broken = sale;
  broken.id = "trx-2";
  broken.email = "zebulonia(at)example.org";
  broken.units = "many";
  broken.date = "yesterday";
  Sale other = sale;  // A conflicting duplicate.
  other.units = "7";
  other.last_name = "Quartermaine";
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({sale, broken}));
  RunLogged({"run"});
  Drop("2023-05-20T11", "sales_transactions_2.csv", SalesCsv({other}));
  RunLogged({"run"});
  RunLogged({"sql", "SELECT 1 WHERE 'zebulonia.q@example.org' = no_such_column"});
  CheckedLines();
  std::string text = ReadFile(log());
  for (const char* value : {"Zebulonia", "Quartermain", "zebulonia", "Hidden Lane"}) {
    EXPECT_EQ(text.find(value), std::string::npos) << value << " at " << text.substr(text.find(value), 200);
  }
}

TEST_F(LogTest, AFullFileIsKeptUnderANumber) {
  Environment small = {{"QLAKE_LOG_ROTATE_BYTES", "2KB"}, {"QLAKE_LOG_KEEP", "3"}};
  for (int hour = 10; hour < 13; ++hour) {
    Drop("2023-05-20T" + std::to_string(hour), "sales_transactions_1.csv",
         SalesCsv({{.id = "trx-" + std::to_string(hour)}}));
    RunLogged({"run"}, small);
  }
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder() + "/log")) {
    ++files;
    EXPECT_LE(entry.file_size(), 4000u) << entry.path();
  }
  EXPECT_EQ(files, 1 + 3);
  CheckedLines();
}

TEST_F(LogTest, StandardErrorGetsJsonWhenItIsNoTerminal) {
  Drop("2023-05-20T10", "sales_transactions_1.csv", SalesCsv({{.id = "trx-1"}}));
  auto result = Run({"run", "--quiet", "--log-level", "info"});
  ASSERT_EQ(result.exit_code, 0);
  std::stringstream lines(result.err);
  for (std::string line; std::getline(lines, line);) EXPECT_EQ(WhatIsWrongWith(line, DocumentedFields()), "") << line;
  auto human = Run({"status", "--log-level", "debug"}, {{"QLAKE_LOG_FORMAT", "human"}});
  EXPECT_EQ(human.err.find("{\"time\""), std::string::npos);
}

}  // namespace
}  // namespace qlake::testing
