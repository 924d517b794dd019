#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qlake::delta {

// The `path` of add and remove is a URI reference (PROTOCOL.md, "Add File and Remove File"): what a file is called on
// disk, percent-encoded. A partition folder whose own name holds an escape, "city=a%20b", is "city=a%2520b" in the log.
std::string EncodePath(std::string_view path);
// Nothing when a "%" is not followed by two hexadecimal digits.
std::optional<std::string> DecodePath(std::string_view encoded);

// Whether the encoded path is not relative to the table's folder: "/data/x.parquet", "s3://bucket/x.parquet".
bool IsAbsolutePath(std::string_view encoded);

}  // namespace qlake::delta
