// Rows: insert, upsert, delete, search, query, flush.

#include "wire/aggregation_codec.h"
#include "wire/function_chain_codec.h"
#include "wire/milvus_service.h"
#include "wire/placeholder_decoder.h"
#include "wire/result_encoder.h"
#include "wire/row_decoder.h"

#include <algorithm>

#include <grpcpp/support/proto_buffer_reader.h>

namespace elanus::wire {
namespace {

using base::Code;
using base::InvalidParameter;
using base::Result;
using base::Status;

template <typename Message>
Result<Message> Parse(const grpc::ByteBuffer& bytes) {
    // The reader takes a mutable pointer but only reads.
    grpc::ProtoBufferReader source(const_cast<grpc::ByteBuffer*>(&bytes));
    Message message;
    if (!source.status().ok() || !message.ParseFromZeroCopyStream(&source)) {
        return Status::Error(Code::kSerializationFailed, "the request is not a valid message");
    }
    return message;
}

template <typename Request>
std::optional<std::string> NamespaceIn(const Request& request) {
    return request.has_namespace_() ? std::optional<std::string>(request.namespace_())
                                    : std::nullopt;
}

template <typename Request>
proxy::Consistency ConsistencyIn(const Request& request) {
    proxy::Consistency consistency;
    consistency.use_default = request.use_default_consistency();
    consistency.level = static_cast<roles::ConsistencyLevel>(request.consistency_level());
    consistency.guarantee_ts = request.guarantee_timestamp();
    return consistency;
}

schema::PrimaryKeys FromIds(const pb::schema::IDs& ids) {
    schema::PrimaryKeys keys;
    keys.is_string = ids.has_str_id();
    keys.ints.assign(ids.int_id().data().begin(), ids.int_id().data().end());
    keys.strings.assign(ids.str_id().data().begin(), ids.str_id().data().end());
    return keys;
}

proxy::FunctionScore FromFunctionScore(const pb::schema::FunctionScore& in) {
    proxy::FunctionScore score;
    for (const pb::schema::FunctionSchema& function : in.functions()) {
        score.functions.push_back(FromFunction(function));
    }
    score.params = FromPairs(in.params());
    return score;
}

// Takes the vectors out of `in`.
Result<proxy::SearchRequest> FromSearch(const RawCall& call, pb::milvus::SearchRequest& in) {
    proxy::SearchRequest request;
    request.database = DatabaseOf(call, in.db_name());
    request.collection = in.collection_name();
    request.partitions = FromStrings(in.partition_names());
    request.namespace_name = NamespaceIn(in);
    request.filter = in.dsl();
    ASSIGN_OR_RETURN(request.templates, FromTemplates(in.expr_template_values()));
    if (in.has_ids()) {
        request.ids = FromIds(in.ids());
    } else {
        ASSIGN_OR_RETURN(request.vectors,
                         DecodePlaceholders(std::move(*in.mutable_placeholder_group())));
    }
    request.output_fields = FromStrings(in.output_fields());
    request.search_params = FromPairs(in.search_params());
    request.nq = in.nq();
    request.consistency = ConsistencyIn(in);
    if (in.has_search_aggregation()) {
        request.aggregation = FromAggregation(in.search_aggregation());
    }
    request.function_score = FromFunctionScore(in.function_score());
    ASSIGN_OR_RETURN(request.function_chains, FromFunctionChains(in.function_chains()));
    if (in.has_highlighter()) {
        request.highlighter =
            proxy::Highlighter{static_cast<proxy::Highlighter::Type>(in.highlighter().type()),
                               FromPairs(in.highlighter().params())};
    }
    return request;
}

Result<proxy::HybridSearchRequest> FromHybridSearch(const RawCall& call,
                                                    const grpc::ByteBuffer& bytes) {
    ASSIGN_OR_RETURN(auto in, Parse<pb::milvus::HybridSearchRequest>(bytes));
    proxy::HybridSearchRequest request;
    request.database = DatabaseOf(call, in.db_name());
    request.collection = in.collection_name();
    request.partitions = FromStrings(in.partition_names());
    request.namespace_name = NamespaceIn(in);
    for (pb::milvus::SearchRequest& list : *in.mutable_requests()) {
        if (list.has_highlighter() || list.has_search_aggregation()) {
            return InvalidParameter(
                "highlighter and search_aggregation are not supported in hybrid search");
        }
        if (list.function_chains_size() > 0) {
            return InvalidParameter(
                "function_chains of a sub-request is not supported, give it to the hybrid search");
        }
        ASSIGN_OR_RETURN(proxy::SearchRequest search, FromSearch(call, list));
        request.lists.push_back(std::move(search));
    }
    request.rank_params = FromPairs(in.rank_params());
    request.function_score = FromFunctionScore(in.function_score());
    ASSIGN_OR_RETURN(request.function_chains, FromFunctionChains(in.function_chains()));
    request.output_fields = FromStrings(in.output_fields());
    request.consistency = ConsistencyIn(in);
    return request;
}

Result<proxy::SearchRequest> ParseSearch(const RawCall& call, const grpc::ByteBuffer& bytes) {
    ASSIGN_OR_RETURN(auto in, Parse<pb::milvus::SearchRequest>(bytes));
    return FromSearch(call, in);
}

Result<proxy::QueryRequest> FromQuery(const RawCall& call, const grpc::ByteBuffer& bytes) {
    ASSIGN_OR_RETURN(const auto in, Parse<pb::milvus::QueryRequest>(bytes));
    proxy::QueryRequest request;
    request.database = DatabaseOf(call, in.db_name());
    request.collection = in.collection_name();
    request.partitions = FromStrings(in.partition_names());
    request.namespace_name = NamespaceIn(in);
    request.filter = in.expr();
    ASSIGN_OR_RETURN(request.templates, FromTemplates(in.expr_template_values()));
    request.output_fields = FromStrings(in.output_fields());
    request.query_params = FromPairs(in.query_params());
    request.consistency = ConsistencyIn(in);
    return request;
}

Result<proxy::DeleteRequest> FromDelete(const RawCall& call, const pb::milvus::DeleteRequest& in) {
    proxy::DeleteRequest request;
    request.database = DatabaseOf(call, in.db_name());
    request.collection = in.collection_name();
    request.partition = in.partition_name();
    request.namespace_name = NamespaceIn(in);
    request.filter = in.expr();
    ASSIGN_OR_RETURN(request.templates, FromTemplates(in.expr_template_values()));
    request.consistency.level = static_cast<roles::ConsistencyLevel>(in.consistency_level());
    return request;
}

void ToMutation(const Result<proxy::MutationResult>& result, pb::milvus::MutationResult* out) {
    SetStatus(result.status(), out->mutable_status());
    if (!result.ok()) {
        return;
    }
    out->set_acknowledged(true);
    out->set_delete_cnt(result->delete_count);
    out->set_timestamp(result->timestamp);
    if (result->ids.is_string) {
        for (const std::string& key : result->ids.strings) {
            out->mutable_ids()->mutable_str_id()->add_data(key);
        }
    } else {
        *out->mutable_ids()->mutable_int_id()->mutable_data() = {result->ids.ints.begin(),
                                                                 result->ids.ints.end()};
    }
}

// Bytes that are no message fail the rpc, as they do in rpcs that gRPC itself decodes. Any other
// failure is `reply`, an application error inside the response.
template <typename Call>
void FinishRefused(Call& call, const Status& status, grpc::ByteBuffer reply) {
    if (status.code() == Code::kSerializationFailed) {
        call.Finish(grpc::Status(grpc::StatusCode::INTERNAL, status.reason()));
        return;
    }
    call.response() = std::move(reply);
    call.Finish();
}

// Insert and Upsert differ in the message and in the method of the proxy.
template <typename Call, typename Decode, typename Write>
void HandleRows(Call& call, Decode decode, Write write) {
    Result<proxy::InsertRequest> request = decode(call.request());
    if (!request.ok()) {
        FinishRefused(call, request.status(), EncodeMutation(request.status()));
        return;
    }
    request->database = DatabaseOf(call, request->database);
    write(std::move(*request), [&call](Result<proxy::MutationResult> result) {
        call.response() = EncodeMutation(result);
        call.Finish();
    });
}

}  // namespace

void MilvusService::RegisterRows(RpcHandlers& handlers) {
    handlers.Set<rpc::Insert>([this](rpc::Insert::Call& call) {
        HandleRows(call, DecodeInsert, [&](proxy::InsertRequest request, auto done) {
            proxy_.Insert(call.context(), std::move(request), std::move(done));
        });
    });
    handlers.Set<rpc::Upsert>([this](rpc::Upsert::Call& call) {
        HandleRows(call, DecodeUpsert, [&](proxy::InsertRequest request, auto done) {
            proxy_.Upsert(call.context(), std::move(request), std::move(done));
        });
    });
    handlers.Set<rpc::Delete>([this](rpc::Delete::Call& call) {
        Result<proxy::DeleteRequest> request = FromDelete(call, call.request());
        if (!request.ok()) {
            FinishWith(call, request.status());
            return;
        }
        proxy_.Delete(call.context(), std::move(*request),
                      [&call](Result<proxy::MutationResult> result) {
                          ToMutation(result, &call.response());
                          call.Finish();
                      });
    });
    handlers.Set<rpc::Search>([this](rpc::Search::Call& call) {
        const Result<proxy::SearchRequest> request = ParseSearch(call, call.request());
        if (!request.ok()) {
            FinishRefused(call, request.status(), EncodeSearch(request.status()));
            return;
        }
        call.context().peer = call.Peer();
        call.response() = EncodeSearch(proxy_.Search(call.context(), *request));
        call.Finish();
    });
    handlers.Set<rpc::HybridSearch>([this](rpc::HybridSearch::Call& call) {
        const Result<proxy::HybridSearchRequest> request = FromHybridSearch(call, call.request());
        if (!request.ok()) {
            FinishRefused(call, request.status(), EncodeSearch(request.status()));
            return;
        }
        call.context().peer = call.Peer();
        call.response() = EncodeSearch(proxy_.HybridSearch(call.context(), *request));
        call.Finish();
    });
    handlers.Set<rpc::Query>([this](rpc::Query::Call& call) {
        const Result<proxy::QueryRequest> request = FromQuery(call, call.request());
        if (!request.ok()) {
            FinishRefused(call, request.status(), EncodeQuery(request.status()));
            return;
        }
        call.context().peer = call.Peer();
        call.response() = EncodeQuery(proxy_.Query(call.context(), *request));
        call.Finish();
    });
    RegisterFlush(handlers);
}

namespace {

// Of FlushAll and GetFlushAllState. The database of the connection is no target: without one named
// in the request, all databases are meant.
template <typename Request>
std::vector<proxy::FlushTarget> FlushTargets(const Request& request) {
    std::vector<proxy::FlushTarget> targets;
    for (const pb::milvus::FlushAllTarget& target : request.flush_targets()) {
        targets.push_back({target.db_name(), FromStrings(target.collection_names())});
    }
    if (targets.empty() && !request.db_name().empty()) {
        targets.push_back({request.db_name(), {}});
    }
    return targets;
}

void ToFlushResult(const proxy::FlushResult& result, pb::milvus::FlushCollectionResult* out) {
    out->set_collection_name(result.collection_name);
    out->mutable_segment_ids()->mutable_data()->Assign(result.sealed_segments.begin(),
                                                       result.sealed_segments.end());
    out->mutable_flush_segment_ids()->mutable_data()->Assign(result.flushed_segments.begin(),
                                                             result.flushed_segments.end());
    out->set_seal_time(result.seal_time_s);
    out->set_flush_ts(result.flush_ts);
}

}  // namespace

void MilvusService::RegisterFlush(RpcHandlers& handlers) {
    handlers.Set<rpc::Flush>([this](rpc::Flush::Call& call) {
        const std::string database = DatabaseOf(call, call.request().db_name());
        const auto flushed =
            proxy_.Flush(call.context(), database, FromStrings(call.request().collection_names()));
        if (flushed.ok()) {
            auto& response = call.response();
            response.set_db_name(database);
            for (const proxy::FlushResult& result : *flushed) {
                const std::string& name = result.collection_name;
                pb::schema::LongArray& sealed = (*response.mutable_coll_segids())[name];
                sealed.mutable_data()->Assign(result.sealed_segments.begin(),
                                              result.sealed_segments.end());
                pb::schema::LongArray& before = (*response.mutable_flush_coll_segids())[name];
                before.mutable_data()->Assign(result.flushed_segments.begin(),
                                              result.flushed_segments.end());
                (*response.mutable_coll_seal_times())[name] = result.seal_time_s;
                (*response.mutable_coll_flush_ts())[name] = result.flush_ts;
            }
        }
        FinishWith(call, flushed.status());
    });
    handlers.Set<rpc::GetFlushState>([this](rpc::GetFlushState::Call& call) {
        const auto& request = call.request();
        const auto flushed = proxy_.GetFlushState(
            call.context(), DatabaseOf(call, request.db_name()), request.collection_name(),
            request.flush_ts(), {request.segmentids().begin(), request.segmentids().end()});
        call.response().set_flushed(flushed.ok() && *flushed);
        FinishWith(call, flushed.status());
    });
    handlers.Set<rpc::FlushAll>([this](rpc::FlushAll::Call& call) {
        const auto flushed = proxy_.FlushAll(call.context(), FlushTargets(call.request()));
        if (flushed.ok()) {
            call.response().set_flush_all_ts(flushed->flush_ts);
            for (const proxy::FlushedDatabase& database : flushed->databases) {
                auto* of_database = call.response().add_flush_results();
                of_database->set_db_name(database.database);
                for (const proxy::FlushResult& result : database.collections) {
                    ToFlushResult(result, of_database->add_collection_results());
                }
            }
        }
        FinishWith(call, flushed.status());
    });
    handlers.Set<rpc::GetFlushAllState>([this](rpc::GetFlushAllState::Call& call) {
        base::Timestamp flush_ts = call.request().flush_all_ts();
        for (const auto& [channel, ts] : call.request().flush_all_tss()) {
            flush_ts = std::max(flush_ts, ts);
        }
        const auto states =
            proxy_.GetFlushAllState(call.context(), FlushTargets(call.request()), flush_ts);
        if (states.ok()) {
            bool all = true;
            for (const proxy::DatabaseFlushState& database : *states) {
                auto* state = call.response().add_flush_states();
                state->set_db_name(database.database);
                for (const auto& [name, flushed] : database.collections) {
                    (*state->mutable_collection_flush_states())[name] = flushed;
                    all &= flushed;
                }
            }
            call.response().set_flushed(all);
        }
        FinishWith(call, states.status());
    });
}

}  // namespace elanus::wire
