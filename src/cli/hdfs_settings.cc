#include "cli/hdfs_settings.h"

#include <algorithm>

namespace qlake::cli {
std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t start = 0; start < text.size();) {
    size_t end = std::min(text.find(',', start), text.size());
    size_t first = std::min(text.find_first_not_of(' ', start), end);
    if (first < end) parts.push_back(text.substr(first, end - first));
    start = end + 1;
  }
  return parts;
}

std::vector<std::string> WithHdfsKeys(std::vector<std::string> keys) {
  for (const auto& definition : SettingDefinitions()) {
    if (definition.key.starts_with("hdfs.")) keys.push_back(definition.key);
  }
  return keys;
}

lake::LakeOptions LakeOptionsOf(const Settings& settings, const std::string& lake) {
  lake::LakeOptions options{.root = lake, .memory_bytes = settings.memory_bytes};
  if (!storage::IsOnHdfs(lake)) return options;
  options.hdfs.webhdfs = SplitAtCommas(settings.all.at("hdfs.webhdfs").value);
  bool is_kerberos = settings.all.at("hdfs.auth").value == "kerberos";
  options.hdfs.auth = is_kerberos ? storage::HdfsAuth::kKerberos : storage::HdfsAuth::kSimple;
  options.hdfs.user = settings.all.at("hdfs.user").value;
  options.hdfs.delegation_token = SecretOf(settings, "hdfs.delegation_token");
  options.hdfs.ca_file = settings.all.at("hdfs.ca_file").value;
  options.hdfs.retry_for = settings.hdfs_retry_for;
  options.hdfs_lease = settings.hdfs_lease;
  return options;
}

}  // namespace qlake::cli
