// Handshake, versions, databases, health, metrics, segments and replicas: what SDKs and tools ask
// for before and beside the data.

#include "json/json.h"
#include "wire/milvus_service.h"

#include <algorithm>

namespace elanus::wire {
namespace {

// GetMetrics "system_info" of a standalone server, in the shape Attu and birdwatcher read.
std::string SystemInfoJson(const ServiceOptions& options) {
    const auto node = [&](const std::string& type) {
        return R"({"identifier":)" + std::to_string(options.node_id) +
               R"(,"connected":null,"infos":{"has_error":false,"error_reason":"","name":")" + type +
               std::to_string(options.node_id) + R"(","hardware_infos":{"ip":")" + options.address +
               R"("},"system_info":{"system_version":")" + options.reported_version +
               R"(","deploy_mode":"STANDALONE"},"type":")" + type + R"(","id":)" +
               std::to_string(options.node_id) + "}}";
    };
    std::string nodes;
    for (const char* type :
         {"rootcoord", "datacoord", "querycoord", "proxy", "querynode", "datanode"}) {
        nodes += (nodes.empty() ? "" : ",") + node(type);
    }
    return R"({"nodes_info":[)" + nodes + "]}";
}

// Milvus flushes a segment first and sorts it after; clients (benchmarks among them) wait for the
// second step before they go on. Here a file is written once, in the form that reads want.
bool IsSorted(const roles::SegmentInfo& segment) {
    return segment.state == roles::SegmentState::kFlushed;
}

}  // namespace

void MilvusService::RegisterAdmin(RpcHandlers& handlers) {
    handlers.Set<rpc::Connect>([this](rpc::Connect::Call& call) {
        const std::string database = DatabaseOf(call, "");
        const auto known = proxy_.DescribeDatabase(call.context(), database);
        const auto identifier = proxy_.AllocTimestamp(call.context());
        if (!known.ok() || !identifier.ok()) {
            FinishWith(call, known.ok() ? identifier.status() : known.status());
            return;
        }
        call.response().set_identifier(static_cast<int64_t>(*identifier));
        pb::common::ServerInfo* server = call.response().mutable_server_info();
        server->set_build_tags(options_.reported_version);
        server->set_build_time("unknown");
        server->set_git_commit("unknown");
        server->set_go_version("none");
        server->set_deploy_mode("STANDALONE");
        FinishWith(call, base::Status());
    });
    handlers.Set<rpc::GetVersion>([this](rpc::GetVersion::Call& call) {
        call.response().set_version(options_.reported_version);
        FinishWith(call, base::Status());
    });
    handlers.Set<rpc::AllocTimestamp>([this](rpc::AllocTimestamp::Call& call) {
        const auto ts = proxy_.AllocTimestamp(call.context());
        call.response().set_timestamp(ts.ok() ? *ts : 0);
        FinishWith(call, ts.status());
    });
    handlers.Set<rpc::CheckHealth>([](rpc::CheckHealth::Call& call) {
        call.response().set_ishealthy(true);
        FinishWith(call, base::Status());
    });
    handlers.Set<rpc::GetComponentStates>([this](rpc::GetComponentStates::Call& call) {
        const auto fill = [this](const std::string& role, pb::milvus::ComponentInfo* info) {
            info->set_nodeid(options_.node_id);
            info->set_role(role);
            info->set_state_code(pb::common::Healthy);
        };
        fill("standalone", call.response().mutable_state());
        for (const char* role : {"mixcoord", "proxy", "streamingnode", "querynode", "datanode"}) {
            fill(role, call.response().add_subcomponent_states());
        }
        FinishWith(call, base::Status());
    });
    handlers.Set<rpc::GetMetrics>([this](rpc::GetMetrics::Call& call) {
        const auto parsed = json::Parse(call.request().request());
        const json::Value* type = parsed.ok() ? parsed->Find("metric_type") : nullptr;
        if (type == nullptr || type->string_if() == nullptr) {
            FinishWith(call, base::InvalidParameter(
                                 "failed to decode the request: metric_type is missing"));
            return;
        }
        if (*type->string_if() != "system_info") {
            FinishWith(call, base::InvalidParameter("sorry, but this metric type is not "
                                                    "implemented: " +
                                                    *type->string_if()));
            return;
        }
        call.response().set_response(SystemInfoJson(options_));
        call.response().set_component_name("proxy" + std::to_string(options_.node_id));
        FinishWith(call, base::Status());
    });
    handlers.Set<rpc::Dummy>([](rpc::Dummy::Call& call) {
        call.response().set_response(R"({"status": "ok"})");
        call.Finish();
    });
    handlers.Set<rpc::telemetry::ClientHeartbeat>(
        [this](rpc::telemetry::ClientHeartbeat::Call& call) {
            call.response().set_server_timestamp(clock_.WallMs());
            FinishWith(call, base::Status());
        });
    RegisterDatabases(handlers);
    RegisterSegments(handlers);
}

