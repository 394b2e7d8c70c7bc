// Indexes.

#include "wire/milvus_service.h"

namespace elanus::wire {
namespace {

// The four requests that name an index name it alike.
template <typename Request>
proxy::IndexName NameIn(const RawCall& call, const Request& request) {
    proxy::IndexName name;
    name.database = DatabaseOf(call, request.db_name());
    name.collection = request.collection_name();
    name.index_name = request.index_name();
    if constexpr (requires { request.field_name(); }) {
        name.field = request.field_name();
    }
    return name;
}

}  // namespace

void MilvusService::RegisterIndexes(RpcHandlers& handlers) {
    handlers.Set<rpc::CreateIndex>([this](rpc::CreateIndex::Call& call) {
        const auto& in = call.request();
        FinishWith(call, proxy_.CreateIndex(
                             call.context(),
                             {DatabaseOf(call, in.db_name()), in.collection_name(), in.field_name(),
                              in.index_name(), FromPairs(in.extra_params())}));
    });
    handlers.Set<rpc::DropIndex>([this](rpc::DropIndex::Call& call) {
        FinishWith(call, proxy_.DropIndex(call.context(), NameIn(call, call.request())));
    });
    handlers.Set<rpc::AlterIndex>([this](rpc::AlterIndex::Call& call) {
        FinishWith(call, proxy_.AlterIndex(call.context(), NameIn(call, call.request()),
                                           FromPairs(call.request().extra_params()),
                                           FromStrings(call.request().delete_keys())));
    });
    handlers.Set<rpc::DescribeIndex>([this](rpc::DescribeIndex::Call& call) {
        const auto indexes = proxy_.DescribeIndex(call.context(), NameIn(call, call.request()));
        if (indexes.ok()) {
            for (const roles::IndexProgress& index : *indexes) {
                ToDescription(index, call.response().add_index_descriptions());
            }
        }
        FinishWith(call, indexes.status());
    });
    handlers.Set<rpc::GetIndexStatistics>([this](rpc::GetIndexStatistics::Call& call) {
        const auto indexes = proxy_.DescribeIndex(call.context(), NameIn(call, call.request()));
        if (indexes.ok()) {
            for (const roles::IndexProgress& index : *indexes) {
                ToDescription(index, call.response().add_index_descriptions());
            }
        }
        FinishWith(call, indexes.status());
    });
    handlers.Set<rpc::GetIndexState>([this](rpc::GetIndexState::Call& call) {
        const auto indexes = proxy_.DescribeIndex(call.context(), NameIn(call, call.request()));
        if (indexes.ok()) {
            const roles::IndexProgress& index = indexes->front();
            call.response().set_state(static_cast<pb::common::IndexState>(index.state));
            call.response().set_fail_reason(index.fail_reason);
        }
        FinishWith(call, indexes.status());
    });
    handlers.Set<rpc::GetIndexBuildProgress>([this](rpc::GetIndexBuildProgress::Call& call) {
        const auto indexes = proxy_.DescribeIndex(call.context(), NameIn(call, call.request()));
        if (indexes.ok()) {
            const roles::IndexProgress& index = indexes->front();
            call.response().set_indexed_rows(static_cast<int64_t>(index.indexed_rows));
            call.response().set_total_rows(static_cast<int64_t>(index.total_rows));
        }
        FinishWith(call, indexes.status());
    });
}

}  // namespace elanus::wire
