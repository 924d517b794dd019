#include "http/client.h"

#include <curl/curl.h>

#include <array>

#include "base/error.h"

namespace qlake::http {
namespace {

// Once in the process; libcurl's own reference counting is not thread-safe everywhere.
void StartLibrary() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw base::IoError("cannot start libcurl: {}", curl_easy_strerror(started));
}

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
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, FreeList>;

}  // namespace

class Client::Handle {
 public:
  explicit Handle(ClientOptions options) : options_(std::move(options)) {
    StartLibrary();
    curl_ = curl_easy_init();
    if (curl_ == nullptr) throw base::IoError("cannot start libcurl");
  }
  ~Handle() { curl_easy_cleanup(curl_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  // `body`: nothing for GET.
  Response Ask(const std::string& url, const std::string& content_type, const std::string* body) {
    body_.clear();
    curl_easy_reset(curl_);
    SetCommon(url);
    Headers headers;
    if (body != nullptr) {
      headers.reset(curl_slist_append(nullptr, ("Content-Type: " + content_type).c_str()));
      curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers.get());
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, body->data());
    }
    Perform(url);
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    return {static_cast<int>(status), std::move(body_)};
  }

 private:
  void SetCommon(const std::string& url) {
    curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl_, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    curl_easy_setopt(curl_, CURLOPT_USERAGENT, "qlake");
    curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, reason_.data());
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, TakeBody);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, this);
    if (!options_.username.empty()) {
      curl_easy_setopt(curl_, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
      curl_easy_setopt(curl_, CURLOPT_USERNAME, options_.username.c_str());
      curl_easy_setopt(curl_, CURLOPT_PASSWORD, options_.password.c_str());
    }
    if (!options_.ca_file.empty()) curl_easy_setopt(curl_, CURLOPT_CAINFO, options_.ca_file.c_str());
  }

  void Perform(const std::string& url) {
    reason_[0] = '\0';
    CURLcode code = curl_easy_perform(curl_);
    if (code == CURLE_OK) return;
    std::string reason = reason_[0] == '\0' ? curl_easy_strerror(code) : reason_.data();
    if (code == CURLE_WRITE_ERROR) reason = fmt::format("the answer is longer than {} bytes", options_.body_bytes_max);
    auto kind = IsForTheUser(code) ? base::ErrorKind::kInput : base::ErrorKind::kUnavailable;
    throw base::Error(kind, fmt::format("cannot ask {}: {}", url, reason));
  }

  static size_t TakeBody(char* bytes, size_t size, size_t count, void* self) {
    auto& handle = *static_cast<Handle*>(self);
    if (handle.body_.size() + size * count > handle.options_.body_bytes_max) return 0;
    handle.body_.append(bytes, size * count);
    return size * count;
  }

  const ClientOptions options_;
  CURL* curl_ = nullptr;
  std::string body_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
};

Client::Client(ClientOptions options) : handle_(std::make_unique<Handle>(std::move(options))) {}
Client::~Client() = default;

Response Client::Get(const std::string& url) { return handle_->Ask(url, "", nullptr); }

Response Client::Post(const std::string& url, const std::string& content_type, const std::string& body) {
  return handle_->Ask(url, content_type, &body);
}

}  // namespace qlake::http
