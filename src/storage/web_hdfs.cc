#include "storage/web_hdfs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mask.h"

namespace qlake::storage {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kTemporaryRedirect = 307;
constexpr int kUnauthorized = 401;
constexpr const char* kForbidden = "HTTP 403";
constexpr int kServerErrors = 500;
constexpr milliseconds kFirstPause{50};
constexpr milliseconds kLongestPause{2'000};

// What a NameNode answers while it is not, or not yet, the one to ask.
constexpr std::array<std::string_view, 6> kNotInCharge = {"StandbyException",       "RetriableException",
                                                          "SafeModeException",      "ConnectException",
                                                          "ServerTooBusyException", "SocketTimeoutException"};
// What is about the file or the question, whoever is asked. All else that a DataNode says is about itself.
constexpr std::array<std::string_view, 11> kAboutTheFile = {
    "FileNotFoundException",         "FileAlreadyExistsException",  "ParentNotDirectoryException",
    "AccessControlException",        "IllegalArgumentException",    "InvalidPathException",
    "NSQuotaExceededException",      "DSQuotaExceededException",    "PathIsNotEmptyDirectoryException",
    "UnsupportedOperationException", "AlreadyBeingCreatedException"};
constexpr std::array<std::string_view, 2> kAboutTheIdentity = {"SecurityException", "InvalidToken"};

template <size_t N>
bool Contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string UserOfThisProcess() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : "qlake";
}

// http://host:port, without what stands behind.
std::string NormalizeAddress(std::string address) {
  if (address.find("://") == std::string::npos) address = "http://" + address;
  while (address.ends_with('/')) address.pop_back();
  return address;
}

HdfsAnswer Understand(http::Response response) {
  HdfsAnswer answer{.status = response.status, .body = std::move(response.body)};
  if (answer.status < 400) return answer;
  answer.exception = fmt::format("HTTP {}", answer.status);
  answer.message = base::MaskSecrets(response.reason);
  base::Json json = base::Json::parse(answer.body, nullptr, false);
  if (json.is_object() && json.contains("RemoteException")) {
    const base::Json& told = json["RemoteException"];
    // Hadoop says null of exceptions without a text.
    auto text = [&](const char* key, const std::string& otherwise) {
      auto found = told.find(key);
      return found != told.end() && found->is_string() ? found->get<std::string>() : otherwise;
    };
    answer.exception = text("exception", answer.exception);
    answer.message = text("message", "");
    // A stack trace follows.
    answer.message = base::MaskSecrets(answer.message.substr(0, answer.message.find('\n')));
  }
  return answer;
}

bool IsAboutTheFile(const HdfsAnswer& answer) {
  return Contains(kAboutTheFile, answer.exception) || answer.message.find("out of the range") != std::string::npos;
}

// Tickets are the process's, and so is what they have opened: a command opens its lake more than once.
std::shared_ptr<http::Sessions> SessionsOfThisProcess() {
  static const auto sessions = std::make_shared<http::Sessions>();
  return sessions;
}

// host of http://host:port/...
std::string HostOf(const std::string& url) {
  size_t start = url.find("://");
  start = start == std::string::npos ? 0 : start + 3;
  size_t end = url.find_first_of(":/", start);
  return url.substr(start, end == std::string::npos ? end : end - start);
}

}  // namespace

// When a call gives up, how long it pauses, and why it had to be tried again.
class WebHdfs::Attempts {
 public:
  Attempts(std::string what, const HdfsOptions& options, std::atomic<bool>& has_given_up)
      : what_(std::move(what)),
        options_(options),
        has_given_up_(has_given_up),
        deadline_(Clock::now() + (has_given_up ? milliseconds(0) : options.retry_for)) {}

