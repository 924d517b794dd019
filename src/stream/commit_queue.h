#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "stream/event_batch.h"

namespace qlake::stream {

// One batch is written while the next one is filled, and no more than one: who fills faster than the lake takes it
// waits. For one filling thread.
class CommitQueue {
 public:
  // `commit` runs on a thread of the queue's own. False: the batch must not be written, nor those behind it.
  explicit CommitQueue(std::function<bool(EventBatch&)> commit);
  ~CommitQueue();  // Ends what is being written.
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  // Waits for the batch before. Both return false when a batch was refused since Reset(), and throw what a commit
  // threw.
  [[nodiscard]] bool Put(std::unique_ptr<EventBatch> batch);
  // Waits until nothing is being written.
  [[nodiscard]] bool Drain();
  // After a refused batch: nothing is being written, and what was put is gone.
  void Reset();

 private:
  void Work();
  bool WaitForIdle(std::unique_lock<std::mutex>& lock);

  std::function<bool(EventBatch&)> commit_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  std::unique_ptr<EventBatch> waiting_;
  bool is_writing_ = false;
  bool was_refused_ = false;
  bool ends_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace qlake::stream
