#include "streaming/streaming_fixture_test.h"

#include "base/archive.h"
#include "segment/origin_file.h"
#include "segment/segment_merge.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace elanus::streaming {
namespace {

constexpr std::string_view kPchannel = "dml_0";
constexpr int kPatienceMs = 20'000;

schema::FieldSchema Field(base::FieldId id, const std::string& name, schema::DataType type) {
    schema::FieldSchema field;
    field.id = id;
    field.name = name;
    field.type = type;
    return field;
}

template <typename Condition>
bool Eventually(Condition condition) {
    for (int waited_ms = 0; waited_ms < kPatienceMs; ++waited_ms) {
        if (condition()) {
            return true;
        }
        sys::RealClock().SleepMs(1);
    }
    return false;
}

// The vector of a row tells its number.
std::vector<float> VectorOf(int64_t number) {
    return {static_cast<float>(number), 0, 0, 1};
}

}  // namespace

roles::CollectionInfo MakeCollection(base::CollectionId id, int shards) {
    roles::CollectionInfo collection;
    collection.id = id;
    collection.schema.name = "c" + std::to_string(id);
    collection.schema.fields = {Field(kKeyField, "id", schema::DataType::kInt64),
                                Field(kVectorField, "vector", schema::DataType::kFloatVector),
                                Field(kNumberField, "number", schema::DataType::kInt64)};
    collection.schema.fields[0].is_primary_key = true;
    collection.schema.fields[1].type_params["dim"] = std::to_string(kDim);
    collection.shards_num = shards;
    collection.pchannel = kPchannel;
    for (int shard = 0; shard < shards; ++shard) {
        collection.vchannels.push_back(std::string(kPchannel) + "_" + std::to_string(id) + "v" +
                                       std::to_string(shard));
    }
    collection.partitions = {{kPartition, "_default", 1, roles::MetaState::kCreated},
                             {kOtherPartition, "other", 1, roles::MetaState::kCreated}};
    return collection;
}

schema::ColumnBatch MakeRows(const std::map<int64_t, int64_t>& numbers_by_key) {
    schema::ColumnBuilder keys(kKeyField, schema::DataType::kInt64);
    schema::ColumnBuilder vectors(kVectorField, schema::DataType::kFloatVector,
                                  schema::DataType::kNone, kDim);
    schema::ColumnBuilder numbers(kNumberField, schema::DataType::kInt64);
    for (const auto& [key, number] : numbers_by_key) {
        keys.AppendInt(key);
        const std::vector<float> vector = VectorOf(number);
        vectors.AppendBytes(
            {reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)});
        numbers.AppendInt(number);
    }
    schema::ColumnBatch batch;
    batch.rows = numbers_by_key.size();
    if (batch.rows > 0) {
        batch.columns.push_back(keys.Finish());
        batch.columns.push_back(vectors.Finish());
        batch.columns.push_back(numbers.Finish());
    }
    return batch;
}

schema::PrimaryKeys MakeKeys(const std::vector<int64_t>& keys) {
    schema::PrimaryKeys list;
    list.ints = keys;
    return list;
}

// ---- FakeDataCoord

FakeDataCoord::FakeDataCoord(sys::FileSystem& disk) : disk_(disk) {
    base::MutexLock lock(mutex_);
    if (!disk_.CreateDirectories("meta").ok()) {
        return;  // the power is off: no commit will succeed
    }
    auto entries = disk_.List("meta");
    for (size_t i = entries.ok() ? entries->size() : 0; i > 0; --i) {
        auto file = disk_.Open("meta/" + (*entries)[i - 1].name, sys::OpenMode::kRead);
        if (!file.ok()) {
            return;
        }
        auto bytes = (*file)->ReadAt(8, (*entries)[i - 1].size_bytes);
        auto checksum = (*file)->ReadAt(0, 8);
        uint64_t hash = 0;
        if (!bytes.ok() || !checksum.ok() || checksum->size() != sizeof hash) {
            continue;
        }
        std::copy_n(checksum->data(), sizeof hash, reinterpret_cast<char*>(&hash));
        if (hash != base::Hash64(std::string_view(*bytes))) {
            continue;  // torn: the commit before it is the last one
        }
        auto state = base::Decode<State>(*bytes);
        EXPECT_TRUE(state.ok());
        state_ = *state;
        version_ = std::stoull((*entries)[i - 1].name) - 1'000'000;
        break;
    }
    // What stood behind the last whole one was never committed.
    version_ += entries.ok() ? entries->size() : 0;
}

