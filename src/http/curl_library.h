#pragma once

#define CURL_DISABLE_TYPECHECK  // Its macros call the functions by name.
#include <curl/curl.h>

namespace qlake::http {

// The functions of libcurl that clients call. It is loaded with the first call of Curl(), not with the program: it
// needs thirty libraries more, and a command that asks no server would pay 8 ms for them.
struct CurlLibrary {
  decltype(&curl_global_init) global_init;
  decltype(&curl_easy_init) easy_init;
  decltype(&curl_easy_cleanup) easy_cleanup;
  decltype(&curl_easy_reset) easy_reset;
  decltype(&curl_easy_setopt) easy_setopt;
  decltype(&curl_easy_perform) easy_perform;
  decltype(&curl_easy_getinfo) easy_getinfo;
  decltype(&curl_easy_strerror) easy_strerror;
  decltype(&curl_version_info) version_info;
  decltype(&curl_slist_append) slist_append;
  decltype(&curl_slist_free_all) slist_free_all;
};

// Loaded and started once in the process. Thread-safe. Throws Error{kIo} when it is not installed.
const CurlLibrary& Curl();

}  // namespace qlake::http
