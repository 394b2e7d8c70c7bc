// Which segments a compaction takes: the rules alone, over what is known of the segments of one
// vchannel and partition.
//
// Merging: small segments are put together, in the order of their inserts, up to the size of a
// segment. By itself only when it pays: enough of them or enough bytes, and none of them so large
// that the others hardly add to it (so a row is rewritten a logarithmic number of times).
// Single segments are rewritten for the rows they lose.
// Threads: pure functions.
#pragma once

#include "roles/compaction.h"
#include "roles/records.h"

#include <cstdint>
#include <vector>

namespace elanus::coord {

struct CompactionLimits {
    uint64_t segment_bytes = uint64_t{1} << 30;
    double small_share = 0.5;  // of segment_bytes: smaller ones are merged
    double full_share = 0.85;  // of segment_bytes: as much is merged whatever the number
    size_t merge_count = 4;    // as many small ones are merged by themselves
    size_t inputs_max = 30;
    uint64_t rows_max = uint64_t{16} << 20;  // in one compaction: bounds its memory
    double dropped_share = 0.2;              // of a segment's rows, by deletes or expiry
    uint64_t deletes_bytes = uint64_t{16} << 20;
    uint64_t expired_bytes = uint64_t{10} << 20;
    size_t delete_files = 10;  // as many are put together by themselves
};

struct CompactionCandidate {
    roles::SegmentInfo info;
    uint64_t deleted_rows = 0;    // whoever may still see them
    uint64_t droppable_rows = 0;  // deleted, and seen by nobody any more
    double expired_share = 0;     // of its rows, estimated
    bool may_have_expired = false;

    uint64_t LiveBytes() const;
};

struct CompactionWork {
    roles::CompactionKind kind = roles::CompactionKind::kMix;
    std::string vchannel;
    base::PartitionId partition_id = 0;
    std::vector<roles::SegmentInfo> inputs;
    size_t outputs = 1;
    bool waits_for_reads = false;  // it is about rows deleted or expired a moment ago
    double dropped_share_min = 0;
};

// All candidates are of one vchannel and partition. `asked`: a client wants it now.
std::vector<CompactionWork> PlanMix(std::vector<CompactionCandidate> candidates,
                                    const CompactionLimits& limits, bool asked);
// Segments of about `target_bytes` each. Every candidate is in a plan, also where the plan will
// find nothing to change and keep the files: clients look whether the plans cover all segments.
std::vector<CompactionWork> PlanForceMerge(std::vector<CompactionCandidate> candidates,
                                           const CompactionLimits& limits, uint64_t target_bytes);
// Everything, to be ordered by the clustering key.
std::vector<CompactionWork> PlanClustering(std::vector<CompactionCandidate> candidates,
                                           const CompactionLimits& limits);

}  // namespace elanus::coord