base::Status FakeDataCoord::Save() {
    const std::string bytes = base::Encode(state_);
    const uint64_t hash = base::Hash64(std::string_view(bytes));
    const std::string head(reinterpret_cast<const char*>(&hash), sizeof hash);
    const std::string path = "meta/" + std::to_string(1'000'000 + ++version_);
    ASSIGN_OR_RETURN(auto file, disk_.Open(path, sys::OpenMode::kCreateOrOpen));
    RETURN_IF_ERROR(file->Truncate(0));
    RETURN_IF_ERROR(file->WriteAt(0, head + bytes));
    RETURN_IF_ERROR(file->DataSync());
    return disk_.SyncDirectory("meta");
}

base::Result<roles::Empty> FakeDataCoord::CommitFlush(const base::CallContext&,
                                                      const roles::FlushSwap& swap) {
    const bool fails = fail_commits_ > 0 && fail_commits_-- > 0;
    const base::Status failure =
        base::Status::Error(base::Code::kServiceUnavailable, "commit fails in this test");
    if (fails && !lost_reply_) {
        return failure;
    }
    base::MutexLock lock(mutex_);
    roles::ChannelRecovery& channel = state_.channels[swap.vchannel];
    if (channel.checkpoint.epoch > swap.checkpoint.epoch) {
        return base::Status::Error(base::Code::kChannelFenced);
    }
    if (channel.checkpoint.position < swap.checkpoint.position) {
        channel.checkpoint = swap.checkpoint;
        std::erase_if(channel.segments, [&](const roles::SegmentInfo& segment) {
            return segment.max_ts <= swap.truncated_ts;
        });
        channel.segments.insert(channel.segments.end(), swap.sealed.begin(), swap.sealed.end());
        channel.delete_files.insert(channel.delete_files.end(), swap.delete_files.begin(),
                                    swap.delete_files.end());
        RETURN_IF_ERROR(Save());
        ++commits_;
    }
    return fails ? base::Result<roles::Empty>(failure) : roles::Empty();
}

base::Result<roles::Empty> FakeDataCoord::CommitCompaction(const base::CallContext&,
                                                           const roles::CompactionSwap& swap) {
    base::MutexLock lock(mutex_);
    roles::ChannelRecovery& channel = state_.channels[swap.vchannel];
    const auto has = [&](base::SegmentId id) {
        return std::any_of(channel.segments.begin(), channel.segments.end(),
                           [&](const roles::SegmentInfo& segment) { return segment.id == id; });
    };
    if (!swap.outputs.empty() && has(swap.outputs[0].id)) {
        return roles::Empty();
    }
    for (const base::SegmentId id : swap.inputs) {
        if (!has(id)) {
            return base::Status::Error(base::Code::kSegmentNotFound);
        }
        std::erase_if(channel.segments,
                      [&](const roles::SegmentInfo& segment) { return segment.id == id; });
    }
    if (swap.gathers_deletes) {
        channel.delete_files.clear();
    }
    channel.segments.insert(channel.segments.end(), swap.outputs.begin(), swap.outputs.end());
    channel.delete_files.insert(channel.delete_files.end(), swap.delete_files.begin(),
                                swap.delete_files.end());
    channel.checkpoint.compacted_ts = std::max(channel.checkpoint.compacted_ts, swap.compacted_ts);
    RETURN_IF_ERROR(Save());
    return roles::Empty();
}

base::Result<roles::ChannelRecovery> FakeDataCoord::RecoverChannel(const base::CallContext&,
                                                                   const roles::ChannelName& name) {
    base::MutexLock lock(mutex_);
    const auto found = state_.channels.find(name.vchannel);
    return found == state_.channels.end() ? roles::ChannelRecovery() : found->second;
}

base::Result<roles::SegmentList> FakeDataCoord::ListSegments(const base::CallContext&,
                                                             const roles::OfCollection& of) {
    base::MutexLock lock(mutex_);
    roles::SegmentList list;
    for (const auto& [name, channel] : state_.channels) {
        for (const roles::SegmentInfo& info : channel.segments) {
            if (info.collection_id == of.id) {
                list.segments.push_back(info);
            }
        }
    }
    return list;
}

