#include "events/rule_sql.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/error.h"

namespace qlake::events {
namespace {

using Kind = base::ColumnType::Kind;

constexpr int kShownMax = 60;  // Characters of a value in a reason.
constexpr int kScaleMax = 18;  // Digits after the point that a number is compared in.
constexpr int64_t kMicrosPerMinute = 60'000'000;

std::string Shown(const std::string& text) {
  return fmt::format("CASE WHEN char_length({0}) > {1} THEN concat(left({0}, {1}), '...') ELSE {0} END", text,
                     kShownMax);
}

// 1250 at scale 2 is 12.50.
std::string Decimal(int64_t unscaled, int scale) {
  std::string digits = std::to_string(unscaled < 0 ? -unscaled : unscaled);
  if (static_cast<int>(digits.size()) <= scale) digits.insert(0, static_cast<size_t>(scale) + 1 - digits.size(), '0');
  digits.insert(digits.size() - static_cast<size_t>(scale), scale > 0 ? "." : "");
  return fmt::format("CAST('{}{}' AS DECIMAL(38,{}))", unscaled < 0 ? "-" : "", digits, kScaleMax);
}

std::string ZoneOf(int64_t offset_us) {
  int64_t minutes = (offset_us < 0 ? -offset_us : offset_us) / kMicrosPerMinute;
  return fmt::format("{}{:02}:{:02}", offset_us < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

// What a JSON value is called in a reason, from its kind.
std::string WithArticle(const std::string& kind) {
  return fmt::format("concat(CASE WHEN {0} IN ('array', 'object') THEN 'an ' ELSE 'a ' END, {0})", kind);
}

// The SQL of one column: names v (its value, not null), k (the kind of that), t (the value as a type of SQL), r (the
// reason why it is refused), each with the column's number.
class ColumnRule {
 public:
  ColumnRule(const EventShape& shape, size_t index)
      : shape_(shape), column_(shape.columns[index]), index_(std::to_string(index)) {}

  std::string V() const { return "v" + index_; }
  std::string K() const { return "k" + index_; }
  std::string T() const { return "t" + index_; }
  std::string R() const { return "r" + index_; }
  std::string C() const { return "c" + index_; }

  std::string Value() const {
    std::string name = SparkLiteral(column_.name);
    std::string value = fmt::format("try_element_at(f_top, {})", name);
    if (column_.nested) value = fmt::format("coalesce({}, try_element_at(f_nested, {}))", value, name);
    return fmt::format("CASE WHEN is_variant_null({0}) THEN NULL ELSE {0} END", value);
  }

  std::string KindOfValue() const {
    return fmt::format(
        "CASE WHEN {0} IS NULL THEN NULL WHEN schema_of_variant({0}) LIKE 'OBJECT<%' THEN 'object' "
        "WHEN schema_of_variant({0}) LIKE 'ARRAY<%' THEN 'array' WHEN schema_of_variant({0}) = 'STRING' THEN 'string' "
        "WHEN schema_of_variant({0}) = 'BOOLEAN' THEN 'boolean' ELSE 'number' END",
        V());
  }

  std::string Typed() const {
    std::string text = fmt::format("try_variant_get({}, '$', 'string')", V());
    switch (column_.type.kind) {
      case Kind::kString:
        return fmt::format("CASE WHEN {} = 'string' THEN {} END", K(), text);
      case Kind::kBoolean:
        return fmt::format("CASE WHEN {} = 'boolean' THEN try_variant_get({}, '$', 'boolean') END", K(), V());
      case Kind::kTimestamp: {
        // Behind a line's end a pattern's end would match, too.
        const char* pattern =
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?$";
        return fmt::format(
            "CASE WHEN {0} = 'string' AND {1} RLIKE '{2}' AND NOT contains({1}, chr(10)) THEN try_cast(CASE WHEN {1} "
            "RLIKE '(Z|[+-][0-9]{{2}}:[0-9]{{2}})$' THEN {1} ELSE concat({1}, '{3}') END AS TIMESTAMP) END",
            K(), text, pattern, ZoneOf(shape_.zone_offset_us));
      }
      default:
        return fmt::format("CASE WHEN {} = 'number' THEN try_variant_get({}, '$', 'decimal(38,{})') END", K(), V(),
                           kScaleMax);
    }
  }

  std::string Reason() const {
    std::vector<std::string> cases = {
        fmt::format("WHEN {} IS NULL THEN NULL", V()),
        fmt::format("WHEN {} <> '{}' THEN concat({}, ' must be a {}, it is ', {})", K(), WantedKind(),
                    SparkLiteral(column_.name), WantedKind(), WithArticle(K()))};
    AddCases(cases);
    return fmt::format("CASE {} END", fmt::join(cases, " "));
  }

  std::string Cast() const {
    return fmt::format("CASE WHEN {} IS NULL THEN try_cast({} AS {}) END", R(), T(),
                       base::FormatDeltaType(column_.type));
  }

  // Reasons that concern the event as a whole.
  std::string Missing(const ColumnRule& type) const {
    std::string condition;
    if (column_.required) {
      condition = "TRUE";
    } else if (!column_.required_for.empty()) {
      std::vector<std::string> types;
      for (const auto& name : column_.required_for) types.push_back(SparkLiteral(name));
      condition = fmt::format("{} IS NULL AND {} IN ({})", type.R(), type.T(), fmt::join(types, ", "));
    } else {
      return "";
    }
    return fmt::format("CASE WHEN {} IS NULL AND {} THEN {} END", V(), condition,
                       SparkLiteral(column_.name + " is missing"));
  }

  std::string StandsTwice() const {
    if (!column_.nested) return "";
    std::string name = SparkLiteral(column_.name);
    return fmt::format("CASE WHEN map_contains_key(f_top, {0}) AND map_contains_key(f_nested, {0}) THEN {1} END", name,
                       SparkLiteral("a field stands twice: " + column_.name));
  }

 private:
  const char* WantedKind() const {
    if (column_.type.kind == Kind::kBoolean) return "boolean";
    return column_.type.kind == Kind::kString || column_.type.kind == Kind::kTimestamp ? "string" : "number";
  }

  std::string Refuse(const std::string& condition, const std::string& why) const {
    // What the value was may be known to few.
    std::string value = column_.personal ? "'***'" : Shown(fmt::format("try_variant_get({}, '$', 'string')", V()));
    return fmt::format("WHEN {} THEN concat({}, {})", condition, SparkLiteral(column_.name + " " + why + ": "), value);
  }

  void AddCases(std::vector<std::string>& cases) const {
    switch (column_.type.kind) {
      case Kind::kBoolean:
        break;
      case Kind::kTimestamp:
        cases.push_back(Refuse(T() + " IS NULL", "must be a time such as 2023-12-28T10:15:00"));
        break;
      case Kind::kString:
        AddTextCases(cases);
        break;
      default:
        AddNumberCases(cases);
    }
  }

  void AddTextCases(std::vector<std::string>& cases) const {
    if (column_.digits > 0) {
      cases.push_back(
          Refuse(fmt::format("octet_length({0}) <> {1} OR translate({0}, '0123456789', '') <> ''", T(), column_.digits),
                 fmt::format("must be {} digits", column_.digits)));
    } else if (!column_.values.empty()) {
      std::vector<std::string> values;
      for (const auto& value : column_.values) values.push_back(SparkLiteral(value));
      cases.push_back(
          Refuse(fmt::format("{} NOT IN ({})", T(), fmt::join(values, ", ")), "is none of the values that there are"));
    }
  }

  void AddNumberCases(std::vector<std::string>& cases) const {
    bool is_whole = column_.type.kind != Kind::kDecimal;
    int scale = is_whole ? 0 : column_.type.scale;
    cases.push_back(Refuse(fmt::format("{0} IS NULL OR {0} <> round({0}, {1}) OR try_cast({0} AS {2}) IS NULL", T(),
                                       scale, base::FormatDeltaType(column_.type)),
                           is_whole ? "must be a whole number"
                                    : fmt::format("must have {} digits at most, {} of them after the point",
                                                  column_.type.precision, scale)));
    std::vector<std::string> beyond;
    if (column_.range_min) beyond.push_back(fmt::format("{} < {}", T(), Decimal(*column_.range_min, scale)));
    if (column_.range_max) beyond.push_back(fmt::format("{} > {}", T(), Decimal(*column_.range_max, scale)));
    if (!beyond.empty())
      cases.push_back(Refuse(fmt::format("{}", fmt::join(beyond, " OR ")), "is beyond what is possible"));
  }

  const EventShape& shape_;
  const EventColumn& column_;
  const std::string index_;
};

// One SELECT on top of another: what it has, and more.
class Layers {
 public:
  explicit Layers(std::string innermost) : sql_(std::move(innermost)) {}
  void Add(const std::vector<std::string>& columns) {
    sql_ = fmt::format("SELECT *, {} FROM ({})", fmt::join(columns, ", "), sql_);
  }
  const std::string& sql() const { return sql_; }

 private:
  std::string sql_;
};

// How deep arrays and objects stand in each other, counted only where there are enough of them.
std::string Depth(int depth_max) {
  // Without the texts, in which a bracket is none.
  const char* bare = R"(regexp_replace(m_text, '"(?:[^"\\\\]++|\\\\.)*+"', ''))";
  return fmt::format(
      "CASE WHEN char_length(m_text) - char_length(translate(m_text, '{{[', '')) > {0} THEN "
      "aggregate(split(regexp_replace({1}, '[^\\\\[\\\\]{{}}]', ''), ''), named_struct('now', 0, 'most', 0), "
      "(a, c) -> named_struct('now', a.now + CASE WHEN c IN ('{{', '[') THEN 1 WHEN c = '' THEN 0 ELSE -1 END, "
      "'most', greatest(a.most, a.now + CASE WHEN c IN ('{{', '[') THEN 1 ELSE 0 END)), a -> a.most) ELSE 0 END",
      depth_max, bare);
}

std::string NamesOf(const EventShape& shape, bool nested) {
  std::vector<std::string> names;
  for (const auto& column : shape.columns) {
    if (!nested || column.nested) names.push_back(SparkLiteral(column.name));
  }
  if (!nested && !shape.nested.empty()) names.push_back(SparkLiteral(shape.nested));
  return names.empty() ? "''" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

// A backslash begins an escape there.
std::string SparkLiteral(std::string_view text) {
  std::string literal = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') literal.push_back('\\');
    literal.push_back(c);
  }
  return literal + "'";
}

std::string RuleSql(const EventShape& shape, const std::string& messages) {
  std::vector<ColumnRule> rules;
  for (size_t i = 0; i < shape.columns.size(); ++i) rules.emplace_back(shape, i);
  const auto& type = rules[shape.type_column];
  const auto& time = rules[shape.time_column];
  std::string time_name = shape.columns[shape.time_column].name;

  // A producer's own time may be anything; none makes the future come earlier.
  Layers layers(fmt::format(
      "SELECT key AS m_key, value AS m_value, topic AS m_topic, partition AS m_partition, offset AS m_offset, CASE "
      "WHEN "
      "timestamp >= TIMESTAMP'1970-01-01 00:00:00' THEN least(timestamp, current_timestamp()) ELSE current_timestamp() "
      "END AS m_time, CAST(value AS STRING) AS m_text FROM {}",
      messages));
  layers.Add({fmt::format("m_value IS NOT NULL AND octet_length(m_value) <= {} AND is_valid_utf8(m_text) AS is_text",
                          shape.bytes_max)});
  // Spark's parser ends with the first value. In brackets, what follows it breaks them; but for a bracket that follows,
  // which breaks braces.
  layers.Add({"CASE WHEN is_text THEN try_parse_json(concat('[', m_text, ']')) END AS p_list",
              fmt::format("CASE WHEN is_text THEN {} ELSE 0 END AS p_depth", Depth(shape.depth_max))});
  layers.Add(
      {"CASE WHEN try_variant_get(p_list, '$[1]', 'variant') IS NOT NULL OR (contains(m_text, ']') AND "
       "try_parse_json(concat('{\"\":', m_text, '}')) IS NULL) THEN NULL ELSE try_variant_get(p_list, '$[0]', "
       "'variant') END AS p_json"});
  layers.Add(
      {fmt::format("CASE WHEN p_depth <= {} THEN try_variant_get(p_json, '$', 'map<string,variant>') END AS f_top",
                   shape.depth_max)});
  layers.Add({fmt::format("try_variant_get(try_element_at(f_top, {}), '$', 'map<string,variant>') AS f_nested",
                          SparkLiteral(shape.nested))});

  std::vector<std::string> values;
  std::vector<std::string> kinds;
  std::vector<std::string> typed;
  std::vector<std::string> refused;
  std::vector<std::string> whole;
  std::vector<std::string> reasons;
  std::vector<std::string> columns;
  for (const auto& rule : rules) {
    values.push_back(rule.Value() + " AS " + rule.V());
    kinds.push_back(rule.KindOfValue() + " AS " + rule.K());
    typed.push_back(rule.Typed() + " AS " + rule.T());
    refused.push_back(rule.Reason() + " AS " + rule.R());
    columns.push_back(rule.Cast() + " AS " + rule.C());
    reasons.push_back(rule.R());
    for (auto reason : {rule.StandsTwice(), rule.Missing(type)}) {
      if (!reason.empty()) whole.push_back(reason);
    }
  }
  if (!shape.nested.empty()) {
    whole.push_back(
        fmt::format("CASE WHEN map_contains_key(f_top, {0}) AND f_nested IS NULL AND NOT "
                    "is_variant_null(try_element_at(f_top, {0})) "
                    "THEN {1} END",
                    SparkLiteral(shape.nested), SparkLiteral(shape.nested + " must be an object")));
  }
  whole.push_back(fmt::format(
      "CASE WHEN {} IS NULL AND {} < CAST({} AS TIMESTAMP) THEN concat({}, {}) END", time.R(), time.T(),
      SparkLiteral(base::FormatTimestamp(shape.earliest)),
      SparkLiteral(fmt::format("{} is before {}: ", time_name, base::FormatTimestamp(shape.earliest))), time.T()));
  whole.push_back(fmt::format(
      "CASE WHEN {0} IS NULL AND {1} > m_time + make_dt_interval(0, 0, 0, {2}) THEN concat({3}, {1}) END", time.R(),
      time.T(), shape.ahead_max_us / 1'000'000,
      SparkLiteral(fmt::format("{} is more than {} hours ahead of the time at which the message was taken in: ",
                               time_name, shape.ahead_max_us / (3600 * int64_t{1'000'000})))));
  reasons.insert(reasons.end(), whole.begin(), whole.end());

  layers.Add(values);
  layers.Add(kinds);
  layers.Add(typed);
  layers.Add(refused);
  std::string rest = fmt::format("map_filter(f_top, (name, value) -> name NOT IN ({}))", NamesOf(shape, false));
  std::string nested_rest =
      fmt::format("map_filter(f_nested, (name, value) -> name NOT IN ({}))", NamesOf(shape, true));
  layers.Add({rest + " AS f_rest", nested_rest + " AS f_nested_rest"});
  columns.push_back(
      fmt::format("CASE WHEN cardinality(f_nested_rest) > 0 THEN to_json(map_concat(f_rest, map({}, "
                  "to_variant_object(f_nested_rest)))) "
                  "WHEN cardinality(f_rest) > 0 THEN to_json(f_rest) END AS rescued",
                  SparkLiteral(shape.nested)));
  columns.push_back(fmt::format(
      "CASE WHEN m_value IS NULL THEN array('the message has no value') "
      "WHEN octet_length(m_value) > {0} THEN array(concat('the message is larger than {0} bytes: ', "
      "octet_length(m_value))) "
      "WHEN NOT is_text THEN array('the message is not JSON, it is not UTF-8') "
      "WHEN substr(m_value, 1, 1) = X'00' THEN array('the message begins with a schema\\'s id, and a stream on Spark "
      "asks no registry') "
      "WHEN p_depth > {1} THEN array('arrays and objects stand deeper in each other than {1}') "
      "WHEN p_json IS NULL THEN array('the message is not JSON, or a field stands twice in an object of it') "
      "WHEN f_top IS NULL THEN array(concat('the message is JSON but no object: ', {2})) "
      "ELSE array_compact(array({3})) END AS reasons",
      shape.bytes_max, shape.depth_max, Shown("m_text"), fmt::join(reasons, ", ")));
  layers.Add(columns);
  layers.Add({"cardinality(reasons) = 0 AS is_valid_event"});
  std::vector<std::string> answer;
  for (const auto& rule : rules) answer.push_back(rule.C());
  return fmt::format(
      "SELECT {}, rescued, reasons, is_valid_event, m_key, m_value, m_topic, m_partition, m_offset, m_time FROM ({})",
      fmt::join(answer, ", "), layers.sql());
}

}  // namespace qlake::events
