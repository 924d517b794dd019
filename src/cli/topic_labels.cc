#include "cli/topic_labels.h"

#include <algorithm>

namespace qlake::cli {
namespace {

bool EndsWithPart(const std::string& path, const std::string& end) {
  if (!path.ends_with(end)) return false;
  return path.size() == end.size() || path[path.size() - end.size() - 1] == '/';
}

size_t SlashBefore(const std::string& path, size_t slash) {
  return slash == 0 ? std::string::npos : path.rfind('/', slash - 1);
}

}  // namespace

std::map<std::string, std::string> LabelTopics(const std::set<std::string>& topics) {
  std::map<std::string, std::string> labels;
  for (const auto& topic : topics) {
    std::string& label = labels[topic] = topic;
    // A topic of Kafka has no slash in its name.
    for (size_t slash = topic.rfind('/'); slash != std::string::npos; slash = SlashBefore(topic, slash)) {
      std::string end = topic.substr(slash + 1);
      auto ends_so = [&](const std::string& other) { return EndsWithPart(other, end); };
      if (end.empty() || std::ranges::count_if(topics, ends_so) > 1) continue;
      label = end;
      break;
    }
  }
  return labels;
}

}  // namespace qlake::cli
