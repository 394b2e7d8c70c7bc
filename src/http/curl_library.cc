#include "http/curl_library.h"

#include <string>

#include <dlfcn.h>

namespace elanus::http {
namespace {

constexpr const char* kName = "libcurl.so.4";

struct Opened {
    CurlLibrary functions;
    std::string failure;
};

class Loader {
  public:
    Opened Open() {
        // Never closed: handles and threads of the library may live to the end of the process.
        handle_ = dlopen(kName, RTLD_NOW | RTLD_LOCAL);
        if (handle_ == nullptr) {
            const char* why = dlerror();
            opened_.failure = why == nullptr ? "unknown" : why;
            return opened_;
        }
        CurlLibrary& to = opened_.functions;
        decltype(&curl_global_init) global_init = nullptr;
        Find("curl_global_init", &global_init);
        Find("curl_easy_init", &to.easy_init);
        Find("curl_easy_cleanup", &to.easy_cleanup);
        Find("curl_easy_reset", &to.easy_reset);
        Find("curl_easy_setopt", &to.easy_setopt);
        Find("curl_easy_perform", &to.easy_perform);
        Find("curl_easy_getinfo", &to.easy_getinfo);
        Find("curl_easy_strerror", &to.easy_strerror);
        Find("curl_slist_append", &to.slist_append);
        Find("curl_slist_free_all", &to.slist_free_all);
        if (opened_.failure.empty() && global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
            opened_.failure = "curl_global_init failed";
        }
        return opened_;
    }

  private:
    template <typename Function>
    void Find(const char* name, Function* function) {
        *function = reinterpret_cast<Function>(dlsym(handle_, name));
        if (*function == nullptr) {
            opened_.failure = std::string(name) + " is missing";
        }
    }

    void* handle_ = nullptr;
    Opened opened_;
};

}  // namespace

base::Result<const CurlLibrary*> CurlLibrary::Get() {
    static const Opened opened = Loader().Open();
    if (!opened.failure.empty()) {
        return base::Status::Error(base::Code::kUnsupportedOperation,
                                   std::string("calls of model services need the library ") +
                                       kName + " (" + opened.failure +
                                       "): install it, on Debian with apt-get install libcurl4");
    }
    return &opened.functions;
}

}  // namespace elanus::http
