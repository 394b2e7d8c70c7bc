#include "wire/client.h"

#include "sys/clock.h"
#include "wire/reply_writer.h"

#include <atomic>
#include <chrono>

#include <absl/synchronization/mutex.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <proto/milvus.pb.h>

namespace elanus::wire {
namespace {

namespace pb = ::milvus::proto;

using base::Code;
using base::Result;
using base::Status;

constexpr char kService[] = "/milvus.proto.milvus.MilvusService/";
constexpr int kReplyBytesMax = 256 << 20;
constexpr int64_t kPollMs = 50;

Status FromGrpc(const grpc::Status& status) {
    if (status.ok()) {
        return Status();
    }
    return Status::Error(
        Code::kServiceUnavailable,
        "gRPC status " + std::to_string(status.error_code()) + " (" + status.error_message() + ")");
}

Status FromWire(const pb::common::Status& status) {
    const auto legacy = static_cast<int32_t>(status.error_code());
    const int32_t code = status.code() != 0 ? status.code() : legacy;
    if (code == 0) {
        return Status();
    }
    return Status::FromParts(static_cast<Code>(code), status.reason(), status.retriable(), false);
}

// Keeps `bytes` alive for as long as gRPC refers to them.
grpc::Slice Share(RequestBytes bytes) {
    void* data = const_cast<char*>(bytes->data());  // gRPC does not write to slices
    const size_t size = bytes->size();
    return grpc::Slice(
        data, size, [](void* owner) { delete static_cast<RequestBytes*>(owner); },
        new RequestBytes(std::move(bytes)));
}

grpc::ByteBuffer ToBuffer(RequestParts parts) {
    std::vector<grpc::Slice> slices;
    slices.reserve(parts.size());
    for (RequestBytes& part : parts) {
        slices.push_back(Share(std::move(part)));
    }
    return grpc::ByteBuffer(slices.data(), slices.size());
}

// One call under way.
struct AsyncCall {
    grpc::ClientContext context;
    grpc::ByteBuffer request;
    grpc::ByteBuffer response;
};

template <typename Message>
Status ParseReply(grpc::ByteBuffer* bytes, Message* message) {
    return FromGrpc(grpc::SerializationTraits<Message>::Deserialize(bytes, message));
}

Result<ClientHits> ReadHits(grpc::ByteBuffer* bytes) {
    thread_local pb::milvus::SearchResults reply;  // keeps its memory from call to call
    RETURN_IF_ERROR(ParseReply(bytes, &reply));
    RETURN_IF_ERROR(FromWire(reply.status()));
    const pb::schema::SearchResultData& results = reply.results();
    const auto& ids = results.ids().int_id().data();
    ClientHits hits;
    hits.ids.assign(ids.begin(), ids.end());
    hits.scores.assign(results.scores().begin(), results.scores().end());
    hits.counts.assign(results.topks().begin(), results.topks().end());
    return hits;
}

Status ReadMutation(grpc::ByteBuffer* bytes) {
    thread_local pb::milvus::MutationResult reply;
    RETURN_IF_ERROR(ParseReply(bytes, &reply));
    return FromWire(reply.status());
}

void AddPair(std::string_view key, std::string_view value, uint32_t field, ReplyWriter* out) {
    ReplyWriter pair;
    pair.String(1, key);
    pair.String(2, value);
    out->Message(field, pair);
}

// A FieldData with a LongArray inside.
void AddLongs(std::string_view name, std::span<const int64_t> values, ReplyWriter* out) {
    ReplyWriter array;
    array.PackedVarints(1, values);
    ReplyWriter scalars;
    scalars.Message(3, array);
    ReplyWriter field;
    field.Varint(1, pb::schema::Int64);
    field.String(2, name);
    field.Message(3, scalars);
    out->Message(5, field);
}

void AddField(const char* name, pb::schema::DataType type, pb::schema::CollectionSchema* schema) {
    pb::schema::FieldSchema* field = schema->add_fields();
    field->set_name(name);
    field->set_data_type(type);
}

}  // namespace

struct MilvusClient::Impl {
    grpc::GenericStub& NextStub() {
        return *stubs[next.fetch_add(1, std::memory_order_relaxed) % stubs.size()];
    }

