#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "support/qlake_process.h"

namespace qlake::testing {

// A process of the simulation, in a group of its own, so that it can be killed with its children.
class Actor {
 public:
  Actor(std::string what, const std::vector<std::string>& command, const Environment& environment,
        const std::string& folder);
  ~Actor();
  Actor(Actor&& other) noexcept;
  Actor& operator=(Actor&&) = delete;

  const std::string& what() const { return what_; }
  bool HasEnded();
  void Signal(int signal) const;  // To the whole group.
  int Wait();                     // Its exit code; 128 + N when signal N ended it.
  std::string Output() const;     // All that it printed.
  int64_t peak_kilobytes() const { return peak_kilobytes_; }

 private:
  std::string what_;
  pid_t pid_ = -1;
  int output_ = -1;
  std::optional<int> exit_code_;
  int64_t peak_kilobytes_ = 0;
};

// What the source does with one file, in hours since the start. The last delivery has the bytes that count.
struct Delivery {
  int64_t at_hour = 0;
  std::string drop;
  std::string name;
  std::string bytes;
};

// Takes the files of a folder of drops apart into deliveries: most on time, some late, twice, in a wrong form first,
// half first, or never. Removes from the folder what never comes, so that it holds in the end what was delivered.
std::vector<Delivery> PlanDeliveries(const std::string& folder, int64_t hours, std::mt19937_64& random);

}  // namespace qlake::testing
