#include "simulate/event_draft.h"

#include <array>
#include <charconv>

namespace qlake::simulate {
namespace {

void PutMember(std::string& members, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  PutName(members, name);
  members += value;
}

void PutMembers(std::string& members, std::string_view more) {
  if (more.empty()) return;
  if (members.back() != '{') members += ',';
  members += more;
}

}  // namespace

void PutNumber(std::string& text, int64_t number) {
  std::array<char, 20> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

void PutQuoted(std::string& text, std::string_view value) {
  text += '"';
  text += value;
  text += '"';
}

void PutName(std::string& members, std::string_view name) {
  if (!members.empty() && members.back() != '{') members += ',';
  PutQuoted(members, name);
  members += ':';
}

void Render(const EventDraft& draft, std::string& text) {
  text = "{";
  if (!draft.type.empty()) {
    PutName(text, "eventType");
    PutQuoted(text, draft.type);
  }
  PutMember(text, "customerId", draft.customer);
  PutMember(text, "productId", draft.product);
  PutMember(text, "timestamp", draft.time);
  PutMembers(text, draft.extras);
  if (draft.details_at_top) PutMembers(text, draft.details);
  PutName(text, "metadata");
  text += '{';
  if (!draft.details_at_top) text += draft.details;
  text += "}}";
}

}  // namespace qlake::simulate
