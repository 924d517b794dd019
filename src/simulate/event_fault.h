#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "simulate/event_draft.h"
#include "simulate/random.h"

namespace qlake::simulate {

// What can be wrong with an event.
enum class Fault {
  kNoJson,           // Cut off.
  kNoObject,         // In an array.
  kMissingField,     // Without its type, its customer or its time.
  kWrongType,        // A customer that is a list, a time that is true, a product that is an object.
  kImpossibleValue,  // A customer of three digits, a time of month 13, a product that is a word.
  kOutOfTime,        // Of 1999 or of 2999.
  kDuplicateKey,
  kDeepNesting,  // A hundred objects in each other.
  kBadUtf8,
  kOversize,  // More than a MiB.
};
inline constexpr size_t kFaults = 10;
inline constexpr std::array<std::string_view, kFaults> kFaultNames = {
    "no-json",     "no-object",     "missing-field", "wrong-type", "impossible-value",
    "out-of-time", "duplicate-key", "deep-nesting",  "bad-utf8",   "oversize"};

using FaultShares = std::array<double, kFaults>;  // By Fault; of all events.

// "0.01": so many of all kinds together, oversize ones seldom. "no-json=0.01,oversize=0.0001": these kinds alone.
// Throws Error{kInput} for anything else.
FaultShares ParseFaultShares(const std::string& text);

// Breaks the draft, if that is where the fault lies, and else its text, once it is rendered.
void BreakDraft(Fault fault, Random& random, EventDraft& draft);
void BreakText(Fault fault, Random& random, std::string& text);

}  // namespace qlake::simulate