    // `done(grpc_status, response)` on one of gRPC's threads.
    template <typename Done>
    void Start(const std::string& method, grpc::ByteBuffer request, Done done) {
        auto* call = new AsyncCall;
        call->request = std::move(request);
        NextStub().UnaryCall(&call->context, method, {}, &call->request, &call->response,
                             [call, done = std::move(done)](const grpc::Status& status) {
                                 // The call goes first: it keeps the channel, and a channel must
                                 // not end on gRPC's thread. After `done` the caller may end all.
                                 grpc::ByteBuffer response;
                                 response.Swap(&call->response);
                                 delete call;
                                 done(FromGrpc(status), &response);
                             });
    }

    // A call that waits.
    template <typename Request, typename Response>
    Status Ask(const char* method, const Request& request, Response* response) {
        bool owned = false;
        grpc::ByteBuffer bytes;
        RETURN_IF_ERROR(
            FromGrpc(grpc::SerializationTraits<Request>::Serialize(request, &bytes, &owned)));
        grpc::CompletionQueue queue;
        grpc::ClientContext context;
        const auto reader =
            NextStub().PrepareUnaryCall(&context, std::string(kService) + method, bytes, &queue);
        reader->StartCall();
        grpc::Status status;
        grpc::ByteBuffer reply;
        reader->Finish(&reply, &status, nullptr);
        void* tag = nullptr;
        bool ok = false;
        queue.Next(&tag, &ok);
        RETURN_IF_ERROR(FromGrpc(status).Annotate(method));
        return ParseReply(&reply, response).Annotate(method);
    }

    // For responses that are a Status or hold one.
    template <typename Request>
    Status AskForStatus(const char* method, const Request& request) {
        pb::common::Status status;
        RETURN_IF_ERROR(Ask(method, request, &status));
        return FromWire(status).Annotate(method);
    }
    template <typename Request, typename Response>
    Status AskChecked(const char* method, const Request& request, Response* response) {
        RETURN_IF_ERROR(Ask(method, request, response));
        return FromWire(response->status()).Annotate(method);
    }

    std::vector<std::shared_ptr<grpc::Channel>> channels;
    std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
    std::atomic<size_t> next{0};
    const std::string insert_method = std::string(kService) + "Insert";
    const std::string search_method = std::string(kService) + "Search";
};

MilvusClient::MilvusClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

MilvusClient::~MilvusClient() = default;

Result<std::unique_ptr<MilvusClient>> MilvusClient::Connect(const std::string& address,
                                                            size_t connections,
                                                            int64_t timeout_ms) {
    // As the server does: Debian's absl looks for cycles at every lock of gRPC's.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    auto impl = std::make_unique<Impl>();
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kReplyBytesMax);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // else all share one connection
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    const gpr_timespec deadline =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(timeout_ms, GPR_TIMESPAN));
    for (size_t i = 0; i < connections; ++i) {
        impl->channels.push_back(
            grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
        impl->stubs.push_back(std::make_unique<grpc::GenericStub>(impl->channels.back()));
        if (!impl->channels.back()->WaitForConnected(deadline)) {
            return Status::Error(Code::kServiceUnavailable, "no server answers at " + address);
        }
    }
    return std::unique_ptr<MilvusClient>(new MilvusClient(std::move(impl)));
}

Result<std::string> MilvusClient::ServerVersion() {
    pb::milvus::GetVersionResponse response;
    RETURN_IF_ERROR(impl_->AskChecked("GetVersion", pb::milvus::GetVersionRequest(), &response));
    return response.version();
}

Result<bool> MilvusClient::HasCollection(const std::string& name) {
    pb::milvus::HasCollectionRequest request;
    request.set_collection_name(name);
    pb::milvus::BoolResponse response;
    RETURN_IF_ERROR(impl_->AskChecked("HasCollection", request, &response));
    return response.value();
}

