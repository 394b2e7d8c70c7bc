#include "vindex/sign_scan.h"

#include "simd/compare.h"
#include "simd/distance.h"
#include "sys/huge_memory.h"
#include "vindex/coded_rows.h"
#include "vindex/scratch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace elanus::vindex {
namespace {

constexpr uint32_t kGroup = simd::kGroupVectors;
constexpr uint64_t kRotationSeed = 0x5167;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
// A chunk's centre is the mean of so many rows, taken from those before it too: of a chunk that
// fills slowly only a few rows are there when it begins.
constexpr uint32_t kCentreRows = 256;
constexpr uint32_t kCentreSpan = 2048;
// Rows that are compared first, the best by estimate; their costs bound what is worth comparing.
constexpr size_t FirstRows(size_t k) {
    return 2 * k + 32;
}
constexpr size_t kRowsAtOnce = 64;  // compared before the bound is looked at again

}  // namespace

struct SignScan::Chunk {
    std::vector<float> centre;        // rotated
    std::shared_ptr<uint8_t> groups;  // each: codes, two factors, then the deviation of each row
    std::atomic<float> error_max{0};
};

SignScan::SignScan(Metric metric, uint32_t dim)
    : metric_(metric), dim_(dim), rotation_(dim, kRotationSeed) {}

SignScan::View SignScan::Look(uint32_t rows_max) const {
    View view;
    view.scan_ = this;
    // The count before the list, which then has them all.
    view.rows_ = std::min(rows(), rows_max / kGroup * kGroup);
    base::MutexLock lock(mutex_);
    view.chunks_ = chunks_;
    return view;
}

void SignScan::Extend(uint32_t rows, const ReadRow& read) {
    const uint32_t end = rows / kGroup * kGroup;
    if (this->rows() >= end || busy_.exchange(true, std::memory_order_acquire)) {
        return;
    }
    for (uint32_t row = this->rows(); row < end; row += kGroup) {
        if (row % kChunkRows == 0) {
            OpenChunk(row, end, read);
        }
        std::shared_ptr<Chunk> chunk;
        {
            base::MutexLock lock(mutex_);
            chunk = chunks_->back();
        }
        CodeGroup(row, read, *chunk);
        bytes_.fetch_add(group_bytes(), std::memory_order_relaxed);
        rows_.store(row + kGroup, std::memory_order_release);
    }
    busy_.store(false, std::memory_order_release);
}

void SignScan::ReadUnit(uint32_t row, const ReadRow& read, float* out) const {
    read(row, out);
    if (metric_ == Metric::kCosine) {
        simd::Normalize(out, dim_, out);
    }
}

void SignScan::OpenChunk(uint32_t first_row, uint32_t rows, const ReadRow& read) {
    const uint32_t begin = first_row > kCentreSpan ? first_row - kCentreSpan : 0;
    const uint32_t end = std::min(rows, first_row + kChunkRows);
    const uint32_t count = std::min(kCentreRows, end - begin);
    std::vector<float> mean(dim_), row(dim_);
    for (uint32_t i = 0; i < count; ++i) {
        ReadUnit(begin + static_cast<uint32_t>(uint64_t{i} * (end - begin) / count), read,
                 row.data());
        for (uint32_t d = 0; d < dim_; ++d) {
            mean[d] += row[d] / static_cast<float>(count);
        }
    }
    auto chunk = std::make_shared<Chunk>();
    chunk->centre.resize(rotation_.width());
    RotateInto(rotation_, mean.data(), nullptr, dim_, chunk->centre.data());
    chunk->groups = sys::AllocateHuge(kChunkRows / kGroup * group_bytes());
    base::MutexLock lock(mutex_);
    auto chunks = std::make_shared<Chunks>(*chunks_);
    chunks->push_back(std::move(chunk));
    chunks_ = std::move(chunks);
}

