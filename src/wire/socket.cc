#include "wire/socket.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <system_error>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace elanus::wire {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
// The kernel cuts it to net.core.somaxconn; a burst of reconnecting clients must fit.
constexpr int kBacklog = 4096;

base::Status ListenError(const std::string& address, std::string_view what, int error) {
    return base::Status::Error(
        base::Code::kServiceUnavailable,
        "cannot listen on " + address + ": " + std::string(what) + ": " + ErrnoText(error));
}

struct HostPort {
    std::string host;
    uint16_t port = 0;
};

base::Result<HostPort> ParseHostPort(const std::string& address) {
    const size_t colon = address.rfind(':');
    if (colon == std::string::npos) {
        return base::InvalidParameter("listen address '" + address + "' has no port");
    }
    HostPort result;
    result.host = address.substr(0, colon);
    if (result.host.size() >= 2 && result.host.front() == '[' && result.host.back() == ']') {
        result.host = result.host.substr(1, result.host.size() - 2);
    }
    const char* begin = address.data() + colon + 1;
    const char* end = address.data() + address.size();
    const auto [stop, error] = std::from_chars(begin, end, result.port);
    if (error != std::errc() || stop != end) {
        return base::InvalidParameter("listen address '" + address + "' has a bad port");
    }
    return result;
}

std::string BoundAddress(int fd, uint16_t* port) {
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
    char host[NI_MAXHOST] = "";
    char service[NI_MAXSERV] = "";
    ::getnameinfo(reinterpret_cast<sockaddr*>(&bound), size, host, sizeof(host), service,
                  sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV);
    const bool v6 = bound.ss_family == AF_INET6;
    *port = ntohs(v6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                     : reinterpret_cast<sockaddr_in&>(bound).sin_port);
    return (v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + service;
}

// Binds one resolved address; the errno of the failed step otherwise.
int BindTcp(const addrinfo& info, OwnedFd* out) {
    OwnedFd fd(::socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) {
        return errno;
    }
    const int on = 1;
    const int off = 0;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (info.ai_family == AF_INET6) {
        ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (::bind(fd.get(), info.ai_addr, info.ai_addrlen) != 0 || ::listen(fd.get(), kBacklog) != 0) {
        return errno;
    }
    *out = std::move(fd);
    return 0;
}

base::Result<ListeningSocket> ListenHost(const std::string& address, const HostPort& parsed) {
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error =
        ::getaddrinfo(parsed.host.c_str(), std::to_string(parsed.port).c_str(), &hints, &found);
    if (error != 0) {
        return base::InvalidParameter("listen address '" + address + "': " + ::gai_strerror(error));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    ListeningSocket socket;
    int failure = 0;
    for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
        failure = BindTcp(*info, &socket.fd);
        if (failure == 0) {
            socket.address = BoundAddress(socket.fd.get(), &socket.port);
            return socket;
        }
    }
    return ListenError(address, "bind", failure);
}

base::Result<ListeningSocket> ListenTcp(const std::string& address) {
    ASSIGN_OR_RETURN(HostPort parsed, ParseHostPort(address));
    if (!parsed.host.empty()) {
        return ListenHost(address, parsed);
    }
    // One IPv6 socket takes both families; a kernel without IPv6 gets the other.
    base::Result<ListeningSocket> both = ListenHost(address, {"::", parsed.port});
    return both.ok() ? std::move(both) : ListenHost(address, {"0.0.0.0", parsed.port});
}

// True when the path is a socket that nobody listens on any more.
bool IsStaleUnixSocket(const std::string& path, const sockaddr_un& name) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) {
        return false;
    }
    const OwnedFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int result =
        ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name));
    return probe.valid() && result != 0 && errno == ECONNREFUSED;
}

base::Result<ListeningSocket> ListenUnix(const std::string& address) {
    ListeningSocket socket;
    socket.address = address;
    socket.unix_path = address.substr(kUnixPrefix.size());
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (socket.unix_path.empty() || socket.unix_path.size() >= sizeof(name.sun_path)) {
        return base::InvalidParameter("listen address '" + address + "': the path is empty or " +
                                      "longer than " + std::to_string(sizeof(name.sun_path) - 1));
    }
    std::memcpy(name.sun_path, socket.unix_path.data(), socket.unix_path.size());
    socket.fd = OwnedFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.fd.valid()) {
        return ListenError(address, "socket", errno);
    }
    if (IsStaleUnixSocket(socket.unix_path, name)) {
        ::unlink(socket.unix_path.c_str());
    }
    if (::bind(socket.fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof(name)) != 0) {
        return ListenError(address, "bind", errno);
    }
    if (::listen(socket.fd.get(), kBacklog) != 0) {
        return ListenError(address, "listen", errno);
    }
    return socket;
}

}  // namespace

void OwnedFd::Close() {
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

base::Result<ListeningSocket> Listen(const std::string& address) {
    if (address.starts_with(kUnixPrefix)) {
        return ListenUnix(address);
    }
    return ListenTcp(address);
}

uint64_t RaiseOpenFilesLimit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        const rlim_t before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            return before;
        }
    }
    return limit.rlim_cur;
}

void DisableNagle(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

std::string PeerAddress(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::getpeername(fd, generic, &size) != 0) {
        return {};
    }
    if (address.ss_family == AF_UNIX) {
        return std::string(kUnixPrefix);
    }
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (::getnameinfo(generic, size, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return {};
    }
    std::string_view name = host;
    constexpr std::string_view kMapped = "::ffff:";  // IPv4 on a socket for both
    const bool is_mapped = name.starts_with(kMapped) && name.find('.') != name.npos;
    name.remove_prefix(is_mapped ? kMapped.size() : 0);
    std::string text = address.ss_family == AF_INET6 && !is_mapped ? "ipv6:[" : "ipv4:";
    text.append(name).append(text.starts_with("ipv6") ? "]:" : ":");
    return text.append(port);
}

std::string ErrnoText(int error) {
    return std::generic_category().message(error);
}

}  // namespace elanus::wire
