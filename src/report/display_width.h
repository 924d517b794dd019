#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// How text stands on a terminal, where a character may take two columns, one, or none.
namespace qlake::report {

// Columns of one character: 2 for East Asian wide ones and emoji, 0 for combining marks and joiners, else 1.
size_t CodePointWidth(char32_t code);

// Columns of the text. An emoji sequence (joined ones, with a skin tone, with a variation selector) counts as one
// emoji. REQUIRES: Printable() text; bytes that are no UTF-8 count as one column each.
size_t DisplayWidth(std::string_view text);

// The longest beginning of the text that, with an ellipsis after it, is at most `width_max` columns wide; the text
// itself when it fits. REQUIRES: Printable() text.
std::string CutToWidth(std::string_view text, size_t width_max);

// The text with everything that a terminal could take for a command, or that would move or hide other text, written
// out: control characters (\n, \t, \x1b), line and paragraph separators and direction marks (\u202e), bytes that are no
// UTF-8
// (\xff). What a cell contains can so not harm the terminal that shows it.
std::string Printable(std::string_view text);

}  // namespace qlake::report
