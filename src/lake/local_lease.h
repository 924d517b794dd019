#pragma once

#include <string>

#include "lake/lease.h"

namespace qlake::lake {

// On the local disk: an OS lock on _qlake/writer.lock, which dies with its holder; _qlake/writer.epoch has the epoch.
class LocalLease final : public Lease {
 public:
  LocalLease(Lake& lake, const std::string& run_id, std::chrono::milliseconds wait);
  ~LocalLease() override;
  LocalLease(const LocalLease&) = delete;
  LocalLease& operator=(const LocalLease&) = delete;

  int64_t epoch() const override { return epoch_; }
  void RequireHeld() override {}
  void RaiseEpoch(int64_t epoch) override;
  bool was_taken_over() const override { return false; }
  void NoteFenced() override {}

 private:
  void Lock(const Lake& lake, const std::string& path, std::chrono::milliseconds wait);
  static int64_t NextEpoch(Lake& lake);

  storage::Storage& storage_;
  int lock_fd_ = -1;
  int64_t epoch_ = 0;
};

}  // namespace qlake::lake
