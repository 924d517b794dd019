#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "lake/lease.h"

namespace qlake::lake {

// On HDFS, which has no locks: a file for each epoch, _qlake/lease/<epoch>, of which the newest is the lease. Its
// holder writes it anew every quarter of LakeOptions::hdfs_lease; who finds it unchanged for that long, by a clock of
// its own, takes the lease over, and put-if-absent of the next epoch's file says who of several does. No two machines'
// clocks are compared. A holder that was stopped for longer and wakes up finds a newer file before it writes
// (RequireHeld); what it had under way then, the tables refuse (Writer).
class HdfsLease final : public Lease {
 public:
  HdfsLease(Lake& lake, const std::string& run_id, std::chrono::milliseconds wait);
  ~HdfsLease() override;  // Gives it back; when that fails, it expires.
  HdfsLease(const HdfsLease&) = delete;
  HdfsLease& operator=(const HdfsLease&) = delete;

  int64_t epoch() const override;
  void RequireHeld() override;
  void RaiseEpoch(int64_t epoch) override;
  bool was_taken_over() const override { return was_taken_over_; }
  void NoteFenced() override { is_fenced_ = true; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Present {
    int64_t epoch = 0;
    std::string text;  // As it was read: any change of it shows life.
  };

  std::optional<Present> FindNewest() const;
  bool TryToBecome(int64_t epoch);
  void RemoveOlder() const;
  void KeepAlive();
  void Renew();  // REQUIRES: mutex_ is held. Throws what the storage throws, Error{kUnavailable} when it is lost.
  std::string Describe(bool is_held) const;

  storage::Storage& storage_;
  std::string lake_;    // Its address, for messages.
  std::string holder_;  // For people.
  std::chrono::milliseconds duration_;
  bool was_taken_over_ = false;
  bool is_fenced_ = false;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int64_t epoch_ = 0;  // Guarded by mutex_, as all below.
  bool ends_ = false;
  bool is_lost_ = false;
  bool renewal_failed_ = false;
  uint64_t renewals_ = 0;
  Clock::time_point renewed_at_;
  std::thread keeper_;
};

}  // namespace qlake::lake
