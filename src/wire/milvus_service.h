// MilvusService: the handlers of Milvus' rpcs. Each turns a message into a call of the proxy and
// the answer back; no rule about data lives here.
//
// Files: collection_rpcs.cc (collections, partitions, aliases, load state), index_rpcs.cc,
// row_rpcs.cc (insert to query, flush), admin_rpcs.cc (handshake, databases, health, segments),
// analyzer_rpcs.cc, compaction_rpcs.cc.
// Threads: handlers run on the workers given to RpcHandlers; the service is immutable after
// Register.
#pragma once

#include "base/ids.h"
#include "proxy/proxy.h"
#include "sys/clock.h"
#include "wire/message_codec.h"
#include "wire/rpc_handlers.h"

#include <string>
#include <string_view>

namespace elanus::wire {

struct ServiceOptions {
    std::string reported_version = "2.6.6";
    base::NodeId node_id = 1;
    std::string address = "127.0.0.1:19530";
};

class MilvusService {
  public:
    MilvusService(proxy::Proxy& proxy, sys::Clock& clock, ServiceOptions options)
        : proxy_(proxy), clock_(clock), options_(std::move(options)) {}

    void Register(RpcHandlers& handlers) {
        RegisterCollections(handlers);
        RegisterIndexes(handlers);
        RegisterRows(handlers);
        RegisterAdmin(handlers);
        RegisterAnalyzers(handlers);
    }

  private:
    void RegisterCollections(RpcHandlers& handlers);
    void RegisterPartitions(RpcHandlers& handlers);
    void RegisterNamespaces(RpcHandlers& handlers);
    void RegisterAliases(RpcHandlers& handlers);
    void RegisterFileResources(RpcHandlers& handlers);
    void RegisterLoading(RpcHandlers& handlers);
    void RegisterSchemaChanges(RpcHandlers& handlers);
    base::Status AlterSchema(const base::CallContext& context, const std::string& database,
                             const pb::milvus::AlterCollectionSchemaRequest& request);
    void RegisterIndexes(RpcHandlers& handlers);
    void RegisterRows(RpcHandlers& handlers);
    void RegisterFlush(RpcHandlers& handlers);
    void RegisterAdmin(RpcHandlers& handlers);
    void RegisterAnalyzers(RpcHandlers& handlers);
    void RegisterDatabases(RpcHandlers& handlers);
    void RegisterSegments(RpcHandlers& handlers);
    void RegisterCompactions(RpcHandlers& handlers);

    base::Result<roles::LoadStatus> LoadStatusOf(RawCall& call, const std::string& database,
                                                 const std::string& collection,
                                                 const std::vector<std::string>& partitions);

    proxy::Proxy& proxy_;
    sys::Clock& clock_;
    const ServiceOptions options_;
};

// The database a request means: its own field, else the metadata `dbname`, else empty (default).
inline std::string DatabaseOf(const RawCall& call, const std::string& in_request) {
    return in_request.empty() ? std::string(call.Metadata("dbname")) : in_request;
}

// Ends a call whose response is a Status, or has a field `status`.
template <typename Call>
void FinishWith(Call& call, const base::Status& status) {
    if constexpr (requires { call.response().mutable_status(); }) {
        SetStatus(status, call.response().mutable_status());
    } else {
        SetStatus(status, &call.response());
    }
    call.Finish();
}

}  // namespace elanus::wire
