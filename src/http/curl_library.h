// CurlLibrary: libcurl, opened when it is first needed.
//
// Why not linked: a server that calls no service would load curl, its TLS and a dozen libraries
// more at every start, and the binary's own static OpenSSL must not meet curl's in one name space.
// Threads: Get() from any; the functions are as thread-safe as libcurl's are.
#pragma once

#include "base/status.h"

#include <curl/curl.h>

namespace elanus::http {

struct CurlLibrary {
    decltype(&curl_easy_init) easy_init = nullptr;
    decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
    decltype(&curl_easy_reset) easy_reset = nullptr;
    decltype(&curl_easy_setopt) easy_setopt = nullptr;
    decltype(&curl_easy_perform) easy_perform = nullptr;
    decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
    decltype(&curl_easy_strerror) easy_strerror = nullptr;
    decltype(&curl_slist_append) slist_append = nullptr;
    decltype(&curl_slist_free_all) slist_free_all = nullptr;

    // kUnsupportedOperation when this machine has no libcurl.
    static base::Result<const CurlLibrary*> Get();
};

}  // namespace elanus::http
