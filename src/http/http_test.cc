#include "http/curl_client.h"
#include "http/retry.h"

#include <atomic>
#include <deque>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace elanus::http {
namespace {

// A service on loopback that answers one connection after the other with what it was told, and
// keeps what it was sent. An answer that is empty means silence until the client goes away.
class ScriptedService {
  public:
    explicit ScriptedService(std::vector<std::string> answers) : answers_(std::move(answers)) {
        socket_ = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
        socklen_t size = sizeof(address);
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        listen(socket_, 8);
        thread_ = std::thread([this] { Serve(); });
    }
    ~ScriptedService() {
        shutdown(socket_, SHUT_RDWR);
        thread_.join();
        close(socket_);
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/rerank"; }
    // After the client has all its answers.
    const std::vector<std::string>& received() const { return received_; }

  private:
    void Serve() {
        for (const std::string& answer : answers_) {
            const int connection = accept(socket_, nullptr, nullptr);
            if (connection < 0) {
                return;
            }
            received_.push_back(ReadRequest(connection));
            if (answer.empty()) {
                char byte = 0;
                while (recv(connection, &byte, 1, 0) > 0) {
                }
            } else {
                send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
            }
            close(connection);
        }
    }

    static std::string ReadRequest(int connection) {
        std::string text;
        char buffer[4096];
        for (;;) {
            const size_t head = text.find("\r\n\r\n");
            const size_t length = text.find("Content-Length: ");
            if (head != text.npos && length != text.npos &&
                text.size() >= head + 4 + std::stoul(text.substr(length + 16))) {
                return text;
            }
            const ssize_t got = recv(connection, buffer, sizeof(buffer), 0);
            if (got <= 0) {
                return text;
            }
            text.append(buffer, static_cast<size_t>(got));
        }
    }

    const std::vector<std::string> answers_;
    int socket_ = -1;
    int port_ = 0;
    std::vector<std::string> received_;
    std::thread thread_;
};

std::string Answer(int status, const std::string& body, const std::string& header = "") {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nConnection: close\r\n" + header +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class CurlClientTest : public testing::Test {
  protected:
    void SetUp() override { setenv("no_proxy", "127.0.0.1", 1); }

    std::unique_ptr<Client> client_ = MakeCurlClient(sys::RealClock());
    base::CallContext context_;
};

TEST_F(CurlClientTest, SendsHeadersAndBodyAndTakesTheAnswer) {
    ScriptedService service({Answer(200, "{\"ok\":1}"), Answer(404, "no")});
    Request request{service.url(), {{"Authorization", "Bearer k"}}, std::string(5000, 'x'), 5000};
    const auto answer = client_->Post(context_, request);
    ASSERT_TRUE(answer.ok()) << answer.status().reason();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "{\"ok\":1}");
    const auto missing = client_->Post(context_, request);
    ASSERT_TRUE(missing.ok());
    EXPECT_EQ(missing->status, 404);
    EXPECT_TRUE(service.received()[0].starts_with("POST /rerank HTTP/1.1\r\n"));
    EXPECT_NE(service.received()[0].find("Authorization: Bearer k\r\n"), std::string::npos);
    EXPECT_TRUE(service.received()[0].ends_with(std::string(5000, 'x')));
}

TEST_F(CurlClientTest, ReadsRetryAfter) {
    ScriptedService service({Answer(429, "", "Retry-After: 7\r\n")});
    const auto answer = client_->Post(context_, {service.url(), {}, "{}", 5000});
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->retry_after_ms, 7000);
}

TEST_F(CurlClientTest, GivesUpAtTheTimeoutOfTheRequest) {
    ScriptedService service({""});
    const auto answer = client_->Post(context_, {service.url(), {}, "{}", 200});
    EXPECT_EQ(answer.status().code(), base::Code::kTimeout);
}