  // Pauses, longer each time; throws when the time is up.
  void Again(const std::string& reason) {
    if (Clock::now() >= deadline_) {
      has_given_up_ = true;
      throw base::IoError("HDFS does not {}: {}; tried for {} ms at {}: see that its servers run, or set hdfs.webhdfs",
                          what_, base::MaskSecrets(reason), options_.retry_for.count(),
                          fmt::join(options_.webhdfs, ", "));
    }
    base::LogDebug("HDFS is asked again", {{"what", what_}, {"why", base::MaskSecrets(reason)}});
    static thread_local std::minstd_rand random{std::random_device()()};
    auto pause = milliseconds(std::uniform_int_distribution<int64_t>(pause_.count() / 2, pause_.count())(random));
    std::this_thread::sleep_for(pause);
    pause_ = std::min(pause_ * 2, kLongestPause);
  }

  [[noreturn]] void GiveUp(const std::string& reason) const {
    throw base::IoError("HDFS failed to {}, and whether it did is unknown: {}", what_, base::MaskSecrets(reason));
  }

  [[noreturn]] void Refuse(const HdfsAnswer& answer) const {
    const char* who = "user or token, set hdfs.user, hdfs.delegation_token or, on a cluster with Kerberos, hdfs.auth";
    if (!options_.delegation_token.empty()) {
      who = "hdfs.delegation_token, have a new one fetched";
    } else if (options_.auth == HdfsAuth::kKerberos) {
      who = "our ticket of Kerberos, run kinit as a user of this cluster (klist shows whom the ticket is of)";
    }
    throw base::InputError("HDFS does not accept {}: it would not {}: {} {}", who, what_, answer.exception,
                           base::MaskSecrets(answer.message));
  }

  std::set<std::string> bad_hosts;  // Of DataNodes that failed.

 private:
  std::string what_;
  const HdfsOptions& options_;
  std::atomic<bool>& has_given_up_;
  Clock::time_point deadline_;
  milliseconds pause_ = kFirstPause;
};

