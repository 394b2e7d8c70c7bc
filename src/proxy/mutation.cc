// Proxy::Insert, Upsert and Delete: validation, keys, routing, one log append.

#include "base/mutex.h"
#include "proxy/expiry.h"
#include "proxy/insert_validation.h"
#include "proxy/partial_update.h"
#include "proxy/phrase.h"
#include "proxy/proxy_core.h"
#include "proxy/row_routing.h"
#include "proxy/tenant_namespace.h"
#include "reduce/segment_reads.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>

namespace elanus::proxy {

namespace {

// Keys that one step of a delete by filter reads and deletes.
constexpr uint64_t kDeleteStepKeys = 65536;
// How long a step of a delete by filter may take until the next one reads.
constexpr uint32_t kDeleteHoldSeconds = 60;

// Attempts of an update that reads the rows it changes, and the pause after a lost race.
constexpr int kUpdateAttempts = 200;
constexpr int64_t kUpdatePauseMsMax = 16;

struct PendingWrite {
    CollectionPtr collection;
    base::Timestamp read_ts = 0;
    std::vector<roles::WritePart> parts;
    MutationResult result;
};

base::Status CheckSchemaTimestamp(const roles::CollectionInfo& collection,
                                  base::Timestamp schema_timestamp) {
    if (schema_timestamp == 0 || schema_timestamp == collection.updated_ts) {
        return base::Status();
    }
    return base::Status::WithFields(base::Code::kSchemaMismatch,
                                    {{"collection", collection.schema.name}})
        .Annotate(Phrase("schema timestamp ", schema_timestamp, " is not the current one, ",
                         collection.updated_ts));
}

base::Status CheckNoRepeats(const schema::PrimaryKeys& keys) {
    static constexpr std::string_view kText =
        "duplicate primary keys are not allowed in the same batch";
    if (keys.is_string) {
        std::unordered_set<std::string_view> seen(keys.strings.begin(), keys.strings.end());
        return seen.size() == keys.size() ? base::Status() : Invalid(kText);
    }
    std::unordered_set<int64_t> seen(keys.ints.begin(), keys.ints.end());
    return seen.size() == keys.size() ? base::Status() : Invalid(kText);
}

base::Status GiveAutoIds(ProxyCore& core, const base::CallContext& context,
                         const schema::FieldSchema& key_field, schema::ColumnBatch* batch) {
    ASSIGN_OR_RETURN(const roles::AllocResponse ids,
                     core.partners.root_coord->AllocIds(
                         context, roles::AllocRequest{static_cast<uint32_t>(batch->rows)}));
    schema::Column column = MakeAutoIds(key_field, static_cast<int64_t>(ids.first), batch->rows);
    for (schema::Column& existing : batch->columns) {
        if (existing.field_id == key_field.id) {
            existing = std::move(column);
            return base::Status();
        }
    }
    batch->columns.push_back(std::move(column));
    return base::Status();
}

base::Status AddOutputs(ProxyCore& core, const base::CallContext& context,
                        const roles::CollectionInfo& collection, schema::ColumnBatch* batch) {
    if (collection.schema.functions.empty()) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(const auto functions, core.functions.Get(collection.id, collection.schema));
    return function::AddOutputs(collection.schema, *functions, context, batch);
}

base::Result<PendingWrite> RouteWrite(ProxyCore& core, const base::CallContext& context,
                                      WriteKind kind, const CollectionPtr& collection,
                                      const InsertRequest& request, schema::ColumnBatch batch) {
    const schema::FieldSchema& key_field = *collection->schema.primary_key();
    RETURN_IF_ERROR(AddOutputs(core, context, *collection, &batch));
    PendingWrite write;
    write.collection = collection;
    if (kind == WriteKind::kUpsert) {
        const schema::PrimaryKeys replaced = KeysOf(*batch.Find(key_field.id));
        RETURN_IF_ERROR(CheckNoRepeats(replaced));
        write.parts = RouteDeletes(*collection, roles::kAllPartitions, replaced);
        LimitDeletes(*collection, request.namespace_name, &write.parts);
    }
    // The rows of an upsert into an autoID collection get fresh keys; the sent ones name what goes.
    if (NeedsAutoIds(*collection, batch) || (kind == WriteKind::kUpsert && key_field.auto_id)) {
        RETURN_IF_ERROR(GiveAutoIds(core, context, key_field, &batch));
    }
    write.result.ids = KeysOf(*batch.Find(key_field.id));
    const auto rows = static_cast<int64_t>(batch.rows);
    (kind == WriteKind::kUpsert ? write.result.upsert_count : write.result.insert_count) = rows;
    ASSIGN_OR_RETURN(std::vector<roles::WritePart> parts,
                     RouteRows(*collection, request.partition, std::move(batch), write.result.ids));
    std::move(parts.begin(), parts.end(), std::back_inserter(write.parts));
    return write;
}

base::Result<PendingWrite> PrepareWrite(ProxyCore& core, const base::CallContext& context,
                                        WriteKind kind, const CollectionPtr& collection,
                                        InsertRequest* request) {
    RETURN_IF_ERROR(CheckSchemaTimestamp(*collection, request->schema_timestamp));
    RETURN_IF_ERROR(core.CheckAllowed(*collection, "writing"));
    RETURN_IF_ERROR(CheckNamespace(*collection, request->namespace_name, core.limits));
    RETURN_IF_ERROR(
        UseNamespacePartition(*collection, request->namespace_name, &request->partition));
    // Before the columns are taken, so that a retry with a fresh schema still has them.
    if (!request->partition.empty()) {
        RETURN_IF_ERROR(FindPartition(*collection, request->partition).status());
    }
    ASSIGN_OR_RETURN(schema::ColumnBatch batch,
                     PrepareRows(*collection, core.limits, kind, request));
    return RouteWrite(core, context, kind, collection, *request, std::move(batch));
}

// Appends and answers through `done`. A channel that is not there means that the collection went.
void Append(ProxyCore& core, const base::CallContext& context, PendingWrite write,
            MutationCallback done) {
    roles::AppendRequest append;
    append.pchannel = write.collection->pchannel;
    append.request_id = core.NextRequestId();
    append.schema_version = write.collection->schema.version;
    append.parts = std::move(write.parts);
    append.read_ts = write.read_ts;
    append.expired_ts = ExpiredTimestamp(*core.partners.clock, *write.collection, 0);
    auto result = std::make_shared<MutationResult>(std::move(write.result));
    core.partners.streaming_node->Append(
        context, std::move(append),
        [&core, result, collection = write.collection,
         done = std::move(done)](base::Result<roles::AppendResponse> response) {
            if (response.ok()) {
                result->timestamp = response->timestamp;
                done(std::move(*result));
                return;
            }
            if (response.status().code() == base::Code::kChannelNotFound ||
                response.status().code() == base::Code::kSchemaMismatch) {
                roles::CollectionRef ref;
                ref.collection_id = collection->id;
                core.cache.Invalidate(ref);
            }
            done(response.status());
        });
}

void Write(ProxyCore& core, const base::CallContext& context, WriteKind kind, InsertRequest request,
           MutationCallback done) {
    auto write = core.WithCollection(
        context, request.database, request.collection, [&](const CollectionPtr& collection) {
            return PrepareWrite(core, context, kind,
                                OnShardOfNamespace(core.cache, collection, request.namespace_name),
                                &request);
        });
    if (!write.ok()) {
        done(write.status());
        return;
    }
    Append(core, context, std::move(write).value(), std::move(done));
}

// Appends and waits for the answer.
base::Result<MutationResult> AppendAndWait(ProxyCore& core, const base::CallContext& context,
                                           PendingWrite write) {
    struct Waiter {
        base::Mutex mutex;
        base::CondVar answered;
        bool done = false;
        std::optional<base::Result<MutationResult>> result;
    };
    auto waiter = std::make_shared<Waiter>();
    Append(core, context, std::move(write), [waiter](base::Result<MutationResult> result) {
        base::MutexLock lock(waiter->mutex);
        waiter->result = std::move(result);
        waiter->done = true;
        waiter->answered.NotifyAll();
    });
    base::MutexLock lock(waiter->mutex);
    while (!waiter->done) {
        waiter->answered.Wait(waiter->mutex);
    }
    return std::move(*waiter->result);
}

// The whole rows of a partial update, as they are at one moment (write->read_ts).
base::Result<PendingWrite> ReadAndOverlay(ProxyCore& core, const base::CallContext& context,
                                          const CollectionPtr& collection,
                                          const InsertRequest& request,
                                          const schema::ColumnBatch& given) {
    const schema::FieldSchema& key_field = *collection->schema.primary_key();
    const schema::PrimaryKeys keys = KeysOf(*given.Find(key_field.id));
    expr::In in;
    in.column.field_id = key_field.id;
    in.column.type = key_field.type;
    in.values.ints = keys.ints;
    in.values.strings = keys.strings;
    in.values.SortUnique();
    roles::RetrieveRequest retrieve;
    retrieve.filter =
        WithinNamespace(*collection, request.namespace_name,
                        std::make_shared<const expr::Plan>(expr::Plan{std::move(in)}));
    std::copy_if(collection->schema.fields.begin(), collection->schema.fields.end(),
                 std::back_inserter(retrieve.fields),
                 [](const schema::FieldSchema& field) { return !field.is_function_output; });
    ASSIGN_OR_RETURN(retrieve.snapshot_ts, FreshTimestamp(context, core.partners));
    retrieve.guarantee_ts = retrieve.snapshot_ts;
    ASSIGN_OR_RETURN(std::vector<roles::RetrieveResponse> shards,
                     core.RetrieveFromShards(context, *collection, retrieve));
    ASSIGN_OR_RETURN(const roles::RetrieveResponse old,
                     reduce::MergeRetrievals(std::move(shards), retrieve));
    ASSIGN_OR_RETURN(schema::ColumnBatch batch,
                     OverlayRows(*collection, request.field_ops, given, old.keys, old.rows));
    ASSIGN_OR_RETURN(PendingWrite write, RouteWrite(core, context, WriteKind::kUpsert, collection,
                                                    request, std::move(batch)));
    write.read_ts = retrieve.snapshot_ts;
    return write;
}

base::Result<MutationResult> UpdateRows(ProxyCore& core, const base::CallContext& context,
                                        const CollectionPtr& collection, InsertRequest* request) {
    RETURN_IF_ERROR(CheckSchemaTimestamp(*collection, request->schema_timestamp));
    RETURN_IF_ERROR(core.CheckAllowed(*collection, "writing"));
    RETURN_IF_ERROR(CheckNamespace(*collection, request->namespace_name, core.limits));
    RETURN_IF_ERROR(CheckFieldOps(*collection, *request));
    RETURN_IF_ERROR(
        UseNamespacePartition(*collection, request->namespace_name, &request->partition));
    if (!request->partition.empty()) {
        RETURN_IF_ERROR(FindPartition(*collection, request->partition).status());
    }
    ASSIGN_OR_RETURN(const schema::ColumnBatch given,
                     PrepareRows(*collection, core.limits, WriteKind::kPartial, request));
    RETURN_IF_ERROR(CheckNoRepeats(KeysOf(*given.Find(collection->schema.primary_key()->id))));
    for (int attempt = 0; attempt < kUpdateAttempts; ++attempt) {
        RETURN_IF_ERROR(context.Check(core.partners.clock->MonotonicNs()));
        ASSIGN_OR_RETURN(PendingWrite write,
                         ReadAndOverlay(core, context, collection, *request, given));
        base::Result<MutationResult> result = AppendAndWait(core, context, std::move(write));
        if (result.ok() || result.status().code() != base::Code::kConflict) {
            return result;
        }
        if (attempt > 0) {  // the first conflict may be the switch to tracking
            core.partners.clock->SleepMs(std::min<int64_t>(attempt, kUpdatePauseMsMax));
        }
    }
    return base::Status::FromParts(base::Code::kRateLimit,
                                   "the rows change faster than they can be updated",
                                   /*retriable=*/true, /*is_input_error=*/false);
}

expr::Plan KeyAbove(const schema::FieldSchema& key_field, const schema::PrimaryKey& last) {
    expr::Compare above;
    above.column.field_id = key_field.id;
    above.column.type = key_field.type;
    above.op = expr::CompareOp::kGt;
    if (last.index() == 0) {
        above.value = std::get<0>(last);
    } else {
        above.value = std::get<1>(last);
    }
    return expr::Plan{above};
}

struct DeletePlan {
    CollectionPtr collection;
    NamespaceName namespace_name;
    PlanPtr filter;  // within the namespace
    base::PartitionId partition = roles::kAllPartitions;
    std::optional<schema::PrimaryKeys> keys;  // when these are all that the filter says

