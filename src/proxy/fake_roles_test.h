// The proxy's partners in memory, for tests: names and indexes behave like the real ones as far as
// the proxy can tell; reads and appends are recorded and answered by the test.
#pragma once

#include "proxy/proxy.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace elanus::proxy {

class FakeRootCoord : public roles::RootCoord {
  public:
    std::vector<roles::CollectionInfo> collections;
    int describe_calls = 0;
    uint64_t next_id = 1000;
    uint64_t next_timestamp = base::ComposeTimestamp(1'700'000'000'000);

    static roles::CollectionInfo MakeInfo(const schema::CollectionSchema& schema, int32_t shards,
                                          int64_t num_partitions, base::CollectionId id) {
        roles::CollectionInfo info;
        info.id = id;
        info.database_name = "default";
        info.schema = schema;
        base::FieldId field_id = base::kFirstUserField;
        for (schema::FieldSchema& field : info.schema.fields) {
            field.id = field_id++;
            for (schema::FieldSchema& sub_field : field.sub_fields) {
                sub_field.id = field_id++;
            }
        }
        info.shards_num = shards;
        info.pchannel = "p0";
        for (int32_t shard = 0; shard < shards; ++shard) {
            info.vchannels.push_back("p0_" + std::to_string(id) + "v" + std::to_string(shard));
        }
        info.updated_ts = info.created_ts = 777;
        base::PartitionId partition_id = id * 100;
        for (int64_t i = 0; i < std::max<int64_t>(num_partitions, 1); ++i) {
            const std::string suffix = num_partitions == 0 ? "" : "_" + std::to_string(i);
            info.partitions.push_back(
                {partition_id++, "_default" + suffix, 1, roles::MetaState::kCreated});
        }
        return info;
    }