WebHdfs::WebHdfs(const std::string& namenode, HdfsOptions options)
    : options_(std::move(options)),
      clients_({.ca_file = options_.ca_file,
                .connect_timeout = milliseconds(5'000),
                .timeout = milliseconds(0),
                .stall_timeout = options_.stall_timeout,
                .body_bytes_max = UINT64_MAX},
               SessionsOfThisProcess()) {
  if (options_.webhdfs.empty()) options_.webhdfs.push_back(namenode.substr(0, namenode.find(':')) + ":9870");
  for (std::string& address : options_.webhdfs) address = NormalizeAddress(address);
  if (options_.auth == HdfsAuth::kKerberos && !options_.user.empty()) {
    throw base::InputError("hdfs.user cannot be set with hdfs.auth kerberos, the ticket says who asks: {}",
                           options_.user);
  }
  negotiates_ = options_.auth == HdfsAuth::kKerberos && options_.delegation_token.empty();
  if (!options_.delegation_token.empty()) {
    identity_ = "&delegation=" + http::EncodeUrl(options_.delegation_token, false);
  } else if (!negotiates_) {
    std::string user = options_.user.empty() ? UserOfThisProcess() : options_.user;
    identity_ = "&user.name=" + http::EncodeUrl(user, false);
  }
}

HdfsAnswer WebHdfs::Get(std::string_view operation, const std::string& path, const std::string& parameters) {
  return AskNameNode(http::Method::kGet, operation, path, parameters);
}

HdfsAnswer WebHdfs::Put(std::string_view operation, const std::string& path, const std::string& parameters) {
  return AskNameNode(http::Method::kPut, operation, path, parameters);
}

HdfsAnswer WebHdfs::Delete(const std::string& path, const std::string& parameters) {
  return AskNameNode(http::Method::kDelete, "DELETE", path, parameters.empty() ? "&recursive=false" : parameters);
}

HdfsAnswer WebHdfs::Open(const std::string& path, const std::string& parameters) {
  return AskDataNode({http::Method::kGet, "OPEN", {}}, path, parameters);
}

HdfsAnswer WebHdfs::Create(const std::string& path, std::string_view bytes) {
  return AskDataNode({http::Method::kPut, "CREATE", bytes}, path, "&overwrite=true");
}

HdfsAnswer WebHdfs::Append(const std::string& path, std::string_view bytes) {
  return AskDataNode({http::Method::kPost, "APPEND", bytes, /*may_repeat=*/false}, path, "");
}

std::string WebHdfs::UrlOf(size_t address, std::string_view operation, const std::string& path,
                           const std::string& parameters) const {
  return fmt::format("{}/webhdfs/v1{}?op={}{}{}", options_.webhdfs[address], http::EncodeUrl(path, true), operation,
                     identity_, parameters);
}

std::optional<http::Response> WebHdfs::TryNameNode(http::Method method, std::string_view operation,
                                                   const std::string& path, const std::string& parameters,
                                                   Attempts& attempts) {
  size_t address = active_;
  std::string reason;
  try {
    http::Response response = clients_.Send({.method = method,
                                             .url = UrlOf(address, operation, path, parameters),
                                             .content_type = "application/octet-stream",
                                             .negotiates = negotiates_});
    has_given_up_ = false;
    if (response.status < 400) return response;
    HdfsAnswer answer = Understand(response);
    // What checks tickets stands in front of WebHDFS, and does not speak as that does.
    bool is_refused = response.status == kUnauthorized || (negotiates_ && answer.exception == kForbidden);
    if (is_refused || Contains(kAboutTheIdentity, answer.exception)) attempts.Refuse(answer);
    // All that could have it are excluded, or do not run at the moment.
    bool has_no_datanode = answer.message.find("Failed to find datanode") != std::string::npos ||
                           answer.message.find("No active nodes contain this block") != std::string::npos;
    if (has_no_datanode) attempts.bad_hosts.clear();
    if (!has_no_datanode && response.status < kServerErrors && !Contains(kNotInCharge, answer.exception)) {
      return response;
    }
    reason = fmt::format("{} says {} {}", options_.webhdfs[address], answer.exception, answer.message);
  } catch (const base::Error& error) {
    if (error.kind() != base::ErrorKind::kUnavailable) throw;
    reason = error.message();
  }
  // Only the first to find out moves on: others have perhaps found the next one already.
  active_.compare_exchange_strong(address, (address + 1) % options_.webhdfs.size());
  attempts.Again(reason);
  return std::nullopt;
}

HdfsAnswer WebHdfs::AskNameNode(http::Method method, std::string_view operation, const std::string& path,
                                const std::string& parameters) {
  Attempts attempts(fmt::format("{} {}", operation, path), options_, has_given_up_);
  while (true) {
    if (auto response = TryNameNode(method, operation, path, parameters, attempts)) {
      return Understand(std::move(*response));
    }
  }
}

HdfsAnswer WebHdfs::AskDataNode(const Content& content, const std::string& path, const std::string& parameters) {
  Attempts attempts(fmt::format("{} {}", content.operation, path), options_, has_given_up_);
  while (true) {
    // 1. The NameNode says which DataNode is to do it.
    std::string excluded;
    if (!attempts.bad_hosts.empty()) {
      excluded = "&excludedatanodes=" + http::EncodeUrl(fmt::format("{}", fmt::join(attempts.bad_hosts, ",")), false);
    }
    auto told = TryNameNode(content.method, content.operation, path, parameters + excluded, attempts);
    if (!told) continue;
    if (told->status != kTemporaryRedirect) return Understand(std::move(*told));
    // 2. That one does it. One that fails is left out for as long as there are others.
    const std::string url = told->headers["location"];
    std::string reason;
    try {
      HdfsAnswer answer = Understand(clients_.Send(
          {.method = content.method, .url = url, .content_type = "application/octet-stream", .body = content.bytes}));
      if (answer.ok() || IsAboutTheFile(answer)) return answer;
      if (Contains(kAboutTheIdentity, answer.exception)) attempts.Refuse(answer);
      reason = fmt::format("{} says {} {}", HostOf(url), answer.exception, answer.message);
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::kUnavailable) throw;
      reason = error.message();
    }
    if (!content.may_repeat) attempts.GiveUp(reason);
    attempts.bad_hosts.insert(HostOf(url));
    attempts.Again(reason);
  }
}

}  // namespace qlake::storage
