#include "wire/http_server.h"

#include "base/log.h"
#include "base/mutex.h"
#include "sys/clock.h"
#include "sys/thread.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <unordered_set>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <sys/socket.h>

namespace elanus::wire {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace net = boost::asio;
using boost::system::error_code;

using Stream = beast::basic_stream<net::generic::stream_protocol>;

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNsPerSecond = 1000 * kNsPerMs;
// After an error answer the client may still be sending; its bytes are read for this long, because
// closing on unread bytes would destroy the answer on its way.
constexpr std::chrono::seconds kLinger(2);

std::string_view View(beast::string_view text) {
    return {text.data(), text.size()};
}

HttpRequest ToRequest(http::request<http::string_body> message) {
    HttpRequest request;
    request.method = View(message.method_string());
    const std::string_view target = View(message.target());
    const size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string_view::npos) {
        request.query = target.substr(mark + 1);
    }
    for (const auto& field : message) {
        request.headers.emplace_back(View(field.name_string()), View(field.value()));
    }
    request.body = std::move(message.body());
    return request;
}

void ApplyTimeout(HttpRequest* request) {
    const std::string_view text = request->Header("Request-Timeout");
    int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error == std::errc() && end == text.data() + text.size() && seconds > 0 &&
        seconds < INT32_MAX) {
        request->context.deadline_ns = sys::RealClock().MonotonicNs() + seconds * kNsPerSecond;
    }
}

http::status StatusOfReadError(error_code error) {
    if (error == http::error::body_limit) {
        return http::status::payload_too_large;
    }
    if (error == http::error::header_limit) {
        return http::status::request_header_fields_too_large;
    }
    return http::status::bad_request;
}

// Errors of the transport need no answer; errors of the text do.
bool IsParseError(error_code error) {
    return error.category() == http::make_error_code(http::error::bad_method).category() &&
           error != http::error::end_of_stream && error != http::error::partial_message;
}

}  // namespace

struct HttpServer::Impl {
    class Session;

    Impl(sys::Executor& executor, Activity& counter, const Options& limits)
        : workers(executor), activity(counter), options(limits), work(io.get_executor()) {}

    sys::Executor& workers;
    Activity& activity;
    const Options options;
    net::io_context io{1};
    net::executor_work_guard<net::io_context::executor_type> work;
    std::unique_ptr<sys::Thread> thread;

    // The I/O thread only.
    std::unordered_set<Session*> sessions;
    bool stopping = false;  // no further request of a connection is read
    bool aborting = false;  // answers are no longer written

    // What still uses this object: a request until its answer is written, a worker until it has
    // posted that answer. Stop() waits for none.
    base::Mutex mutex;
    base::CondVar changed;
    int users GUARDED_BY(mutex) = 0;

    void Retain() {
        base::MutexLock lock(mutex);
        ++users;
    }
    void Release() {
        base::MutexLock lock(mutex);
        --users;
        changed.NotifyAll();
    }
    void WaitUntilUnused(int64_t drain_ms);
    void AbortSessions();
};

// One connection. Steps: header -> (100 Continue) -> body -> handler on a worker -> response ->
// again. Every step runs on the I/O thread and holds a reference, so the session ends with its last
// step.
class HttpServer::Impl::Session : public std::enable_shared_from_this<Session> {
  public:
    Session(Impl& owner, net::generic::stream_protocol::socket socket, HttpHandler& handler)
        : owner_(owner), stream_(std::move(socket)), handler_(handler) {
        owner_.sessions.insert(this);
    }
    ~Session() { owner_.sessions.erase(this); }

    void Start() {
        peer_ = PeerAddress(stream_.socket().native_handle());
        ReadHeader(owner_.options.first_header_ms_max);
    }

    // An idle connection closes now, a busy one after its answer.
    void CloseWhenIdle() {
        if (!busy_) {
            stream_.close();
        }
    }
    // Ends every transfer; a handler that runs is told to give up.
    void Abort() {
        context_.Cancel();
        stream_.close();
    }

