// Every rpc of every service, with its state and the privilege it needs: the one list from which
// the server answers what is not built yet, the handlers are typed (rpc_handlers.h) and the wire
// contract test counts (tests/contract reads these lines, so each stays on one line).
//
// Columns: name, state, privilege (Milvus' name without the prefix "Privilege"; empty = none).
// UNARY = one request, one response, as protobuf messages. RAW = the same on the wire, but the
// handler gets the bytes: rows go from the wire into columns without a message in between.
// STREAM = the two replication streams, which have no handler type yet.
// State: kDone = as Milvus; kPartial = right for what this server has; kUnimplemented = answers
// UNIMPLEMENTED with a message that names the rpc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace elanus::wire {

enum class RpcState : uint8_t { kDone, kPartial, kUnimplemented };

struct RpcInfo {
    std::string_view service;  // "milvus.proto.milvus.MilvusService"
    std::string_view name;
    RpcState state;
    std::string_view privilege;
};

// All rpcs of all services, in the order of the lists below.
std::span<const RpcInfo> AllRpcs();
// Null when there is none.
const RpcInfo* FindRpc(std::string_view service, std::string_view name);

}  // namespace elanus::wire

// clang-format off
#define ELANUS_MILVUS_RPCS(UNARY, RAW, STREAM) \
    /* collection.proto */ \
    UNARY(CreateCollection, kUnimplemented, "CreateCollection") \
    UNARY(DropCollection, kUnimplemented, "DropCollection") \
    UNARY(HasCollection, kUnimplemented, "") \
    UNARY(DescribeCollection, kUnimplemented, "DescribeCollection") \
    UNARY(BatchDescribeCollection, kUnimplemented, "DescribeCollection") \
    UNARY(GetCollectionStatistics, kUnimplemented, "GetStatistics") \
    UNARY(ShowCollections, kUnimplemented, "") \
    UNARY(RenameCollection, kUnimplemented, "RenameCollection") \
    UNARY(TruncateCollection, kUnimplemented, "DropCollection") \
    UNARY(AlterCollection, kUnimplemented, "CreateCollection") \
    UNARY(AlterCollectionField, kUnimplemented, "CreateCollection") \
    UNARY(AddCollectionField, kUnimplemented, "AddCollectionField") \
    UNARY(AddCollectionStructField, kUnimplemented, "AddCollectionField") \
    UNARY(AlterCollectionSchema, kUnimplemented, "AlterCollectionSchema") \
    UNARY(AddCollectionFunction, kUnimplemented, "CreateCollection") \
    UNARY(AlterCollectionFunction, kUnimplemented, "CreateCollection") \
    UNARY(DropCollectionFunction, kUnimplemented, "CreateCollection") \
    UNARY(BatchUpdateManifest, kUnimplemented, "Insert") \
    UNARY(LoadCollection, kUnimplemented, "Load") \
    UNARY(ReleaseCollection, kUnimplemented, "Release") \
    UNARY(GetLoadingProgress, kUnimplemented, "GetLoadState") \
    UNARY(GetLoadState, kUnimplemented, "GetLoadState") \
    UNARY(CreatePartition, kUnimplemented, "CreatePartition") \
    UNARY(DropPartition, kUnimplemented, "DropPartition") \
    UNARY(HasPartition, kUnimplemented, "HasPartition") \
    UNARY(ShowPartitions, kUnimplemented, "ShowPartitions") \
    UNARY(GetPartitionStatistics, kUnimplemented, "GetStatistics") \
    UNARY(LoadPartitions, kUnimplemented, "Load") \
    UNARY(ReleasePartitions, kUnimplemented, "Release") \
    UNARY(Prewarm, kUnimplemented, "Load") \
    UNARY(DescribePrewarmTask, kUnimplemented, "") \
    UNARY(CreateNamespace, kUnimplemented, "CreatePartition") \
    UNARY(DescribeNamespace, kUnimplemented, "ShowPartitions") \
    UNARY(ListNamespaces, kUnimplemented, "ShowPartitions") \
    UNARY(DropNamespace, kUnimplemented, "DropPartition") \
    UNARY(HasNamespace, kUnimplemented, "HasPartition") \
    UNARY(GetNamespaceStats, kUnimplemented, "ShowPartitions") \
    UNARY(CreateAlias, kUnimplemented, "CreateAlias") \
    UNARY(DropAlias, kUnimplemented, "DropAlias") \
    UNARY(AlterAlias, kUnimplemented, "CreateAlias") \
    UNARY(DescribeAlias, kUnimplemented, "DescribeAlias") \
    UNARY(ListAliases, kUnimplemented, "ListAliases") \
    /* index.proto */ \
    UNARY(CreateIndex, kUnimplemented, "CreateIndex") \
    UNARY(AlterIndex, kUnimplemented, "CreateIndex") \
    UNARY(DescribeIndex, kUnimplemented, "IndexDetail") \
    UNARY(GetIndexStatistics, kUnimplemented, "IndexDetail") \
    UNARY(GetIndexState, kUnimplemented, "IndexDetail") \
    UNARY(GetIndexBuildProgress, kUnimplemented, "IndexDetail") \
    UNARY(DropIndex, kUnimplemented, "DropIndex") \
    UNARY(ListIndexedSegment, kUnimplemented, "") \
    UNARY(DescribeSegmentIndexData, kUnimplemented, "") \
    /* data.proto */ \
    RAW(Insert, kUnimplemented, "Insert") \
    RAW(Upsert, kUnimplemented, "Upsert") \
    UNARY(Delete, kUnimplemented, "Delete") \
    RAW(Search, kUnimplemented, "Search") \
    RAW(HybridSearch, kUnimplemented, "Search") \
    RAW(Query, kUnimplemented, "Query") \
    UNARY(CalcDistance, kUnimplemented, "") \
    UNARY(Flush, kUnimplemented, "Flush") \
    UNARY(GetFlushState, kUnimplemented, "GetFlushState") \
    UNARY(FlushAll, kUnimplemented, "FlushAll") \
    UNARY(GetFlushAllState, kUnimplemented, "") \
    UNARY(Import, kUnimplemented, "Import") \
    UNARY(GetImportState, kUnimplemented, "") \
    UNARY(ListImportTasks, kUnimplemented, "") \
    UNARY(RunAnalyzer, kUnimplemented, "") \
    UNARY(ComputePhraseMatchSlop, kUnimplemented, "") \
    UNARY(AddFileResource, kUnimplemented, "AddFileResource") \
    UNARY(RemoveFileResource, kUnimplemented, "RemoveFileResource") \
    UNARY(ListFileResources, kUnimplemented, "ListFileResources") \
    /* access.proto */ \
    UNARY(CreateCredential, kUnimplemented, "CreateOwnership") \
    UNARY(UpdateCredential, kUnimplemented, "UpdateUser") \
    UNARY(DeleteCredential, kUnimplemented, "DropOwnership") \
    UNARY(ListCredUsers, kUnimplemented, "SelectOwnership") \
    UNARY(CreateRole, kUnimplemented, "CreateOwnership") \
    UNARY(AlterRole, kUnimplemented, "CreateOwnership") \
    UNARY(DropRole, kUnimplemented, "DropOwnership") \
    UNARY(OperateUserRole, kUnimplemented, "ManageOwnership") \
    UNARY(SelectRole, kUnimplemented, "SelectOwnership") \
    UNARY(SelectUser, kUnimplemented, "SelectUser") \
    UNARY(OperatePrivilege, kUnimplemented, "ManageOwnership") \
    UNARY(OperatePrivilegeV2, kUnimplemented, "ManageOwnership") \
    UNARY(SelectGrant, kUnimplemented, "SelectOwnership") \
    UNARY(CreatePrivilegeGroup, kUnimplemented, "CreatePrivilegeGroup") \
    UNARY(DropPrivilegeGroup, kUnimplemented, "DropPrivilegeGroup") \
    UNARY(ListPrivilegeGroups, kUnimplemented, "ListPrivilegeGroups") \
    UNARY(OperatePrivilegeGroup, kUnimplemented, "OperatePrivilegeGroup") \
    UNARY(BackupRBAC, kUnimplemented, "BackupRBAC") \
    UNARY(RestoreRBAC, kUnimplemented, "RestoreRBAC") \
    UNARY(AddUserTags, kUnimplemented, "UpdateUser") \
    UNARY(DeleteUserTags, kUnimplemented, "UpdateUser") \
    UNARY(GetUserTags, kUnimplemented, "SelectUser") \
    UNARY(ListUsersWithTag, kUnimplemented, "SelectUser") \
    UNARY(CreateRowPolicy, kUnimplemented, "CreateOwnership") \
    UNARY(DropRowPolicy, kUnimplemented, "DropOwnership") \
    UNARY(ListRowPolicies, kUnimplemented, "SelectOwnership") \
    /* cluster.proto */ \
    UNARY(Connect, kUnimplemented, "") \
    UNARY(GetVersion, kUnimplemented, "") \
    UNARY(CheckHealth, kUnimplemented, "") \
    UNARY(GetComponentStates, kUnimplemented, "") \
    UNARY(GetMetrics, kUnimplemented, "") \
    UNARY(AllocTimestamp, kUnimplemented, "") \
    UNARY(Dummy, kUnimplemented, "") \
    UNARY(RegisterLink, kUnimplemented, "") \
    UNARY(CreateDatabase, kUnimplemented, "CreateDatabase") \
    UNARY(DropDatabase, kUnimplemented, "DropDatabase") \
    UNARY(ListDatabases, kUnimplemented, "") \
    UNARY(AlterDatabase, kUnimplemented, "AlterDatabase") \
    UNARY(DescribeDatabase, kUnimplemented, "DescribeDatabase") \
    UNARY(GetReplicas, kUnimplemented, "") \
    UNARY(GetPersistentSegmentInfo, kUnimplemented, "") \
    UNARY(GetQuerySegmentInfo, kUnimplemented, "") \
    UNARY(LoadBalance, kUnimplemented, "LoadBalance") \
    UNARY(ManualCompaction, kUnimplemented, "Compaction") \
    UNARY(GetCompactionState, kUnimplemented, "") \
    UNARY(GetCompactionStateWithPlans, kUnimplemented, "") \
    UNARY(CreateResourceGroup, kUnimplemented, "CreateResourceGroup") \
    UNARY(DropResourceGroup, kUnimplemented, "DropResourceGroup") \
    UNARY(UpdateResourceGroups, kUnimplemented, "UpdateResourceGroups") \
    UNARY(TransferNode, kUnimplemented, "TransferNode") \
    UNARY(TransferReplica, kUnimplemented, "TransferReplica") \
    UNARY(ListResourceGroups, kUnimplemented, "ListResourceGroups") \
    UNARY(DescribeResourceGroup, kUnimplemented, "DescribeResourceGroup") \
    /* snapshot.proto */ \
    UNARY(CreateSnapshot, kUnimplemented, "CreateSnapshot") \
    UNARY(DropSnapshot, kUnimplemented, "DropSnapshot") \
    UNARY(ListSnapshots, kUnimplemented, "ListSnapshots") \
    UNARY(DescribeSnapshot, kUnimplemented, "DescribeSnapshot") \
    UNARY(RestoreSnapshot, kUnimplemented, "RestoreSnapshot") \
    UNARY(RestoreExternalSnapshot, kUnimplemented, "RestoreExternalSnapshot") \
    UNARY(ExportSnapshot, kUnimplemented, "ExportSnapshot") \
    UNARY(GetExportSnapshotState, kUnimplemented, "ExportSnapshot") \
    UNARY(GetRestoreSnapshotState, kUnimplemented, "") \
    UNARY(ListRestoreSnapshotJobs, kUnimplemented, "RestoreSnapshot") \
    UNARY(PinSnapshotData, kUnimplemented, "PinSnapshotData") \
    UNARY(UnpinSnapshotData, kUnimplemented, "UnpinSnapshotData") \
    UNARY(RefreshExternalCollection, kUnimplemented, "RefreshExternalCollection") \
    UNARY(GetRefreshExternalCollectionProgress, kUnimplemented, "") \
    UNARY(ListRefreshExternalCollectionJobs, kUnimplemented, "") \
    UNARY(ReplicateMessage, kUnimplemented, "") \
    UNARY(UpdateReplicateConfiguration, kUnimplemented, "UpdateReplicateConfiguration") \
    UNARY(GetReplicateConfiguration, kUnimplemented, "GetReplicateConfiguration") \
    UNARY(GetReplicateInfo, kUnimplemented, "") \
    STREAM(CreateReplicateStream, kUnimplemented, "") \
    STREAM(DumpMessages, kUnimplemented, "")

#define ELANUS_TELEMETRY_RPCS(UNARY, RAW, STREAM) \
    UNARY(ClientHeartbeat, kUnimplemented, "") \
    UNARY(GetClientTelemetry, kUnimplemented, "") \
    UNARY(PushClientCommand, kUnimplemented, "") \
    UNARY(DeleteClientCommand, kUnimplemented, "")

#define ELANUS_PROXY_RPCS(UNARY, RAW, STREAM) \
    UNARY(RegisterLink, kUnimplemented, "")
// clang-format on
