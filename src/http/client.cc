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

std::string EncodePath(std::string_view path) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : path) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') ||
                              std::string_view("-._~/").find(c) != std::string_view::npos;
        if (is_plain) {
            out.push_back(c);
            continue;
        }
        out.push_back('%');
        out.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
        out.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
    }
    return out;
}

}  // namespace elanus::http
