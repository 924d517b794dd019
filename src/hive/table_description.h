#pragma once

#include <string>

#include "delta/schema.h"
#include "hive/metastore.h"
#include "hive/repair.h"

namespace qlake::hive {

// Keys of a table's properties.
inline constexpr const char* kLakeProperty = "qlake.lake";  // The lake that the table is of.
inline constexpr const char* kPublicationProperty = "qlake.publication";
inline constexpr const char* kPublishedAtProperty = "qlake.published_at";
inline constexpr const char* kVersionProperty = "qlake.version";     // Of the Delta table.
inline constexpr const char* kMovingToProperty = "qlake.moving_to";  // Only while partitions move.

// What the metastore is to say of the table, without its location. Throws Error{kInput} when Hive has no such types, or
// finds columns by other names than the files have.
HiveTable DescribeForHive(const PublishedTable& table, const std::string& database, const std::string& lake);
// The entry by which Spark finds the table: it reads the log itself, and so its newest version.
HiveTable DescribeForSpark(const PublishedTable& table, const std::string& database, const std::string& lake,
                           const std::string& location);

// Names as Hive keeps them.
std::string InSmallLetters(std::string name);

// The type in Hive's words: TIMESTAMP is a moment in the lake, and shown in the zone of the server by Hive.
std::string ToHiveType(const delta::Field& field);

}  // namespace qlake::hive
