// The whole edge in one process: real sockets against listener, gRPC and HTTP, with small handlers.
#include "wire/server.h"

#include "base/metrics.h"
#include "sys/executor.h"
#include "wire/listener.h"
#include "wire/ops_routes.h"
#include "wire/rpc_handlers.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <proto/milvus.grpc.pb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace elanus::wire {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// An empty SETTINGS frame: length 0, type 4, no flags, stream 0.
constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);

std::chrono::system_clock::time_point In(int64_t ms) {
    return std::chrono::system_clock::now() + std::chrono::milliseconds(ms);
}

// A blocking client socket.
class Client {
  public:
    explicit Client(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ =
            ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    }

    bool connected() const { return connected_; }
    void Send(std::string_view bytes) {
        ASSERT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    void EndSending() { ::shutdown(fd_.get(), SHUT_WR); }

    // Until `wanted` has been seen, the peer has closed, or 5 s are over.
    std::string Receive(std::string_view wanted = "") {
        std::string got;
        char bytes[65536];
        pollfd waiting{fd_.get(), POLLIN, 0};
        while (wanted.empty() || got.find(wanted) == std::string::npos) {
            if (::poll(&waiting, 1, 5000) <= 0) {
                return got + "<timeout>";
            }
            const ssize_t count = ::recv(fd_.get(), bytes, sizeof(bytes), 0);
            if (count <= 0) {
                return got;
            }
            got.append(bytes, static_cast<size_t>(count));
        }
        return got;
    }

  private:
    OwnedFd fd_;
    bool connected_ = false;
};

class EchoHandler : public HttpHandler {
  public:
    HttpResponse Handle(const HttpRequest& request) override {
        if (request.path == "/deadline") {
            return {.body = request.context.deadline_ns == base::CallContext::kNoDeadline
                                ? "none"
                                : "deadline"};
        }
        for (int i = 0; request.path == "/wait" && i < 500 && !request.context.cancelled(); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            ended_by_cancel = request.context.cancelled();
        }
        return {.content_type = "application/json",
                .body = request.method + " " + request.path + " [" + request.body + "]"};
    }

    std::atomic<bool> ended_by_cancel{false};
};

class ServerTest : public testing::Test {
  protected:
    void SetUp() override { StartServer({}); }

    void StartServer(ServerOptions options) {
        server_.reset();
        options.listen = {"127.0.0.1:0", "unix:" + UnixPath()};
        options.ops_listen = "127.0.0.1:0";
        auto server = Server::Start(options, handlers_, echo_, *ops_, workers_);
        ASSERT_TRUE(server.ok()) << server.status().reason();
        server_ = std::move(server).value();
        channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                       grpc::InsecureChannelCredentials());
        stub_ = pb::milvus::MilvusService::NewStub(channel_);
    }
    void SetHandlersAndRestart(const std::function<void(RpcHandlers&)>& set) {
        server_.reset();
        set(handlers_);
        StartServer({});
    }
    static std::string UnixPath() {
        return "/tmp/elanus_wire_test_" + std::to_string(::getpid()) + ".sock";
    }
    uint16_t ops_port() const {
        const std::string address = server_->ops_address();
        return static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    }

    sys::ThreadPool workers_{"test", 2};
    RpcHandlers handlers_{workers_};
    EchoHandler echo_;
    std::vector<UnhealthyPart> unhealthy_;
    std::unique_ptr<HttpHandler> ops_ = MakeOpsRoutes([this] { return unhealthy_; });
    std::unique_ptr<Server> server_;
    std::shared_ptr<grpc::Channel> channel_;
    std::unique_ptr<pb::milvus::MilvusService::Stub> stub_;
};

grpc::Status HasCollection(pb::milvus::MilvusService::Stub& stub, bool* value,
                           int64_t deadline_ms = 5000) {
    grpc::ClientContext context;
    context.set_deadline(In(deadline_ms));
    context.AddMetadata("dbname", "books");
    pb::milvus::HasCollectionRequest request;
    request.set_collection_name("shelf");
    pb::milvus::BoolResponse response;
    const grpc::Status status = stub.HasCollection(&context, request, &response);
    *value = response.value();
    return status;
}

