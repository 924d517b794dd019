#include "http/client.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"
#include "base/log.h"
#include "base/mask.h"
#include "http/curl_library.h"

namespace qlake::http {
namespace {

constexpr int kUnauthorized = 401;

bool IsForTheUser(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return true;
    default:
      return false;
  }
}

struct FreeList {
  void operator()(curl_slist* list) const { Curl().slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, FreeList>;

const char* NameOf(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kPut:
      return "PUT";
    case Method::kPost:
      return "POST";
    case Method::kDelete:
      break;
  }
  return "DELETE";
}

std::string_view Trim(std::string_view text) {
  auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

void RequireNegotiation() {
  const curl_version_info_data* curl = Curl().version_info(CURLVERSION_NOW);
  if ((curl->features & CURL_VERSION_SPNEGO) != 0) return;
  throw base::InputError(
      "the libcurl.so.4 of this machine cannot ask by Kerberos, install one with GSS-API, such as Debian's libcurl4: "
      "version {}",
      curl->version);
}

// What GSS-API says when there is no ticket, and what to do about it.
base::Error NoTicket(const std::string& url, std::string_view reason) {
  if (reason.find("Cannot contact any KDC") != std::string_view::npos) {
    return base::UnavailableError("cannot ask {}: no KDC answers: {}", base::MaskSecrets(url), reason);
  }
  bool is_server_unknown = reason.starts_with("Server ") && reason.ends_with("not found in Kerberos database");
  return base::InputError("cannot ask {}: Kerberos has no ticket for it, {}: {}", base::MaskSecrets(url),
                          is_server_unknown
                              ? "ask the server by the name that its principal HTTP/name has"
                              : "run kinit, or name a keytab in KRB5_CLIENT_KTNAME (klist shows what is there)",
                          reason);
}

}  // namespace

class Client::Handle {
 public:
  Handle(ClientOptions options, std::shared_ptr<Sessions> sessions)
      : options_(std::move(options)), sessions_(std::move(sessions)) {
    curl_ = Curl().easy_init();
    if (curl_ == nullptr) throw base::IoError("cannot start libcurl");
  }
  ~Handle() { Curl().easy_cleanup(curl_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  Response Ask(const Request& request) {
    if (!request.negotiates) return Exchange(request, [] {});
    if (std::string cookie = sessions_->CookieFor(request.url); !cookie.empty()) {
      Response response = Exchange(request, [&] { Curl().easy_setopt(curl_, CURLOPT_COOKIE, cookie.c_str()); });
      if (response.status != kUnauthorized) return response;  // It is forgotten after hours, or by a server begun anew.
    }
    return Negotiate(request);
  }

 private:
  template <typename Identify>
  Response Exchange(const Request& request, Identify identify) {
    response_ = {};
    cookie_.clear();
    Curl().easy_reset(curl_);
    SetCommon(request.url);
    identify();
    Headers headers;
    if (request.method != Method::kGet) Curl().easy_setopt(curl_, CURLOPT_CUSTOMREQUEST, NameOf(request.method));
    if (request.method == Method::kPut || request.method == Method::kPost) {
      // "Expect:" is none: a server that does not answer it would cost a second.
      headers.reset(Curl().slist_append(nullptr, ("Content-Type: " + request.content_type).c_str()));
      Curl().slist_append(headers.get(), "Expect:");
      Curl().easy_setopt(curl_, CURLOPT_HTTPHEADER, headers.get());
      Curl().easy_setopt(curl_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      Curl().easy_setopt(curl_, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    }
    Perform(request.url);
    long status = 0;
    Curl().easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    return std::move(response_);
  }

  Response Negotiate(const Request& request) {
    RequireNegotiation();
    no_ticket_.clear();
    Response response = Exchange(request, [&] {
      Curl().easy_setopt(curl_, CURLOPT_HTTPAUTH, CURLAUTH_NEGOTIATE);
      Curl().easy_setopt(curl_, CURLOPT_USERPWD, ":");  // Whoever the ticket is of.
      // Without a ticket libcurl asks all the same, as nobody, and says why among what it tells a debugger.
      Curl().easy_setopt(curl_, CURLOPT_VERBOSE, 1L);
      Curl().easy_setopt(curl_, CURLOPT_DEBUGFUNCTION, TakeNoTicket);
      Curl().easy_setopt(curl_, CURLOPT_DEBUGDATA, this);
    });
    if (!no_ticket_.empty()) throw NoTicket(request.url, no_ticket_);
    base::LogDebug("Kerberos has said who asks", {{"server", OriginOf(request.url)}, {"status", response.status}});
    if (response.status != kUnauthorized && !cookie_.empty()) sessions_->Keep(request.url, cookie_);
    return response;
  }

  void SetCommon(const std::string& url) {
    Curl().easy_setopt(curl_, CURLOPT_URL, url.c_str());
    Curl().easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "http,https");
    Curl().easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
    Curl().easy_setopt(curl_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    Curl().easy_setopt(curl_, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    if (options_.stall_timeout.count() > 0) {
      Curl().easy_setopt(curl_, CURLOPT_LOW_SPEED_LIMIT, 1L);
      Curl().easy_setopt(curl_, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.stall_timeout.count()));
    }
    Curl().easy_setopt(curl_, CURLOPT_USERAGENT, "qlake");
    Curl().easy_setopt(curl_, CURLOPT_ERRORBUFFER, reason_.data());
    Curl().easy_setopt(curl_, CURLOPT_WRITEFUNCTION, TakeBody);
    Curl().easy_setopt(curl_, CURLOPT_WRITEDATA, this);
    Curl().easy_setopt(curl_, CURLOPT_HEADERFUNCTION, TakeHeader);
    Curl().easy_setopt(curl_, CURLOPT_HEADERDATA, this);
    if (!options_.username.empty()) {
      Curl().easy_setopt(curl_, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
      Curl().easy_setopt(curl_, CURLOPT_USERNAME, options_.username.c_str());
      Curl().easy_setopt(curl_, CURLOPT_PASSWORD, options_.password.c_str());
    }
    if (!options_.ca_file.empty()) Curl().easy_setopt(curl_, CURLOPT_CAINFO, options_.ca_file.c_str());
  }

  void Perform(const std::string& url) {
    reason_[0] = '\0';
    CURLcode code = Curl().easy_perform(curl_);
    if (code == CURLE_OK) return;
    std::string reason = reason_[0] == '\0' ? Curl().easy_strerror(code) : reason_.data();
    if (code == CURLE_WRITE_ERROR) reason = fmt::format("the answer is longer than {} bytes", options_.body_bytes_max);
    auto kind = IsForTheUser(code) ? base::ErrorKind::kInput : base::ErrorKind::kUnavailable;
    throw base::Error(kind, fmt::format("cannot ask {}: {}", base::MaskSecrets(url), reason));
  }

  static size_t TakeBody(char* bytes, size_t size, size_t count, void* self) {
    auto& handle = *static_cast<Handle*>(self);
    std::string& body = handle.response_.body;
    if (body.size() + size * count > handle.options_.body_bytes_max) return 0;
    body.append(bytes, size * count);
    return size * count;
  }

  static size_t TakeHeader(char* bytes, size_t size, size_t count, void* self) {
    auto& handle = *static_cast<Handle*>(self);
    std::string_view line = Trim({bytes, size * count});
    size_t colon = line.find(':');
    if (line.starts_with("HTTP/")) {
      handle.BeginResponse(line);
    } else if (colon != std::string_view::npos) {
      std::string name(line.substr(0, colon));
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      std::string_view value = Trim(line.substr(colon + 1));
      handle.response_.headers[name] = value;
      if (name == "set-cookie") handle.TakeCookie(Trim(value.substr(0, value.find(';'))));
    }
    return size * count;
  }

  // One exchange may have several: "100 Continue", or a 401 that is negotiated about.
  void BeginResponse(std::string_view status_line) {
    response_.headers.clear();
    cookie_.clear();
    size_t space = std::min(status_line.find(' '), status_line.size());
    size_t reason = status_line.find(' ', space + 1);
    response_.reason = reason == std::string_view::npos ? "" : Trim(status_line.substr(reason));
  }

  void TakeCookie(std::string_view cookie) {
    if (cookie.find('=') >= cookie.size() - 1) return;  // It has no value: it is taken back.
    if (!cookie_.empty()) cookie_ += "; ";
    cookie_ += cookie;
  }

  static int TakeNoTicket(CURL*, curl_infotype type, char* bytes, size_t size, void* self) {
    constexpr std::string_view kBegin = "gss_";
    constexpr std::string_view kFailed = "failed: ";
    std::string_view text(bytes, size);
    size_t failed = text.find(kFailed);
    if (type == CURLINFO_TEXT && text.starts_with(kBegin) && failed != std::string_view::npos) {
      text = Trim(text.substr(failed + kFailed.size()));
      static_cast<Handle*>(self)->no_ticket_ = text.substr(0, text.find_last_not_of('.') + 1);
    }
    return 0;
  }

  const ClientOptions options_;
  const std::shared_ptr<Sessions> sessions_;
  CURL* curl_ = nullptr;
  Response response_;      // While it comes.
  std::string cookie_;     // That comes with it, or several with "; " between.
  std::string no_ticket_;  // Why GSS-API has none.
  std::array<char, CURL_ERROR_SIZE> reason_{};
};

Client::Client(ClientOptions options, std::shared_ptr<Sessions> sessions)
    : handle_(std::make_unique<Handle>(std::move(options), std::move(sessions))) {}
Client::~Client() = default;

Response Client::Send(const Request& request) { return handle_->Ask(request); }

Response Client::Get(const std::string& url) { return Send({.method = Method::kGet, .url = url}); }

Response Client::Post(const std::string& url, const std::string& content_type, const std::string& body) {
  return Send({Method::kPost, url, content_type, body});
}

Response ClientPool::Send(const Request& request) {
  std::unique_ptr<Client> client;
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      client = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!client) client = std::make_unique<Client>(options_, sessions_);
  Response response = client->Send(request);  // One that fails goes, and its connections with it.
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(client));
  return response;
}

std::string EncodeUrl(std::string_view text, bool keep_slashes) {
  std::string encoded;
  for (unsigned char c : text) {
    bool is_plain = (c < 0x80 && std::isalnum(c) != 0) || c == '-' || c == '_' || c == '.' || c == '~' || c == '=';
    if (is_plain || (keep_slashes && c == '/')) {
      encoded.push_back(static_cast<char>(c));
    } else {
      encoded += fmt::format("%{:02X}", c);
    }
  }
  return encoded;
}

}  // namespace qlake::http
