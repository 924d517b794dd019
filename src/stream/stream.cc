#include "stream/stream.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "events/event_decoder.h"
#include "stream/commit_queue.h"
#include "stream/event_batch.h"
#include "stream/event_tables.h"
#include "stream/message_payload.h"

namespace qlake::stream {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr size_t kPollMessagesMax = 10'000;
constexpr milliseconds kPollMax{200};
constexpr milliseconds kRestartWait{200};
constexpr int kRestartsInARowMax = 50;

// A partition that is ours, on the way from its position in the lake.
struct PartitionState {
  int64_t next = 0;         // The offset that the batch goes on with.
  bool is_new = false;      // The lake has nothing of it.
  int64_t judged_from = 0;  // Messages before it have been judged by a stream that stopped before it loaded them.
  std::vector<OffsetRange> settled;  // Of those, what the dead letters hold.

  bool IsSettled(int64_t offset) const {
    return std::any_of(settled.begin(), settled.end(),
                       [&](const OffsetRange& range) { return range.from <= offset && offset < range.to; });
  }
};

}  // namespace

class Stream::Work final : public PartitionOwner {
 public:
  Work(lake::Lake& lake, const events::EventShape& shape, OpenSource open, StreamOptions options)
      : lake_(lake),
        shape_(shape),
        open_(std::move(open)),
        options_(std::move(options)),
        tables_(lake, shape_, options_.run_id),
        layout_(shape_, tables_.event_columns()),
        decoder_(shape_),
        payloads_(options_.registry),
        queue_([this](EventBatch& batch) { return Commit(batch); }) {}

  StreamReport Run() {
    auto began = SteadyClock::now();
    if (options_.run_for) deadline_ = began + *options_.run_for;
    int64_t batches = 0;
    for (int in_a_row = 0; !ReadSource(); ++in_a_row) {
      // Whoever gets on now and then is not in anybody's way.
      if (std::exchange(batches, report().batches) != report().batches) in_a_row = 0;
      if (in_a_row == kRestartsInARowMax) {
        throw base::UnavailableError(
            "other instances keep reading the partitions of this one: see whether each has a --group of its own");
      }
      if (stopped_ || IsOver()) break;
      std::this_thread::sleep_for(kRestartWait);
    }
    return report();
  }

  void Stop() {
    stopped_ = true;
    std::lock_guard lock(source_mutex_);
    if (source_) source_->Wake();
  }

  StreamReport report() const {
    std::lock_guard lock(report_mutex_);
    return report_;
  }

  std::vector<std::optional<int64_t>> Assigned(std::span<const int32_t> partitions) override {
    // What is being written moves positions of ours.
    if (!queue_.Drain()) must_restart_ = true;
    std::vector<std::optional<int64_t>> offsets;
    for (int32_t partition : partitions) {
      auto position = tables_.ReadPosition(source_topic(), partition);
      PartitionState state;
      state.next = position.events.value_or(0);
      state.is_new = !position.events && !position.dead_letters;
      state.judged_from = position.settled_until();
      state.settled = std::move(position.settled);
      offsets.push_back(state.is_new ? std::nullopt : std::optional<int64_t>(StartOf(state)));
      partitions_[partition] = std::move(state);
    }
    return offsets;
  }

  void Revoked(std::span<const int32_t> partitions, bool lost) override {
    if (lost) {
      // Another instance may have read on from what the lake holds: what we have beyond that is its to read.
      must_restart_ = true;
    } else {
      HandOver();
      if (!queue_.Drain()) must_restart_ = true;
    }
    for (int32_t partition : partitions) partitions_.erase(partition);
  }

 private:
  // Where the source is to go on: a stretch that dead letters account for need not be there any more.
  static int64_t StartOf(const PartitionState& state) {
    int64_t start = state.next;
    for (const auto& range : state.settled) {
      if (range.from <= start) start = std::max(start, range.to);
    }
    return start;
  }

  // The topic is known once the source is made, which may ask for positions before that is over.
  const TopicName& source_topic() const {
    QLAKE_CHECK(source_);
    return source_->topic();
  }

