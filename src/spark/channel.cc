#include "spark/channel.h"

#include <grpc/support/log.h>

#include <fstream>
#include <iterator>
#include <string_view>
#include <thread>

#include "base/digest.h"
#include "base/log.h"
#include "spark/failure.h"

namespace qlake::spark {
namespace {

using namespace std::chrono_literals;

constexpr auto kPause = 100ms;
constexpr auto kReleaseTimeout = 5s;
constexpr auto kFarewell = 1s;

bool IsThisMachine(const std::string& host) {
  return host == "localhost" || host.starts_with("127.") || host == "[::1]";
}

std::string ReadCaFile(const std::string& path) {
  if (path.empty()) return "";
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file || text.empty()) throw base::InputError("cannot read the authorities to trust (CA) from: {}", path);
  return text;
}

Connection WithUser(Connection connection) {
  if (connection.user.empty()) connection.user = "qlake";
  return connection;
}

// It writes to standard error of its own accord, though each failure comes back to us as a status. What it says before
// it aborts the process is said.
void Note(gpr_log_func_args* line) {
  if (line->severity != GPR_LOG_SEVERITY_ERROR) return;
  bool is_last = std::string_view(line->message).find("assertion failed") != std::string_view::npos;
  (is_last ? base::LogError : base::LogDebug)("grpc", {{"text", line->message}});
}

std::shared_ptr<grpc::Channel> Open(const Connection& connection) {
  gpr_set_log_function(Note);
  if (!connection.token.empty() && !connection.use_tls && !IsThisMachine(connection.host)) {
    throw base::InputError("the token for Spark Connect at {} would go over the network in clear: set use_ssl=true",
                           NameOf(connection));
  }
  grpc::ChannelArguments arguments;
  // The server cuts its answers into batches, but a row is never cut.
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);  // Also the time that a connection may take.
  // Spark's server takes pings for an attack when they come more often; a silent server is found out by questions.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 300'000);
  // A session shares no connection with others, so that a bad one ends with it.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (connection.use_tls) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ReadCaFile(connection.ca_file);
    credentials = grpc::SslCredentials(options);
  }
  return grpc::CreateCustomChannel(NameOf(connection), credentials, arguments);
}

// A statement that the server may forget, until it answers.
struct Release {
  std::unique_ptr<grpc::ClientContext> context;
  proto::ReleaseExecuteResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<proto::ReleaseExecuteResponse>> reader;
};

void EndRelease(void* tag) {
  std::unique_ptr<Release> release(static_cast<Release*>(tag));
  if (release->status.ok()) return;
  base::LogDebug("spark does not release a statement", {{"error", release->status.error_message()}});
}

}  // namespace

Channel::Channel(Connection connection)
    : connection_(WithUser(std::move(connection))),
      session_id_(base::NewUuid()),
      stub_(proto::SparkConnectService::NewStub(Open(connection_))) {}

Channel::~Channel() {
  releases_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (releases_.Next(&tag, &ok)) EndRelease(tag);
}

std::unique_ptr<grpc::ClientContext> Channel::NewContext(std::chrono::milliseconds timeout) const {
  auto context = std::make_unique<grpc::ClientContext>();
  if (timeout != 0ms) context->set_deadline(std::chrono::system_clock::now() + timeout);
  if (!connection_.token.empty()) context->AddMetadata("authorization", "Bearer " + connection_.token);
  return context;
}

std::string Channel::server_session() const {
  std::lock_guard lock(mutex_);
  return server_session_;
}

// Not by gRPC's callbacks: the thread that serves them now and then aborts when the last channel ends (1.51).
void Channel::ReleaseExecution(const std::string& operation_id) {
  EndReleases();
  auto request = NewRequest<proto::ReleaseExecuteRequest>();
  request.set_operation_id(operation_id);
  request.mutable_release_all();
  auto release = std::make_unique<Release>();
  release->context = NewContext(kReleaseTimeout);
  release->reader = stub_->AsyncReleaseExecute(release->context.get(), request, &releases_);
  release->reader->Finish(&release->response, &release->status, release.get());
  release.release();  // Until its tag comes back.
}

void Channel::EndReleases() {
  void* tag = nullptr;
  bool ok = false;
  const auto now = std::chrono::system_clock::now();
  while (releases_.AsyncNext(&tag, &ok, now) == grpc::CompletionQueue::GOT_EVENT) EndRelease(tag);
}

void Channel::ReleaseSession(const std::string& session_id) {
  proto::ReleaseSessionRequest request;
  Identify(request);
  request.set_session_id(session_id);
  proto::ReleaseSessionResponse response;
  grpc::Status status = stub().ReleaseSession(NewContext(kFarewell).get(), request, &response);
  if (!status.ok()) base::LogDebug("spark does not release the session", {{"error", status.error_message()}});
}

void Channel::Interrupt() {
  is_interrupted_ = true;
  auto request = NewRequest<proto::InterruptRequest>();
  request.set_interrupt_type(proto::InterruptRequest::INTERRUPT_TYPE_ALL);
  proto::InterruptResponse response;
  grpc::Status status = stub().Interrupt(NewContext(kFarewell).get(), request, &response);
  if (!status.ok()) base::LogDebug("spark does not answer an interrupt", {{"error", status.error_message()}});
}

void Channel::CheckInterrupted() const {
  if (is_interrupted_) throw base::UnavailableError("the work on Spark at {} was interrupted", NameOf(connection_));
}

void Channel::ThrowUnlessBroken(const grpc::Status& status, Clock::time_point deadline) {
  CheckInterrupted();
  ThrowIfDistrusted(connection_, status);
  if (!IsBroken(status)) Throw(status, "");
  if (Clock::now() + kPause >= deadline) ThrowGone(connection_, status);
  std::this_thread::sleep_for(kPause);
}

void Channel::Throw(const grpc::Status& status, const std::string& sql) {
  CheckInterrupted();
  ThrowFailure(*this, status, sql);
}

}  // namespace qlake::spark
