#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qlake::delta {

// The `path` of add and remove is a URI reference (PROTOCOL.md, "Add File and Remove File"): what a file is called on
// disk, percent-encoded. A partition folder whose own name holds an escape, "city=a%20b", is "city=a%2520b" in the log.
// Decoded, a path is of one of three forms, and each file has one:
//   city=a%20b/x.parquet   relative to the table's folder
//   /data/x.parquet        absolute on the local disk; the log may say /data/x.parquet, file:/data/.., file:///data/..
//   s3://bucket/x.parquet  elsewhere
std::string EncodePath(std::string_view path);
// Nothing when a "%" is not followed by two hexadecimal digits.
std::optional<std::string> DecodePath(std::string_view encoded);

// What stands behind the last "/" of a decoded path.
std::string_view FileName(std::string_view path);

// The path of a table's file as a Storage takes it. Throws Error{kInput} when the file lies where a Storage cannot
// read.
std::string LocateFile(const std::string& table_path, std::string_view path);

}  // namespace qlake::delta
