#include "model/model.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "delta/table_properties.h"

namespace qlake::model {
namespace {

std::string Trim(std::string_view text) {
  size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

std::vector<std::string> SplitNames(const std::string& text) {
  std::vector<std::string> names;
  std::stringstream stream(text);
  for (std::string name; std::getline(stream, name, ',');) names.push_back(Trim(name));
  return names;
}

constexpr std::array<std::pair<std::string_view, ModelKind>, 5> kKinds = {{{"fact", ModelKind::kFact},
                                                                           {"scd2", ModelKind::kScd2},
                                                                           {"upsert", ModelKind::kUpsert},
                                                                           {"aggregate", ModelKind::kAggregate},
                                                                           {"window", ModelKind::kWindow}}};

constexpr int kMinutesPerDay = 24 * 60;
constexpr std::string_view kEventsFolder = "events/";

class HeadParser {
 public:
  explicit HeadParser(std::string path) : path_(std::move(path)) {}

  Model Parse(const std::string& text) {
    std::filesystem::path file(path_);
    model_.table = file.parent_path().filename().string() + "." + file.stem().string();
    std::stringstream stream(text);
    bool in_head = true;
    for (std::string line; std::getline(stream, line);) {
      ++line_;
      in_head = in_head && line.starts_with("--");
      if (in_head) {
        ReadHeadLine(Trim(std::string_view(line).substr(2)));
      } else {
        model_.sql += line + "\n";
      }
    }
    if (model_.key.empty()) Fail("the head has no line like: -- kind: upsert by transaction_id");
    if (model_.source.empty()) Fail("the head has no line like: -- source: sales_transactions");
    if (model_.kind == ModelKind::kAggregate && model_.count.empty())
      Fail("the head has no line like: -- count: sales_count");
    if (model_.kind == ModelKind::kAggregate && !model_.partition_columns.empty())
      Fail("an aggregate has no partitions, its files are folded by size: leave the line -- partition out");
    bool has_extremes = !model_.least.empty() || !model_.greatest.empty();
    if (has_extremes && (model_.kind != ModelKind::kAggregate || !path_.starts_with(kEventsFolder)))
      Fail("least and greatest are for aggregates of events: corrections of files take rows away");
    if (model_.kind == ModelKind::kWindow && model_.minutes == 0) Fail("the head has no line like: -- minutes: 10");
    if (Trim(model_.sql).empty()) Fail("there is no SELECT below the head");
    return model_;
  }

 private:
  template <typename... Args>
  [[noreturn]] void Fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw base::InputError("{}:{}: {}", path_, line_, fmt::format(format, std::forward<Args>(args)...));
  }

  void ReadHeadLine(const std::string& line) {
    size_t colon = line.find(": ");
    std::string name = colon == std::string::npos ? "" : line.substr(0, colon);
    std::string value = colon == std::string::npos ? "" : Trim(line.substr(colon + 2));
    if (name == "kind") {
      ReadKind(value);
    } else if (name == "source") {
      model_.source = value;
    } else if (name == "order") {
      model_.order = value;
    } else if (name == "count") {
      model_.count = value;
    } else if (name == "least") {
      model_.least = SplitNames(value);
    } else if (name == "greatest") {
      model_.greatest = SplitNames(value);
    } else if (name == "minutes") {
      auto parsed = std::from_chars(value.data(), value.data() + value.size(), model_.minutes);
      bool fits = parsed.ec == std::errc() && parsed.ptr == value.data() + value.size() && model_.minutes > 0 &&
                  kMinutesPerDay % model_.minutes == 0;
      if (!fits) Fail("minutes must be a number that divides a day: {}", value);
    } else if (name == "partition") {
      model_.partition_columns = SplitNames(value);
    } else if (name == "sort") {
      model_.sort = SplitNames(value);
    } else if (name == "personal") {
      model_.personal = SplitNames(value);
    } else if (name == "check") {
      ReadCheck(value);
    } else if (name == "property") {
      ReadProperty(value);
    } else if (name == "inferred from") {
      size_t dot = value.find('.');
      if (dot == std::string::npos) Fail("inferred from must look like sales_transactions.branch_id: {}", value);
      model_.inferred_source = value.substr(0, dot);
      model_.inferred_column = value.substr(dot + 1);
    } else {
      model_.description += (model_.description.empty() ? "" : " ") + line;
    }
  }

  void ReadCheck(const std::string& value) {
    size_t colon = value.find(':');
    delta::Constraint check;
    if (colon != std::string::npos) check = {Trim(value.substr(0, colon)), Trim(value.substr(colon + 1))};
    bool is_name = !check.name.empty() &&
                   std::ranges::all_of(check.name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    if (!is_name || check.sql.empty()) Fail("a check must look like units_positive: units > 0: {}", value);
    for (const auto& known : model_.settings.checks) {
      if (known.name == check.name) Fail("there is another check of this name: {}", check.name);
    }
    model_.settings.checks.push_back(std::move(check));
  }

  void ReadProperty(const std::string& value) {
    size_t equals = value.find('=');
    if (equals == std::string::npos) Fail("a property must look like delta.checkpointInterval = 20: {}", value);
    std::string name = Trim(value.substr(0, equals));
    std::string text = Trim(value.substr(equals + 1));
    try {
      delta::RequireProperty(name, text);
    } catch (const base::Error& error) {
      Fail("{}", error.message());
    }
    if (!model_.settings.properties.emplace(name, text).second) Fail("the property is set twice: {}", name);
  }

  void ReadKind(const std::string& value) {
    size_t by = value.find(" by ");
    std::string kind = value.substr(0, by);
    for (const auto& [name, known] : kKinds) {
      if (kind != name) continue;
      if (by == std::string::npos) Fail("kind must name its key: {} by COLUMN", kind);
      model_.kind = known;
      model_.key = SplitNames(value.substr(by + 4));
      return;
    }
    Fail("kind must be fact, scd2, upsert, aggregate or window: {}", kind);
  }

  std::string path_;
  int line_ = 0;
  Model model_;
};

}  // namespace

Model ParseModel(const std::string& path, const std::string& text) { return HeadParser(path).Parse(text); }

}  // namespace qlake::model
