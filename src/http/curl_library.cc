#include "http/curl_library.h"

#include <dlfcn.h>

#include "base/error.h"

namespace qlake::http {
namespace {

constexpr const char* kLibrary = "libcurl.so.4";

template <typename Function>
void Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) throw base::IoError("{} has no function {}: install it anew", kLibrary, name);
}

CurlLibrary Load() {
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw base::IoError("cannot load {}, install the package libcurl4: {}", kLibrary, dlerror());
  CurlLibrary curl;
  Find(library, "curl_global_init", curl.global_init);
  Find(library, "curl_easy_init", curl.easy_init);
  Find(library, "curl_easy_cleanup", curl.easy_cleanup);
  Find(library, "curl_easy_reset", curl.easy_reset);
  Find(library, "curl_easy_setopt", curl.easy_setopt);
  Find(library, "curl_easy_perform", curl.easy_perform);
  Find(library, "curl_easy_getinfo", curl.easy_getinfo);
  Find(library, "curl_easy_strerror", curl.easy_strerror);
  Find(library, "curl_version_info", curl.version_info);
  Find(library, "curl_slist_append", curl.slist_append);
  Find(library, "curl_slist_free_all", curl.slist_free_all);
  CURLcode started = curl.global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw base::IoError("cannot start libcurl: {}", curl.easy_strerror(started));
  return curl;
}

}  // namespace

const CurlLibrary& Curl() {
  static const CurlLibrary curl = Load();
  return curl;
}

}  // namespace qlake::http