  bool IsOver() const { return deadline_ && SteadyClock::now() >= *deadline_; }

  // Reads one source to the end of the stream. False: a partition was another's, begin again with a new source.
  bool ReadSource() {
    must_restart_ = false;
    partitions_.clear();
    batch_.reset();
    known_drift_ = {};
    tables_.ReadDrift(known_drift_);
    auto source = Open();
    if (!source) return false;
    {
      std::lock_guard lock(source_mutex_);
      source_ = std::move(source);
    }
    bool done = ReadOn();
    // Partitions are given back only when all that was read of them is written.
    std::unique_ptr<MessageSource> ended;
    {
      std::lock_guard lock(source_mutex_);
      ended = std::move(source_);
    }
    if (!done) {
      queue_.Reset();
      std::lock_guard lock(report_mutex_);
      ++report_.restarts;
    }
    return done;
  }

  // Nothing when the stream shall end meanwhile. A source that was there once is waited for.
  std::unique_ptr<MessageSource> Open() {
    while (!has_opened_ || !(stopped_ || IsOver())) {
      try {
        auto source = open_(*this);
        has_opened_ = true;
        return source;
      } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::kUnavailable || !has_opened_) throw;
        base::LogWarn("the topic cannot be reached; it is tried again", {{"why", error.message()}});
      }
      std::this_thread::sleep_for(kRestartWait);
    }
    return nullptr;
  }

  // Whether what was polled is of the topic that we opened. A broker that is away is waited for; false when the stream
  // shall end meanwhile.
  bool IsTheSame() {
    while (true) {
      try {
        source_->CheckIsTheSame();
        return true;
      } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::kUnavailable) throw;
        base::LogWarn("the topic cannot be reached, a batch waits for it; it is tried again",
                      {{"why", error.message()}});
      }
      if (stopped_ || IsOver()) return false;
      std::this_thread::sleep_for(kRestartWait);
    }
  }

  bool ReadOn() {
    while (!stopped_ && !IsOver()) {
      Polled polled;
      bool is_taken = false;
      try {
        polled = source_->Poll(PollTime(), kPollMessagesMax);
        is_taken = TakeAll(polled);
      } catch (const base::Error&) {
        // What was read until then may be gone at its source by the time we come again.
        HandOver();
        static_cast<void>(queue_.Drain());  // Whoever hears of it uses the lake that the queue writes with.
        throw;
      }
      if (must_restart_) return false;
      if (!is_taken) break;
      bool is_idle = (options_.until_idle && polled.messages.empty() && source_->IsAtEnd()) ||
                     (options_.until_settled && IsSettled());
      if (is_idle || IsDue()) HandOver();
      if (must_restart_) return false;
      if (is_idle) break;
      ShowProgress();
    }
    HandOver();
    if (must_restart_ || !queue_.Drain()) return false;
    ShowProgress();
    return true;
  }

  bool IsSettled() const {
    return !partitions_.empty() && std::ranges::all_of(partitions_, [](const auto& partition) {
      return partition.second.next >= partition.second.judged_from;
    });
  }

  milliseconds PollTime() const {
    milliseconds time = kPollMax;
    auto until = [&](SteadyClock::time_point moment) {
      auto left = std::chrono::duration_cast<milliseconds>(moment - SteadyClock::now());
      time = std::clamp(left, milliseconds{0}, time);
    };
    if (batch_) until(batch_began_ + options_.batch_age_max);
    if (deadline_) until(*deadline_);
    return time;
  }

  bool IsFull() const {
    return batch_ && (static_cast<size_t>(batch_->messages()) >= options_.batch_messages_max ||
                      batch_->bytes() >= options_.batch_bytes_max);
  }

  bool IsDue() const { return batch_ && (IsFull() || SteadyClock::now() - batch_began_ >= options_.batch_age_max); }

  EventBatch& Batch() {
    if (!batch_) {
      batch_ = std::make_unique<EventBatch>(shape_, layout_, source_topic(), options_.run_id);
      batch_began_ = SteadyClock::now();
      judged_ = 0;
      bad_ = 0;
    }
    return *batch_;
  }

  // False when the stream shall end, or begin again, before the last of it.
  bool TakeAll(const Polled& polled) {
    for (const auto& message : polled.messages) {
      if (options_.until_settled && IsSettled()) return true;
      if (must_restart_ || !Take(message)) return false;
    }
    for (const auto& end : polled.ends) {
      if (must_restart_) return false;
      TakeEnd(end);
    }
    return true;
  }

  // False: the stream shall end while the message waits to be read.
  bool Take(const Message& message) {
    auto found = partitions_.find(message.partition);
    QLAKE_CHECK(found != partitions_.end());
    auto& state = found->second;
    // What the source hands out again, we have.
    if (message.offset < state.next) return true;
    bool is_judged = message.offset < state.judged_from;
    std::optional<Payload> payload = Payload{PayloadReader::WithoutFrame(message.value), ""};
    if (!is_judged) payload = ReadPayload(message);
    if (!payload) return false;
    if (message.offset > state.next) TakeGap(message.partition, state, message.offset);
    state.next = message.offset + 1;
    if (is_judged && state.IsSettled(message.offset)) {
      Batch().Skip(message);
    } else if (is_judged) {
      Load(message, *payload, decoder_.Decode(payload->text, message.broker_time), true);
    } else {
      Judge(message, *payload);
    }
    if (IsFull()) HandOver();
    return true;
  }

  // A registry that is away is waited for, and what has been read meanwhile is written. Nothing when the stream shall
  // end, or begin again, meanwhile. Throws Error{kUnavailable} when it stays away.
  std::optional<Payload> ReadPayload(const Message& message) {
    std::optional<SteadyClock::time_point> until;
    while (true) {
      try {
        return payloads_.Read(message.value);
      } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::kUnavailable || (until && SteadyClock::now() >= *until)) throw;
        if (!until) {
          base::LogWarn("the schema registry cannot be reached, messages wait for it", {{"why", error.message()}});
          until = SteadyClock::now() + options_.registry_wait;
        }
      }
      HandOver();
      if (must_restart_ || stopped_ || IsOver()) return std::nullopt;
      std::this_thread::sleep_for(kRestartWait);
    }
  }

  void Judge(const Message& message, const Payload& payload) {
    static const std::vector<std::string> kNoValue = {"the message has no value"};
    auto& batch = Batch();  // Which begins the counts.
    ++judged_;
    if (!message.has_value) {
      ++bad_;
      batch.AddDeadLetter(message, kNoValue, lake_.clock().Now());
      return;
    }
    if (!payload.reason.empty()) {
      ++bad_;
      batch.AddDeadLetter(message, {payload.reason}, lake_.clock().Now());
      return;
    }
    const auto& event = decoder_.Decode(payload.text, message.broker_time);
    if (event.reasons.empty()) {
      Load(message, payload, event, false);
    } else {
      ++bad_;
      batch.AddDeadLetter(message, event.reasons, lake_.clock().Now());
    }
  }

  void Load(Message message, const Payload& payload, const events::DecodedEvent& event, bool as_it_is) {
    message.value = payload.text;
    auto& batch = Batch();
    for (auto& record : known_drift_.FindNew(shape_, event, message)) batch.NoteDrift(std::move(record));
    if (as_it_is) {
      batch.AddEventAsItIs(message, event);
    } else {
      batch.AddEvent(message, event);
    }
  }

  void TakeEnd(const PartitionEnd& end) {
    auto found = partitions_.find(end.partition);
    if (found == partitions_.end() || end.offset <= found->second.next) return;
    TakeGap(end.partition, found->second, end.offset);
    found->second.next = end.offset;
  }

  // Offsets from state.next to `to` hold no message.
  void TakeGap(int32_t partition, const PartitionState& state, int64_t to) {
    const char* why = state.is_new && state.next == 0 ? "the topic began behind these offsets when it was first read"
                                                      : "the topic holds no message at these offsets";
    int64_t from = state.next;
    for (const auto& range : state.settled) {
      // Stretches that the dead letters know already.
      if (range.to <= from || range.from >= to) continue;
      if (range.from > from) Batch().AddGap(partition, {from, range.from}, why, lake_.clock().Now());
      from = std::max(from, range.from);
      int64_t until = std::min(range.to, to);
      Batch().SkipRange(partition, {from, until});
      from = until;
    }
    if (from < to) Batch().AddGap(partition, {from, to}, why, lake_.clock().Now());
  }

  // Gives the batch to the writing thread, which may have to end the one before.
  void HandOver() {
    if (!batch_ || must_restart_) return;
    OpenBreakerIfBad();
    // What is not written is read again by whoever comes next.
    if (!IsTheSame() || !queue_.Put(std::move(batch_))) must_restart_ = true;
    batch_.reset();
  }

  void OpenBreakerIfBad() {
    bool is_bad = bad_ >= options_.bad_messages_min &&
                  static_cast<double>(bad_) > options_.bad_share_max * static_cast<double>(judged_);
    if (!is_bad) return;
    std::string reason = batch_->first_reason();
    batch_.reset();
    must_restart_ = true;
    static_cast<void>(queue_.Drain());
    throw base::InputError(
        "{} of {} messages of a batch are no good events, nothing of it was written; mend the contract or the "
        "producer, or "
        "raise --bad-share-max to take them as dead letters; the first one: {}",
        bad_, judged_, reason);
  }

  // On the writing thread.
  bool Commit(EventBatch& batch) {
    if (options_.before_write) options_.before_write();
    bool done = tables_.Commit(batch);
    if (!done) return false;
    std::lock_guard lock(report_mutex_);
    report_.messages += batch.messages();
    report_.events += batch.events();
    report_.dead_letters += batch.dead_letters();
    report_.bytes += batch.bytes();
    ++report_.batches;
    for (const auto& [partition, range] : batch.ranges()) committed_[partition] = range.to;
    return true;
  }

  void ShowProgress() {
    std::vector<PartitionEnd> offsets;
    {
      std::lock_guard lock(report_mutex_);
      for (const auto& [partition, offset] : committed_) {
        if (partitions_.contains(partition)) offsets.push_back({partition, offset});
      }
      committed_.clear();
    }
    if (!offsets.empty()) source_->ShowProgress(offsets);
  }

  lake::Lake& lake_;
  const events::EventShape shape_;
  OpenSource open_;
  const StreamOptions options_;
  EventTables tables_;
  const EventLayout layout_;
  events::EventDecoder decoder_;
  PayloadReader payloads_;
  KnownDrift known_drift_;
  std::optional<SteadyClock::time_point> deadline_;
  std::atomic<bool> stopped_ = false;
  bool has_opened_ = false;
  bool must_restart_ = false;
  std::map<int32_t, PartitionState> partitions_;
  std::unique_ptr<EventBatch> batch_;
  SteadyClock::time_point batch_began_;
  int64_t judged_ = 0;  // Messages of the batch that were judged now,
  int64_t bad_ = 0;     // and of these, the bad ones.
  std::mutex source_mutex_;
  std::unique_ptr<MessageSource> source_;  // Written under source_mutex_ by Run's thread.
  mutable std::mutex report_mutex_;
  StreamReport report_;                   // Guarded by report_mutex_.
  std::map<int32_t, int64_t> committed_;  // The same: positions not shown yet.
  CommitQueue queue_;                     // Last: its thread uses what stands above.
};

Stream::Stream(lake::Lake& lake, const events::EventShape& shape, OpenSource open, StreamOptions options)
    : work_(std::make_unique<Work>(lake, shape, std::move(open), std::move(options))) {}

Stream::~Stream() = default;

StreamReport Stream::Run() { return work_->Run(); }

void Stream::Stop() { work_->Stop(); }

StreamReport Stream::report() const { return work_->report(); }

}  // namespace qlake::stream