    std::vector<roles::WritePart> Route(const schema::PrimaryKeys& which) const {
        std::vector<roles::WritePart> parts = RouteDeletes(*collection, partition, which);
        LimitDeletes(*collection, namespace_name, &parts);
        return parts;
    }
};

base::Result<DeletePlan> PlanDelete(ProxyCore& core, const base::CallContext& context,
                                    const CollectionPtr& collection, const DeleteRequest& request) {
    RETURN_IF_ERROR(core.CheckAllowed(*collection, "writing"));
    RETURN_IF_ERROR(CheckNamespace(*collection, request.namespace_name, core.limits));
    DeletePlan plan;
    plan.collection = collection;
    plan.namespace_name = request.namespace_name;
    if (!request.partition.empty()) {
        ASSIGN_OR_RETURN(plan.partition, FindPartition(*collection, request.partition));
    }
    auto filter = core.ParseFilter(context, *collection, request.filter, request.templates, {});
    if (!filter.ok()) {
        return filter.status().Annotate("failed to create delete plan");
    }
    if (*filter == nullptr) {
        return Invalid("delete plan can't be empty or always true : ", request.filter);
    }
    plan.keys = (*filter)->IsAlwaysFalse()
                    ? std::optional<schema::PrimaryKeys>(schema::PrimaryKeys())
                    : expr::PrimaryKeyTerms(**filter, collection->schema.primary_key()->id);
    plan.filter = WithinNamespace(*collection, request.namespace_name, *filter);
    return plan;
}

// A delete by filter: reads the keys of the rows that match at one moment, step by step in key
// order, and deletes each step before the next.
class FilterDelete {
  public:
    FilterDelete(ProxyCore& core, const base::CallContext& context, const DeletePlan& plan)
        : core_(core), context_(context), plan_(plan) {}

