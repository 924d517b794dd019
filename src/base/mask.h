#pragma once

#include <string>
#include <string_view>

namespace qlake::base {

// A personal value as logs and errors may show it: its first character and its length, "j***(18)".
std::string Mask(std::string_view value);

// A text with each e-mail address in it masked, and secrets as by MaskSecrets.
std::string MaskWithin(std::string_view text);

// Addresses may carry secrets (?delegation=..., ;token=...): a text with "***" in their place.
std::string MaskSecrets(std::string_view text);

}  // namespace qlake::base
