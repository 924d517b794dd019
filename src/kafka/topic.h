#pragma once

#include <string>

namespace qlake::kafka {

// A topic as the cluster knows it.
struct Topic {
  std::string name;
  std::string id;  // Its UUID in base64: a topic that is deleted and made anew has another one.
  int partitions = 0;
};

}  // namespace qlake::kafka