base::Result<roles::Empty> FakeDataCoord::DropPartitionData(const base::CallContext&,
                                                            const roles::OfPartition& of) {
    base::MutexLock lock(mutex_);
    for (auto& [name, channel] : state_.channels) {
        std::erase_if(channel.segments, [&](const roles::SegmentInfo& info) {
            return info.partition_id == of.partition_id;
        });
    }
    RETURN_IF_ERROR(Save());
    return roles::Empty();
}

// ---- FakeQueryNode

base::Result<roles::Empty> FakeQueryNode::LoadSegment(const base::CallContext&,
                                                      const roles::LoadSegmentRequest& request) {
    if (fail_loads_ > 0 && fail_loads_-- > 0) {
        return base::Status::Error(base::Code::kServiceUnavailable, "load fails in this test");
    }
    ASSIGN_OR_RETURN(const base::Buffer file, objects_.Map(request.segment.data_key));
    ASSIGN_OR_RETURN(auto segment,
                     segment::SealedSegment::Open(
                         request.segment.id, request.segment.partition_id,
                         std::make_shared<const schema::CollectionSchema>(request.schema), file));
    base::MutexLock lock(mutex_);
    Loaded& loaded = loaded_[request.segment.id];
    if (loaded.segment == nullptr) {
        loaded.segment = std::move(segment);
        loaded.vchannel = request.segment.vchannel;
    }
    loaded.segment->ApplyDeletes(request.deletes);
    loaded.batch = std::max(loaded.batch, request.delete_batch);
    return roles::Empty();
}

base::Result<roles::Empty> FakeQueryNode::ReleaseSegments(
    const base::CallContext&, const roles::ReleaseSegmentsRequest& request) {
    base::MutexLock lock(mutex_);
    for (const base::SegmentId id : request.segment_ids) {
        loaded_.erase(id);
    }
    return roles::Empty();
}

base::Result<roles::Empty> FakeQueryNode::ApplyDeletes(const base::CallContext&,
                                                       const roles::ApplyDeletesRequest& request) {
    if (lose_batches_ > 0 && lose_batches_-- > 0) {
        return base::Status::Error(base::Code::kServiceUnavailable, "batch is lost in this test");
    }
    base::MutexLock lock(mutex_);
    for (auto& [id, loaded] : loaded_) {
        if (loaded.vchannel != request.vchannel || loaded.batch + 1 != request.batch) {
            continue;
        }
        for (const roles::SegmentDeletes& deletes : request.deletes) {
            if (deletes.segment_id == id) {
                loaded.segment->ApplyDeletes(deletes.run);
            }
        }
        loaded.batch = request.batch;
    }
    return roles::Empty();
}

base::Result<std::vector<reduce::SegmentRef>> FakeQueryNode::Select(
    const std::vector<base::SegmentId>& ids, uint64_t batch) const {
    base::MutexLock lock(mutex_);
    std::vector<reduce::SegmentRef> segments;
    for (const base::SegmentId id : ids) {
        const auto found = loaded_.find(id);
        if (found == loaded_.end() || found->second.batch < batch) {
            return base::Status::WithFields(base::Code::kSegmentNotLoaded,
                                            {{"segment", std::to_string(id)}});
        }
        segments.push_back(found->second.segment);
    }
    return segments;
}

base::Result<roles::SearchResponse> FakeQueryNode::Search(
    const base::CallContext& context, const roles::SegmentSearchRequest& request) {
    ASSIGN_OR_RETURN(const auto segments, Select(request.segment_ids, request.delete_batch));
    return reduce::SearchSegments(
        segments, request.search,
        {&context, &sys::RealClock(), &executor_, request.search.snapshot_ts});
}

base::Result<roles::RetrieveResponse> FakeQueryNode::Retrieve(
    const base::CallContext& context, const roles::SegmentRetrieveRequest& request) {
    ASSIGN_OR_RETURN(const auto segments, Select(request.segment_ids, request.delete_batch));
    return reduce::RetrieveSegments(
        segments, request.retrieve,
        {&context, &sys::RealClock(), &executor_, request.retrieve.snapshot_ts});
}

base::Result<roles::FetchResponse> FakeQueryNode::Fetch(const base::CallContext& context,
                                                        const roles::FetchRequest& request) {
    std::map<base::SegmentId, reduce::SegmentRef> segments;
    for (const roles::RowAddress& address : request.addresses) {
        ASSIGN_OR_RETURN(const auto one, Select({address.segment_id}, 0));
        segments[address.segment_id] = one[0];
    }
    return reduce::FetchRows(segments, request, {&context, &sys::RealClock(), &executor_, 0});
}

