#pragma once

#include <map>
#include <string>
#include <vector>

namespace qlake::run {

// A family of numbers under one name, as Prometheus takes them.
struct Metric {
  enum class Kind { kGauge, kCounter };
  struct Sample {
    std::map<std::string, std::string> labels;
    double value = 0;
  };

  std::string name;
  std::string help;
  Kind kind = Kind::kGauge;
  std::vector<Sample> samples;
};

}  // namespace qlake::run
