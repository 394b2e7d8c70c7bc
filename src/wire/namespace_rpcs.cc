// Namespaces by name. Statistics are counts of rows; bytes and times of writes are not told.

#include "proxy/namespaces.h"
#include "wire/milvus_service.h"

#include <memory>

namespace elanus::wire {
namespace {

template <typename Call>
proxy::NamespaceRef RefOf(const Call& call) {
    return {DatabaseOf(call, call.request().db_name()), call.request().collection_name(),
            call.request().namespace_name()};
}

void Fill(const std::string& collection, const proxy::NamespaceInfo& from,
          pb::milvus::NamespaceInfo* to) {
    to->set_collection_name(collection);
    to->set_namespace_name(from.name);
    to->set_created_timestamp(from.created_ts);
    to->set_created_utc_timestamp(static_cast<uint64_t>(base::PhysicalMs(from.created_ts)));
}

template <typename Call>
void FinishWithInfo(Call& call, const base::Result<proxy::NamespaceInfo>& info) {
    if (info.ok()) {
        Fill(call.request().collection_name(), *info, call.response().mutable_namespace_());
    }
    FinishWith(call, info.status());
}

void Fill(const proxy::NamespaceRows& from, pb::milvus::NamespaceStats* to) {
    const auto rows = static_cast<int64_t>(from.rows);
    ToPairs({{"row_count", std::to_string(rows)}}, to->mutable_stats());
    to->set_approx_entity_count(rows);
    to->set_entity_count(rows);
    to->set_entity_count_type(from.exact ? "exact" : "approximate");
}

}  // namespace

void MilvusService::RegisterNamespaces(RpcHandlers& handlers) {
    handlers.Set<rpc::CreateNamespace>([this](rpc::CreateNamespace::Call& call) {
        FinishWithInfo(call, proxy::Namespaces(proxy_).Create(call.context(), RefOf(call)));
    });
    handlers.Set<rpc::DescribeNamespace>([this](rpc::DescribeNamespace::Call& call) {
        FinishWithInfo(call, proxy::Namespaces(proxy_).Describe(call.context(), RefOf(call)));
    });
    handlers.Set<rpc::HasNamespace>([this](rpc::HasNamespace::Call& call) {
        const base::Result<bool> has = proxy::Namespaces(proxy_).Has(call.context(), RefOf(call));
        call.response().set_value(has.ok() && *has);
        FinishWith(call, has.status());
    });
    handlers.Set<rpc::ListNamespaces>([this](rpc::ListNamespaces::Call& call) {
        const auto& request = call.request();
        const base::Result<proxy::NamespacePage> page = proxy::Namespaces(proxy_).List(
            call.context(), DatabaseOf(call, request.db_name()), request.collection_name(),
            request.prefix(), request.page_size(), request.page_token());
        if (page.ok()) {
            for (const proxy::NamespaceInfo& info : page->namespaces) {
                Fill(request.collection_name(), info, call.response().add_namespaces());
            }
            call.response().set_next_page_token(page->next_token);
        }
        FinishWith(call, page.status());
    });
    handlers.Set<rpc::GetNamespaceStats>([this](rpc::GetNamespaceStats::Call& call) {
        const base::Result<proxy::NamespaceRows> rows =
            proxy::Namespaces(proxy_).Count(call.context(), RefOf(call), call.request().exact());
        if (rows.ok()) {
            call.response().set_namespace_name(call.request().namespace_name());
            Fill(*rows, call.response().mutable_stats());
        }
        FinishWith(call, rows.status());
    });
    handlers.Set<rpc::DropNamespace>([this](rpc::DropNamespace::Call& call) {
        proxy::Namespaces(proxy_).Drop(
            call.context(), RefOf(call), [&call](const base::Status& dropped) {
                if (dropped.ok()) {
                    Fill(call.request().collection_name(),
                         proxy::NamespaceInfo{call.request().namespace_name()},
                         call.response().mutable_namespace_());
                }
                FinishWith(call, dropped);
            });
    });
}

}  // namespace elanus::wire