  private:
    void Expire(int64_t ms) { stream_.expires_after(std::chrono::milliseconds(ms)); }

    void ReadHeader(int64_t ms) {
        busy_ = false;
        parser_.emplace();
        parser_->header_limit(owner_.options.header_bytes_max);
        parser_->body_limit(owner_.options.body_bytes_max);
        Expire(ms);
        http::async_read_header(
            stream_, buffer_, *parser_,
            [self = shared_from_this()](error_code error, size_t) { self->OnHeader(error); });
    }

    void OnHeader(error_code error) {
        if (error) {
            return OnReadError(error);
        }
        busy_ = true;
        if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
            return WriteContinue();
        }
        ReadBody();
    }

    void WriteContinue() {
        interim_ = {};
        interim_.version(11);
        interim_.result(http::status::continue_);
        Expire(owner_.options.transfer_ms_max);
        http::async_write(stream_, interim_, [self = shared_from_this()](error_code error, size_t) {
            if (!error) {
                self->ReadBody();
            }
        });
    }

    void ReadBody() {
        Expire(owner_.options.transfer_ms_max);
        http::async_read(
            stream_, buffer_, *parser_,
            [self = shared_from_this()](error_code error, size_t) { self->OnBody(error); });
    }

    void OnBody(error_code error) {
        if (error) {
            return OnReadError(error);
        }
        stream_.expires_never();
        keep_alive_ = parser_->get().keep_alive() && !owner_.stopping;
        head_only_ = parser_->get().method() == http::verb::head;
        version_ = parser_->get().version();
        HttpRequest request = ToRequest(parser_->release());
        parser_.reset();
        context_ = base::CallContext();
        context_.peer = peer_;
        request.context = context_;
        ApplyTimeout(&request);
        owner_.activity.Begin();
        owner_.Retain();
        owner_.Retain();
        auto shared_request = std::make_shared<HttpRequest>(std::move(request));
        CancelWhenClientLeaves();
        owner_.workers.Submit([self = shared_from_this(), shared_request]() mutable {
            RunHandler(std::move(self), *shared_request);
        });
    }

    // A client that closes its side while the handler runs wants no answer any more, as in Go's
    // server. The wait may outlive the request (bytes of the next one end it), so it holds the
    // request's own context.
    void CancelWhenClientLeaves() {
        stream_.socket().async_wait(
            net::socket_base::wait_read,
            [self = shared_from_this(), context = context_](error_code error) {
                char byte = 0;
                const bool closed = !error && ::recv(self->stream_.socket().native_handle(), &byte,
                                                     1, MSG_PEEK | MSG_DONTWAIT) == 0;
                if (closed) {
                    context.Cancel();
                }
            });
    }

    // On a worker. The session goes back to the I/O thread, which owns the list of sessions.
    static void RunHandler(std::shared_ptr<Session> self, const HttpRequest& request) {
        Impl& owner = self->owner_;
        HttpResponse response = self->handler_.Handle(request);
        net::post(owner.io, [self = std::move(self), response = std::move(response)] {
            self->answering_ = true;
            self->Write(response);
        });
        owner.Release();
    }

    void OnReadError(error_code error) {
        if (!IsParseError(error)) {
            return;
        }
        keep_alive_ = false;
        linger_ = true;
        const http::status status = StatusOfReadError(error);
        Write({.status = static_cast<int>(status),
               .body = std::string(View(http::obsolete_reason(status)))});
    }

    void Write(const HttpResponse& response) {
        if (owner_.aborting) {
            return EndRequest();
        }
        busy_ = true;
        response_ = {};
        response_.version(version_);
        response_.result(static_cast<unsigned>(response.status));
        response_.set(http::field::content_type, response.content_type);
        for (const auto& [key, value] : response.headers) {
            response_.set(key, value);
        }
        response_.keep_alive(keep_alive_);
        response_.content_length(response.body.size());
        if (!head_only_) {
            response_.body() = response.body;
        }
        Expire(owner_.options.transfer_ms_max);
        http::async_write(
            stream_, response_,
            [self = shared_from_this()](error_code error, size_t) { self->OnWritten(error); });
    }

    void OnWritten(error_code error) {
        response_ = {};
        EndRequest();
        if (error) {
            return;
        }
        if (keep_alive_ && !owner_.stopping) {
            return ReadHeader(owner_.options.idle_ms_max);
        }
        error_code ignored;
        stream_.socket().shutdown(net::socket_base::shutdown_send, ignored);
        if (linger_) {
            stream_.expires_after(kLinger);
            buffer_.clear();
            Discard();
        }
    }

    // The answer of a handler is out, or nobody wants it; error answers have no handler.
    void EndRequest() {
        if (answering_) {
            answering_ = false;
            owner_.activity.End();
            owner_.Release();
        }
    }

    // Reads and forgets until the client closes or kLinger is over.
    void Discard() {
        stream_.async_read_some(net::buffer(discarded_),
                                [self = shared_from_this()](error_code error, size_t) {
                                    if (!error) {
                                        self->Discard();
                                    }
                                });
    }

    Impl& owner_;
    Stream stream_;
    HttpHandler& handler_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    http::response<http::empty_body> interim_;
    base::CallContext context_;
    std::string peer_;
    char discarded_[4096];
    unsigned version_ = 11;
    bool busy_ = false;       // between the header of a request and the end of its answer
    bool answering_ = false;  // a handler's answer is being written
    bool keep_alive_ = true;
    bool head_only_ = false;
    bool linger_ = false;
};

