#include "vindex/row_signs.h"

#include "simd/codes.h"
#include "simd/compare.h"
#include "sys/huge_memory.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace elanus::vindex {
namespace {

constexpr uint32_t kChunkRows = 1024;     // coded by one task
constexpr size_t kEstimatedAtOnce = 256;  // a multiple of 64
constexpr size_t kComparedAtOnce = 64;    // before the bound is looked at again
constexpr size_t kInterruptRows = 16384;
constexpr uint32_t kDone = ~uint32_t{0};  // in the place of a row that was compared
// Rows by which a search sees whether estimates tell rows apart: where more than a share kShareMax
// of them could be as good as the kSampleRank-th best of them, most rows would be compared twice.
constexpr size_t kSampleRows = 256;
constexpr size_t kSampleRank = 4;
constexpr double kShareMax = 0.3;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

void CodeRow(const CodedRows& rows, uint32_t row, bool ip, const float* zeros, uint8_t* out) {
    const size_t width = rows.width();
    const simd::SignSums sums =
        simd::Codes().signs(rows.Scale(row), rows.Values(row), zeros, width, out);
    const auto dims = static_cast<float>(width);
    const float weight = sums.length > 0 ? sums.square / sums.length : 0;
    const float missing = std::sqrt(std::max(0.0f, dims * weight * weight - sums.square));
    const simd::SignRowFactors factors{ip ? 0 : sums.square, -2 * weight,
                                       2 * missing / std::sqrt(dims - 1)};
    std::memcpy(out + width / 8, &factors, sizeof factors);
}

}  // namespace

RowSigns RowSigns::Make(const CodedRows& rows, bool ip, sys::Executor* executor) {
    const size_t row_bytes = RowBytes(rows.width());
    const size_t bytes = rows.rows() * row_bytes;
    const std::shared_ptr<uint8_t> memory = sys::AllocateHuge(bytes);
    const std::vector<float> zeros(rows.width());
    sys::InlineExecutor caller;
    sys::Executor& threads = executor != nullptr ? *executor : caller;
    threads.ParallelFor((rows.rows() + kChunkRows - 1) / kChunkRows, [&](size_t chunk) {
        const auto begin = static_cast<uint32_t>(chunk) * kChunkRows;
        for (uint32_t row = begin; row < std::min(begin + kChunkRows, rows.rows()); ++row) {
            CodeRow(rows, row, ip, zeros.data(), memory.get() + row * row_bytes);
        }
    });
    return RowSigns(base::Buffer(memory.get(), bytes, memory), rows.width());
}

// One search.
class RowSigns::Run {
  public:
    Run(const RowSigns& signs, const Request& request, const CloserCosts& closer,
        SearchScratch& scratch, std::vector<uint64_t>* found)
        : signs_(signs),
          request_(request),
          closer_(closer),
          scratch_(scratch),
          found_(*found),
          query_{.values = request.coded,
                 .n = signs.width_,
                 .scale = request.scale,
                 .own = request.norm,
                 .reach = kSigmas * request.length} {}

    base::Status Search(bool* worth) {
        *worth = TellsApart();
        if (!*worth) {
            return base::Status();
        }
        ListSelected();
        scratch_.top.Reset(FirstRows(request_.k));
        RETURN_IF_ERROR(Estimate());
        CompareFirst();
        return CompareDoubtful();
    }

  private:
    // Rows that pass, in their order: everything after goes by the place in this list.
    void ListSelected() {
        scratch_.ids.resize(std::max(scratch_.ids.size(), request_.matches + 64));
        scratch_.costs.resize(std::max({scratch_.costs.size(), kEstimatedAtOnce, kComparedAtOnce}));
        scratch_.bounds.resize(std::max(scratch_.bounds.size(), request_.matches));
        uint32_t* ids = scratch_.ids.data();
        const uint64_t* words = request_.selected.words();
        for (size_t w = 0; w < (size_t{request_.rows} + 63) / 64; ++w) {
            for (uint64_t word = words[w]; word != 0; word &= word - 1) {
                ids[count_++] = static_cast<uint32_t>(w * 64 + std::countr_zero(word));
            }
        }
    }

    static size_t BitsOf(uint64_t word) { return static_cast<size_t>(std::popcount(word)); }

    // kSampleRows of the rows that pass, at even distances in their order. Looks at all words, but
    // lists nothing: a search that is not worth it costs next to nothing.
    void Sample(uint32_t* ids) const {
        const uint64_t* words = request_.selected.words();
        size_t w = 0;
        size_t before = 0;  // bits of words below w
        for (size_t i = 0; i < kSampleRows; ++i) {
            const size_t rank = i * request_.matches / kSampleRows;
            for (; rank >= before + BitsOf(words[w]); ++w) {
                before += BitsOf(words[w]);
            }
            uint64_t word = words[w];
            for (size_t skipped = before; skipped < rank; ++skipped) {
                word &= word - 1;
            }
            ids[i] = static_cast<uint32_t>(w * 64 + std::countr_zero(word));
        }
    }