void MilvusService::RegisterDatabases(RpcHandlers& handlers) {
    handlers.Set<rpc::CreateDatabase>([this](rpc::CreateDatabase::Call& call) {
        FinishWith(call, proxy_.CreateDatabase(call.context(), call.request().db_name(),
                                               FromPairs(call.request().properties())));
    });
    handlers.Set<rpc::DropDatabase>([this](rpc::DropDatabase::Call& call) {
        FinishWith(call, proxy_.DropDatabase(call.context(), call.request().db_name()));
    });
    handlers.Set<rpc::AlterDatabase>([this](rpc::AlterDatabase::Call& call) {
        FinishWith(call, proxy_.AlterDatabase(call.context(), call.request().db_name(),
                                              FromPairs(call.request().properties()),
                                              FromStrings(call.request().delete_keys())));
    });
    handlers.Set<rpc::ListDatabases>([this](rpc::ListDatabases::Call& call) {
        const auto databases = proxy_.ListDatabases(call.context());
        if (databases.ok()) {
            for (const roles::DatabaseInfo& database : *databases) {
                call.response().add_db_names(database.name);
                call.response().add_created_timestamp(database.created_ts);
                call.response().add_db_ids(database.id);
            }
        }
        FinishWith(call, databases.status());
    });
    handlers.Set<rpc::DescribeDatabase>([this](rpc::DescribeDatabase::Call& call) {
        const auto database =
            proxy_.DescribeDatabase(call.context(), DatabaseOf(call, call.request().db_name()));
        if (database.ok()) {
            call.response().set_db_name(database->name);
            call.response().set_dbid(database->id);
            call.response().set_created_timestamp(database->created_ts);
            ToPairs(database->properties, call.response().mutable_properties());
        }
        FinishWith(call, database.status());
    });
}

void MilvusService::RegisterSegments(RpcHandlers& handlers) {
    handlers.Set<rpc::GetPersistentSegmentInfo>([this](rpc::GetPersistentSegmentInfo::Call& call) {
        const auto segments =
            proxy_.ListSegments(call.context(), DatabaseOf(call, call.request().dbname()),
                                call.request().collectionname());
        if (segments.ok()) {
            for (const proxy::SegmentView& segment : *segments) {
                if (segment.info.state != roles::SegmentState::kFlushed) {
                    continue;
                }
                pb::milvus::PersistentSegmentInfo* info = call.response().add_infos();
                info->set_segmentid(segment.info.id);
                info->set_collectionid(segment.info.collection_id);
                info->set_partitionid(segment.info.partition_id);
                info->set_num_rows(static_cast<int64_t>(segment.info.rows));
                info->set_state(static_cast<pb::common::SegmentState>(segment.info.state));
                info->set_level(static_cast<pb::common::SegmentLevel>(segment.info.level));
                info->set_is_sorted(IsSorted(segment.info));
                info->set_insert_channel(segment.info.vchannel);
                for (const base::SegmentId from : segment.info.compacted_from) {
                    info->add_compaction_from(from);
                }
            }
        }
        FinishWith(call, segments.status());
    });
    handlers.Set<rpc::GetQuerySegmentInfo>([this](rpc::GetQuerySegmentInfo::Call& call) {
        const auto segments =
            proxy_.ListSegments(call.context(), DatabaseOf(call, call.request().dbname()),
                                call.request().collectionname());
        if (segments.ok()) {
            for (const proxy::SegmentView& segment : *segments) {
                pb::milvus::QuerySegmentInfo* info = call.response().add_infos();
                info->set_segmentid(segment.info.id);
                info->set_collectionid(segment.info.collection_id);
                info->set_partitionid(segment.info.partition_id);
                info->set_num_rows(static_cast<int64_t>(segment.info.rows));
                info->set_mem_size(static_cast<int64_t>(segment.info.bytes));
                info->set_index_name(segment.index_name);
                info->set_indexid(segment.index_id);
                info->set_nodeid(segment.node_id);
                info->add_nodeids(segment.node_id);
                info->set_state(segment.info.state == roles::SegmentState::kFlushed
                                    ? pb::common::Sealed
                                    : pb::common::Growing);
                info->set_level(static_cast<pb::common::SegmentLevel>(segment.info.level));
                info->set_is_sorted(IsSorted(segment.info));
            }
        }
        FinishWith(call, segments.status());
    });
    handlers.Set<rpc::GetReplicas>([this](rpc::GetReplicas::Call& call) {
        const std::string database = DatabaseOf(call, call.request().db_name());
        const auto info =
            proxy_.DescribeCollection(call.context(), database, call.request().collection_name(),
                                      call.request().collectionid());
        const auto load =
            info.ok() ? proxy_.GetLoadStatus(call.context(), database, info->schema.name, {})
                      : info.status();
        if (load.ok() && load->state != roles::LoadState::kNotLoad) {
            pb::milvus::ReplicaInfo* replica = call.response().add_replicas();
            replica->set_replicaid(load->replica_id);
            replica->set_collectionid(info->id);
            replica->set_resource_group_name("__default_resource_group");
            for (const roles::PartitionInfo& partition : info->partitions) {
                replica->add_partition_ids(partition.id);
            }
            for (const std::string& vchannel : info->vchannels) {
                pb::milvus::ShardReplica* shard = replica->add_shard_replicas();
                shard->set_leaderid(options_.node_id);
                shard->set_leader_addr(options_.address);
                shard->set_dm_channel_name(vchannel);
                shard->add_node_ids(options_.node_id);
            }
            for (const base::NodeId node : load->nodes) {
                replica->add_node_ids(node);
            }
        }
        FinishWith(call, load.status());
    });
    RegisterCompactions(handlers);
}

}  // namespace elanus::wire