void FakeQueryNode::Forget() {
    base::MutexLock lock(mutex_);
    loaded_.clear();
}

size_t FakeQueryNode::segments() const {
    base::MutexLock lock(mutex_);
    return loaded_.size();
}

// ---- Machine

Machine::Machine(StreamingOptions options, std::unique_ptr<sys::SimFileSystem> disk)
    : options_(std::move(options)), disk_(std::move(disk)) {
    options_.pchannels = {std::string(kPchannel)};
    if (disk_ == nullptr) {
        disk_ = std::make_unique<sys::SimFileSystem>();
    }
}

Machine::~Machine() {
    Stop();
}

base::Status Machine::Start() {
    wal::LocalLogOptions log_options;
    log_options.segment_bytes = 8 << 10;
    log_options.preallocate_bytes = 8 << 10;
    log_options.zero_ahead_bytes = 4 << 10;
    ASSIGN_OR_RETURN(log_, wal::OpenLocalLogStore(*disk_, "wal", log_options));
    ASSIGN_OR_RETURN(objects_, object::LocalObjectStore::Open(*disk_, "objects"));
    data_coord_ = std::make_unique<FakeDataCoord>(*disk_);
    query_node_ = std::make_unique<FakeQueryNode>(*objects_, foreground_);
    StreamingPartners partners;
    partners.log = log_.get();
    partners.objects = objects_.get();
    partners.root_coord = root_coord_.get();
    partners.data_coord = data_coord_.get();
    partners.query_node = [this](base::NodeId id) -> roles::QueryNode* {
        return id == kQueryNode ? query_node_.get() : nullptr;
    };
    partners.clock = &sys::RealClock();
    partners.foreground = &foreground_;
    partners.background = &background_;
    partners.schedule = [this](int64_t, sys::Task task) {
        base::MutexLock lock(timers_mutex_);
        timers_.push_back(std::move(task));
    };
    node_ = std::make_unique<StreamingNodeImpl>(options_, std::move(partners));
    return node_->Recover(collections_);
}

void Machine::Stop() {
    if (node_ != nullptr) {
        node_->Stop();
    }
    node_.reset();
    log_.reset();
    objects_.reset();
    base::MutexLock lock(timers_mutex_);
    timers_.clear();
}

base::Status Machine::Restart(uint64_t seed) {
    std::unique_ptr<sys::SimFileSystem> disk = disk_->CrashClone(seed);
    Stop();
    query_node_.reset();
    data_coord_.reset();
    disk_ = std::move(disk);
    return Start();
}

void Machine::FireTimers() {
    std::vector<sys::Task> due;
    {
        base::MutexLock lock(timers_mutex_);
        due.swap(timers_);
    }
    for (const sys::Task& task : due) {
        task();
    }
}

size_t Machine::timers() const {
    base::MutexLock lock(timers_mutex_);
    return timers_.size();
}

void Machine::Create(const roles::CollectionInfo& collection) {
    collections_.push_back(collection);
    EXPECT_TRUE(node_->CreateChannels(base::CallContext(), {collection, 0, ""}).ok());
}

void Machine::Serve(const roles::CollectionInfo& collection,
                    const std::vector<base::PartitionId>& partitions) {
    EXPECT_TRUE(node_->Serve(base::CallContext(), {collection, partitions, {}, {kQueryNode}}).ok());
    EXPECT_TRUE(AwaitServed(collection.id));
}

base::Status Machine::Compact(const roles::CollectionInfo& collection, base::Timestamp horizon,
                              size_t outputs, const std::function<void()>& before_switch) {
    ASSIGN_OR_RETURN(const roles::SegmentList list,
                     data_coord_->ListSegments(base::CallContext(), {collection.id}));
    std::map<std::pair<std::string, base::PartitionId>, std::vector<roles::SegmentInfo>> groups;
    for (const roles::SegmentInfo& info : list.segments) {
        groups[{info.vchannel, info.partition_id}].push_back(info);
    }
    for (auto& [place, inputs] : groups) {
        std::sort(inputs.begin(), inputs.end(),
                  [](const auto& a, const auto& b) { return a.min_ts < b.min_ts; });
        RETURN_IF_ERROR(CompactSegments(collection, inputs, horizon, outputs, before_switch));
    }
    return base::Status();
}

