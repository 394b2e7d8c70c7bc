// Compaction as the channel's owner sees it: what may be given up, and the step in which new
// segments take the place of old ones.
//
// Order of a switch: the outputs are made ready (keys, deletes, query node) while the inputs serve;
// then, with no flush committing in between, the deletes that are in files are written for the
// outputs and DataCoord commits; then memory and view change in one step, with every delete that
// came meanwhile. Before the commit any failure leaves all as it was. After it there is no way
// back: the catalog no longer knows the inputs. Inputs stay readable by address for a while, for
// reads that found their rows before (Fetch).

#include "base/log.h"
#include "object/object_sink.h"
#include "segment/origin_file.h"
#include "streaming/vchannel.h"
#include "sys/kill_point.h"

#include <algorithm>

namespace elanus::streaming {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kMsPerSecond = 1'000;
constexpr uint32_t kNoRow = UINT32_MAX;

base::Status Outdated(base::SegmentId id) {
    return base::Status::WithFields(base::Code::kSegmentNotFound, {{"segment", std::to_string(id)}})
        .Annotate("the compaction is out of date");
}

// Failures that say that nothing was committed.
bool IsRefusal(const base::Status& status) {
    switch (status.code()) {
        case base::Code::kSegmentNotFound:
        case base::Code::kChannelFenced:
        case base::Code::kChannelNotFound:
        case base::Code::kInvalidParameter:
            return true;
        default:
            return false;
    }
}

}  // namespace

// Where the rows of the inputs have gone.
class VChannel::RowMoves {
  public:
    static base::Result<RowMoves> Make(const segment::OriginFile& origins,
                                       const std::vector<SealedPtr>& inputs,
                                       const std::vector<roles::SegmentInfo>& outputs) {
        RowMoves moves;
        for (const SealedPtr& input : inputs) {
            moves.rows_.emplace_back(input->info.rows, kNoRow);
            moves.outputs_.emplace_back(outputs.size() > 1 ? input->info.rows : 0);
        }
        if (origins.outputs() != outputs.size() || outputs.size() > UINT16_MAX) {
            return base::Corruption("origin file: of another number of segments");
        }
        for (size_t output = 0; output < outputs.size(); ++output) {
            const auto from = origins.Output(output);
            if (from.size() != outputs[output].rows) {
                return base::Corruption("origin file: of another number of rows");
            }
            for (size_t row = 0; row < from.size(); ++row) {
                const size_t input = segment::OriginInput(from[row]);
                const base::RowOffset old_row = segment::OriginRow(from[row]);
                if (input >= inputs.size() || old_row >= inputs[input]->info.rows ||
                    moves.rows_[input][old_row] != kNoRow) {
                    return base::Corruption("origin file: a row that is not there, or twice");
                }
                moves.rows_[input][old_row] = static_cast<uint32_t>(row);
                if (outputs.size() > 1) {
                    moves.outputs_[input][old_row] = static_cast<uint16_t>(output);
                }
            }
        }
        return moves;
    }

    // Adds the deletes of an input to those of the outputs; of rows that were left out, nothing.
    void Carry(size_t input, const segment::DeleteRun& deletes,
               std::vector<segment::DeleteRun>* outputs) const {
        for (size_t i = 0; i < deletes.rows.size(); ++i) {
            const base::RowOffset row = deletes.rows[i];
            if (rows_[input][row] == kNoRow) {
                continue;
            }
            segment::DeleteRun& to = (*outputs)[outputs_[input].empty() ? 0 : outputs_[input][row]];
            to.rows.push_back(rows_[input][row]);
            to.timestamps.push_back(deletes.timestamps[i]);
        }
    }

  private:
    std::vector<std::vector<uint32_t>> rows_;     // by input and its row
    std::vector<std::vector<uint16_t>> outputs_;  // empty lists when there is one output at most
};

// What a switch has made ready.
struct VChannel::Switch {
    const roles::SwitchSegmentsRequest& request;
    std::vector<SealedPtr> inputs;
    std::vector<SealedPtr> outputs;
    std::optional<RowMoves> moves;
    base::Timestamp carried_ts = 0;  // deletes up to here are in the outputs
    base::NodeId node = 0;           // where the outputs are loaded, 0 = nowhere
    std::optional<roles::DeleteFileInfo> delete_file;
};

// ---- What may be given up

