#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "lake/lake.h"

namespace qlake::lake {

// The right to write to a lake, which one process has at a time, until this object goes. Its epoch grows with every
// holder. How it ends with a process that dies depends on where the lake lies: lake/local_lease.h, lake/hdfs_lease.h.
class Lease {
 public:
  virtual ~Lease() = default;

  virtual int64_t epoch() const = 0;
  // Throws Error{kUnavailable} when another has the lease by now.
  virtual void RequireHeld() = 0;
  // Later holders have greater epochs than this one, too.
  virtual void RaiseEpoch(int64_t epoch) = 0;
  // Whether the holder before may still be alive and hold it for its own.
  virtual bool was_taken_over() const = 0;
  // All tables have seen the epoch. A lease that was taken over and ends without this is not given back: it expires.
  virtual void NoteFenced() = 0;
};

// Waits for the lease at most `wait`. Throws Error{kUnavailable} that says who holds it.
std::unique_ptr<Lease> TakeLease(Lake& lake, const std::string& run_id, std::chrono::milliseconds wait);

// The greatest epoch that any table has seen, for a lake whose own note of it was lost or not copied.
int64_t LastEpochOf(Lake& lake);

}  // namespace qlake::lake
