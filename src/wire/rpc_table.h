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
    UNARY(CreateCollection, kDone, "CreateCollection") \
    UNARY(DropCollection, kDone, "DropCollection") \
    UNARY(HasCollection, kDone, "") \
    UNARY(DescribeCollection, kDone, "DescribeCollection") \
    UNARY(BatchDescribeCollection, kDone, "DescribeCollection") \
    UNARY(GetCollectionStatistics, kDone, "GetStatistics") \
    UNARY(ShowCollections, kDone, "") \
    UNARY(RenameCollection, kDone, "RenameCollection") \
    UNARY(TruncateCollection, kDone, "DropCollection") \
    UNARY(AlterCollection, kDone, "CreateCollection") \
    UNARY(AlterCollectionField, kDone, "CreateCollection") \
    UNARY(AddCollectionField, kDone, "AddCollectionField") \
    UNARY(AddCollectionStructField, kDone, "AddCollectionField") \
    UNARY(AlterCollectionSchema, kDone, "AlterCollectionSchema") \
    UNARY(AddCollectionFunction, kDone, "CreateCollection") \
    UNARY(AlterCollectionFunction, kDone, "CreateCollection") \
    UNARY(DropCollectionFunction, kDone, "CreateCollection") \
    UNARY(BatchUpdateManifest, kUnimplemented, "Insert") \
    UNARY(LoadCollection, kDone, "Load") \
    UNARY(ReleaseCollection, kDone, "Release") \
    UNARY(GetLoadingProgress, kDone, "GetLoadState") \
    UNARY(GetLoadState, kDone, "GetLoadState") \
    UNARY(CreatePartition, kDone, "CreatePartition") \
    UNARY(DropPartition, kDone, "DropPartition") \
    UNARY(HasPartition, kDone, "HasPartition") \
    UNARY(ShowPartitions, kDone, "ShowPartitions") \
    UNARY(GetPartitionStatistics, kDone, "GetStatistics") \
    UNARY(LoadPartitions, kDone, "Load") \
    UNARY(ReleasePartitions, kDone, "Release") \
    UNARY(Prewarm, kUnimplemented, "Load") \
    UNARY(DescribePrewarmTask, kUnimplemented, "") \
    UNARY(CreateNamespace, kDone, "CreatePartition") \
    UNARY(DescribeNamespace, kDone, "ShowPartitions") \
    UNARY(ListNamespaces, kDone, "ShowPartitions") \
    UNARY(DropNamespace, kDone, "DropPartition") \
    UNARY(HasNamespace, kDone, "HasPartition") \
    UNARY(GetNamespaceStats, kDone, "ShowPartitions") \
    UNARY(CreateAlias, kDone, "CreateAlias") \
    UNARY(DropAlias, kDone, "DropAlias") \
    UNARY(AlterAlias, kDone, "CreateAlias") \
    UNARY(DescribeAlias, kDone, "DescribeAlias") \
    UNARY(ListAliases, kDone, "ListAliases") \
    /* index.proto */ \
    UNARY(CreateIndex, kDone, "CreateIndex") \
    UNARY(AlterIndex, kPartial, "CreateIndex") \
    UNARY(DescribeIndex, kDone, "IndexDetail") \
    UNARY(GetIndexStatistics, kDone, "IndexDetail") \
    UNARY(GetIndexState, kDone, "IndexDetail") \
    UNARY(GetIndexBuildProgress, kDone, "IndexDetail") \
    UNARY(DropIndex, kDone, "DropIndex") \
    UNARY(ListIndexedSegment, kUnimplemented, "") \
    UNARY(DescribeSegmentIndexData, kUnimplemented, "") \
    /* data.proto */ \
    RAW(Insert, kDone, "Insert") \
    RAW(Upsert, kDone, "Upsert") \
    UNARY(Delete, kDone, "Delete") \
    RAW(Search, kPartial, "Search") \
    RAW(HybridSearch, kPartial, "Search") \
    RAW(Query, kPartial, "Query") \
    UNARY(CalcDistance, kUnimplemented, "") \
    UNARY(Flush, kDone, "Flush") \
    UNARY(GetFlushState, kDone, "GetFlushState") \
    UNARY(FlushAll, kDone, "FlushAll") \
    UNARY(GetFlushAllState, kDone, "") \
    UNARY(Import, kUnimplemented, "Import") \
    UNARY(GetImportState, kUnimplemented, "") \
    UNARY(ListImportTasks, kUnimplemented, "") \
    UNARY(RunAnalyzer, kDone, "") \
    UNARY(ComputePhraseMatchSlop, kDone, "") \
    UNARY(AddFileResource, kDone, "AddFileResource") \
    UNARY(RemoveFileResource, kDone, "RemoveFileResource") \
    UNARY(ListFileResources, kDone, "ListFileResources") \
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
    UNARY(Connect, kDone, "") \
    UNARY(GetVersion, kDone, "") \
    UNARY(CheckHealth, kPartial, "") \
    UNARY(GetComponentStates, kPartial, "") \
    UNARY(GetMetrics, kPartial, "") \
    UNARY(AllocTimestamp, kDone, "") \
    UNARY(Dummy, kDone, "") \
    UNARY(RegisterLink, kUnimplemented, "") \
    UNARY(CreateDatabase, kDone, "CreateDatabase") \
    UNARY(DropDatabase, kDone, "DropDatabase") \
    UNARY(ListDatabases, kDone, "") \
    UNARY(AlterDatabase, kDone, "AlterDatabase") \
    UNARY(DescribeDatabase, kDone, "DescribeDatabase") \
    UNARY(GetReplicas, kPartial, "") \
    UNARY(GetPersistentSegmentInfo, kDone, "") \
    UNARY(GetQuerySegmentInfo, kDone, "") \
    UNARY(LoadBalance, kUnimplemented, "LoadBalance") \
    UNARY(ManualCompaction, kDone, "Compaction") \
    UNARY(GetCompactionState, kDone, "") \
    UNARY(GetCompactionStateWithPlans, kDone, "") \
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
    UNARY(ClientHeartbeat, kDone, "") \
    UNARY(GetClientTelemetry, kUnimplemented, "") \
    UNARY(PushClientCommand, kUnimplemented, "") \
    UNARY(DeleteClientCommand, kUnimplemented, "")

#define ELANUS_PROXY_RPCS(UNARY, RAW, STREAM) \
    UNARY(RegisterLink, kUnimplemented, "")
// clang-format on