    void Run(MutationCallback done) {
        while (true) {
            auto step = NextStep();
            if (!step.ok()) {
                done(step.status());
                return;
            }
            PendingWrite write;
            write.collection = plan_.collection;
            write.parts = plan_.Route(*step);
            deleted_ += static_cast<int64_t>(step->size());
            write.result.delete_count = deleted_;
            if (finished_) {
                Finish(std::move(write), std::move(done));
                return;
            }
            const base::Status status = AppendAndWait(core_, context_, std::move(write)).status();
            if (!status.ok()) {
                done(status);
                return;
            }
        }
    }

  private:
    void Finish(PendingWrite write, MutationCallback done) {
        if (!write.parts.empty()) {
            Append(core_, context_, std::move(write), std::move(done));
            return;
        }
        write.result.timestamp = snapshot_ts_;
        done(std::move(write.result));
    }

    base::Result<schema::PrimaryKeys> NextStep() {
        if (snapshot_ts_ == 0) {
            ASSIGN_OR_RETURN(snapshot_ts_, FreshTimestamp(context_, core_.partners));
        }
        roles::RetrieveRequest retrieve;
        retrieve.filter = plan_.filter;
        if (last_.has_value()) {
            const schema::FieldSchema& key_field = *plan_.collection->schema.primary_key();
            retrieve.filter = std::make_shared<const expr::Plan>(
                expr::InFront(KeyAbove(key_field, *last_), *plan_.filter));
        }
        if (plan_.partition != roles::kAllPartitions) {
            retrieve.partitions = {plan_.partition};
        }
        retrieve.limit = kDeleteStepKeys;
        retrieve.guarantee_ts = snapshot_ts_;
        retrieve.snapshot_ts = snapshot_ts_;
        retrieve.hold_snapshot_s = last_.has_value() ? kDeleteHoldSeconds : 0;
        ASSIGN_OR_RETURN(const std::vector<roles::RetrieveResponse> shards,
                         core_.RetrieveFromShards(context_, *plan_.collection, retrieve));
        return CutStep(shards);
    }

