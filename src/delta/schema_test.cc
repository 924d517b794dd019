#include "delta/schema.h"

#include <gtest/gtest.h>

#include "delta/test_table.h"

namespace qlake::delta {
namespace {

using base::ErrorKind;
using Kind = DataType::Kind;

constexpr const char* kPlain = R"({"minReaderVersion":1,"minWriterVersion":2})";
constexpr const char* kMapped = R"({"minReaderVersion":2,"minWriterVersion":5})";

std::vector<Field> Parse(const std::string& fields, const std::string& protocol = kPlain,
                         const std::string& mode = "none") {
  TestTable table;
  base::Json metadata = {{"id", "m"},
                         {"schemaString", R"({"type":"struct","fields":[)" + fields + "]}"},
                         {"configuration", {{"delta.columnMapping.mode", mode}}}};
  table.WriteCommit(0, "{\"protocol\":" + protocol + "}\n" + base::Json{{"metaData", metadata}}.dump());
  return ParseSchema(table.Load());
}

std::string FieldJson(const std::string& name, const std::string& type, const std::string& metadata = "{}") {
  return R"({"name":")" + name + R"(","type":)" + type + R"(,"nullable":true,"metadata":)" + metadata + "}";
}

TEST(SchemaTest, EveryPrimitiveTypeIsKnown) {
  std::string fields;
  for (const char* type : {"boolean", "byte", "short", "integer", "long", "float", "double", "decimal(38,18)", "string",
                           "binary", "date", "timestamp", "timestamp_ntz"}) {
    fields += (fields.empty() ? "" : ",") + FieldJson(type, std::string("\"") + type + "\"");
  }
  std::vector<Field> columns = Parse(fields);
  ASSERT_EQ(columns.size(), 13u);
  EXPECT_EQ(columns[0].type.kind, Kind::kBoolean);
  EXPECT_EQ(columns[7].type.precision, 38);
  EXPECT_EQ(columns[7].type.scale, 18);
  EXPECT_EQ(columns[12].type.kind, Kind::kTimestampNtz);
  EXPECT_EQ(columns[12].physical_name, "timestamp_ntz");
}

constexpr const char* kNested =
    R"({"type":"map","keyType":"string","valueContainsNull":true,"valueType":{"type":"array","containsNull":true,"elementType":)"
    R"({"type":"struct","fields":[{"name":"in","type":"date","nullable":true,"metadata":)"
    R"({"delta.columnMapping.id":2,"delta.columnMapping.physicalName":"col-2"}}]}}})";

TEST(SchemaTest, TypesNest) {
  Field column = Parse(FieldJson("out", kNested)).at(0);
  EXPECT_EQ(column.type.kind, Kind::kMap);
  EXPECT_EQ(column.type.fields[0].type.kind, Kind::kString);
  const DataType& element = column.type.fields[1].type.fields[0].type;
  EXPECT_EQ(element.kind, Kind::kStruct);
  EXPECT_EQ(element.fields[0].name, "in");
  EXPECT_EQ(element.fields[0].physical_name, "in");
  EXPECT_EQ(element.fields[0].type.kind, Kind::kDate);
}

TEST(SchemaTest, MappedColumnsHaveTheirPhysicalNamesAndIds) {
  std::string field =
      FieldJson("out", kNested, R"({"delta.columnMapping.id":1,"delta.columnMapping.physicalName":"col-1"})");
  for (const char* mode : {"name", "id"}) {
    Field column = Parse(field, kMapped, mode).at(0);
    const Field& inner = column.type.fields[1].type.fields[0].type.fields[0];
    EXPECT_EQ(column.physical_name, "col-1");
    EXPECT_EQ(inner.physical_name, "col-2");
    bool by_id = mode == std::string("id");
    EXPECT_EQ(column.id, by_id ? std::optional(1) : std::nullopt);
    EXPECT_EQ(inner.id, by_id ? std::optional(2) : std::nullopt);
  }
  EXPECT_EQ(Parse(field, kPlain, "name").at(0).physical_name, "out");
  EXPECT_NE(ErrorOf(ErrorKind::kCorrupt, [] { Parse(FieldJson("a", "\"long\""), kMapped, "name"); }).find("\"a\""),
            std::string::npos);
}

TEST(SchemaTest, ATypeThatIsNotSupportedIsRefusedByTheColumnsName) {
  for (const char* type : {"\"variant\"", "\"void\"", "\"decimal(39,1)\"", "\"decimal(5,6)\"", "\"int\"",
                           R"({"type":"struct","fields":[]})", R"({"type":"udt","sqlType":"long"})"}) {
    std::string message = ErrorOf(ErrorKind::kInput, [&] {
      Parse(FieldJson("out", R"({"type":"array","containsNull":true,"elementType":)" + std::string(type) + "}"));
    });
    EXPECT_NE(message.find("\"out.element\" is " + base::Json::parse(type).dump()), std::string::npos) << message;
  }
  std::string deep = "\"long\"";
  for (int i = 0; i < 1000; ++i) deep = R"({"type":"array","containsNull":true,"elementType":)" + deep + "}";
  EXPECT_NE(ErrorOf(ErrorKind::kInput, [&] { Parse(FieldJson("a", deep)); }).find("nested too deeply"),
            std::string::npos);
}

TEST(SchemaTest, WideningsOfTheProtocolAreKnownAndOthersRefused) {
  auto message_for = [](const std::string& from, const std::string& to) {
    std::string changes = R"({"delta.typeChanges":[{"fromType":")" + from + R"(","toType":")" + to + R"("}]})";
    return ErrorOf(ErrorKind::kInput, [&] { Parse(FieldJson("a", "\"" + to + "\"", changes)); });
  };
  for (auto [from, to] : {std::pair("byte", "short"),
                          {"byte", "long"},
                          {"short", "integer"},
                          {"integer", "double"},
                          {"float", "double"},
                          {"date", "timestamp_ntz"},
                          {"decimal(5,2)", "decimal(7,4)"},
                          {"integer", "decimal(10,0)"},
                          {"long", "decimal(22,2)"}}) {
    EXPECT_EQ(message_for(from, to), "no error") << from << " " << to;
  }
  for (auto [from, to] : {std::pair("long", "integer"),
                          {"long", "double"},
                          {"string", "long"},
                          {"long", "string"},
                          {"decimal(5,2)", "decimal(6,4)"},
                          {"integer", "decimal(10,1)"},
                          {"date", "timestamp"}}) {
    EXPECT_NE(message_for(from, to).find("typeWidening"), std::string::npos) << from << " " << to;
  }
}

}  // namespace
}  // namespace qlake::delta