base::Status Machine::CompactSegments(const roles::CollectionInfo& collection,
                                      const std::vector<roles::SegmentInfo>& inputs,
                                      base::Timestamp horizon, size_t outputs,
                                      const std::function<void()>& before_switch) {
    const auto schema = std::make_shared<const schema::CollectionSchema>(collection.schema);
    roles::CompactionFactsRequest wanted{inputs[0].vchannel, collection.id, horizon, {}, true};
    roles::SwitchSegmentsRequest request;
    request.vchannel = inputs[0].vchannel;
    request.collection_id = collection.id;
    for (const roles::SegmentInfo& input : inputs) {
        request.inputs.push_back(input.id);
    }
    wanted.segment_ids = request.inputs;
    ASSIGN_OR_RETURN(const roles::CompactionFacts facts,
                     node_->GetCompactionFacts(base::CallContext(), wanted));
    request.compacted_ts = facts.horizon_ts;
    std::vector<segment::MergeInput> opened;
    for (size_t i = 0; i < inputs.size(); ++i) {
        ASSIGN_OR_RETURN(const base::Buffer file, objects_->Map(inputs[i].data_key));
        ASSIGN_OR_RETURN(auto segment, segment::SealedSegment::Open(
                                           inputs[i].id, inputs[i].partition_id, schema, file));
        base::Bitmap kept(segment->rows(), true);
        for (const base::RowOffset row : facts.segments.at(i).deletes.rows) {
            kept.Reset(row);
        }
        opened.push_back({std::move(segment), std::move(kept)});
    }
    ASSIGN_OR_RETURN(const segment::SegmentMerge merge,
                     segment::SegmentMerge::Make(schema, std::move(opened), 0));
    const size_t count = std::min(outputs, merge.rows());
    std::vector<std::span<const segment::RowOrigin>> origins;
    ASSIGN_OR_RETURN(const auto ids, root_coord_->AllocIds(base::CallContext(), {16}));
    for (size_t i = 0; i < count; ++i) {
        roles::SegmentInfo& info = request.outputs.emplace_back(inputs[0]);
        origins.push_back(merge.Origins(i, count));
        info.id = static_cast<base::SegmentId>(ids.first + i);
        info.rows = origins[i].size();
        info.max_ts = inputs.back().max_ts;
        info.data_key = "segments/merged/" + std::to_string(info.id);
        codec::StringSink sink;
        RETURN_IF_ERROR(merge.Write(info.id, info.partition_id, origins[i], sink, nullptr));
        RETURN_IF_ERROR(objects_->Put(info.data_key, sink.bytes(), object::CommitMode::kReplace));
    }
    codec::StringSink sink;
    RETURN_IF_ERROR(segment::WriteOriginFile(origins, sink));
    request.origin_key = "segments/origins/" + std::to_string(ids.first);
    RETURN_IF_ERROR(objects_->Put(request.origin_key, sink.bytes(), object::CommitMode::kReplace));
    if (before_switch != nullptr) {
        before_switch();
    }
    return node_->SwitchSegments(base::CallContext(), request).status();
}

bool Machine::AwaitServed(base::CollectionId id) {
    return Eventually([&] {
        const auto progress = node_->GetServeProgress(base::CallContext(), {id, {}});
        return progress.ok() && progress->segments_loaded == progress->segments_total;
    });
}

bool Machine::AwaitPlaced(base::CollectionId id) {
    return Eventually([&] {
        const auto segments = node_->GetSegments(base::CallContext(), {id, {}});
        for (size_t i = 0; segments.ok() && i < segments->segments.size(); ++i) {
            if (segments->segments[i].state == roles::SegmentState::kFlushed &&
                segments->nodes[i] != kQueryNode) {
                return false;
            }
        }
        return segments.ok();
    });
}

base::Result<roles::AppendResponse> Machine::Send(roles::AppendRequest request) {
    struct Answer {
        base::Mutex mutex;
        base::CondVar arrived;
        std::optional<base::Result<roles::AppendResponse>> result;
    };
    auto answer = std::make_shared<Answer>();
    node_->Append(base::CallContext(), std::move(request),
                  [answer](const base::Result<roles::AppendResponse>& result) {
                      base::MutexLock lock(answer->mutex);
                      EXPECT_FALSE(answer->result.has_value()) << "answered twice";
                      answer->result = result;
                      answer->arrived.NotifyAll();
                  });
    base::MutexLock lock(answer->mutex);
    while (!answer->result.has_value()) {
        answer->arrived.Wait(answer->mutex);
    }
    return *answer->result;
}