void SignScan::CodeGroup(uint32_t first_row, const ReadRow& read, Chunk& chunk) const {
    const simd::CodeKernels& kernels = simd::Codes();
    const size_t width = rotation_.width();
    std::vector<float> row(dim_), rest(width);
    const std::vector<float> zeros(width);
    std::vector<int8_t> values(width);
    uint8_t bits[simd::kCodeDimMax / 8];
    uint8_t* group = chunk.groups.get() + first_row % kChunkRows / kGroup * group_bytes();
    auto* factors = reinterpret_cast<float*>(group + simd::GroupCodeBytes(width));
    const float whole = metric_ == Metric::kL2 ? 2.0f : 1.0f;  // of COSINE half a distance
    float error_max = chunk.error_max.load(std::memory_order_relaxed);
    for (uint32_t i = 0; i < kGroup; ++i) {
        ReadUnit(first_row + i, read, row.data());
        RotateInto(rotation_, row.data(), nullptr, dim_, rest.data());
        for (size_t d = 0; d < width; ++d) {
            rest[d] -= chunk.centre[d];
        }
        const float scale = kernels.encode(rest.data(), width, values.data());
        const simd::SignSums sums = kernels.signs(scale, values.data(), zeros.data(), width, bits);
        const size_t shift = i / 16 * 4;
        for (size_t b = 0; b < width / 8; ++b) {
            uint8_t* at = group + b * 32 + i % 16;
            at[0] |= static_cast<uint8_t>((bits[b] & 15) << shift);
            at[16] |= static_cast<uint8_t>(bits[b] >> 4 << shift);
        }
        const float weight = sums.length > 0 ? sums.square / sums.length : 0;
        const auto dims = static_cast<float>(width);
        const float missing = std::sqrt(std::max(0.0f, dims * weight * weight - sums.square));
        const float error = whole * missing / std::sqrt(dims - 1);
        factors[i] = metric_ == Metric::kIp ? 0 : whole / 2 * sums.square;
        factors[kGroup + i] = -whole * weight;
        factors[2 * kGroup + i] = error;
        error_max = std::max(error_max, error);
    }
    chunk.error_max.store(error_max, std::memory_order_relaxed);
}

// One search.
class SignScan::View::Run {
  public:
    Run(const View& view, const Request& request, const ExactCosts& exact, TopK* best,
        SearchCounters* counters)
        : view_(view),
          scan_(*view.scan_),
          request_(request),
          exact_(exact),
          best_(*best),
          counters_(*counters),
          scratch_(ThreadScratch()),
          width_(scan_.rotation_.width()) {
        scratch_.costs.resize(std::max<size_t>(scratch_.costs.size(), view.rows_));
        scratch_.rotated.resize(std::max(scratch_.rotated.size(), width_));
        scratch_.code_query.resize(std::max(scratch_.code_query.size(), width_));
        scratch_.tables.resize(std::max(scratch_.tables.size(), simd::GroupCodeBytes(width_)));
    }

    base::Status Search() {
        RotateQuery();
        TopK& nearest = scratch_.top;  // by estimate
        nearest.Reset(FirstRows(request_.k));
        margins_.clear();
        for (size_t c = 0; c < chunks(); ++c) {
            Estimate(c, nearest);
            if (request_.interrupt) {
                RETURN_IF_ERROR(request_.interrupt());
            }
        }
        std::vector<uint32_t>& ids = scratch_.ids;
        ids.clear();
        for (const uint64_t key : nearest.Sorted()) {
            ids.push_back(KeyRow(key));
        }
        std::sort(ids.begin(), ids.end());
        for (const uint32_t id : ids) {
            scratch_.costs[id] = std::numeric_limits<float>::quiet_NaN();  // done
        }
        Compare();
        for (size_t c = 0; c < chunks(); ++c) {
            CompareDoubtful(c);
        }
        Compare();
        return base::Status();
    }

  private:
    size_t chunks() const { return (view_.rows_ + kChunkRows - 1) / kChunkRows; }
    size_t RowsOf(size_t chunk) const {
        return std::min<size_t>(kChunkRows, view_.rows_ - chunk * kChunkRows);
    }
    uint64_t SelectedWord(size_t word) const {
        return request_.selected.present() ? request_.selected.words()[word] : ~uint64_t{0};
    }

    void RotateQuery() {
        std::vector<float>& query = scratch_.query;
        query.assign(request_.query, request_.query + scan_.dim_);
        if (scan_.metric_ == Metric::kCosine) {
            simd::Normalize(query.data(), scan_.dim_, query.data());
        }
        RotateInto(scan_.rotation_, query.data(), nullptr, scan_.dim_, scratch_.rotated.data());
    }

    // Makes the query ready for a chunk; returns what the costs of all its rows have in common.
    float Prepare(const Chunk& chunk) {
        const float* query = scratch_.rotated.data();
        float* rest = scratch_.code_query.data();
        float own = 0;
        if (scan_.metric_ == Metric::kIp) {
            std::copy_n(query, width_, rest);
            own = 0.0f - simd::InnerProduct(query, chunk.centre.data(), width_);
        } else {
            for (size_t d = 0; d < width_; ++d) {
                rest[d] = query[d] - chunk.centre[d];
            }
        }
        const float square = simd::SquaredNorm(rest, width_);
        if (scan_.metric_ == Metric::kL2) {
            own = square;
        } else if (scan_.metric_ == Metric::kCosine) {
            own = square / 2 - 1;
        }
        margins_.push_back(kSigmas * std::sqrt(square));
        simd::Codes().tables(rest, width_, scratch_.tables.data(), &signs_);
        return own;
    }

