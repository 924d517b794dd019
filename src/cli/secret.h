#pragma once

#include <string>
#include <string_view>

// Secrets never stand in qlake.toml, only where they are to be had:
// password = { env = "NAME" } | { file = "PATH" } | { command = "..." }
namespace qlake::cli {

struct SecretReference {
  enum class Source { kEnvironment, kFile, kCommand };
  Source source = Source::kEnvironment;
  std::string text;  // Name of the variable, path, or shell command.
};

// Whether a key names a secret (password, api_token) or a value carries one (https://host/?key=...).
bool NamesSecret(std::string_view key);
bool CarriesSecret(std::string_view value);

// The variable's value, the file's text or the command's output, without a line end behind it. Throws Error{kInput}
// when there is none; what it was is never in the message.
std::string ResolveSecret(const SecretReference& reference, const std::string& origin);

// For people, instead of the value: (from variable NAME), (from file PATH), (from a command).
std::string Describe(const SecretReference& reference);

}  // namespace qlake::cli