Status MilvusClient::CreateCollection(const ClientCollection& collection) {
    pb::schema::CollectionSchema schema;
    schema.set_name(collection.name);
    AddField("id", pb::schema::Int64, &schema);
    schema.mutable_fields(0)->set_is_primary_key(true);
    AddField("vector", pb::schema::FloatVector, &schema);
    auto* dim = schema.mutable_fields(1)->add_type_params();
    dim->set_key("dim");
    dim->set_value(std::to_string(collection.dim));
    if (collection.has_bucket) {
        AddField("bucket", pb::schema::Int64, &schema);
    }
    pb::milvus::CreateCollectionRequest request;
    request.set_collection_name(collection.name);
    request.set_schema(schema.SerializeAsString());
    request.set_shards_num(1);
    request.set_consistency_level(pb::common::Bounded);
    return impl_->AskForStatus("CreateCollection", request);
}

Status MilvusClient::CreateIndex(const std::string& collection, const std::string& index_type,
                                 const std::string& metric, const std::string& params_json) {
    pb::milvus::CreateIndexRequest request;
    request.set_collection_name(collection);
    request.set_field_name("vector");
    const auto add = [&](const char* key, const std::string& value) {
        auto* pair = request.add_extra_params();
        pair->set_key(key);
        pair->set_value(value);
    };
    add("index_type", index_type);
    add("metric_type", metric);
    if (!params_json.empty()) {
        add("params", params_json);
    }
    return impl_->AskForStatus("CreateIndex", request);
}

Result<ClientIndexState> MilvusClient::IndexState(const std::string& collection) {
    pb::milvus::DescribeIndexRequest request;
    request.set_collection_name(collection);
    request.set_field_name("vector");
    pb::milvus::DescribeIndexResponse response;
    RETURN_IF_ERROR(impl_->AskChecked("DescribeIndex", request, &response));
    if (response.index_descriptions_size() == 0) {
        return base::Internal("the server describes no index of " + collection);
    }
    const pb::milvus::IndexDescription& index = response.index_descriptions(0);
    if (index.state() == pb::common::Failed) {
        return base::Internal("the index build failed: " + index.index_state_fail_reason());
    }
    ClientIndexState state;
    state.finished = index.state() == pb::common::Finished && index.pending_index_rows() == 0;
    state.indexed_rows = index.indexed_rows();
    state.total_rows = index.total_rows();
    return state;
}

Status MilvusClient::Flush(const std::string& collection) {
    pb::milvus::FlushRequest request;
    request.add_collection_names(collection);
    pb::milvus::FlushResponse response;
    RETURN_IF_ERROR(impl_->AskChecked("Flush", request, &response));
    pb::milvus::GetFlushStateRequest ask;
    ask.set_collection_name(collection);
    const auto segments = response.coll_segids().find(collection);
    if (segments != response.coll_segids().end()) {
        *ask.mutable_segmentids() = segments->second.data();
    }
    const auto flush_ts = response.coll_flush_ts().find(collection);
    if (flush_ts != response.coll_flush_ts().end()) {
        ask.set_flush_ts(flush_ts->second);
    }
    while (true) {
        pb::milvus::GetFlushStateResponse state;
        RETURN_IF_ERROR(impl_->AskChecked("GetFlushState", ask, &state));
        if (state.flushed()) {
            return Status();
        }
        sys::RealClock().SleepMs(kPollMs);
    }
}

Status MilvusClient::Load(const std::string& collection) {
    pb::milvus::LoadCollectionRequest request;
    request.set_collection_name(collection);
    request.set_replica_number(1);
    RETURN_IF_ERROR(impl_->AskForStatus("LoadCollection", request));
    pb::milvus::GetLoadStateRequest ask;
    ask.set_collection_name(collection);
    while (true) {
        pb::milvus::GetLoadStateResponse state;
        RETURN_IF_ERROR(impl_->AskChecked("GetLoadState", ask, &state));
        if (state.state() == pb::common::LoadStateLoaded) {
            return Status();
        }
        sys::RealClock().SleepMs(kPollMs);
    }
}

