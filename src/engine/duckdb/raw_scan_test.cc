#include "engine/duckdb/raw_scan.h"

#include <fmt/format.h>

#include "engine/duckdb/record_text.h"
#include "engine/duckdb/test_lake.h"

namespace qlake::engine {
namespace {

class RawScanTest : public LakeTest {
 protected:
  void Define(const std::vector<std::string>& files, rows::FileFormat format = rows::FileFormat::kCsv) {
    RawScan scan;
    scan.csv_shape.columns = {{"id", {}, true}, {"name", {"nmae"}, false}, {"city", {}, false}};
    scan.csv_shape.optional_trailing = {"city"};
    for (const auto& bytes : files) {
      std::string path = fmt::format("drop/{}.csv", scan.files.size());
      storage_->Write(path, bytes);
      scan.files.push_back({path, 0, bytes.size()});
      scan.formats.push_back(format);
    }
    database_->DefineRawScan("raw.people", std::move(scan));
  }
};

TEST_F(RawScanTest, AnAbsentFieldIsNullAndAnEmptyOneIsEmpty) {
  Define({"id,nmae,city\n1,,\n2,Ann\n"});
  EXPECT_EQ(Rows("SELECT id, name = '', city, _rescued, _file, _line, _error, _record FROM raw.people ORDER BY _line"),
            (std::vector<std::string>{"1|true||NULL|0|2|NULL|1,,", "2|false|NULL|NULL|0|3|NULL|2,Ann"}));
}

TEST_F(RawScanTest, ABadRowHasItsErrorAndItsRecordAndNoCells) {
  Define({"id,name,city\n1,Ann,Oslo,x\n2,B\xFF,Rome\n"});
  auto rows = Rows("SELECT id, _line, _error IS NULL, _record FROM raw.people ORDER BY _line");
  EXPECT_EQ(rows, (std::vector<std::string>{"NULL|2|false|1,Ann,Oslo,x", "NULL|3|false|2,B\\xFF,Rome"}));
}

TEST_F(RawScanTest, UnknownColumnsAreRescued) {
  Define({"id,name,city,logs\n1,Ann,Oslo,hi\n"});
  EXPECT_EQ(Rows("SELECT _rescued FROM raw.people"), std::vector<std::string>{R"({"logs":"hi"})"});
}

TEST_F(RawScanTest, EveryFileIsReadOnceByHoweverManyThreads) {
  std::vector<std::string> files;
  for (int file = 0; file < 40; ++file) {
    std::string bytes = "id,name,city\n";
    for (int row = 0; row < file * 100; ++row) bytes += fmt::format("{},n{},c\n", row, file);
    files.push_back(bytes);
  }
  Define(files);
  database_->Run("CREATE TABLE copied AS SELECT * FROM raw.people");
  EXPECT_EQ(Rows("SELECT count(*), count(DISTINCT (_file, _line)), sum(CAST(id AS BIGINT)) FROM copied"),
            Rows("SELECT sum(f * 100), sum(f * 100), sum(f * 100 * (f * 100 - 1) // 2) FROM range(40) r(f)"));
  EXPECT_EQ(Rows("SELECT count(*) FROM copied WHERE name <> 'n' || _file"), std::vector<std::string>{"0"});
}

TEST_F(RawScanTest, AScanOfNoColumnsStillCountsItsRows) {
  Define({"id,name,city\n1,a,b\n2,a,b\n", "id,name,city\n", ""});
  EXPECT_EQ(database_->QueryInteger("SELECT count(*) FROM raw.people"), 2);
}

TEST_F(RawScanTest, AScanOfNoFilesIsEmpty) {
  Define({});
  EXPECT_EQ(database_->QueryInteger("SELECT count(*) FROM raw.people WHERE id = '1'"), 0);
}

TEST_F(RawScanTest, ProgressEndsAtAllBytesAndRows) {
  std::string bytes = "id,name,city\n";
  for (int row = 0; row < 10000; ++row) bytes += fmt::format("{},n,c\n", row);
  Define({bytes, bytes});
  database_->Run("CREATE TABLE copied AS SELECT id FROM raw.people");
  auto progress = database_->progress();
  EXPECT_EQ(progress.bytes_total, 2 * bytes.size());
  EXPECT_EQ(progress.bytes_done, 2 * bytes.size());
  EXPECT_EQ(progress.rows_done, 20000);
}

TEST_F(RawScanTest, APartOfALargeFileIsMappedFromItsOffset) {
  std::string head(5000, 'x');
  std::string bytes = "id,name,city\n";
  while (bytes.size() < 3 << 20) bytes += "1,name,city\n";
  storage_->Write("container", head + bytes + head);
  RawScan scan;
  scan.csv_shape.columns = {{"id", {}, true}, {"name", {}, false}, {"city", {}, false}};
  scan.files = {{"container", head.size(), bytes.size()}};
  scan.formats = {rows::FileFormat::kCsv};
  database_->DefineRawScan("raw.people", scan);
  EXPECT_EQ(database_->QueryInteger("SELECT count(*) FROM raw.people WHERE _error IS NULL"),
            static_cast<int64_t>((bytes.size() - 13) / 12));
}

TEST_F(RawScanTest, AFileThatShrankIsCorruptAndOneThatIsGoneIsAnIoError) {
  std::string bytes = "id,name,city\n" + std::string(2 << 20, '1') + "\n";
  Define({bytes});
  storage_->Write("drop/0.csv", bytes.substr(0, 100));
  ExpectError(base::ErrorKind::kCorrupt, "is shorter than", [&] { Rows("SELECT * FROM raw.people"); });
  Define({"id,name,city\n1,a,b\n"});
  storage_->Remove("drop/0.csv");
  ExpectError(base::ErrorKind::kIo, "drop/0.csv", [&] { Rows("SELECT * FROM raw.people"); });
  ExpectError(base::ErrorKind::kInput, "nowhere", [&] { Rows("SELECT * FROM nowhere"); });
}

TEST_F(RawScanTest, JsonLinesHaveTheSameColumns) {
  Define({"{\"id\": 1, \"nmae\": \"Ann\", \"age\": 7}\n{\"id\": \"2\", \"city\": null}\n"},
         rows::FileFormat::kJsonLines);
  EXPECT_EQ(Rows("SELECT id, name, city, _rescued FROM raw.people ORDER BY _line"),
            (std::vector<std::string>{"1|Ann|NULL|{\"age\":\"7\"}", "2|NULL|NULL|NULL"}));
}

class ChosenRecordsTest : public RawScanTest {
 protected:
  // Where each row of the file stands: the position of a reader before it.
  static std::vector<RecordPlace> PlacesOf(const std::string& bytes, const rows::RowShape& shape, uint32_t file) {
    std::vector<RecordPlace> places;
    rows::Reader reader(bytes, shape);
    rows::Row row;
    for (auto before = reader.position(); reader.Next(row); before = reader.position()) {
      places.push_back({file, row.line, before});
    }
    return places;
  }