TEST(RpcTable, HoldsEveryRpcOnce) {
    EXPECT_EQ(AllRpcs().size(), 149u);
    EXPECT_NE(FindRpc("milvus.proto.milvus.MilvusService", "Insert"), nullptr);
    EXPECT_EQ(FindRpc("milvus.proto.milvus.MilvusService", "Insert")->privilege, "Insert");
    EXPECT_EQ(FindRpc("milvus.proto.milvus.MilvusService", "Nothing"), nullptr);
}

TEST(RpcHandlers, DisagreementWithTheTableIsNamed) {
    sys::InlineExecutor workers;
    RpcHandlers handlers(workers);
    handlers.Set<rpc::proxy::RegisterLink>(
        [](rpc::proxy::RegisterLink::Call& call) { call.Finish(); });
    const std::string reason = handlers.CheckAgainstTable().reason();
    EXPECT_NE(reason.find("RegisterLink has a handler but is marked unimplemented"),
              std::string::npos)
        << reason;
}

TEST_F(ServerTest, RpcWithoutHandlerNamesItself) {
    bool value = false;
    const grpc::Status status = HasCollection(*stub_, &value);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_EQ(status.error_message(), "rpc HasCollection is not built yet in Elanus");
}

TEST_F(ServerTest, StreamsAndOtherServicesNameThemselves) {
    grpc::ClientContext context;
    context.set_deadline(In(5000));
    auto stream = stub_->CreateReplicateStream(&context);
    EXPECT_EQ(stream->Finish().error_message(),
              "rpc CreateReplicateStream is not built yet in Elanus");

    grpc::ClientContext dump_context;
    dump_context.set_deadline(In(5000));
    auto dump = stub_->DumpMessages(&dump_context, {});
    EXPECT_EQ(dump->Finish().error_code(), grpc::StatusCode::UNIMPLEMENTED);

    grpc::ClientContext telemetry_context;
    telemetry_context.set_deadline(In(5000));
    pb::milvus::ClientHeartbeatResponse response;
    const grpc::Status status =
        pb::milvus::ClientTelemetryService::NewStub(channel_)->ClientHeartbeat(&telemetry_context,
                                                                               {}, &response);
    EXPECT_EQ(status.error_message(), "rpc ClientHeartbeat is not built yet in Elanus");
}

TEST_F(ServerTest, HandlerSeesRequestMetadataAndDeadline) {
    SetHandlersAndRestart([](RpcHandlers& handlers) {
        handlers.Set<rpc::HasCollection>([](rpc::HasCollection::Call& call) {
            call.response().set_value(call.request().collection_name() == "shelf" &&
                                      call.Metadata("dbname") == "books" &&
                                      call.context().deadline_ns != base::CallContext::kNoDeadline);
            call.Finish();
        });
    });
    bool value = false;
    const grpc::Status status = HasCollection(*stub_, &value);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(value);
}

TEST_F(ServerTest, RawHandlerGetsAndGivesBytes) {
    SetHandlersAndRestart([](RpcHandlers& handlers) {
        handlers.Set<rpc::Insert>(
            [](rpc::Insert::Call& call) {
                grpc::ByteBuffer bytes(call.request());
                pb::milvus::InsertRequest request;
                ASSERT_TRUE(grpc::SerializationTraits<pb::milvus::InsertRequest>::Deserialize(
                                &bytes, &request)
                                .ok());
                pb::milvus::MutationResult result;
                result.set_insert_cnt(request.num_rows());
                grpc::ByteBuffer reply;
                bool owned = false;
                ASSERT_TRUE(grpc::SerializationTraits<pb::milvus::MutationResult>::Serialize(
                                result, &reply, &owned)
                                .ok());
                call.response() = std::move(reply);
                call.Finish();
            },
            RunOn::kPoller);
    });
    grpc::ClientContext context;
    context.set_deadline(In(5000));
    pb::milvus::InsertRequest request;
    request.set_num_rows(7);
    pb::milvus::MutationResult response;
    const grpc::Status status = stub_->Insert(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.insert_cnt(), 7);
}