    // Leaves the estimates of a chunk's rows in scratch.costs.
    void Estimate(size_t c, TopK& nearest) {
        const simd::CodeKernels& kernels = simd::Codes();
        const Chunk& chunk = *(*view_.chunks_)[c];
        const float own = Prepare(chunk);
        const size_t first = c * kChunkRows;
        const size_t group_bytes = scan_.group_bytes();
        const uint8_t* group = chunk.groups.get();
        for (size_t at = 0; at < RowsOf(c); at += kGroup, group += group_bytes) {
            const size_t row = first + at;
            const auto selected = static_cast<uint32_t>(SelectedWord(row / 64) >> (row % 64));
            if (selected == 0) {
                continue;
            }
            const float limit = nearest.limit() == std::numeric_limits<uint64_t>::max()
                                    ? kInfinity
                                    : KeyCost(nearest.limit());
            float* costs = scratch_.costs.data() + row;
            uint32_t near = selected & kernels.scan(signs_, group, own, limit, group + group_bytes,
                                                    group_bytes, costs);
            for (; near != 0; near &= near - 1) {
                const int i = std::countr_zero(near);
                nearest.Push(MakeKey(costs[i], static_cast<uint32_t>(row) + i));
            }
            counters_.distances += static_cast<uint64_t>(std::popcount(selected));
        }
    }

    float Bound() {
        const std::span<const uint64_t> found = best_.Sorted();
        return found.size() < request_.k ? kInfinity : KeyCost(found.back());
    }

    // Compares the rows of scratch.ids exactly.
    void Compare() {
        std::vector<uint32_t>& ids = scratch_.ids;
        exact_costs_.resize(std::max(exact_costs_.size(), ids.size()));
        if (!ids.empty()) {
            exact_(ids, exact_costs_.data());
        }
        for (size_t i = 0; i < ids.size(); ++i) {
            best_.Push(MakeKey(exact_costs_[i], ids[i]));
        }
        counters_.distances += ids.size();
        ids.clear();
        bound_ = Bound();
    }

    // Compares the rows of a chunk that could be better than the k best so far.
    void CompareDoubtful(size_t c) {
        const Chunk& chunk = *(*view_.chunks_)[c];
        const size_t first = c * kChunkRows;
        const float margin = margins_[c];
        const float reach = bound_ + margin * chunk.error_max.load(std::memory_order_relaxed);
        uint64_t words[kChunkRows / 64];
        simd::Compare(simd::CompareOp::kLe, scratch_.costs.data() + first, RowsOf(c), reach, words);
        for (size_t w = 0; w < (RowsOf(c) + 63) / 64; ++w) {
            uint64_t near = words[w] & SelectedWord(first / 64 + w);
            for (; near != 0; near &= near - 1) {
                const size_t at = w * 64 + static_cast<size_t>(std::countr_zero(near));
                const auto* errors = reinterpret_cast<const float*>(
                    chunk.groups.get() + at / kGroup * scan_.group_bytes() +
                    simd::GroupBytes(width_));
                if (scratch_.costs[first + at] - margin * errors[at % kGroup] <= bound_) {
                    scratch_.ids.push_back(static_cast<uint32_t>(first + at));
                }
            }
            if (scratch_.ids.size() >= std::max(kRowsAtOnce, request_.k / 2)) {
                Compare();
            }
        }
    }

    const View& view_;
    const SignScan& scan_;
    const Request& request_;
    const ExactCosts& exact_;
    TopK& best_;
    SearchCounters& counters_;
    SearchScratch& scratch_;
    const size_t width_;
    simd::SignQuery signs_;
    std::vector<float> margins_;  // of each chunk: deviations of a row times it are its doubt
    std::vector<float> exact_costs_;
    float bound_ = kInfinity;
};

base::Status SignScan::View::Search(const Request& request, const ExactCosts& exact, TopK* best,
                                    SearchCounters* counters) const {
    if (rows_ == 0 || request.k == 0) {
        return base::Status();
    }
    return Run(*this, request, exact, best, counters).Search();
}

}  // namespace elanus::vindex
