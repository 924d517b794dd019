#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qlake::simulate {

// An event before it is text. The common fields are JSON values already, so that a broken event can have any; one that
// is empty is left out.
struct EventDraft {
  std::string_view type;  // Without quotes.
  std::string customer;
  std::string product;
  std::string time;
  std::string details;  // Members that stand in metadata or at the top: "quantity":2,"totalAmount":49.90
  std::string extras;   // Members that always stand at the top.
  bool details_at_top = false;
};

void PutNumber(std::string& text, int64_t number);
void PutQuoted(std::string& text, std::string_view value);  // REQUIRES: nothing in it needs escaping.

// Appends ,"name": or "name": when it is the first member. The value follows.
void PutName(std::string& members, std::string_view name);

// One line of JSON, in place of what `text` holds.
void Render(const EventDraft& draft, std::string& text);

}  // namespace qlake::simulate