TEST_F(ServerTest, MessageOverTheLimitIsRefusedAndOneWithinItIsNot) {
    for (const size_t bytes : {size_t{60} << 20, size_t{64} << 20}) {
        grpc::ClientContext context;
        context.set_deadline(In(20'000));
        pb::milvus::InsertRequest request;
        request.set_partition_name(std::string(bytes, 'x'));
        pb::milvus::MutationResult response;
        const grpc::Status status = stub_->Insert(&context, request, &response);
        EXPECT_EQ(status.error_code(), bytes == size_t{64} << 20
                                           ? grpc::StatusCode::RESOURCE_EXHAUSTED
                                           : grpc::StatusCode::UNIMPLEMENTED)
            << status.error_message();
    }
}

TEST_F(ServerTest, GzipRequestsAreUnderstood) {
    SetHandlersAndRestart([](RpcHandlers& handlers) {
        handlers.Set<rpc::HasCollection>([](rpc::HasCollection::Call& call) {
            call.response().set_value(call.request().collection_name().size() == 100'000);
            call.Finish();
        });
    });
    grpc::ClientContext context;
    context.set_deadline(In(5000));
    context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    pb::milvus::HasCollectionRequest request;
    request.set_collection_name(std::string(100'000, 'x'));
    pb::milvus::BoolResponse response;
    const grpc::Status status = stub_->HasCollection(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(response.value());
}

TEST_F(ServerTest, CancelledCallerReachesTheHandler) {
    std::atomic<bool> cancelled{false};
    SetHandlersAndRestart([&](RpcHandlers& handlers) {
        handlers.Set<rpc::HasCollection>([&](rpc::HasCollection::Call& call) {
            for (int i = 0; i < 500 && !call.context().cancelled(); ++i) {
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
            cancelled = call.context().cancelled();
            call.Finish();
        });
    });
    bool value = false;
    EXPECT_EQ(HasCollection(*stub_, &value, 100).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    server_->Stop(5000);
    EXPECT_TRUE(cancelled);
}

TEST_F(ServerTest, StopCancelsWhatDoesNotDrain) {
    std::atomic<bool> started{false};
    SetHandlersAndRestart([&](RpcHandlers& handlers) {
        handlers.Set<rpc::HasCollection>([&](rpc::HasCollection::Call& call) {
            started = true;
            while (!call.context().cancelled()) {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
            call.Finish();
        });
    });
    std::thread caller([&] {
        bool value = false;
        EXPECT_FALSE(HasCollection(*stub_, &value, 20'000).ok());
    });
    while (!started) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const auto begin = std::chrono::steady_clock::now();
    server_->Stop(200);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    caller.join();
}

TEST_F(ServerTest, UnixSocketServesGrpcAndIsRemovedAtTheEnd) {
    auto channel = grpc::CreateChannel("unix:" + UnixPath(), grpc::InsecureChannelCredentials());
    auto stub = pb::milvus::MilvusService::NewStub(channel);
    bool value = false;
    EXPECT_EQ(HasCollection(*stub, &value).error_code(), grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_EQ(::access(UnixPath().c_str(), F_OK), 0);
    server_->Stop(100);
    EXPECT_NE(::access(UnixPath().c_str(), F_OK), 0);
}

TEST_F(ServerTest, SecondServerOnTheSameAddressIsRefused) {
    ServerOptions options;
    options.listen = {"127.0.0.1:" + std::to_string(server_->port())};
    options.ops_listen = "";
    const auto second = Server::Start(options, handlers_, echo_, *ops_, workers_);
    ASSERT_FALSE(second.ok());
    EXPECT_NE(second.status().reason().find("cannot listen on"), std::string::npos);
    options.listen = {"unix:" + UnixPath()};
    EXPECT_FALSE(Server::Start(options, handlers_, echo_, *ops_, workers_).ok());
}

TEST_F(ServerTest, HttpAndGrpcShareThePort) {
    Client client(server_->port());
    client.Send("POST /v2/vectordb/x?y=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    const std::string answer = client.Receive("[hello]");
    EXPECT_NE(answer.find("HTTP/1.1 200 OK"), std::string::npos) << answer;
    EXPECT_NE(answer.find("POST /v2/vectordb/x [hello]"), std::string::npos) << answer;
    bool value = false;
    EXPECT_EQ(HasCollection(*stub_, &value).error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ServerTest, PipelinedChunkedAndKeptAliveRequestsAreAnsweredInOrder) {
    Client client(server_->port());
    client.Send(
        "GET /one HTTP/1.1\r\nHost: a\r\n\r\n"
        "POST /two HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        "GET /three HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const std::string answer = client.Receive();
    const size_t one = answer.find("GET /one");
    const size_t two = answer.find("POST /two [abcde]");
    const size_t three = answer.find("GET /three");
    EXPECT_NE(one, std::string::npos) << answer;
    EXPECT_NE(two, std::string::npos) << answer;
    EXPECT_NE(three, std::string::npos) << answer;
    EXPECT_LT(one, two);
    EXPECT_LT(two, three);
}

TEST_F(ServerTest, ExpectContinueIsAnswered) {
    Client client(server_->port());
    client.Send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_NE(client.Receive("\r\n\r\n").find("100 Continue"), std::string::npos);
    client.Send("ok");
    EXPECT_NE(client.Receive("[ok]").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, HttpLimitsAreNamed) {
    Client body(server_->port());
    body.Send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 67108865\r\n\r\n");
    EXPECT_NE(body.Receive("\r\n\r\n").find("413 "), std::string::npos);

    Client header(server_->port());
    header.Send("GET /x HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n");
    EXPECT_NE(header.Receive("\r\n\r\n").find("431 "), std::string::npos);
}

TEST_F(ServerTest, RequestTimeoutHeaderBecomesADeadline) {
    Client client(server_->port());
    client.Send("GET /deadline HTTP/1.1\r\nHost: a\r\nRequest-Timeout: 3\r\n\r\n");
    EXPECT_NE(client.Receive("deadline").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, HttpClientThatLeavesCancelsItsRequest) {
    {
        Client client(server_->port());
        client.Send("GET /kept HTTP/1.1\r\nHost: a\r\n\r\n");
        client.Receive("/kept");
        client.Send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    server_->Stop(5000);
    EXPECT_TRUE(echo_.ended_by_cancel);
}

TEST_F(ServerTest, GarbageIsAnsweredAndClosed) {
    Client client(server_->port());
    client.Send(std::string("\x01\x02garbage\xff\r\n\r\n", 14));
    const std::string answer = client.Receive();
    EXPECT_NE(answer.find("400 Bad Request"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nBad Request")) << answer;
}

TEST_F(ServerTest, TlsIsClosed) {
    Client client(server_->port());
    client.Send(std::string("\x16\x03\x01\x00\x05hello", 10));
    EXPECT_EQ(client.Receive(), "");
}

TEST_F(ServerTest, PrefaceInTwoPacketsReachesGrpc) {
    Client client(server_->port());
    client.Send(kPreface.substr(0, 3));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    client.Send(kPreface.substr(3));
    client.Send(kSettings);
    // gRPC answers with its own SETTINGS frame: type 4 at the fourth byte.
    const std::string answer = client.Receive(std::string_view("\4", 1));
    ASSERT_GE(answer.size(), 9u);
    EXPECT_EQ(answer[3], 4);
}

TEST_F(ServerTest, SilentConnectionsAreDroppedAndServiceGoesOn) {
    ServerOptions options;
    options.first_bytes_ms_max = 300;
    StartServer(options);
    std::vector<std::unique_ptr<Client>> silent;
    for (int i = 0; i < 500; ++i) {
        silent.push_back(std::make_unique<Client>(server_->port()));
        ASSERT_TRUE(silent.back()->connected());
    }
    silent[1]->Send("PR");
    silent[2]->EndSending();
    bool value = false;
    EXPECT_EQ(HasCollection(*stub_, &value).error_code(), grpc::StatusCode::UNIMPLEMENTED);
    for (const auto& client : silent) {
        EXPECT_EQ(client->Receive(), "");
    }
}

TEST_F(ServerTest, OpsPortAnswersHealthAndMetricsOnly) {
    const auto ask = [this](const std::string& head) {
        Client client(ops_port());
        client.Send(head + "\r\nHost: a\r\nConnection: close\r\n\r\n");
        return client.Receive();
    };
    EXPECT_NE(ask("GET /healthz HTTP/1.1").find("\r\n\r\nOK"), std::string::npos);
    EXPECT_NE(ask("GET /healthz HTTP/1.1\r\nContent-Type: application/json")
                  .find(R"({"state":"OK","detail":[]})"),
              std::string::npos);
    EXPECT_NE(ask("GET /livez HTTP/1.1").find("200 OK"), std::string::npos);
    EXPECT_NE(ask("GET /metrics HTTP/1.1").find("elanus_wire_connections_total"),
              std::string::npos);
    EXPECT_NE(ask("GET /metrics_default HTTP/1.1").find("text/plain; version=0.0.4"),
              std::string::npos);
    EXPECT_NE(ask("GET /debug HTTP/1.1").find("404 Not Found"), std::string::npos);
    EXPECT_NE(ask("POST /healthz HTTP/1.1").find("405 "), std::string::npos);
    const std::string head = ask("HEAD /healthz HTTP/1.1");
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;

    unhealthy_ = {{"rootcoord", "Abnormal"}};
    EXPECT_NE(ask("GET /healthz HTTP/1.1").find("500 "), std::string::npos);
    EXPECT_NE(ask("GET /healthz HTTP/1.1\r\nContent-Type: application/json")
                  .find(R"("detail":[{"name":"rootcoord","code":"Abnormal"}])"),
              std::string::npos);
}

TEST_F(ServerTest, IdleServerUsesNoProcessorTime) {
    std::vector<std::unique_ptr<Client>> kept;
    for (int i = 0; i < 20; ++i) {
        kept.push_back(std::make_unique<Client>(server_->port()));
        kept.back()->Send(kPreface);
        kept.back()->Send(kSettings);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    rusage before{};
    ::getrusage(RUSAGE_SELF, &before);
    std::this_thread::sleep_for(std::chrono::seconds(1));
    rusage after{};
    ::getrusage(RUSAGE_SELF, &after);
    EXPECT_LT(after.ru_nvcsw - before.ru_nvcsw, 20);
    EXPECT_GE(server_->IdleMs(), 1000);
}

// Takes every connection and keeps it.
class KeepingSink : public ConnectionSink {
  public:
    void Adopt(Protocol, OwnedFd fd, int) override {
        kept_.push_back(std::move(fd));
        ++count;
    }
    std::atomic<int> count{0};

  private:
    std::vector<OwnedFd> kept_;
};

TEST(Listener, RunningOutOfDescriptorsDropsTheOldestSilentConnection) {
    KeepingSink sink;
    auto listener = Listener::Start({{"127.0.0.1:0", &sink}}, {});
    ASSERT_TRUE(listener.ok());
    const uint16_t port = (*listener)->port(0);
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    Client probe(port);
    rlimit tight = before;
    tight.rlim_cur = 200;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 150; ++i) {
        clients.push_back(std::make_unique<Client>(port));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_EQ(probe.Receive(), "") << "the first connection should have been given up";
    clients.erase(clients.begin(), clients.begin() + 100);
    ::setrlimit(RLIMIT_NOFILE, &before);
    Client served(port);
    served.Send("GET /");
    for (int i = 0; i < 300 && sink.count == 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_GE(sink.count, 1);
    (*listener)->Stop();
}

TEST(Listener, BadAddressesAreRefusedByName) {
    KeepingSink sink;
    for (const char* address : {"nowhere", "127.0.0.1:http", "127.0.0.1:70000", "unix:"}) {
        const auto listener = Listener::Start({{address, &sink}}, {});
        ASSERT_FALSE(listener.ok()) << address;
        EXPECT_NE(listener.status().reason().find(address), std::string::npos);
    }
}

}  // namespace
}  // namespace elanus::wire
