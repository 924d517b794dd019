#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace qlake::run {

// What a user may still write to the disk that the folder lies on (or would: of an absent one the nearest folder above
// counts). Nothing for an address such as hdfs://... and where the system does not tell.
std::optional<uint64_t> FreeBytes(const std::string& folder);

// Throws Error{kIo} when less than that is free: a run that finds out half way leaves files behind that take even
// more. 0: never.
void RequireDiskSpace(const std::string& folder, uint64_t bytes_min);

}  // namespace qlake::run
