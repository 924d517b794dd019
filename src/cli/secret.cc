#include "cli/secret.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/error.h"

namespace qlake::cli {
namespace {

std::string ToLower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string WithoutLineEnd(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

std::string FromEnvironment(const SecretReference& reference, const std::string& origin) {
  const char* value = std::getenv(reference.text.c_str());
  if (value == nullptr) throw base::InputError("the variable that {} refers to is not set: {}", origin, reference.text);
  return value;
}

std::string FromFile(const SecretReference& reference, const std::string& origin) {
  std::ifstream stream(reference.text, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  if (!stream) throw base::InputError("cannot read the file that {} refers to: {}", origin, reference.text);
  return text.str();
}

std::string FromCommand(const SecretReference& reference, const std::string& origin) {
  FILE* pipe = ::popen(reference.text.c_str(), "r");
  if (pipe == nullptr) throw base::IoError("cannot start the command that {} refers to", origin);
  std::string output;
  std::array<char, 4096> buffer;
  for (size_t count; (count = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    output.append(buffer.data(), count);
  int status = ::pclose(pipe);
  if (status != 0) throw base::InputError("the command that {} refers to failed: {}", origin, reference.text);
  return output;
}

}  // namespace

bool NamesSecret(std::string_view key) {
  constexpr std::array<std::string_view, 7> kWords = {"password", "passwd", "token",     "secret",
                                                      "api_key",  "apikey", "credential"};
  std::string lower = ToLower(key);
  return lower == "key" ||
         std::ranges::any_of(kWords, [&](auto word) { return lower.find(word) != std::string::npos; });
}

bool CarriesSecret(std::string_view value) {
  constexpr std::array<std::string_view, 5> kParameters = {"password=", "passwd=", "token=", "secret=", "key="};
  std::string lower = ToLower(value);
  return std::ranges::any_of(kParameters, [&](auto word) { return lower.find(word) != std::string::npos; });
}

std::string ResolveSecret(const SecretReference& reference, const std::string& origin) {
  switch (reference.source) {
    case SecretReference::Source::kEnvironment:
      return FromEnvironment(reference, origin);
    case SecretReference::Source::kFile:
      return WithoutLineEnd(FromFile(reference, origin));
    case SecretReference::Source::kCommand:
      break;
  }
  return WithoutLineEnd(FromCommand(reference, origin));
}

std::string Describe(const SecretReference& reference) {
  switch (reference.source) {
    case SecretReference::Source::kEnvironment:
      return "(from variable " + reference.text + ")";
    case SecretReference::Source::kFile:
      return "(from file " + reference.text + ")";
    case SecretReference::Source::kCommand:
      break;
  }
  return "(from a command)";
}

}  // namespace qlake::cli