  void Write(const std::vector<std::string>& files, rows::FileFormat format) {
    scan_.csv_shape.columns = {{"id", {}, true}, {"name", {}, false}};
    scan_.csv_shape.format = format;
    for (const auto& bytes : files) {
      std::string path = fmt::format("drop/{}", scan_.files.size());
      storage_->Write(path, bytes);
      places_.push_back(PlacesOf(bytes, scan_.csv_shape, static_cast<uint32_t>(scan_.files.size())));
      scan_.files.push_back({path, 0, bytes.size()});
      scan_.formats.push_back(format);
    }
    database_->DefineRawScan("raw.all_rows", scan_);
  }

  void Choose(std::vector<RecordPlace> places) {
    scan_.places = std::move(places);
    database_->DefineRawScan("raw.chosen", scan_);
  }

  // Each record by itself, then each pair of them: nothing but what was chosen, as the whole file gives it.
  void ExpectChosenRecords() {
    for (const auto& places : places_) {
      for (size_t i = 0; i < places.size(); ++i) {
        for (size_t j = i; j < places.size(); ++j) {
          auto chosen = i == j ? std::vector{places[i]} : std::vector{places[i], places[j]};
          // The second one is found from the first one's place, too.
          if ((i + j) % 3 == 0) chosen.back().from = places[i].from;
          Choose(chosen);
          ASSERT_EQ(Rows("FROM raw.chosen ORDER BY _line"),
                    Rows(fmt::format("FROM raw.all_rows WHERE _file = {} AND _line IN ({}, {}) ORDER BY _line",
                                     places[i].file, places[i].line, places[j].line)));
        }
      }
    }
  }

