#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/column_type.h"

namespace qlake::events {

// A field of an event that has a column of its own.
struct EventColumn {
  std::string name;       // Of the field and of the column.
  base::ColumnType type;  // kString, kBoolean, kInteger, kLong, kDecimal up to 18 digits, kTimestamp.
  bool nested = false;    // It may stand in the event's nested object, too.
  bool required = false;
  std::vector<std::string> required_for;  // Types of events that must have it.
  std::optional<int64_t> range_min;       // Decimals unscaled.
  std::optional<int64_t> range_max;
  std::vector<std::string> values;  // kString: all that are possible; empty: any.
  int digits = 0;                   // kString: so many decimal digits and nothing else; 0: any text.
  bool personal = false;
};

// What the stream has to know of a topic's events: how they look and what is wrong with one. Comes from its contract.
struct EventShape {
  std::string name;  // app_events
  std::string description;
  std::vector<EventColumn> columns;
  size_t type_column = 0;                // Index of the column that tells the types of events apart.
  size_t time_column = 0;                // Of the event's own time.
  std::vector<std::string> known_types;  // Others are kept, and noted as drift.
  std::string nested;                    // Field whose object may hold fields, too; empty: none.
  int64_t zone_offset_us = 0;            // Of times that name no zone: local time less that is UTC.
  base::Timestamp earliest;
  int64_t ahead_max_us = 0;  // How far an event's time may lie ahead of the broker's.
  size_t bytes_max = 0;
  int depth_max = 0;
};

}  // namespace qlake::events