roles::CompactionFacts VChannel::CompactionFacts(const roles::CompactionFactsRequest& request) {
    sys::Clock& clock = *environment_.partners->clock;
    roles::CompactionFacts facts;
    const base::Timestamp settled = base::ComposeTimestamp(
        std::max<int64_t>(clock.WallMs() - environment_.options->read_grace_ms, 0));
    facts.horizon_ts = pins_.Horizon(std::min(request.wanted_ts, settled), clock.MonotonicNs());
    base::MutexLock lock(mutex_);
    for (const base::SegmentId id : request.segment_ids) {
        const auto found = sealed_.find(id);
        if (found == sealed_.end()) {
            continue;
        }
        const segment::DeleteList& deletes = found->second->deletes;
        roles::SegmentFacts& segment = facts.segments.emplace_back();
        segment.segment_id = id;
        segment.deleted_rows = deletes.size();
        segment.droppable_rows = deletes.CountAt(facts.horizon_ts);
        if (request.with_deletes) {
            segment.deletes = deletes.Between(0, facts.horizon_ts);
        }
    }
    return facts;
}

void VChannel::ForgetPins() {
    const StreamingOptions& options = *environment_.options;
    sys::Clock& clock = *environment_.partners->clock;
    const int64_t oldest_ms = clock.WallMs() - options.snapshot_hold_s_max * kMsPerSecond;
    pins_.ForgetBefore(base::ComposeTimestamp(std::max<int64_t>(oldest_ms, 0)),
                       clock.MonotonicNs() + options.snapshot_hold_s_max * kNsPerSecond);
}

void VChannel::HoldSnapshot(base::Timestamp snapshot, uint32_t seconds) {
    const int64_t most = environment_.options->snapshot_hold_s_max;
    const int64_t held = std::min<int64_t>(seconds, most);
    pins_.Hold(snapshot, environment_.partners->clock->MonotonicNs() + held * kNsPerSecond);
}

// ---- The switch

base::Status VChannel::SwitchSegments(const roles::SwitchSegmentsRequest& request,
                                      std::vector<base::SegmentId>* retired) {
    base::MutexLock switching(switch_mutex_);
    Switch change{request, {}, {}, {}, 0, 0, {}};
    ASSIGN_OR_RETURN(const bool wanted, BeginSwitch(&change));
    if (!wanted) {
        return base::Status();
    }
    base::Status done = PrepareOutputs(&change);
    sys::KillPoint("compact.prepared");
    if (done.ok()) {
        base::MutexLock committing(commit_mutex_);
        done = CommitSwitch(&change);
        if (done.ok()) {
            InstallSwitch(&change, retired);
        }
    }
    if (!done.ok()) {
        base::MutexLock lock(mutex_);
        ReleaseOutputs(change);
        return done;
    }
    sys::KillPoint("compact.after_memory_switch");
    base::LogInfo("segments_switched", {{"vchannel", name_},
                                        {"from", request.inputs.size()},
                                        {"to", request.outputs.size()},
                                        {"horizon", request.compacted_ts}});
    return base::Status();
}

// False when it is done already.
base::Result<bool> VChannel::BeginSwitch(Switch* change) {
    base::MutexLock lock(mutex_);
    RETURN_IF_ERROR(Refusal());
    const roles::SwitchSegmentsRequest& request = change->request;
    const bool done = !request.outputs.empty() && sealed_.contains(request.outputs[0].id);
    if (done) {
        return false;
    }
    for (const base::SegmentId id : request.inputs) {
        const auto found = sealed_.find(id);
        if (found == sealed_.end()) {
            // A repeat of one that left nothing, or its partition was dropped: either way it is
            // gone.
            return request.outputs.empty() ? base::Result<bool>(false)
                                           : base::Result<bool>(Outdated(id));
        }
        change->inputs.push_back(found->second);
    }
    change->carried_ts = last_.timestamp;
    for (const roles::IndexToLoad& index : request.indexes) {
        if (!dropped_indexes_.contains(index.index.id)) {
            indexes_[index.segment_index.segment_id][index.index.id] = index;
        }
    }
    return true;
}

