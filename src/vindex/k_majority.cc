#include "vindex/k_majority.h"

#include "base/hash.h"
#include "vindex/row_chunks.h"
#include "vindex/row_sample.h"

#include <algorithm>
#include <cstring>

namespace elanus::vindex {
namespace {

constexpr int kRounds = 10;

class MajorityTrainer {
  public:
    MajorityTrainer(const VectorView& rows, uint32_t count, uint64_t seed)
        : rows_(rows), count_(count), seed_(seed), nearest_(rows.rows) {
        const std::vector<uint32_t> first = SampleRows(rows.rows, count, seed);
        centroids_.resize(count * rows.row_bytes);
        for (uint32_t c = 0; c < count; ++c) {
            SetCentroid(c, first[c]);
        }
    }

    // True when a row has changed its centroid.
    base::Result<bool> AssignRows(sys::Executor* executor,
                                  const std::function<base::Status()>& interrupt,
                                  const Progress& progress) {
        std::atomic<bool> changed{false};
        RETURN_IF_ERROR(
            ForChunks(rows_.rows, executor, interrupt, progress, [&](uint32_t begin, uint32_t end) {
                std::vector<float> costs(count_);
                for (uint32_t row = begin; row < end; ++row) {
                    rows_.kernel.rows(rows_.Row(row), centroids_.data(), count_, rows_.dim,
                                      costs.data());
                    const auto best =
                        static_cast<uint32_t>(simd::PlaceOfLeast(costs.data(), count_));
                    if (nearest_[row] != best) {
                        nearest_[row] = best;
                        changed = true;
                    }
                }
            }));
        return changed.load();
    }

    void Move(int round) {
        std::vector<uint32_t> sizes(count_);
        std::vector<uint32_t> ones(static_cast<size_t>(count_) * rows_.dim);
        for (uint32_t row = 0; row < rows_.rows; ++row) {
            ++sizes[nearest_[row]];
            CountOnes(row, ones.data() + static_cast<size_t>(nearest_[row]) * rows_.dim);
        }
        for (uint32_t c = 0; c < count_; ++c) {
            if (sizes[c] == 0) {  // starts again at any row
                SetCentroid(c, static_cast<uint32_t>(
                                   base::Hash64(seed_ + count_ * (round + 1) + c) % rows_.rows));
                continue;
            }
            SetMajority(c, ones.data() + static_cast<size_t>(c) * rows_.dim, sizes[c]);
        }
    }

    std::vector<uint8_t> Take() { return std::move(centroids_); }

  private:
    uint8_t* Centroid(uint32_t c) { return centroids_.data() + c * rows_.row_bytes; }
    void SetCentroid(uint32_t c, uint32_t row) {
        std::memcpy(Centroid(c), rows_.Row(row), rows_.row_bytes);
    }
    void CountOnes(uint32_t row, uint32_t* ones) const {
        const auto* bytes = static_cast<const uint8_t*>(rows_.Row(row));
        for (uint32_t d = 0; d < rows_.dim; ++d) {
            ones[d] += bytes[d / 8] >> (d % 8) & 1u;
        }
    }
    void SetMajority(uint32_t c, const uint32_t* ones, uint32_t size) {
        std::memset(Centroid(c), 0, rows_.row_bytes);
        for (uint32_t d = 0; d < rows_.dim; ++d) {
            if (2 * static_cast<uint64_t>(ones[d]) > size) {
                Centroid(c)[d / 8] |= static_cast<uint8_t>(1u << (d % 8));
            }
        }
    }

    const VectorView& rows_;
    const uint32_t count_;
    const uint64_t seed_;
    std::vector<uint8_t> centroids_;
    std::vector<uint32_t> nearest_;
};

}  // namespace

base::Result<std::vector<uint8_t>> TrainMajority(const VectorView& rows, uint32_t count,
                                                 uint64_t seed, sys::Executor* executor,
                                                 const std::function<base::Status()>& interrupt,
                                                 const Progress& progress) {
    MajorityTrainer trainer(rows, count, seed);
    PartsProgress rounds(progress, std::vector<double>(kRounds, 1));
    for (int round = 0; round < kRounds; ++round) {
        ASSIGN_OR_RETURN(const bool changed,
                         trainer.AssignRows(executor, interrupt, rounds.Next()));
        if (!changed && round > 0) {
            break;
        }
        trainer.Move(round);
    }
    return trainer.Take();
}

}  // namespace elanus::vindex