    bool TellsApart() const {
        if (request_.matches < kSampleRows) {
            return true;
        }
        uint32_t ids[kSampleRows];
        float costs[kSampleRows], bounds[kSampleRows];
        Sample(ids);
        kernels_.costs(query_, signs_.bytes_.data(), ids, kSampleRows, costs, bounds);
        TopK& best = scratch_.top;
        best.Reset(kSampleRank);
        for (float cost : costs) {
            best.Push(MakeKey(cost, 0));
        }
        const float kth = KeyCost(best.Tighten());
        const auto doubtful =
            std::count_if(bounds, bounds + kSampleRows, [&](float bound) { return bound <= kth; });
        return static_cast<double>(doubtful) <= kShareMax * kSampleRows;
    }

    // Leaves in scratch.top the places of the best, by estimate.
    base::Status Estimate() {
        uint64_t words[kEstimatedAtOnce / 64];
        float* costs = scratch_.costs.data();
        TopK& nearest = scratch_.top;
        for (size_t at = 0; at < count_; at += kEstimatedAtOnce) {
            const size_t count = std::min(kEstimatedAtOnce, count_ - at);
            kernels_.costs(query_, signs_.bytes_.data(), scratch_.ids.data() + at, count, costs,
                           scratch_.bounds.data() + at);
            ForNotAbove(costs, count, LimitOf(nearest), words, [&](size_t i) {
                nearest.Push(MakeKey(costs[i], static_cast<uint32_t>(at + i)));
            });
            if (request_.interrupt && at % kInterruptRows == 0) {
                RETURN_IF_ERROR(request_.interrupt());
            }
        }
        return base::Status();
    }

    static float LimitOf(const TopK& top) {
        return top.limit() == std::numeric_limits<uint64_t>::max() ? kInfinity
                                                                   : KeyCost(top.limit());
    }

    // What is no number is not above anything.
    template <typename Take>
    static void ForNotAbove(const float* values, size_t count, float limit, uint64_t* words,
                            const Take& take) {
        simd::Compare(simd::CompareOp::kGt, values, count, limit, words);
        for (size_t w = 0; w < (count + 63) / 64; ++w) {
            const size_t left = count - w * 64;
            uint64_t rest = ~words[w] & (left < 64 ? (uint64_t{1} << left) - 1 : ~uint64_t{0});
            for (; rest != 0; rest &= rest - 1) {
                take(w * 64 + static_cast<size_t>(std::countr_zero(rest)));
            }
        }
    }

    void CompareFirst() {
        places_ = 0;
        found_.clear();
        std::vector<uint64_t>& first = scratch_.candidates;
        const std::span<const uint64_t> nearest = scratch_.top.Sorted();
        first.assign(nearest.begin(), nearest.end());
        scratch_.top.Reset(request_.k);
        for (const uint64_t key : first) {
            Add(KeyRow(key));
        }
        Compare();
    }

    base::Status CompareDoubtful() {
        uint64_t words[kEstimatedAtOnce / 64];
        const float* bounds = scratch_.bounds.data();
        for (size_t at = 0; at < count_; at += kEstimatedAtOnce) {
            const size_t count = std::min(kEstimatedAtOnce, count_ - at);
            ForNotAbove(bounds + at, count, bound_, words, [&](size_t i) {
                // The bound may have fallen since.
                if (scratch_.ids[at + i] != kDone && !(bounds[at + i] > bound_)) {
                    Add(at + i);
                }
            });
            if (request_.interrupt && at % kInterruptRows == 0) {
                RETURN_IF_ERROR(request_.interrupt());
            }
        }
        Compare();
        return base::Status();
    }

    void Add(size_t place) {
        rows_[places_++] = scratch_.ids[place];
        scratch_.ids[place] = kDone;
        if (places_ == kComparedAtOnce) {
            Compare();
        }
    }

    void Compare() {
        float costs[kComparedAtOnce];
        closer_(std::span(rows_).first(places_), costs);
        for (size_t i = 0; i < places_; ++i) {
            const uint64_t key = MakeKey(costs[i], rows_[i]);
            found_.push_back(key);
            scratch_.top.Push(key);
        }
        compared_ += places_;
        places_ = 0;
        // Tightening costs as much as there are rows to find.
        const bool is_due = compared_ >= std::max(kComparedAtOnce, request_.k / 8);
        compared_ = is_due ? 0 : compared_;
        const uint64_t limit = is_due ? scratch_.top.Tighten() : scratch_.top.limit();
        bound_ = limit == std::numeric_limits<uint64_t>::max() ? kInfinity : KeyCost(limit);
    }

    const RowSigns& signs_;
    const Request& request_;
    const CloserCosts& closer_;
    SearchScratch& scratch_;
    std::vector<uint64_t>& found_;
    const simd::SignRowQuery query_;
    const simd::SignRowKernels& kernels_ = simd::SignRows();
    size_t count_ = 0;  // rows that pass
    uint32_t rows_[kComparedAtOnce];
    size_t places_ = 0;
    size_t compared_ = 0;  // since the bound was tightened
    float bound_ = kInfinity;
};

base::Status RowSigns::Nearest(const Request& request, const CloserCosts& closer,
                               SearchScratch& scratch, std::vector<uint64_t>* found,
                               bool* worth) const {
    return Run(*this, request, closer, scratch, found).Search(worth);
}

}  // namespace elanus::vindex