TEST_F(CurlClientTest, GivesUpWhenNobodyWaits) {
    ScriptedService service({""});
    std::thread leaver([this] {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        context_.Cancel();
    });
    const auto answer = client_->Post(context_, {service.url(), {}, "{}", 30'000});
    leaver.join();
    EXPECT_EQ(answer.status().code(), base::Code::kCanceled);
}

TEST_F(CurlClientTest, AServiceThatIsNotThereIsAFailureThatNamesItButNotItsQuery) {
    const auto answer = client_->Post(context_, {"http://127.0.0.1:1/x?key=secret", {}, "{}", 500});
    EXPECT_EQ(answer.status().code(), base::Code::kIoFailed);
    EXPECT_NE(answer.status().reason().find("http://127.0.0.1:1/x"), std::string::npos);
    EXPECT_EQ(answer.status().reason().find("secret"), std::string::npos);
}

TEST_F(CurlClientTest, RefusesWhatIsNoHttp) {
    for (const char* url : {"file:///etc/passwd", "127.0.0.1", "http://", "http://u:p@h/",
                            "ftp://h", "http://h\r\nX: y/"}) {
        const auto answer = client_->Post(context_, {url, {}, "{}", 500});
        EXPECT_EQ(answer.status().code(), base::Code::kInvalidParameter) << url;
    }
    EXPECT_TRUE(IsHttpUrl("https://api.cohere.com/v2/rerank"));
    const auto injected = client_->Post(
        context_, {"http://127.0.0.1:1/", {{"Authorization", "a\r\nHost: b"}}, "{}", 500});
    EXPECT_EQ(injected.status().code(), base::Code::kInvalidParameter);
}

// Answers from a list; the clock is simulated.
class ScriptedClient : public Client {
  public:
    explicit ScriptedClient(std::deque<base::Result<Response>> answers)
        : answers_(std::move(answers)) {}
    base::Result<Response> Post(const base::CallContext&, const Request&) override {
        ++calls;
        base::Result<Response> answer = std::move(answers_.front());
        answers_.pop_front();
        return answer;
    }
    int calls = 0;

  private:
    std::deque<base::Result<Response>> answers_;
};

base::Result<Response> Status(int status, std::optional<int64_t> retry_after_ms = {}) {
    return Response{status, "", retry_after_ms};
}

TEST(Retry, TriesABusyServiceAgainWithDoublingPauses) {
    ScriptedClient client({Status(503), base::Status::Error(base::Code::kIoFailed), Status(200)});
    sys::SimClock clock;
    sys::SeededRandom random(1);
    const int64_t begin_ms = clock.WallMs();
    const auto answer = PostWithRetry(client, {}, clock, random, {}, {});
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(client.calls, 3);
    EXPECT_GE(clock.WallMs() - begin_ms, 3000);
    EXPECT_LE(clock.WallMs() - begin_ms, 3900);
}

TEST(Retry, StopsAfterTheLastTryAndAtOnceWhenItWillNotGetBetter) {
    sys::SimClock clock;
    sys::SeededRandom random(1);
    ScriptedClient busy({Status(429), Status(429), Status(429)});
    EXPECT_EQ(PostWithRetry(busy, {}, clock, random, {}, {})->status, 429);
    EXPECT_EQ(busy.calls, 3);
    ScriptedClient denied({Status(401)});
    EXPECT_EQ(PostWithRetry(denied, {}, clock, random, {}, {})->status, 401);
}

TEST(Retry, WaitsAsLongAsTheServiceAsksUpToTheBound) {
    sys::SimClock clock;
    sys::SeededRandom random(1);
    ScriptedClient client({Status(429, 5000), Status(429, 3'600'000), Status(200)});
    const int64_t begin_ms = clock.WallMs();
    EXPECT_EQ(PostWithRetry(client, {}, clock, random, {}, {})->status, 200);
    EXPECT_NEAR(static_cast<double>(clock.WallMs() - begin_ms), 35'000, 200);
}

TEST(Retry, DoesNotWaitPastTheDeadline) {
    sys::SimClock clock;
    sys::SeededRandom random(1);
    ScriptedClient client({Status(503), Status(200)});
    base::CallContext context;
    context.deadline_ns = clock.MonotonicNs() + 500'000'000;
    EXPECT_EQ(PostWithRetry(client, context, clock, random, {}, {})->status, 503);
    EXPECT_EQ(client.calls, 1);
}

}  // namespace
}  // namespace elanus::http
