#include "delta/action_json.h"

#include <simdjson.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/json.h"
#include "delta/path_encoding.h"

namespace qlake::delta {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// The action of one line. Reads each object's fields in one pass, whatever their order.
class LineParser {
 public:
  LineParser(const std::string& name, size_t line) : name_(name), line_(line) {}

  void Parse(element root, std::vector<Action>& actions) const {
    for (auto [kind, value] : Object("the line", root)) {
      if (value.is_null()) continue;
      if (kind == "add") {
        actions.emplace_back(ParseAdd(Object(kind, value)));
      } else if (kind == "remove") {
        actions.emplace_back(ParseRemove(Object(kind, value)));
      } else if (kind == "txn") {
        actions.emplace_back(ParseTransaction(Object(kind, value)));
      } else if (kind == "commitInfo") {
        actions.emplace_back(ParseCommitInfo(Object(kind, value)));
      } else if (kind == "metaData") {
        actions.emplace_back(ParseMetadata(Object(kind, value)));
      } else if (kind == "protocol") {
        actions.emplace_back(ParseProtocol(Object(kind, value)));
      } else if (kind == "sidecar") {
        actions.emplace_back(ParseSidecar(Object(kind, value)));
      }
    }
  }

  [[noreturn]] void Fail(std::string_view what) const {
    throw base::CorruptError("{}, line {}: {}", name_, line_, what);
  }

 private:
  AddFile ParseAdd(object fields) const {
    AddFile file;
    Require(fields, "add", {"path", "size"});
    for (auto [key, value] : fields) {
      if (value.is_null()) continue;
      if (key == "path") file.path = Path(value);
      if (key == "partitionValues") file.partition_values = Partition(value);
      if (key == "size") file.size_bytes = Long(key, value);
      if (key == "modificationTime") file.modification_time_ms = Long(key, value);
      if (key == "dataChange") file.data_change = Bool(key, value);
      if (key == "stats") file.stats = Text(key, value);
      if (key == "tags") file.tags = TextMap(key, value);
      if (key == "deletionVector") file.deletion_vector = ParseDeletionVector(Object(key, value));
    }
    return file;
  }

  RemoveFile ParseRemove(object fields) const {
    RemoveFile file;
    Require(fields, "remove", {"path"});
    for (auto [key, value] : fields) {
      if (value.is_null()) continue;
      if (key == "path") file.path = Path(value);
      if (key == "deletionTimestamp") file.deletion_timestamp_ms = Long(key, value);
      if (key == "dataChange") file.data_change = Bool(key, value);
      if (key == "partitionValues") file.partition_values = Partition(value);
      if (key == "size") file.size_bytes = Long(key, value);
      if (key == "deletionVector") file.deletion_vector = ParseDeletionVector(Object(key, value));
    }
    return file;
  }

  DeletionVector ParseDeletionVector(object fields) const {
    DeletionVector vector;
    Require(fields, "deletionVector", {"storageType", "pathOrInlineDv", "sizeInBytes", "cardinality"});
    for (auto [key, value] : fields) {
      if (value.is_null()) continue;
      if (key == "storageType") vector.storage_type = Text(key, value);
      if (key == "pathOrInlineDv") vector.path_or_inline = Text(key, value);
      if (key == "offset") vector.offset = Int(key, value);
      if (key == "sizeInBytes") vector.size_bytes = Int(key, value);
      if (key == "cardinality") vector.cardinality = Long(key, value);
    }
    return vector;
  }

  Sidecar ParseSidecar(object fields) const {
    Sidecar sidecar;
    Require(fields, "sidecar", {"path"});
    for (auto [key, value] : fields) {
      if (key == "path") sidecar.name = std::string(FileName(Path(value)));
    }
    return sidecar;
  }

  SetTransaction ParseTransaction(object fields) const {
    SetTransaction transaction;
    Require(fields, "txn", {"appId", "version"});
    for (auto [key, value] : fields) {
      if (value.is_null()) continue;
      if (key == "appId") transaction.app_id = Text(key, value);
      if (key == "version") transaction.version = Long(key, value);
      if (key == "lastUpdated") transaction.last_updated_ms = Long(key, value);
    }
    return transaction;
  }