base::Status VChannel::PrepareOutputs(Switch* change) {
    const roles::SwitchSegmentsRequest& request = change->request;
    object::ObjectStore& objects = *environment_.partners->objects;
    if (request.inputs.empty()) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(const base::Buffer file, objects.Map(request.origin_key));
    base::Result<segment::OriginFile> origins = segment::OriginFile::Open(file);
    if (!origins.ok()) {
        return origins.status().Annotate(request.origin_key);
    }
    ASSIGN_OR_RETURN(change->moves, RowMoves::Make(*origins, change->inputs, request.outputs));
    for (const roles::SegmentInfo& info : request.outputs) {
        auto sealed = std::make_shared<Sealed>();
        sealed->info = info;
        change->outputs.push_back(std::move(sealed));
        ASSIGN_OR_RETURN(change->outputs.back()->keys, OpenKeys(info));
        if (change->outputs.back()->keys->rows() != info.rows) {
            return base::Corruption(info.data_key + ": another number of rows than said");
        }
    }
    Carry(change, 0, change->carried_ts);
    return LoadOutputs(change);
}

void VChannel::Carry(Switch* change, base::Timestamp after, base::Timestamp until) const {
    if (change->outputs.empty()) {
        return;
    }
    std::vector<segment::DeleteRun> carried(change->outputs.size());
    for (size_t i = 0; i < change->inputs.size(); ++i) {
        const segment::DeleteList& deletes = change->inputs[i]->deletes;
        if (deletes.max_timestamp() > after) {
            change->moves->Carry(i, deletes.Between(after, until), &carried);
        }
    }
    for (size_t i = 0; i < carried.size(); ++i) {
        if (!carried[i].rows.empty()) {
            change->outputs[i]->deletes.Apply(carried[i]);
        }
    }
}

base::Status VChannel::LoadOutputs(Switch* change) {
    std::vector<roles::LoadSegmentRequest> requests;
    {
        base::MutexLock lock(mutex_);
        if (change->outputs.empty() || !Wanted(change->outputs[0]->info.partition_id)) {
            return base::Status();
        }
        ASSIGN_OR_RETURN(change->node, ChooseNode());
        for (const SealedPtr& output : change->outputs) {
            requests.push_back(LoadRequest(*output));
        }
    }
    roles::QueryNode* node = environment_.partners->query_node(change->node);
    base::Status loaded;
    for (const roles::LoadSegmentRequest& request : requests) {
        if (loaded.ok()) {
            loaded = node->LoadSegment(base::CallContext(), request).status();
        }
    }
    return loaded;
}

void VChannel::ReleaseOutputs(const Switch& change) {
    std::vector<base::SegmentId> ids;
    for (const roles::SegmentInfo& info : change.request.outputs) {
        ids.push_back(info.id);
        indexes_.erase(info.id);
    }
    ReleaseFrom(change.node, std::move(ids));
}

// Writes the deletes of the outputs that are in files now for the inputs: the log before the
// checkpoint may be gone.
base::Status VChannel::WriteSwitchedDeletes(Switch* change) {
    DeletesBySegment deletes;
    {
        base::MutexLock lock(mutex_);
        Carry(change, change->carried_ts, last_.timestamp);
        change->carried_ts = last_.timestamp;
        const auto collect = [&](const Sealed& sealed) {
            segment::DeleteRun run = sealed.deletes.Between(0, checkpoint_.timestamp);
            if (!run.rows.empty()) {
                deletes[sealed.info.id] = std::move(run);
            }
        };
        for (const SealedPtr& output : change->outputs) {
            collect(*output);
        }
        for (const auto& [id, sealed] : sealed_) {
            const bool is_input = std::find(change->inputs.begin(), change->inputs.end(), sealed) !=
                                  change->inputs.end();
            if (change->request.gathers_deletes && !is_input) {
                collect(*sealed);
            }
        }
    }
    if (deletes.empty()) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(const base::SegmentId id, environment_.next_segment_id());
    ASSIGN_OR_RETURN(change->delete_file, WriteDeletesAs(id, deletes));
    sys::KillPoint("compact.after_delete_file");
    return base::Status();
}