    base::Result<roles::Empty> CreateDatabase(const base::CallContext&,
                                              const roles::CreateDatabaseRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> DropDatabase(const base::CallContext&,
                                            const roles::DatabaseName&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> AlterDatabase(const base::CallContext&,
                                             const roles::AlterDatabaseRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::DatabaseInfo> DescribeDatabase(const base::CallContext&,
                                                       const roles::DatabaseName& name) override {
        roles::DatabaseInfo info;
        info.name = name.name;
        return info;
    }
    base::Result<roles::DatabaseList> ListDatabases(const base::CallContext&,
                                                    const roles::Empty&) override {
        return roles::DatabaseList();
    }
    base::Result<roles::CollectionInfo> CreateCollection(
        const base::CallContext&, const roles::CreateCollectionRequest& request) override {
        collections.push_back(MakeInfo(request.schema, request.shards_num, request.num_partitions,
                                       static_cast<int64_t>(collections.size()) + 1));
        collections.back().consistency_level = request.consistency_level;
        collections.back().properties = request.properties;
        return collections.back();
    }
    base::Result<roles::Empty> DropCollection(const base::CallContext&,
                                              const roles::CollectionRef& ref) override {
        std::erase_if(collections, [&ref](const roles::CollectionInfo& info) {
            return info.schema.name == ref.collection_name;
        });
        return roles::Empty();
    }
    base::Result<roles::Empty> RenameCollection(const base::CallContext&,
                                                const roles::RenameCollectionRequest& r) override {
        for (roles::CollectionInfo& info : collections) {
            if (info.schema.name == r.old_name) {
                info.schema.name = r.new_name;
            }
        }
        return roles::Empty();
    }
    base::Result<roles::Empty> AlterCollection(const base::CallContext&,
                                               const roles::AlterCollectionRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> AlterSchema(const base::CallContext&,
                                           const roles::AlterSchemaRequest& request) override {
        altered_schemas.push_back(request);
        return roles::Empty();
    }
    base::Result<roles::Empty> TruncateCollection(const base::CallContext&,
                                                  const roles::TruncateRequest&) override {
        return roles::Empty();
    }
    std::vector<roles::AlterSchemaRequest> altered_schemas;
    base::Result<roles::CollectionInfo> DescribeCollection(
        const base::CallContext&, const roles::CollectionRef& ref) override {
        ++describe_calls;
        for (const roles::CollectionInfo& info : collections) {
            if (ref.collection_name.empty() ? info.id == ref.collection_id
                                            : info.schema.name == ref.collection_name) {
                return info;
            }
        }
        return base::Status::WithFields(
            base::Code::kCollectionNotFound,
            {{"database", ref.database_name}, {"collection", ref.collection_name}});
    }
    base::Result<roles::CollectionList> ListCollections(const base::CallContext&,
                                                        const roles::DatabaseName&) override {
        return roles::CollectionList{collections};
    }
    base::Result<roles::Empty> CreatePartition(const base::CallContext&,
                                               const roles::PartitionRequest& r) override {
        for (roles::CollectionInfo& info : collections) {
            if (info.schema.name == r.collection.collection_name) {
                info.partitions.push_back({info.partitions.back().id + 1, r.partition_name, 2,
                                           roles::MetaState::kCreated});
            }
        }
        return roles::Empty();
    }
    base::Result<roles::Empty> DropPartition(const base::CallContext&,
                                             const roles::PartitionRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> CreateAlias(const base::CallContext&,
                                           const roles::AliasRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> AlterAlias(const base::CallContext&,
                                          const roles::AliasRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> DropAlias(const base::CallContext&,
                                         const roles::AliasRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::AliasInfo> DescribeAlias(const base::CallContext&,
                                                 const roles::AliasRequest& request) override {
        return base::Status::WithFields(base::Code::kAliasNotFound, {{"alias", request.alias}});
    }
    base::Result<roles::AliasList> ListAliases(const base::CallContext&,
                                               const roles::AliasRequest&) override {
        return roles::AliasList();
    }
    base::Result<roles::Empty> AddFileResource(const base::CallContext&,
                                               const roles::FileResourceInfo&) override {
        return roles::Empty{};
    }
    base::Result<roles::Empty> RemoveFileResource(const base::CallContext&,
                                                  const roles::FileResourceInfo&) override {
        return roles::Empty{};
    }
    base::Result<roles::FileResourceList> ListFileResources(const base::CallContext&,
                                                            const roles::Empty&) override {
        return roles::FileResourceList();
    }
    base::Result<roles::AllocResponse> AllocTimestamps(const base::CallContext&,
                                                       const roles::AllocRequest& r) override {
        next_timestamp += r.count;
        return roles::AllocResponse{next_timestamp - r.count};
    }
    base::Result<roles::AllocResponse> AllocIds(const base::CallContext&,
                                                const roles::AllocRequest& r) override {
        next_id += r.count;
        return roles::AllocResponse{next_id - r.count};
    }
};

class FakeDataCoord : public roles::DataCoord {
  public:
    std::vector<roles::IndexProgress> indexes;

    base::Result<roles::Empty> CommitFlush(const base::CallContext&,
                                           const roles::FlushSwap&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> CommitCompaction(const base::CallContext&,
                                                const roles::CompactionSwap&) override {
        return roles::Empty();
    }
    base::Result<roles::CompactResponse> Compact(const base::CallContext&,
                                                 const roles::CompactRequest&) override {
        return roles::CompactResponse();
    }
    base::Result<roles::CompactionStatus> GetCompaction(const base::CallContext&,
                                                        const roles::CompactionQuery&) override {
        return roles::CompactionStatus();
    }
    base::Result<roles::ChannelRecovery> RecoverChannel(const base::CallContext&,
                                                        const roles::ChannelName&) override {
        return roles::ChannelRecovery();
    }
    base::Result<roles::SegmentList> ListSegments(const base::CallContext&,
                                                  const roles::OfCollection&) override {
        return roles::SegmentList();
    }
    base::Result<roles::Empty> DropCollectionData(const base::CallContext&,
                                                  const roles::OfCollection&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> DropPartitionData(const base::CallContext&,
                                                 const roles::OfPartition&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> CreateIndex(const base::CallContext&,
                                           const roles::CreateIndexRequest& request) override {
        roles::IndexProgress progress;
        progress.index = request.index;
        progress.index.id = static_cast<int64_t>(indexes.size()) + 1;
        if (progress.index.name.empty()) {
            progress.index.name = progress.index.field_name;
        }
        indexes.push_back(progress);
        return roles::Empty();
    }
    base::Result<roles::Empty> DropIndex(const base::CallContext&,
                                         const roles::DropIndexRequest& request) override {
        std::erase_if(indexes, [&request](const roles::IndexProgress& progress) {
            return progress.index.name == request.index_name;
        });
        return roles::Empty();
    }
    base::Result<roles::Empty> AlterIndex(const base::CallContext&,
                                          const roles::AlterIndexRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::IndexList> ListIndexes(const base::CallContext&,
                                               const roles::OfCollection& of) override {
        roles::IndexList list;
        for (const roles::IndexProgress& progress : indexes) {
            if (progress.index.collection_id == of.id) {
                list.indexes.push_back(progress);
            }
        }
        return list;
    }
};

class FakeQueryCoord : public roles::QueryCoord {
  public:
    roles::LoadStatus status;
    std::vector<roles::LoadRequest> loads;
    std::vector<roles::ReleaseRequest> releases;

    base::Result<roles::Empty> Load(const base::CallContext&,
                                    const roles::LoadRequest& request) override {
        loads.push_back(request);
        status.state = roles::LoadState::kLoaded;
        status.whole_collection = request.partitions.empty();
        status.partitions = request.partitions;
        return roles::Empty();
    }
    base::Result<roles::Empty> Release(const base::CallContext&,
                                       const roles::ReleaseRequest& request) override {
        releases.push_back(request);
        status = roles::LoadStatus();
        return roles::Empty();
    }
    base::Result<roles::LoadStatus> GetLoadStatus(const base::CallContext&,
                                                  const roles::OfCollection&) override {
        return status;
    }
    base::Result<roles::LoadedCollections> ListLoaded(const base::CallContext&,
                                                      const roles::Empty&) override {
        return roles::LoadedCollections();
    }
};

class FakeStreamingNode : public roles::StreamingNode {
  public:
    std::vector<roles::AppendRequest> appends;
    base::Status append_failure;
    std::vector<roles::SearchRequest> searches;
    std::vector<roles::RetrieveRequest> retrieves;
    std::vector<roles::FetchRequest> fetches;
    std::function<base::Result<roles::SearchResponse>(const roles::SearchRequest&)> on_search;
    std::function<base::Result<roles::RetrieveResponse>(const roles::RetrieveRequest&)> on_retrieve;
    std::function<base::Result<roles::FetchResponse>(const roles::FetchRequest&)> on_fetch;
    roles::ChannelSegments segments;

    void Append(const base::CallContext&, roles::AppendRequest request,
                roles::AppendCallback done) override {
        appends.push_back(std::move(request));
        if (!append_failure.ok()) {
            done(append_failure);
            return;
        }
        done(roles::AppendResponse{5000 + appends.size()});
    }
    base::Result<roles::Empty> CreateChannels(const base::CallContext&,
                                              const roles::ChannelEvent&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> DropChannels(const base::CallContext&,
                                            const roles::ChannelEvent&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> DropPartition(const base::CallContext&,
                                             const roles::ChannelEvent&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> AlterSchema(const base::CallContext&,
                                           const roles::ChannelEvent&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> Truncate(const base::CallContext&,
                                        const roles::ChannelEvent&) override {
        return roles::Empty();
    }
    base::Result<roles::FlushResponse> Flush(const base::CallContext&,
                                             const roles::FlushRequest&) override {
        roles::FlushResponse response;
        response.sealed_segments = {11};
        response.flush_ts = 99;
        return response;
    }
    base::Result<roles::FlushState> GetFlushState(const base::CallContext&,
                                                  const roles::FlushStateRequest& r) override {
        return roles::FlushState{r.flush_ts == 99};
    }
    base::Result<roles::Empty> Serve(const base::CallContext&,
                                     const roles::ServeRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> Unserve(const base::CallContext&,
                                       const roles::ChannelsRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::ServeProgress> GetServeProgress(const base::CallContext&,
                                                        const roles::ChannelsRequest&) override {
        return roles::ServeProgress();
    }
    base::Result<roles::ChannelSegments> GetSegments(const base::CallContext&,
                                                     const roles::ChannelsRequest&) override {
        return segments;
    }
    base::Result<roles::Empty> OnSegmentIndex(const base::CallContext&,
                                              const roles::SegmentIndexReady&) override {
        return roles::Empty();
    }
    base::Result<roles::CompactionFacts> GetCompactionFacts(
        const base::CallContext&, const roles::CompactionFactsRequest&) override {
        return roles::CompactionFacts();
    }
    base::Result<roles::Empty> SwitchSegments(const base::CallContext&,
                                              const roles::SwitchSegmentsRequest&) override {
        return roles::Empty();
    }
    base::Result<roles::Empty> OnIndexDropped(const base::CallContext&,
                                              const roles::IndexDropped&) override {
        return roles::Empty();
    }
    base::Result<roles::SearchResponse> Search(const base::CallContext&,
                                               const roles::SearchRequest& request) override {
        searches.push_back(request);
        return on_search(request);
    }
    base::Result<roles::RetrieveResponse> Retrieve(const base::CallContext&,
                                                   const roles::RetrieveRequest& request) override {
        retrieves.push_back(request);
        return on_retrieve(request);
    }
    base::Result<roles::FetchResponse> Fetch(const base::CallContext&,
                                             const roles::FetchRequest& request) override {
        fetches.push_back(request);
        return on_fetch(request);
    }
};

// A proxy over fakes, with short ways to say what a test needs.
class ProxyFixture {
  public:
    ProxyFixture()
        : random(7),
          proxy(ProxyPartners{&root_coord, &data_coord, &query_coord, &streaming_node, &clock,
                              &executor, &random},
                Limits()) {}

    static schema::FieldSchema Field(std::string name, schema::DataType type,
                                     KeyValues type_params = {}) {
        schema::FieldSchema field;
        field.name = std::move(name);
        field.type = type;
        field.type_params = std::move(type_params);
        return field;
    }
    // id Int64 primary key, v FloatVector of two dimensions.
    static CreateCollectionRequest SimpleCollection(std::string name = "c") {
        CreateCollectionRequest request;
        request.name = std::move(name);
        request.schema.fields = {Field("id", schema::DataType::kInt64),
                                 Field("v", schema::DataType::kFloatVector, {{"dim", "2"}})};
        request.schema.fields[0].is_primary_key = true;
        return request;
    }
    base::Status Create(CreateCollectionRequest request) {
        return proxy.CreateCollection(context, std::move(request));
    }
    base::Status Index(std::string field, KeyValues params, std::string collection = "c") {
        CreateIndexRequest request;
        request.collection = std::move(collection);
        request.field = std::move(field);
        request.params = std::move(params);
        return proxy.CreateIndex(context, request);
    }
    static InputColumn Ints(std::string name, std::vector<int64_t> values) {
        InputColumn column;
        column.name = std::move(name);
        column.type = column.values.type = schema::DataType::kInt64;
        column.values.rows = values.size();
        column.values.values = base::Buffer::FromVector(std::move(values));
        return column;
    }
    static InputColumn Ints32(std::string name, std::vector<int32_t> values) {
        InputColumn column;
        column.name = std::move(name);
        column.type = column.values.type = schema::DataType::kInt32;
        column.values.rows = values.size();
        column.values.values = base::Buffer::FromVector(std::move(values));
        return column;
    }
    static InputColumn Vectors(std::string name, std::vector<float> values, uint32_t dim = 2) {
        InputColumn column;
        column.name = std::move(name);
        column.type = column.values.type = schema::DataType::kFloatVector;
        column.values.dim = dim;
        column.values.rows = values.size() / dim;
        column.values.values = base::Buffer::FromVector(std::move(values));
        return column;
    }
    static InputColumn Texts(std::string name, schema::DataType type,
                             const std::vector<std::string>& values) {
        schema::ColumnBuilder builder(0, type);
        for (const std::string& value : values) {
            builder.AppendBytes(value);
        }
        InputColumn column;
        column.name = std::move(name);
        column.type = type;
        column.is_dynamic = column.name == schema::kDynamicFieldName;
        column.values = builder.Finish();
        return column;
    }
    base::Result<MutationResult> Write(bool upsert, std::vector<InputColumn> columns, uint64_t rows,
                                       std::string partition = "", std::string collection = "c") {
        InsertRequest request;
        request.collection = std::move(collection);
        request.partition = std::move(partition);
        request.columns = std::move(columns);
        request.num_rows = rows;
        return Send(upsert, std::move(request));
    }
    base::Result<MutationResult> Send(bool upsert, InsertRequest request) {
        base::Result<MutationResult> answer = base::Internal("no answer");
        const auto done = [&answer](base::Result<MutationResult> result) {
            answer = std::move(result);
        };
        if (upsert) {
            proxy.Upsert(context, std::move(request), done);
        } else {
            proxy.Insert(context, std::move(request), done);
        }
        return answer;
    }
    base::Result<MutationResult> Delete(std::string filter, std::string partition = "") {
        DeleteRequest request;
        request.collection = "c";
        request.filter = std::move(filter);
        request.partition = std::move(partition);
        base::Result<MutationResult> answer = base::Internal("no answer");
        proxy.Delete(context, request, [&answer](base::Result<MutationResult> result) {
            answer = std::move(result);
        });
        return answer;
    }

    base::CallContext context;
    FakeRootCoord root_coord;
    FakeDataCoord data_coord;
    FakeQueryCoord query_coord;
    FakeStreamingNode streaming_node;
    sys::SimClock clock;
    sys::InlineExecutor executor;
    sys::SeededRandom random;
    Proxy proxy;
};

}  // namespace elanus::proxy
