#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace qlake::model {

// The TOML of one contract, for those who read one: every complaint is Error{kInput} that names the file and the line.
class ContractReader {
 public:
  ContractReader(std::string path, const std::string& text);

  const std::string& path() const { return path_; }
  const toml::table& root() const { return root_; }

  template <typename... Args>
  [[noreturn]] void Fail(const toml::node& at, fmt::format_string<Args...> format, Args&&... args) const {
    throw base::InputError("{}:{}: {}", path_, at.source().begin.line,
                           fmt::format(format, std::forward<Args>(args)...));
  }

  void AllowOnly(const toml::table& table, std::initializer_list<std::string_view> keys) const;
  std::optional<std::string> Text(const toml::table& table, std::string_view key) const;
  bool Flag(const toml::table& table, std::string_view key) const;  // Absent: false.
  // An array of texts; absent: none.
  std::vector<std::string> Texts(const toml::table& table, std::string_view key) const;

 private:
  std::string path_;
  toml::table root_;
};

}  // namespace qlake::model