void HttpServer::Impl::WaitUntilUnused(int64_t drain_ms) {
    const int64_t deadline_ns = sys::RealClock().MonotonicNs() + drain_ms * kNsPerMs;
    bool aborted = false;
    base::MutexLock lock(mutex);
    while (users > 0) {
        const int64_t left_ns = deadline_ns - sys::RealClock().MonotonicNs();
        if (left_ns > 0) {
            changed.WaitFor(mutex, std::chrono::nanoseconds(left_ns));
            continue;
        }
        if (!aborted) {
            aborted = true;
            AbortSessions();
        }
        changed.Wait(mutex);
    }
}

void HttpServer::Impl::AbortSessions() {
    net::post(io, [this] {
        aborting = true;
        for (Session* session : sessions) {
            session->Abort();
        }
    });
}

HttpServer::HttpServer(sys::Executor& workers, Activity& activity, const Options& options)
    : impl_(std::make_unique<Impl>(workers, activity, options)) {
    impl_->thread = std::make_unique<sys::Thread>("http", [raw = impl_.get()] { raw->io.run(); });
}

HttpServer::~HttpServer() {
    Stop(0);
}

void HttpServer::Adopt(OwnedFd fd, HttpHandler& handler) {
    auto owned = std::make_shared<OwnedFd>(std::move(fd));
    net::post(impl_->io, [impl = impl_.get(), owned, &handler] {
        sockaddr_storage address{};
        socklen_t size = sizeof(address);
        ::getsockname(owned->get(), reinterpret_cast<sockaddr*>(&address), &size);
        net::generic::stream_protocol::socket socket(impl->io);
        error_code error;
        socket.assign(net::generic::stream_protocol(address.ss_family, 0), owned->get(), error);
        if (error) {
            base::LogWarn("http_connection_refused", {{"error", error.message()}});
            return;
        }
        owned->Release();
        if (!impl->stopping) {
            std::make_shared<Impl::Session>(*impl, std::move(socket), handler)->Start();
        }
    });
}

void HttpServer::Stop(int64_t drain_ms) {
    if (impl_->thread == nullptr) {
        return;
    }
    net::post(impl_->io, [impl = impl_.get()] {
        impl->stopping = true;
        for (Impl::Session* session : impl->sessions) {
            session->CloseWhenIdle();
        }
    });
    impl_->WaitUntilUnused(drain_ms);
    impl_->AbortSessions();
    impl_->work.reset();
    impl_->thread.reset();  // ends when the last session has ended
}

}  // namespace elanus::wire