base::Result<roles::AppendResponse> Machine::Write(const roles::CollectionInfo& collection,
                                                   const std::map<int64_t, int64_t>& rows,
                                                   const std::vector<int64_t>& deletes,
                                                   base::PartitionId partition,
                                                   const std::string& request_id) {
    roles::AppendRequest request;
    request.pchannel = collection.pchannel;
    request.request_id = request_id;
    const auto shards = static_cast<int64_t>(collection.vchannels.size());
    for (int64_t shard = 0; shard < shards; ++shard) {
        std::map<int64_t, int64_t> shard_rows;
        std::vector<int64_t> shard_deletes;
        for (const auto& row : rows) {
            if (row.first % shards == shard) {
                shard_rows.insert(row);
            }
        }
        for (const int64_t key : deletes) {
            if (key % shards == shard) {
                shard_deletes.push_back(key);
            }
        }
        if (shard_rows.empty() && shard_deletes.empty()) {
            continue;
        }
        roles::WritePart part;
        part.vchannel = collection.vchannels[static_cast<size_t>(shard)];
        part.collection_id = collection.id;
        part.partition_id = partition;
        part.rows = MakeRows(shard_rows);
        part.deletes = MakeKeys(shard_deletes);
        request.parts.push_back(std::move(part));
    }
    return Send(std::move(request));
}

bool Machine::Flush(const roles::CollectionInfo& collection) {
    const auto flush = node_->Flush(base::CallContext(), {collection.id, collection.vchannels});
    return flush.ok() && Eventually([&] {
               const auto state = node_->GetFlushState(
                   base::CallContext(), {collection.id, collection.vchannels, flush->flush_ts});
               return state.ok() && state->flushed;
           });
}

base::Result<std::map<int64_t, int64_t>> Machine::ReadAll(const roles::CollectionInfo& collection,
                                                          base::Timestamp snapshot) {
    std::map<int64_t, int64_t> all;
    for (const std::string& vchannel : collection.vchannels) {
        roles::RetrieveRequest request;
        request.vchannel = vchannel;
        request.collection_id = collection.id;
        request.fields = {collection.schema.fields[2]};
        request.guarantee_ts = snapshot == 0 ? root_coord_->Now() : 0;
        request.snapshot_ts = snapshot;
        ASSIGN_OR_RETURN(const auto rows, node_->Retrieve(base::CallContext(), request));
        EXPECT_TRUE(std::is_sorted(rows.keys.ints.begin(), rows.keys.ints.end()));
        EXPECT_EQ(rows.rows.rows, rows.keys.size());
        for (size_t i = 0; i < rows.keys.size(); ++i) {
            const bool fresh =
                all.emplace(rows.keys.ints[i], rows.rows.columns[0].View().As<int64_t>()[i]).second;
            EXPECT_TRUE(fresh) << "key " << rows.keys.ints[i] << " twice";
        }
    }
    return all;
}

base::Result<uint64_t> Machine::Count(const roles::CollectionInfo& collection) {
    uint64_t count = 0;
    for (const std::string& vchannel : collection.vchannels) {
        roles::RetrieveRequest request;
        request.vchannel = vchannel;
        request.collection_id = collection.id;
        request.count_only = true;
        request.guarantee_ts = root_coord_->Now();
        ASSIGN_OR_RETURN(const auto answer, node_->Retrieve(base::CallContext(), request));
        count += answer.count;
    }
    return count;
}

base::Result<roles::SearchResponse> Machine::Search(const roles::CollectionInfo& collection,
                                                    int64_t near_number, uint32_t k) {
    roles::SearchRequest request;
    request.vchannel = collection.vchannels[0];
    request.collection_id = collection.id;
    request.vector_field = kVectorField;
    request.queries.type = schema::DataType::kFloatVector;
    request.queries.dim = kDim;
    request.queries.rows = 1;
    request.queries.values = base::Buffer::FromVector(VectorOf(near_number));
    request.k = k;
    request.guarantee_ts = root_coord_->Now();
    return node_->Search(base::CallContext(), request);
}

}  // namespace elanus::streaming
