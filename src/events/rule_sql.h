#pragma once

#include <string>
#include <string_view>

#include "events/event_shape.h"

namespace qlake::events {

// The decoder's rule in Spark's SQL: a SELECT over `messages`, a view with the columns that Spark's Kafka source has
// (key, value, topic, partition, offset, timestamp). A row is a message; its columns are
//   c0, c1, ...     the values of the shape's columns, NULL when absent or refused
//   rescued         STRING, what the contract does not know, a JSON object; NULL: nothing
//   reasons         ARRAY<STRING>, why it is no good event
//   is_valid_event  BOOLEAN, never NULL: there are no reasons
//   m_key, m_value, m_topic, m_partition, m_offset, m_time    the message; m_time: when the broker took it in
// REQUIRES: a session in UTC, with backslashes as escapes (escapedStringLiterals off). Where its verdict is laxer than
// the decoder's is said in docs/events.md and held by tests/parity/event_rule_test.cc.
std::string RuleSql(const EventShape& shape, const std::string& messages);

// Text as a literal of such a session.
std::string SparkLiteral(std::string_view text);

}  // namespace qlake::events
