#include "stream/commit_queue.h"

#include <utility>

namespace qlake::stream {

CommitQueue::CommitQueue(std::function<bool(EventBatch&)> commit)
    : commit_(std::move(commit)), thread_([this] { Work(); }) {}

CommitQueue::~CommitQueue() {
  {
    std::lock_guard lock(mutex_);
    ends_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

bool CommitQueue::WaitForIdle(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [&] { return !is_writing_ && !waiting_; });
  if (failure_) std::rethrow_exception(failure_);
  return !was_refused_;
}

bool CommitQueue::Put(std::unique_ptr<EventBatch> batch) {
  std::unique_lock lock(mutex_);
  if (!WaitForIdle(lock)) return false;
  waiting_ = std::move(batch);
  changed_.notify_all();
  return true;
}

bool CommitQueue::Drain() {
  std::unique_lock lock(mutex_);
  return WaitForIdle(lock);
}

void CommitQueue::Reset() {
  std::unique_lock lock(mutex_);
  WaitForIdle(lock);
  was_refused_ = false;
}

void CommitQueue::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return waiting_ || ends_; });
    if (!waiting_) return;
    auto batch = std::move(waiting_);
    is_writing_ = true;
    lock.unlock();
    bool done = false;
    std::exception_ptr failure;
    try {
      done = commit_(*batch);
    } catch (...) {  // For the filling thread, which throws it on.
      failure = std::current_exception();
    }
    batch.reset();
    lock.lock();
    is_writing_ = false;
    was_refused_ = was_refused_ || !done;
    failure_ = failure;
    changed_.notify_all();
  }
}

}  // namespace qlake::stream