  CommitInfo ParseCommitInfo(object fields) const {
    // Free form by the protocol: what is not of the type that we look for is as good as absent.
    CommitInfo info;
    bool has_in_commit_time = false;
    for (auto [key, value] : fields) {
      if (key == "timestamp" && value.is_int64() && !has_in_commit_time) {
        info.timestamp_ms = value.get_int64().value_unsafe();
      }
      if (key == "inCommitTimestamp" && value.is_int64()) {
        info.timestamp_ms = value.get_int64().value_unsafe();
        has_in_commit_time = true;
      }
      if (key == "txnId" && value.is_string()) info.txn_id = value.get_string().value_unsafe();
    }
    return info;
  }

  Metadata ParseMetadata(object fields) const {
    Metadata metadata;
    Require(fields, "metaData", {"id", "schemaString"});
    for (auto [key, value] : fields) {
      if (value.is_null()) continue;
      if (key == "id") metadata.id = Text(key, value);
      if (key == "name") metadata.name = Text(key, value);
      if (key == "description") metadata.description = Text(key, value);
      if (key == "schemaString") metadata.schema_json = Text(key, value);
      if (key == "partitionColumns") metadata.partition_columns = TextList(key, value);
      if (key == "configuration") metadata.configuration = TextMap(key, value);
      if (key == "createdTime") metadata.created_time_ms = Long(key, value);
    }
    return metadata;
  }

  Protocol ParseProtocol(object fields) const {
    Protocol protocol;
    Require(fields, "protocol", {"minReaderVersion", "minWriterVersion"});
    for (auto [key, value] : fields) {
      if (value.is_null()) continue;
      if (key == "minReaderVersion") protocol.min_reader_version = Int(key, value);
      if (key == "minWriterVersion") protocol.min_writer_version = Int(key, value);
      if (key == "readerFeatures") protocol.reader_features = TextList(key, value);
      if (key == "writerFeatures") protocol.writer_features = TextList(key, value);
    }
    return protocol;
  }

  void Require(object fields, std::string_view action, std::initializer_list<std::string_view> keys) const {
    for (std::string_view key : keys) {
      element value;
      if (fields.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) {
        Fail(fmt::format("the {} action lacks \"{}\"", action, key));
      }
    }
  }

  object Object(std::string_view key, element value) const { return As<object>(key, value, "an object"); }
  std::string Text(std::string_view key, element value) const {
    return std::string(As<std::string_view>(key, value, "a string"));
  }
  int64_t Long(std::string_view key, element value) const { return As<int64_t>(key, value, "an integer"); }
  bool Bool(std::string_view key, element value) const { return As<bool>(key, value, "true or false"); }

  int32_t Int(std::string_view key, element value) const {
    int64_t number = Long(key, value);
    if (number < 0 || number > std::numeric_limits<int32_t>::max()) Fail(fmt::format("{} is {}", key, number));
    return static_cast<int32_t>(number);
  }

  std::vector<std::string> TextList(std::string_view key, element value) const {
    std::vector<std::string> list;
    for (element item : As<simdjson::dom::array>(key, value, "an array")) list.push_back(Text(key, item));
    return list;
  }

  std::map<std::string, std::string> TextMap(std::string_view key, element value) const {
    std::map<std::string, std::string> map;
    for (auto [name, item] : Object(key, value)) {
      if (!item.is_null()) map.emplace(name, Text(name, item));
    }
    return map;
  }

  // An empty text stands for NULL too (PROTOCOL.md, "Partition Value Serialization").
  PartitionValues Partition(element value) const {
    PartitionValues values;
    for (auto [column, item] : Object("partitionValues", value)) {
      auto& text = values[std::string(column)];
      if (!item.is_null()) text = Text(column, item);
      if (text && text->empty()) text.reset();
    }
    return values;
  }

  std::string Path(element value) const {
    auto encoded = As<std::string_view>("path", value, "a string");
    auto path = DecodePath(encoded);
    if (!path || path->empty()) Fail(fmt::format("not a path: \"{}\"", encoded));
    return *std::move(path);
  }

  template <typename T>
  T As(std::string_view key, element value, std::string_view form) const {
    T result{};
    if (value.get(result) != simdjson::SUCCESS) Fail(fmt::format("{} is not {}", key, form));
    return result;
  }