base::Status VChannel::CommitSwitch(Switch* change) {
    const roles::SwitchSegmentsRequest& request = change->request;
    RETURN_IF_ERROR(WriteSwitchedDeletes(change));
    roles::CompactionSwap swap;
    swap.vchannel = name_;
    swap.collection_id = collection_id_;
    swap.epoch = environment_.epoch;
    swap.inputs = request.inputs;
    swap.outputs = request.outputs;
    swap.gathers_deletes = request.gathers_deletes;
    swap.compacted_ts = request.compacted_ts;
    for (const roles::IndexToLoad& index : request.indexes) {
        swap.segment_indexes.push_back(index.segment_index);
    }
    if (change->delete_file.has_value()) {
        swap.delete_files.push_back(*change->delete_file);
    }
    sys::KillPoint("compact.before_commit");
    base::Status committed;
    for (int attempt = 0; attempt < environment_.options->commit_attempts; ++attempt) {
        committed =
            environment_.partners->data_coord->CommitCompaction(base::CallContext(), swap).status();
        if (committed.ok() || IsRefusal(committed) || environment_.stopping()) {
            break;
        }
        environment_.partners->clock->SleepMs(environment_.options->commit_retry_ms);
    }
    if (!committed.ok() && !IsRefusal(committed)) {
        // Nobody knows which segments the catalog has now; the next start reads it.
        Break(committed);
    }
    if (!committed.ok() && change->delete_file.has_value() && IsRefusal(committed)) {
        (void)environment_.partners->objects->Delete(change->delete_file->data_key);
    }
    sys::KillPoint("compact.after_commit");
    return committed;
}

void VChannel::InstallSwitch(Switch* change, std::vector<base::SegmentId>* retired) {
    base::MutexLock lock(mutex_);
    const base::Timestamp horizon = change->request.compacted_ts;
    checkpoint_.compacted_ts = std::max(checkpoint_.compacted_ts, horizon);
    const bool gone =
        dropped_ || std::any_of(change->inputs.begin(), change->inputs.end(), [&](const auto& in) {
            const auto found = sealed_.find(in->info.id);
            return found == sealed_.end() || found->second != in;
        });
    if (gone) {  // dropped or truncated meanwhile; the catalog follows
        ReleaseOutputs(*change);
        return;
    }
    Carry(change, change->carried_ts, last_.timestamp);
    PlaceOutputs(change);
    for (const SealedPtr& output : change->outputs) {
        sealed_[output->info.id] = output;
    }
    for (const SealedPtr& input : change->inputs) {
        const base::SegmentId id = input->info.id;
        sealed_.erase(id);
        indexes_.erase(id);
        if (input->node != 0 || input->twin.rows != nullptr) {
            retired_[id] = input;
            retired->push_back(id);
        }
    }
    Publish();
}

// The last deletes and indexes reach the query node: nothing moves while the lock is held.
void VChannel::PlaceOutputs(Switch* change) {
    roles::QueryNode* node =
        change->node == 0 ? nullptr : environment_.partners->query_node(change->node);
    if (change->outputs.empty() || !Wanted(change->outputs[0]->info.partition_id)) {
        if (node != nullptr) {  // unloaded meanwhile
            std::vector<base::SegmentId> ids;
            for (const SealedPtr& output : change->outputs) {
                ids.push_back(output->info.id);
            }
            ReleaseFrom(change->node, std::move(ids));
        }
        return;
    }
    if (node == nullptr) {  // loaded meanwhile
        const base::Result<base::NodeId> chosen = ChooseNode();
        change->node = chosen.ok() ? *chosen : 0;
        node = chosen.ok() ? environment_.partners->query_node(*chosen) : nullptr;
    }
    for (const SealedPtr& output : change->outputs) {
        const bool loaded =
            node != nullptr && node->LoadSegment(base::CallContext(), LoadRequest(*output)).ok();
        output->node = loaded ? change->node : 0;  // 0: the worker places it
        for (const roles::IndexToLoad& index : change->request.indexes) {
            if (loaded && dropped_indexes_.contains(index.index.id)) {
                (void)node->DetachIndex(base::CallContext(), {{output->info.id}, index.index.id});
            }
        }
    }
}

void VChannel::ReleaseRetired(const std::vector<base::SegmentId>& ids) {
    base::MutexLock lock(mutex_);
    std::map<base::NodeId, std::vector<base::SegmentId>> released;
    for (const base::SegmentId id : ids) {
        const auto found = retired_.find(id);
        if (found == retired_.end()) {
            continue;
        }
        released[found->second->node].push_back(id);
        Forget(&found->second->twin);
        retired_.erase(found);
    }
    Publish();
    for (auto& [node, of_node] : released) {
        ReleaseFrom(node, std::move(of_node));
    }
}

}  // namespace elanus::streaming
