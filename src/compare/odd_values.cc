#include "compare/odd_values.h"

#include <fmt/format.h>

namespace qlake::compare {

std::optional<std::string> OddValues::Text() {
  switch (Number(0, 7)) {
    case 0:
      return Number(0, 3) == 0 ? std::nullopt : std::optional(NumberText());
    case 1:
      return DateText();
    case 2:
      return EmailText();
    case 3:
      return AddressText();
    default:
      return Pieces(Number(0, 8));
  }
}

int64_t OddValues::Number(int64_t min, int64_t max) {
  return std::uniform_int_distribution<int64_t>(min, max)(random_);
}

std::string OddValues::Amount() {
  int64_t digits = Number(0, 16);
  int64_t limit = 1;
  for (int64_t i = 0; i < digits; ++i) limit *= 10;
  int64_t value = Number(0, limit);
  return fmt::format("{}.{:04}", value / 10000, value % 10000);
}

std::string OddValues::Pick(const std::vector<std::string>& of) {
  return of[static_cast<size_t>(Number(0, static_cast<int64_t>(of.size()) - 1))];
}

std::string OddValues::Blank() { return Pick({"", "", " ", "\t", "\n", " \t "}); }

std::string OddValues::NumberText() {
  return Pick({"", "", "+", "-", "+-"}) + std::to_string(Number(0, 1) == 0 ? Number(0, 99999) : Number(0, INT64_MAX)) +
         Pick({"", "", ".", ".0", ".50", ".123", ".1230000", "0", "5807", " ", "\n", "e3"});
}

std::string OddValues::DateText() {
  return Blank() +
         fmt::format("{:0{}}-{:0{}}-{:0{}}", Number(0, 3000), Number(1, 5), Number(0, 13), Number(1, 3), Number(0, 32),
                     Number(1, 2)) +
         Pick({"", "", "", " ", "\n", "x", "-1"});
}

std::string OddValues::EmailText() {
  std::string text = Blank() + Pick({"a.b", "A+b%c", "_x-1", "é", ""}) + Pick({"@", "@", "@", "@@", ""});
  for (int64_t labels = Number(0, 4); labels >= 0; --labels) {
    text += Pick({"gmail", "a-b", "x1", "com", "comm", "c", "co9m", "-", ""}) + Pick({".", ".", ".", "", ".."});
  }
  return text + Pick({"com", "comm", "comm.", "c", "com\"]x", "com;", "com\n", "comé"});
}

std::string OddValues::AddressText() {
  std::string text;
  for (int64_t parts = Number(0, 6); parts >= 0; --parts) text += Pieces(Number(0, 2)) + Pick({"/", "/", "//", ""});
  return text;
}

std::string OddValues::Pieces(int64_t count) {
  static const std::vector<std::string> pieces = {"a",
                                                  "B",
                                                  "9",
                                                  ".",
                                                  "-",
                                                  "_",
                                                  "%",
                                                  "+",
                                                  "@",
                                                  "com",
                                                  ".comm",
                                                  "/",
                                                  " ",
                                                  "\t",
                                                  "\n",
                                                  "\r",
                                                  "\"",
                                                  "'",
                                                  "\\",
                                                  "é",
                                                  "ſ",
                                                  "İ",
                                                  "K",
                                                  "日本",
                                                  "😀",
                                                  "0",
                                                  "12",
                                                  "-5",
                                                  "yes",
                                                  "NO",
                                                  "True",
                                                  "f",
                                                  "t",
                                                  "Y",
                                                  "n",
                                                  ",",
                                                  ";",
                                                  "$",
                                                  "\u00a0",
                                                  "\u2003",
                                                  "e5",
                                                  "\x01",
                                                  "\x1f",
                                                  "\x1e",
                                                  "null",
                                                  "2024-02-29",
                                                  "421 1/2 6th Street Southeast",
                                                  "Washington",
                                                  "DC",
                                                  "20003",
                                                  "a long text of some sixty characters"};
  std::string text;
  for (; count > 0; --count) text += Pick(pieces);
  return text;
}

OddRows MakeOddRows(OddValues& values, int64_t count) {
  OddRows rows;
  for (int64_t n = 0; n < count; ++n) {
    rows.push_back({std::to_string(n), values.Text(), values.Amount(), values.Amount(),
                    std::to_string(values.Number(-4'000'000'000'000'000, 8'000'000'000'000'000))});
  }
  return rows;
}

void FillOddRows(engine::Engine& engine, const OddRows& rows) {
  const base::ColumnType text{base::ColumnType::Kind::kString};
  const base::ColumnType number{base::ColumnType::Kind::kLong};
  engine.FillTable("odd.given", {{"n", number}, {"x", text}, {"part", text}, {"whole", text}, {"us", number}}, rows);
  bool is_duckdb = engine.name() == "duckdb";
  engine.DefineView(
      "odd.rows",
      fmt::format("SELECT n, x, CAST(part AS DECIMAL(38,4)) AS part, CAST(CAST(whole AS DECIMAL(38,4)) + CAST(part AS "
                  "DECIMAL(38,4)) AS DECIMAL(38,4)) AS whole, CAST(CAST(part AS DECIMAL(38,4)) - CAST(whole AS "
                  "DECIMAL(38,4)) AS DECIMAL(38,2)) AS total, {} AS t, CAST({} AS DATE) AS d FROM odd.given",
                  is_duckdb ? "make_timestamptz(us)" : "timestamp_micros(us)",
                  is_duckdb ? "make_timestamp(us)" : "timestamp_micros(us)"));
}

}  // namespace qlake::compare
