#include "http/curl_client.h"

#include "base/ascii.h"
#include "base/mutex.h"
#include "http/curl_library.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace elanus::http {
namespace {

constexpr size_t kReplyBytesMax = size_t{64} << 20;
constexpr int64_t kConnectTimeoutMs = 10'000;
constexpr size_t kIdleHandlesMax = 16;  // each keeps a few connections
constexpr int64_t kMsPerSecond = 1000;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kRetryAfterSecondsMax = 3600;

using base::Code;
using base::Status;

// One request on its way: what curl's callbacks write to.
struct Exchange {
    const base::CallContext& context;
    sys::Clock& clock;
    Response response;
    bool too_large = false;
};

size_t TakeBody(const char* bytes, size_t size, size_t count, void* user) {
    auto* exchange = static_cast<Exchange*>(user);
    const size_t total = size * count;
    if (exchange->response.body.size() + total > kReplyBytesMax) {
        exchange->too_large = true;
        return 0;  // ends the transfer
    }
    exchange->response.body.append(bytes, total);
    return total;
}

// "Retry-After: 3" in seconds; the form with a date is not taken.
size_t TakeHeader(const char* bytes, size_t size, size_t count, void* user) {
    constexpr std::string_view kName = "retry-after:";
    const std::string_view line(bytes, size * count);
    if (base::SameIgnoringCase(line.substr(0, kName.size()), kName)) {
        std::string_view value = line.substr(kName.size());
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        int64_t seconds = 0;
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), seconds);
        if (error == std::errc() && seconds >= 0) {
            static_cast<Exchange*>(user)->response.retry_after_ms =
                std::min(seconds, kRetryAfterSecondsMax) * kMsPerSecond;
        }
    }
    return size * count;
}

// curl asks about once a second, and whenever bytes move.
int StopWhenNobodyWaits(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const auto* exchange = static_cast<const Exchange*>(user);
    return exchange->context.Check(exchange->clock.MonotonicNs()).ok() ? 0 : 1;
}

class HeaderList {
  public:
    HeaderList(const CurlLibrary& curl, const Headers& headers) : curl_(curl) {
        for (const auto& [name, value] : headers) {
            list_ = curl_.slist_append(list_, (name + ": " + value).c_str());
        }
        // Without this curl waits for a "100 Continue" before it sends a large body.
        list_ = curl_.slist_append(list_, "Expect:");
    }
    ~HeaderList() { curl_.slist_free_all(list_); }
    HeaderList(const HeaderList&) = delete;
    HeaderList& operator=(const HeaderList&) = delete;
    curl_slist* get() const { return list_; }

  private:
    const CurlLibrary& curl_;
    curl_slist* list_ = nullptr;
};

bool HoldsNoLineEnd(const Headers& headers) {
    return std::all_of(headers.begin(), headers.end(), [](const auto& header) {
        return (header.first + header.second).find_first_of(std::string_view("\r\n\0", 3)) ==
               std::string::npos;
    });
}

class CurlClient : public Client {
  public:
    explicit CurlClient(sys::Clock& clock) : clock_(clock) {}

    ~CurlClient() override {
        for (CURL* handle : idle_) {
            curl_->easy_cleanup(handle);
        }
    }

    base::Result<Response> Post(const base::CallContext& context, const Request& request) override {
        if (!IsHttpUrl(request.url)) {
            return base::InvalidParameter("[" + ShownUrl(request.url) +
                                          "] is not a valid http/https link");
        }
        if (!HoldsNoLineEnd(request.headers)) {
            return base::InvalidParameter("a header of an HTTP request holds a line end");
        }
        RETURN_IF_ERROR(context.Check(clock_.MonotonicNs()));
        ASSIGN_OR_RETURN(CURL * handle, Take());
        Exchange exchange{context, clock_, {}, false};
        const HeaderList headers(*curl_, request.headers);
        SetUp(handle, request, headers, &exchange);
        const CURLcode code = curl_->easy_perform(handle);
        const Status failure = code == CURLE_OK ? Status() : FailureOf(code, request, exchange);
        if (failure.ok()) {
            long status = 0;  // NOLINT(google-runtime-int): curl's type
            curl_->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
            exchange.response.status = static_cast<int>(status);
        }
        GiveBack(handle);
        RETURN_IF_ERROR(failure);
        return std::move(exchange.response);
    }

