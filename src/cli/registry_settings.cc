#include "cli/registry_settings.h"

namespace qlake::cli {

const std::vector<std::string>& RegistryKeys() {
  static const std::vector<std::string> keys = {"registry.url", "registry.username", "registry.password",
                                                "registry.ca_file"};
  return keys;
}

std::optional<kafka::SchemaRegistryOptions> RegistryOf(const Settings& settings) {
  auto value = [&](const std::string& key) { return settings.all.at(key).value; };
  if (value("registry.url").empty()) return std::nullopt;
  kafka::SchemaRegistryOptions registry;
  registry.url = value("registry.url");
  registry.username = value("registry.username");
  if (!registry.username.empty()) registry.password = SecretOf(settings, "registry.password");
  registry.ca_file = value("registry.ca_file");
  return registry;
}

}  // namespace qlake::cli
