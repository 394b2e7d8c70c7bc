// Fits how far walks of a BlockGraphIndex go (walk_reach.h), on some of its own rows as queries.
#include "base/hash.h"
#include "vindex/block_graph_walk.h"
#include "vindex/exact_scan.h"
#include "vindex/row_chunks.h"

#include <algorithm>
#include <cmath>

namespace elanus::vindex {
namespace {

constexpr uint32_t kSamplesMax = 128;
constexpr uint32_t kRowsPerSample = 64;
constexpr uint32_t kSamplesAtOnce = 1;
constexpr uint32_t kRowsMin = 2048;  // with fewer a walk that goes far has seen them all

// A row of zeros has no direction but a place, which may be nearer than all that COSINE has first:
// what the rows found cost then says nothing of where to end.
bool AnyIsZero(const VectorView& view) {
    for (uint32_t row = 0; row < view.rows; ++row) {
        const auto* values = static_cast<const float*>(view.Row(row));
        if (std::all_of(values, values + view.dim, [](float value) { return value == 0; })) {
            return true;
        }
    }
    return false;
}

}  // namespace

// The goal of a walk that is watched and does not end.
class BlockGraphIndex::Watched {
  public:
    Watched(uint32_t row, float offset, SearchScratch& scratch)
        : row_(row), offset_(offset), nearest_(WalkReach::kRank, scratch.nearest) {}

    bool IsDone(float cost) {
        if (nearest_.complete()) {
            course_.push_back((cost - nearest_.worst()) / (nearest_.worst() + offset_));
        } else {
            course_.push_back(-1);
        }
        return false;
    }
    float limit() const { return std::numeric_limits<float>::infinity(); }
    void Keep(float cost, uint32_t row) {
        if (row != row_) {
            nearest_.Add(cost);
        }
    }
    WalkReach::Course& course() { return course_; }

  private:
    const uint32_t row_;
    const float offset_;
    LeastCosts nearest_;
    WalkReach::Course course_;
};

base::Status BlockGraphIndex::FitReach(const CodedRows& rows, const BuildInput& input) {
    if (size() < kRowsMin || (metric() == Metric::kCosine && AnyIsZero(view_))) {
        return base::Status();
    }
    if (metric() == Metric::kIp) {
        for (uint32_t row = 0; row < size(); ++row) {
            longest_ = std::max(longest_, rows.Norm(row));
        }
        longest_ = std::sqrt(longest_);
    }
    const uint32_t samples = std::min(kSamplesMax, size() / kRowsPerSample);
    std::vector<WalkReach::Course> courses(samples);
    const uint64_t stream = base::Hash64(seed_ + 2);
    RETURN_IF_ERROR(ForChunks(
        samples, input.executor, input.interrupt, Progress(),
        [&](uint32_t begin, uint32_t end) {
            for (uint32_t i = begin; i < end; ++i) {
                courses[i] = CourseOf(static_cast<uint32_t>(base::Hash64(stream + i) % size()));
            }
        },
        kSamplesAtOnce));
    reach_ = WalkReach::Fit(courses);
    return base::Status();
}

// The row as a query for all others, by a walk that expands as many candidates as any by reach_.
WalkReach::Course BlockGraphIndex::CourseOf(uint32_t row) const {
    SearchScratch& scratch = ThreadScratch();
    const std::string_view vector(static_cast<const char*>(view_.Row(row)), view_.row_bytes);
    const Query query = PrepareQuery(vector_type(), metric(), dim(), vector, scratch);
    const SearchParams params;
    base::Status interrupted;
    Walk walk(query, params, scratch, &interrupted);
    PrepareWalk(walk);
    const size_t most = WalkReach::Most(WalkReach::kPoolMax);
    CandidatePool pool(scratch, most, most);
    Watched watched(row, CostOffset(walk), scratch);
    Expand(walk, pool, watched);
    return std::move(watched.course());
}

}  // namespace elanus::vindex
