#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/column_type.h"

namespace qlake::engine {

// What becomes of a row whose value breaks a rule of its column.
enum class OnBreach {
  kReject,  // The row is none.
  kNull,    // The value becomes NULL, the breach is counted.
  kKeep,    // The value stays, the breach is counted.
};

// What a column of text is read as: blanks around it gone, an empty text NULL, then cleaned or parsed, then judged.
struct ColumnRules {
  std::string name;
  base::ColumnType type;      // kString, kInteger, kLong, kDate, kBoolean or kDecimal.
  bool cleans_email = false;  // kString: CleanEmail() of text_functions.h reads it.
  bool required = false;
  std::optional<std::string> min;  // Texts that the type can read (IsTextOf); texts compare by their bytes.
  std::optional<std::string> max;
  std::vector<std::string> values;  // All that it may be, as texts; empty: anything.
  OnBreach on_breach = OnBreach::kReject;
};

// The rules of a column, in the order in which they are judged. A value that breaks one is not asked the later ones.
enum class Rule { kRequired, kType, kRange };
inline constexpr size_t kRules = 3;

// Whether the text, as it stands, is a value of the type.
bool IsTextOf(base::ColumnType type, std::string_view text);

}  // namespace qlake::engine