  RawScan scan_;
  std::vector<std::vector<RecordPlace>> places_;  // Of all rows of each file.
};

TEST_F(ChosenRecordsTest, AreFoundBehindBlankLinesLongRecordsAndBadOnes) {
  Write({"\xEF\xBB\xBFid,name\r\n1,a\r\n\r\n\r\n2,\"two\r\nlines, \"\"quoted\"\"\"\r\n3,b,what\r\n\n4,\"never "
         "closed\r\n5,e\r\n"
         "6,\xFF\r\n7,\"g\n\nh\"\r\n8",
         "id,name\n\n1,\"a\n\nb\"\n2,c"},
        rows::FileFormat::kCsv);
  ExpectChosenRecords();
}

TEST_F(ChosenRecordsTest, AreFoundInJsonLines) {
  Write({"\xEF\xBB\xBF\n{\"id\": 1, \"name\": \"a\\nb\"}\n \t\n{\"id\": 2\n[]\r\n\r\n{\"id\": \"\xFF\"}\n{\"name\": "
         "null, \"x\": 7}"},
        rows::FileFormat::kJsonLines);
  ExpectChosenRecords();
}

TEST_F(ChosenRecordsTest, AFileWithoutAHeaderIsOneOfThem) {
  Write({"what\n1\n", "id,name\n1,a\n"}, rows::FileFormat::kCsv);
  Choose({places_[0][0], places_[1][0]});
  EXPECT_EQ(Rows("SELECT _file, _line, _error IS NULL FROM raw.chosen ORDER BY ALL"),
            (std::vector<std::string>{"0|1|false", "1|2|true"}));
}

TEST_F(ChosenRecordsTest, FilesWithoutAnyAreNotRead) {
  Write({"id,name\n1,a\n", "id,name\n2,b\n3,c\n", "id,name\n4,d\n"}, rows::FileFormat::kCsv);
  storage_->Remove("drop/0");
  storage_->Remove("drop/2");
  Choose({places_[1][1]});
  EXPECT_EQ(Rows("SELECT id, _file, _line FROM raw.chosen"), std::vector<std::string>{"3|1|3"});
  Choose({});
  EXPECT_EQ(database_->QueryInteger("SELECT count(*) FROM raw.chosen"), 0);
}

TEST_F(ChosenRecordsTest, ARecordThatIsGoneIsAFileThatChanged) {
  Write({"id,name\n1,a\n2,b\n"}, rows::FileFormat::kCsv);
  Choose({{0, 4, {0, 1}}});
  ExpectError(base::ErrorKind::kCorrupt, "drop/0 has no record at line 4 any more",
              [&] { Rows("SELECT id FROM raw.chosen"); });
}

TEST(RecordTextTest, OnlyWhatIsNoTextIsEscaped) {
  std::string buffer;
  EXPECT_EQ(EscapeRecord("K\xC3\xB6ln \xF0\x9F\x98\x80", buffer), "K\xC3\xB6ln \xF0\x9F\x98\x80");
  EXPECT_EQ(EscapeRecord(std::string_view("a\0b", 3), buffer), "a\\x00b");
  EXPECT_EQ(EscapeRecord("\xC3", buffer), "\\xC3");
  EXPECT_EQ(EscapeRecord("\xC0\x80|\xED\xA0\x80|\xF4\x90\x80\x80", buffer),
            "\\xC0\\x80|\\xED\\xA0\\x80|\\xF4\\x90\\x80\\x80");
}

}  // namespace
}  // namespace qlake::engine