    // Shards that stopped at the limit end at different keys: the step takes what lies at or below
    // the lowest of those ends, so that the next one can go on above one key.
    base::Result<schema::PrimaryKeys> CutStep(const std::vector<roles::RetrieveResponse>& shards) {
        std::optional<schema::PrimaryKey> end;
        for (const roles::RetrieveResponse& shard : shards) {
            if (shard.keys.size() >= kDeleteStepKeys) {
                const schema::PrimaryKey last = shard.keys.At(shard.keys.size() - 1);
                end = !end.has_value() ? last : std::min(*end, last);
            }
        }
        if (end.has_value() && last_.has_value() && *end <= *last_) {
            return base::Internal("a delete by filter does not move forward");
        }
        schema::PrimaryKeys keys;
        for (const roles::RetrieveResponse& shard : shards) {
            for (size_t i = 0; i < shard.keys.size(); ++i) {
                schema::PrimaryKey key = shard.keys.At(i);
                if (end.has_value() && key > *end) {
                    break;
                }
                keys.Append(key);
            }
        }
        finished_ = !end.has_value();
        last_ = end;
        return keys;
    }

    ProxyCore& core_;
    const base::CallContext& context_;
    const DeletePlan& plan_;
    base::Timestamp snapshot_ts_ = 0;
    std::optional<schema::PrimaryKey> last_;
    bool finished_ = false;
    int64_t deleted_ = 0;
};

}  // namespace

void Proxy::Insert(const base::CallContext& context, InsertRequest request, MutationCallback done) {
    Write(*core_, context, WriteKind::kInsert, std::move(request), std::move(done));
}

void Proxy::Upsert(const base::CallContext& context, InsertRequest request, MutationCallback done) {
    if (IsPartialUpdate(request)) {
        done(core_->WithCollection(
            context, request.database, request.collection, [&](const CollectionPtr& collection) {
                return UpdateRows(
                    *core_, context,
                    OnShardOfNamespace(core_->cache, collection, request.namespace_name), &request);
            }));
        return;
    }
    Write(*core_, context, WriteKind::kUpsert, std::move(request), std::move(done));
}

void Proxy::Delete(const base::CallContext& context, DeleteRequest request, MutationCallback done) {
    ProxyCore& core = *core_;
    const auto plan = core.WithCollection(
        context, request.database, request.collection, [&](const CollectionPtr& collection) {
            return PlanDelete(core, context,
                              OnShardOfNamespace(core.cache, collection, request.namespace_name),
                              request);
        });
    if (!plan.ok()) {
        done(plan.status());
        return;
    }
    if (!plan->keys.has_value()) {
        FilterDelete(core, context, *plan).Run(std::move(done));
        return;
    }
    PendingWrite write;
    write.collection = plan->collection;
    write.parts = plan->Route(*plan->keys);
    write.result.delete_count = static_cast<int64_t>(plan->keys->size());
    if (!write.parts.empty()) {
        Append(core, context, std::move(write), std::move(done));
        return;
    }
    const auto timestamp = FreshTimestamp(context, core.partners);
    if (!timestamp.ok()) {
        done(timestamp.status());
        return;
    }
    write.result.timestamp = *timestamp;
    done(std::move(write.result));
}

}  // namespace elanus::proxy
