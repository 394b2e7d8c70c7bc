#include "http/client.h"

#include <algorithm>

namespace elanus::http {
namespace {

// What stands between "scheme://" and the next slash; empty for other schemes.
std::string_view AuthorityOf(std::string_view url) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (url.starts_with(scheme)) {
            url.remove_prefix(scheme.size());
            return url.substr(0, url.find_first_of("/?#"));
        }
    }
    return {};
}

}  // namespace

bool IsHttpUrl(std::string_view url) {
    const bool printable =
        std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; });
    const std::string_view authority = AuthorityOf(url);
    return printable && !authority.empty() && authority.front() != ':' &&
           authority.find('@') == authority.npos;
}

std::string ShownUrl(std::string_view url) {
    return std::string(url.substr(0, url.find_first_of("?#")));
}

}  // namespace elanus::http