  private:
    base::Result<CURL*> Take() {
        const base::MutexLock lock(mutex_);
        if (curl_ == nullptr) {
            ASSIGN_OR_RETURN(curl_, CurlLibrary::Get());
        }
        if (!idle_.empty()) {
            CURL* handle = idle_.back();
            idle_.pop_back();
            return handle;
        }
        CURL* handle = curl_->easy_init();
        if (handle == nullptr) {
            return Status::Error(Code::kIoFailed, "libcurl gives no handle");
        }
        return handle;
    }

    void GiveBack(CURL* handle) {
        curl_->easy_reset(handle);  // keeps its connections
        const base::MutexLock lock(mutex_);
        if (idle_.size() < kIdleHandlesMax) {
            idle_.push_back(handle);
            return;
        }
        curl_->easy_cleanup(handle);
    }

    int64_t TimeLeftMs(const base::CallContext& context, int64_t timeout_ms) const {
        if (context.deadline_ns == base::CallContext::kNoDeadline) {
            return timeout_ms;
        }
        const int64_t left_ms = (context.deadline_ns - clock_.MonotonicNs()) / kNsPerMs + 1;
        return std::clamp<int64_t>(left_ms, 1, timeout_ms);
    }

    template <typename Value>
    void Option(CURL* handle, CURLoption option, Value value) const {
        curl_->easy_setopt(handle, option, value);
    }

    void SetUp(CURL* handle, const Request& request, const HeaderList& headers,
               Exchange* exchange) const {
        const int64_t timeout_ms = std::clamp<int64_t>(
            TimeLeftMs(exchange->context, request.timeout_ms), 1, std::numeric_limits<int>::max());
        Option(handle, CURLOPT_URL, request.url.c_str());
        Option(handle, CURLOPT_PROTOCOLS_STR, "http,https");
        Option(handle, CURLOPT_NOSIGNAL, 1L);
        Option(handle, CURLOPT_POST, 1L);
        Option(handle, CURLOPT_POSTFIELDS, request.body.data());
        Option(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        Option(handle, CURLOPT_HTTPHEADER, headers.get());
        Option(handle, CURLOPT_USERAGENT, "elanus");
        Option(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));  // NOLINT
        Option(handle, CURLOPT_CONNECTTIMEOUT_MS,
               static_cast<long>(std::min(timeout_ms, kConnectTimeoutMs)));  // NOLINT
        Option(handle, CURLOPT_WRITEFUNCTION, &TakeBody);
        Option(handle, CURLOPT_WRITEDATA, exchange);
        Option(handle, CURLOPT_HEADERFUNCTION, &TakeHeader);
        Option(handle, CURLOPT_HEADERDATA, exchange);
        Option(handle, CURLOPT_NOPROGRESS, 0L);
        Option(handle, CURLOPT_XFERINFOFUNCTION, &StopWhenNobodyWaits);
        Option(handle, CURLOPT_XFERINFODATA, exchange);
    }

    Status FailureOf(CURLcode code, const Request& request, const Exchange& exchange) const {
        RETURN_IF_ERROR(exchange.context.Check(clock_.MonotonicNs()));
        const std::string where = ShownUrl(request.url);
        if (exchange.too_large) {
            return Status::Error(Code::kIoFailed, where + " answered more than " +
                                                      std::to_string(kReplyBytesMax) + " bytes");
        }
        if (code == CURLE_OPERATION_TIMEDOUT) {
            return Status::Error(Code::kTimeout, where + " did not answer within " +
                                                     std::to_string(request.timeout_ms) + " ms");
        }
        return Status::Error(Code::kIoFailed, where + ": " + curl_->easy_strerror(code));
    }

    sys::Clock& clock_;
    base::Mutex mutex_;
    const CurlLibrary* curl_ = nullptr;  // set under the mutex before any handle is given out
    std::vector<CURL*> idle_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Client> MakeCurlClient(sys::Clock& clock) {
    return std::make_unique<CurlClient>(clock);
}

}  // namespace elanus::http
