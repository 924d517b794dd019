#pragma once

#include "events/event_shape.h"

namespace qlake::events {

// For tests: a contract of events with a column of each kind.
inline EventShape TestShape() {
  using Kind = base::ColumnType::Kind;
  EventShape shape;
  shape.name = "app_events";
  shape.columns = {
      {.name = "eventType", .required = true},
      {.name = "customerId", .required = true, .digits = 5},
      {.name = "productId", .required_for = {"productView"}, .digits = 4},
      {.name = "timestamp", .type = {Kind::kTimestamp}, .required = true},
      {.name = "category", .nested = true, .values = {"Books", "Clothing"}},
      {.name = "quantity", .type = {Kind::kInteger}, .nested = true, .range_min = 1, .range_max = 5},
      {.name = "totalAmount", .type = {Kind::kDecimal, 18, 2}, .nested = true, .range_min = 1000, .range_max = 50000},
      {.name = "gift", .type = {Kind::kBoolean}, .nested = true}};
  shape.time_column = 3;
  shape.known_types = {"productView", "purchase"};
  shape.nested = "metadata";
  shape.earliest = *base::ParseTimestamp("2000-01-01T00:00:00Z");
  shape.ahead_max_us = int64_t{24} * 3600 * 1'000'000;
  shape.bytes_max = 1'000'000;
  shape.depth_max = 64;
  return shape;
}

}  // namespace qlake::events
