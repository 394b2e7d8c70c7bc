#include "coord/compaction_plan.h"

#include <algorithm>

namespace elanus::coord {
namespace {

using roles::CompactionKind;
using Candidates = std::vector<CompactionCandidate>;

// What one delete takes in a delete file and in memory.
constexpr uint64_t kDeleteBytes = 12;
// The segments of a clustering are cut somewhat smaller, so that those to come find room.
constexpr double kClusteredShare = 0.8;
constexpr uint64_t kForceMergeBytesMax = uint64_t{3} << 30;

void SortByTime(Candidates* candidates) {
    std::sort(candidates->begin(), candidates->end(), [](const auto& a, const auto& b) {
        return std::pair(a.info.min_ts, a.info.id) < std::pair(b.info.min_ts, b.info.id);
    });
}

bool LosesRows(const CompactionCandidate& candidate) {
    return candidate.deleted_rows > 0 || candidate.may_have_expired;
}

// Whether the rows that go are worth writing the rest anew.
bool Pays(const CompactionCandidate& candidate, const CompactionLimits& limits) {
    const auto rows = static_cast<double>(std::max<uint64_t>(candidate.info.rows, 1));
    const double deleted_share = static_cast<double>(candidate.droppable_rows) / rows;
    const double expired_bytes =
        candidate.expired_share * static_cast<double>(candidate.info.bytes);
    return deleted_share + candidate.expired_share >= limits.dropped_share ||
           candidate.droppable_rows * kDeleteBytes >= limits.deletes_bytes ||
           expired_bytes >= static_cast<double>(limits.expired_bytes);
}

uint64_t Bytes(const Candidates& candidates) {
    uint64_t bytes = 0;
    for (const CompactionCandidate& candidate : candidates) {
        bytes += candidate.LiveBytes();
    }
    return bytes;
}

CompactionWork WorkOf(const Candidates& inputs, CompactionKind kind) {
    CompactionWork work;
    work.kind = kind;
    work.vchannel = inputs[0].info.vchannel;
    work.partition_id = inputs[0].info.partition_id;
    for (const CompactionCandidate& input : inputs) {
        work.inputs.push_back(input.info);
        work.waits_for_reads = work.waits_for_reads || LosesRows(input);
    }
    return work;
}

// Runs of candidates, each at most of that many bytes.
std::vector<Candidates> Pack(const Candidates& candidates, const CompactionLimits& limits,
                             uint64_t bytes_max, size_t count_max) {
    std::vector<Candidates> packs;
    uint64_t bytes = 0;
    uint64_t rows = 0;
    for (const CompactionCandidate& candidate : candidates) {
        const bool fits = !packs.empty() && bytes + candidate.LiveBytes() <= bytes_max &&
                          rows + candidate.info.rows <= limits.rows_max &&
                          packs.back().size() < count_max;
        if (!fits) {
            packs.emplace_back();
            bytes = rows = 0;
        }
        packs.back().push_back(candidate);
        bytes += candidate.LiveBytes();
        rows += candidate.info.rows;
    }
    return packs;
}

// Leaves out the largest ones while the others are less than half of them.
void LeaveOutGiants(Candidates* pack, const CompactionLimits& limits) {
    while (pack->size() > 1) {
        const auto largest = std::max_element(
            pack->begin(), pack->end(),
            [](const auto& a, const auto& b) { return a.LiveBytes() < b.LiveBytes(); });
        const uint64_t size = largest->LiveBytes();
        if (size <= 2 * (Bytes(*pack) - size) || Pays(*largest, limits)) {
            return;
        }
        pack->erase(largest);
    }
}

bool IsWorthMerging(const Candidates& pack, const CompactionLimits& limits) {
    const auto full =
        static_cast<uint64_t>(limits.full_share * static_cast<double>(limits.segment_bytes));
    return pack.size() > 1 && (pack.size() >= limits.merge_count || Bytes(pack) >= full);
}

}  // namespace

uint64_t CompactionCandidate::LiveBytes() const {
    const auto rows = static_cast<double>(std::max<uint64_t>(info.rows, 1));
    const double gone = std::min(1.0, static_cast<double>(droppable_rows) / rows + expired_share);
    return static_cast<uint64_t>(static_cast<double>(info.bytes) * (1 - gone));
}

std::vector<CompactionWork> PlanMix(Candidates candidates, const CompactionLimits& limits,
                                    bool asked) {
    SortByTime(&candidates);
    const auto small_bytes =
        static_cast<uint64_t>(limits.small_share * static_cast<double>(limits.segment_bytes));
    std::vector<CompactionWork> works;
    const auto rewrite = [&](const CompactionCandidate& candidate) {
        const bool pays = Pays(candidate, limits) || candidate.may_have_expired;
        if (asked ? LosesRows(candidate) : pays) {
            works.push_back(WorkOf({candidate}, CompactionKind::kMix));
            works.back().dropped_share_min = asked ? 0 : limits.dropped_share / 2;
        }
    };
    Candidates small;
    for (const CompactionCandidate& candidate : candidates) {
        if (candidate.LiveBytes() < small_bytes &&
            candidate.info.level == roles::SegmentLevel::kL1) {
            small.push_back(candidate);
        } else {
            rewrite(candidate);
        }
    }
    for (Candidates& pack : Pack(small, limits, limits.segment_bytes, limits.inputs_max)) {
        Candidates merged = pack;
        if (!asked) {
            LeaveOutGiants(&merged, limits);
        }
        const bool merges = asked ? merged.size() > 1 : IsWorthMerging(merged, limits);
        if (merges) {
            works.push_back(WorkOf(merged, CompactionKind::kMix));
        }
        for (const CompactionCandidate& candidate : pack) {
            const bool in_merge =
                merges &&
                std::any_of(merged.begin(), merged.end(), [&](const CompactionCandidate& other) {
                    return other.info.id == candidate.info.id;
                });
            if (!in_merge) {
                rewrite(candidate);
            }
        }
    }
    return works;
}

std::vector<CompactionWork> PlanForceMerge(Candidates candidates, const CompactionLimits& limits,
                                           uint64_t target_bytes) {
    SortByTime(&candidates);
    const uint64_t target =
        std::clamp<uint64_t>(target_bytes, uint64_t{1} << 20, kForceMergeBytesMax);
    std::vector<CompactionWork> works;
    for (const Candidates& pack :
         Pack(candidates, limits, std::max(target, kForceMergeBytesMax), SIZE_MAX)) {
        CompactionWork work = WorkOf(pack, CompactionKind::kForceMerge);
        work.outputs =
            static_cast<size_t>(std::max<uint64_t>(1, (Bytes(pack) + target - 1) / target));
        works.push_back(std::move(work));
    }
    return works;
}

std::vector<CompactionWork> PlanClustering(Candidates candidates, const CompactionLimits& limits) {
    SortByTime(&candidates);
    std::vector<CompactionWork> works;
    const auto target =
        static_cast<uint64_t>(kClusteredShare * static_cast<double>(limits.segment_bytes));
    for (const Candidates& pack : Pack(candidates, limits, UINT64_MAX, SIZE_MAX)) {
        CompactionWork work = WorkOf(pack, CompactionKind::kClustering);
        work.outputs = static_cast<size_t>(Bytes(pack) / target + 1);
        const bool is_clustered =
            std::all_of(pack.begin(), pack.end(), [](const CompactionCandidate& candidate) {
                return candidate.info.level == roles::SegmentLevel::kL2 && !LosesRows(candidate);
            });
        if (!is_clustered || work.outputs != pack.size()) {
            works.push_back(std::move(work));
        }
    }
    return works;
}

}  // namespace elanus::coord