  const std::string& name_;
  size_t line_;
};

std::string FormatLine(const char* kind, base::Json fields) {
  try {
    return base::Json{{kind, std::move(fields)}}.dump();
  } catch (const base::Json::exception& error) {
    throw base::InputError("cannot write a table's {} action, its text must be UTF-8: {}", kind, error.what());
  }
}

base::Json ToJson(const PartitionValues& values) {
  base::Json json = base::Json::object();
  for (const auto& [column, value] : values) json[column] = value ? base::Json(*value) : base::Json();
  return json;
}

base::Json ToJson(const DeletionVector& vector) {
  base::Json json = {{"storageType", vector.storage_type},
                     {"pathOrInlineDv", vector.path_or_inline},
                     {"sizeInBytes", vector.size_bytes},
                     {"cardinality", vector.cardinality}};
  if (vector.offset) json["offset"] = *vector.offset;
  return json;
}

base::Json ToJson(const std::map<std::string, std::string>& map) {
  base::Json json = base::Json::object();
  for (const auto& [key, value] : map) json[key] = value;
  return json;
}

}  // namespace

std::vector<Action> ParseActions(std::string text, const std::string& name) {
  const size_t size = text.size();
  text.append(simdjson::SIMDJSON_PADDING, '\0');  // simdjson reads past the end of what it parses.
  simdjson::dom::parser parser;
  std::vector<Action> actions;
  size_t line = 0;
  for (size_t start = 0; start < size;) {
    size_t end = std::min(text.find('\n', start), size);
    LineParser line_parser(name, ++line);
    std::string_view json(text.data() + start, end - start);
    start = end + 1;
    if (json.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    element root;
    auto error = parser.parse(json.data(), json.size(), /*realloc_if_needed=*/false).get(root);
    if (error != simdjson::SUCCESS) line_parser.Fail(fmt::format("not JSON ({})", simdjson::error_message(error)));
    line_parser.Parse(root, actions);
  }
  if (line == 0) throw base::CorruptError("{} is empty; a version of a table has at least one action", name);
  return actions;
}

std::string FormatAction(const Protocol& protocol) {
  base::Json fields = {{"minReaderVersion", protocol.min_reader_version},
                       {"minWriterVersion", protocol.min_writer_version}};
  if (protocol.min_reader_version >= 3) fields["readerFeatures"] = protocol.reader_features;
  if (protocol.min_writer_version >= 7) fields["writerFeatures"] = protocol.writer_features;
  return FormatLine("protocol", std::move(fields));
}

std::string FormatAction(const Metadata& metadata) {
  base::Json fields = {{"id", metadata.id}};
  if (!metadata.name.empty()) fields["name"] = metadata.name;
  if (!metadata.description.empty()) fields["description"] = metadata.description;
  fields["format"] = {{"provider", "parquet"}, {"options", base::Json::object()}};
  fields["schemaString"] = metadata.schema_json;
  fields["partitionColumns"] = metadata.partition_columns;
  fields["configuration"] = ToJson(metadata.configuration);
  fields["createdTime"] = metadata.created_time_ms;
  return FormatLine("metaData", std::move(fields));
}

std::string FormatAction(const SetTransaction& transaction) {
  base::Json fields = {{"appId", transaction.app_id}, {"version", transaction.version}};
  if (transaction.last_updated_ms != 0) fields["lastUpdated"] = transaction.last_updated_ms;
  return FormatLine("txn", std::move(fields));
}

std::string FormatAction(const RemoveFile& file) {
  base::Json fields = {{"path", EncodePath(file.path)},
                       {"deletionTimestamp", file.deletion_timestamp_ms},
                       {"dataChange", file.data_change},
                       {"extendedFileMetadata", true},
                       {"partitionValues", ToJson(file.partition_values)},
                       {"size", file.size_bytes}};
  if (file.deletion_vector) fields["deletionVector"] = ToJson(*file.deletion_vector);
  return FormatLine("remove", std::move(fields));
}

std::string FormatAction(const AddFile& file) {
  base::Json fields = {{"path", EncodePath(file.path)},
                       {"partitionValues", ToJson(file.partition_values)},
                       {"size", file.size_bytes},
                       {"modificationTime", file.modification_time_ms},
                       {"dataChange", file.data_change}};
  if (!file.stats.empty()) fields["stats"] = file.stats;
  if (!file.tags.empty()) fields["tags"] = ToJson(file.tags);
  if (file.deletion_vector) fields["deletionVector"] = ToJson(*file.deletion_vector);
  return FormatLine("add", std::move(fields));
}

std::string FormatAction(const ChangeFile& file) {
  return FormatLine("cdc", {{"path", EncodePath(file.path)},
                            {"partitionValues", ToJson(file.partition_values)},
                            {"size", file.size_bytes},
                            {"dataChange", false}});
}

}  // namespace qlake::delta
