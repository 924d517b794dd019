#include "http/client.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"
#include "base/mask.h"
#include "http/curl_library.h"

namespace qlake::http {
namespace {

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

}  // namespace

class Client::Handle {
 public:
  explicit Handle(ClientOptions options) : options_(std::move(options)) {
    curl_ = Curl().easy_init();
    if (curl_ == nullptr) throw base::IoError("cannot start libcurl");
  }
  ~Handle() { Curl().easy_cleanup(curl_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  Response Ask(const Request& request) {
    response_ = {};
    Curl().easy_reset(curl_);
    SetCommon(request.url);
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

 private:
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
    std::string_view line(bytes, size * count);
    size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      std::string name(line.substr(0, colon));
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      static_cast<Handle*>(self)->response_.headers[name] = Trim(line.substr(colon + 1));
    }
    return size * count;
  }

  const ClientOptions options_;
  CURL* curl_ = nullptr;
  Response response_;  // While it comes.
  std::array<char, CURL_ERROR_SIZE> reason_{};
};

Client::Client(ClientOptions options) : handle_(std::make_unique<Handle>(std::move(options))) {}
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
  if (!client) client = std::make_unique<Client>(options_);
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