Status MilvusClient::Drop(const std::string& collection) {
    pb::milvus::DropCollectionRequest request;
    request.set_collection_name(collection);
    return impl_->AskForStatus("DropCollection", request);
}

RequestBytes MilvusClient::EncodeVectors(std::span<const float> values, int64_t dim) {
    const size_t packed = 1 + ReplyWriter::VarintSize(values.size_bytes()) + values.size_bytes();
    ReplyWriter head;  // VectorField up to the FloatArray
    head.Signed(1, dim);
    head.BeginBytes(2, packed);
    ReplyWriter field;
    field.Varint(1, pb::schema::FloatVector);
    field.String(2, "vector");
    field.BeginBytes(4, head.size() + packed);
    ReplyWriter out;
    out.Reserve(values.size_bytes() + 64);
    out.BeginBytes(5, field.size() + head.size() + packed);
    const auto append = [&out](const std::string& bytes) {
        out.Append(bytes.data(), bytes.size());
    };
    append(field.Take());
    append(head.Take());
    out.PackedFixed(1, values.data(), values.size_bytes());
    return std::make_shared<const std::string>(out.Take());
}

RequestBytes MilvusClient::EncodeRows(const ClientCollection& collection,
                                      std::span<const int64_t> ids,
                                      std::span<const int64_t> buckets) {
    ReplyWriter out;
    out.Reserve((ids.size() + buckets.size()) * 5 + 128);
    out.String(3, collection.name);
    out.Varint(7, ids.size());
    AddLongs("id", ids, &out);
    if (collection.has_bucket) {
        AddLongs("bucket", buckets, &out);
    }
    return std::make_shared<const std::string>(out.Take());
}

RequestBytes MilvusClient::EncodeSearch(const ClientSearch& search, std::span<const float> values) {
    const auto dim = static_cast<size_t>(search.dim);
    ReplyWriter placeholder;
    placeholder.String(1, "$0");
    placeholder.Varint(2, pb::common::FloatVector);
    for (size_t at = 0; at + dim <= values.size(); at += dim) {
        placeholder.BeginBytes(3, dim * sizeof(float));
        placeholder.Append(values.data() + at, dim * sizeof(float));
    }
    ReplyWriter group;
    group.Message(1, placeholder);
    ReplyWriter out;
    out.String(3, search.collection);
    out.String(5, search.filter);
    out.Message(6, group);
    out.Varint(7, pb::common::BoolExprV1);
    AddPair("anns_field", "vector", 9, &out);
    AddPair("topk", std::to_string(search.top_k), 9, &out);
    AddPair("metric_type", search.metric, 9, &out);
    AddPair("params", search.params_json.empty() ? "{}" : search.params_json, 9, &out);
    AddPair("round_decimal", "-1", 9, &out);
    out.Varint(12, values.size() / dim);
    pb::common::ConsistencyLevel level = pb::common::Bounded;
    pb::common::ConsistencyLevel_Parse(search.consistency, &level);
    out.Varint(14, level);
    return std::make_shared<const std::string>(out.Take());
}

void MilvusClient::InsertAsync(RequestParts parts, InsertDone done) {
    impl_->Start(impl_->insert_method, ToBuffer(std::move(parts)),
                 [done = std::move(done)](const Status& status, grpc::ByteBuffer* response) {
                     done(status.ok() ? ReadMutation(response) : status);
                 });
}

void MilvusClient::SearchAsync(RequestParts parts, SearchDone done) {
    impl_->Start(impl_->search_method, ToBuffer(std::move(parts)),
                 [done = std::move(done)](const Status& status, grpc::ByteBuffer* response) {
                     done(status.ok() ? ReadHits(response) : Result<ClientHits>(status));
                 });
}

}  // namespace elanus::wire
