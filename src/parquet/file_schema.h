#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace qlake::parquet {

// A column of a Parquet file, or a part of one.
struct Node {
  enum class Form {
    kText,   // Bytes that the file says are text.
    kBytes,  // Bytes of which it says nothing.
    kOther,  // Any other value that is one.
    kStruct,
    kList,  // Of its one child.
    kMap,   // From its first child to its second.
  };
  std::string name;
  std::optional<int32_t> field_id;
  Form form = Form::kOther;
  std::string type;  // Of a value that is one, as Arrow names it: tells files of different types apart.
  std::vector<Node> children;

  bool operator==(const Node&) const = default;
};

using ReadRange = std::function<std::string(uint64_t offset, uint64_t length)>;

// The columns that the file's footer tells of, in whichever of the forms that writers have given lists and maps. Throws
// Error{kCorrupt} with `name` when it is no Parquet file.
std::vector<Node> ReadFileSchema(uint64_t file_bytes, const ReadRange& read, const std::string& name);

}  // namespace qlake::parquet
