#include "spark/execution.h"

#include <algorithm>
#include <thread>

#include "base/digest.h"
#include "base/log.h"
#include "spark/failure.h"

namespace qlake::spark {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 50ms;             // How often a wait looks whether it was interrupted.
constexpr auto kInterruptPatience = 1s;  // The server ends an interrupted statement in this time, or we leave it.
constexpr auto kPauseMin = 50ms;
constexpr auto kPauseMax = 2000ms;

}  // namespace

// One call that streams responses, beside it the question whether a silent server lives.
class Execution::Stream {
 public:
  explicit Stream(Channel& channel) : channel_(channel), context_(channel.NewContext(0ms)) {}
  ~Stream() {
    if (!is_finished_) {
      context_->TryCancel();
      Finish();
    }
    if (probe_) probe_->context->TryCancel();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void Execute(const proto::ExecutePlanRequest& request) {
    reader_ = channel_.stub().PrepareAsyncExecutePlan(context_.get(), request, &queue_);
    Start();
  }
  void Reattach(const proto::ReattachExecuteRequest& request) {
    reader_ = channel_.stub().PrepareAsyncReattachExecute(context_.get(), request, &queue_);
    Start();
  }

  // False: the stream has ended, Finish says how.
  bool Read(proto::ExecutePlanResponse& response) {
    if (!is_started_) return false;
    reader_->Read(&response, this);
    return Await();
  }

  grpc::Status Finish() {
    grpc::Status status;
    reader_->Finish(&status, this);
    Await();
    is_finished_ = true;
    return gave_up_.value_or(status);
  }

 private:
  struct Probe {
    std::unique_ptr<grpc::ClientContext> context;
    proto::ConfigResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<proto::ConfigResponse>> reader;
  };

  void Start() {
    reader_->StartCall(this);
    is_started_ = Await();
  }

  // For the stream's own next event: whether it went well.
  bool Await() {
    auto heard = Clock::now();
    while (true) {
      void* tag = nullptr;
      bool ok = false;
      auto event = queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + kLook);
      if (event == grpc::CompletionQueue::GOT_EVENT && tag == this) return ok;
      if (event == grpc::CompletionQueue::GOT_EVENT) {
        heard = Clock::now();
        EndProbe();
      }
      LeaveIfInterrupted();
      if (!probe_ && !gave_up_ && Clock::now() - heard > channel_.connection().timeout) StartProbe();
    }
  }

  void LeaveIfInterrupted() {
    if (!channel_.is_interrupted()) return;
    if (!interrupted_at_) interrupted_at_ = Clock::now();
    if (Clock::now() - *interrupted_at_ > kInterruptPatience) context_->TryCancel();
  }

  void StartProbe() {
    auto request = channel_.NewRequest<proto::ConfigRequest>();
    request.mutable_operation()->mutable_get_option()->add_keys("spark.app.name");
    probe_ = std::make_unique<Probe>();
    probe_->context = channel_.NewContext(channel_.connection().answer_timeout);
    probe_->reader = channel_.stub().AsyncConfig(probe_->context.get(), request, &queue_);
    probe_->reader->Finish(&probe_->response, &probe_->status, probe_.get());
  }

  void EndProbe() {
    if (IsBroken(probe_->status)) {
      base::LogDebug("spark is silent", {{"error", probe_->status.error_message()}});
      gave_up_ = probe_->status;
      context_->TryCancel();
    }
    probe_.reset();
  }

  Channel& channel_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncReader<proto::ExecutePlanResponse>> reader_;
  std::unique_ptr<Probe> probe_;
  std::optional<grpc::Status> gave_up_;
  std::optional<Clock::time_point> interrupted_at_;
  bool is_started_ = false;
  bool is_finished_ = false;
};

Execution::Execution(Channel& channel, proto::Plan plan, std::string sql)
    : channel_(channel),
      sql_(std::move(sql)),
      request_(channel.NewRequest<proto::ExecutePlanRequest>()),
      pause_(kPauseMin) {
  request_.set_operation_id(base::NewUuid());
  request_.add_request_options()->mutable_reattach_options()->set_reattachable(true);
  request_.mutable_plan()->Swap(&plan);
}

Execution::~Execution() {
  stream_.reset();
  if (was_sent_) channel_.ReleaseExecution(request_.operation_id());
}

bool Execution::Next(proto::ExecutePlanResponse& response) {
  while (!is_complete_) {
    if (!stream_) Open();
    if (!stream_->Read(response)) {
      grpc::Status status = stream_->Finish();
      stream_.reset();
      HandleEnd(status);
      continue;
    }
    channel_.Observe(response);
    last_response_ = response.response_id();
    broken_since_.reset();
    pause_ = kPauseMin;
    if (!response.has_result_complete()) return true;
    is_complete_ = true;
  }
  return false;
}

void Execution::Open() {
  channel_.CheckInterrupted();
  stream_ = std::make_unique<Stream>(channel_);
  was_sent_ = true;
  if (way_ == Way::kExecute) {
    stream_->Execute(request_);
    return;
  }
  auto request = channel_.NewRequest<proto::ReattachExecuteRequest>();
  request.set_operation_id(request_.operation_id());
  if (!last_response_.empty()) request.set_last_response_id(last_response_);
  stream_->Reattach(request);
}

void Execution::HandleEnd(const grpc::Status& status) {
  channel_.CheckInterrupted();
  if (status.ok()) {
    // The server ends a stream after some minutes, or a gigabyte: there is more.
    way_ = Way::kReattach;
    return;
  }
  ThrowIfDistrusted(channel_.connection(), status);
  // The request was lost on its way, so nothing was executed. An operation that we have heard of is not begun again.
  if (IsOfClass(status, "INVALID_HANDLE.OPERATION_NOT_FOUND") && last_response_.empty()) {
    way_ = Way::kExecute;
    return Pause(status);
  }
  // It arrived after all.
  if (IsOfClass(status, "INVALID_HANDLE.OPERATION_ALREADY_EXISTS") && broken_since_) {
    way_ = Way::kReattach;
    return Pause(status);
  }
  if (!IsBroken(status)) channel_.Throw(status, sql_);
  way_ = Way::kReattach;
  Pause(status);
}

void Execution::Pause(const grpc::Status& status) {
  auto now = Clock::now();
  if (!broken_since_) {
    broken_since_ = now;
    base::LogInfo("spark's answer was cut, attaching anew",
                  {{"server", NameOf(channel_.connection())}, {"error", status.error_message()}});
  }
  auto deadline = *broken_since_ + channel_.connection().reattach_for;
  if (now >= deadline) ThrowGone(channel_.connection(), status);
  auto until = now + pause_;
  while (Clock::now() < until) {
    channel_.CheckInterrupted();
    std::this_thread::sleep_for(kLook);
  }
  pause_ = std::min(pause_ * 2, std::chrono::milliseconds(kPauseMax));
}

}  // namespace qlake::spark
