#include "segment/flat_search.h"

#include "segment/bit_range.h"
#include "segment/scan_guard.h"
#include "segment/top_k.h"
#include "simd/distance.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

namespace elanus::segment {

namespace {

constexpr size_t kBlockRowsMax = 1024;
constexpr size_t kBlockRowsMin = 16;
constexpr size_t kFloatsPerRow = 64;  // what looking at a row costs, in floats of distance work
constexpr size_t kBlockBytes = 256 * 1024;  // stays in the second-level cache while queries pass

class FlatScan {
  public:
    FlatScan(const VectorQuery& query, const ReadOptions& options)
        : query_(query), guard_(options), similarity_(vindex::LargerIsBetter(query.metric)) {
        const size_t row_bytes = std::max<size_t>(query.dim, 1) * sizeof(float);
        block_rows_ = std::clamp(kBlockBytes / row_bytes, kBlockRowsMin, kBlockRowsMax);
        ids_.resize(block_rows_);
        keys_.resize(block_rows_);
        best_.assign(query.nq, TopK(query.k));
        for (TopK& best : best_) {
            SetRange(&best);
        }
        for (uint32_t q = 0; q < query.nq && cosine(); ++q) {
            query_norms_.push_back(simd::Norm(Vector(q), query.dim));
        }
    }

    base::Status ScanRun(const RowRun& run, const schema::ColumnView& column, const float* norms,
                         const std::optional<base::Bitmap>& selected, ReadCounters* counters) {
        for (size_t begin = 0; begin < run.rows; begin += block_rows_) {
            const size_t count = std::min(block_rows_, run.rows - begin);
            const size_t chosen = Choose(run, column, selected, begin, count);
            RETURN_IF_ERROR(ScanBlock(run, column, norms, begin, count, chosen));
            counters->rows_scanned += chosen;
            RETURN_IF_ERROR(guard_.CheckEvery(count * kFloatsPerRow, ScanGuard::kFloatsPerCheck));
        }
        return base::Status();
    }

    void Finish(std::vector<QueryHits>* hits) {
        hits->assign(query_.nq, QueryHits());
        for (uint32_t q = 0; q < query_.nq; ++q) {
            for (const auto& [key, row] : best_[q].Take()) {
                (*hits)[q].rows.push_back(row);
                (*hits)[q].scores.push_back(similarity_ ? 0.0f - key : key);
            }
        }
    }

  private:
    bool cosine() const { return query_.metric == vindex::Metric::kCosine; }
    const float* Vector(uint32_t q) const { return query_.vectors + size_t{q} * query_.dim; }

    // L2: range_filter <= d < radius. Similarity: radius < s <= range_filter, which for the negated
    // score reads the same.
    void SetRange(TopK* best) const {
        if (!query_.radius.has_value()) {
            return;
        }
        const float sign = similarity_ ? -1.0f : 1.0f;
        const float low = query_.range_filter.has_value() ? sign * *query_.range_filter
                                                          : -std::numeric_limits<float>::infinity();
        best->SetRange(low, sign * *query_.radius);
    }

    // Fills ids_ with the places in the run of the selected rows of a block.
    size_t Choose(const RowRun& run, const schema::ColumnView& column,
                  const std::optional<base::Bitmap>& selected, size_t begin, size_t count) {
        if (!selected.has_value() && column.validity == nullptr) {
            std::iota(ids_.begin(), ids_.begin() + static_cast<ptrdiff_t>(count),
                      static_cast<uint32_t>(begin));
            return count;
        }
        std::span<const uint64_t> valid;
        if (column.validity != nullptr) {
            valid = {column.validity, (column.rows + 63) / 64};
        }
        size_t chosen = 0;
        for (size_t row = begin; row < begin + count; row += 64) {
            uint64_t bits = LowBits(begin + count - row);
            bits &= selected.has_value() ? BitsAt(selected->words(), run.first_row + row) : bits;
            bits &= valid.empty() ? bits : BitsAt(valid, row);
            for (; bits != 0; bits &= bits - 1) {
                ids_[chosen++] = static_cast<uint32_t>(row + std::countr_zero(bits));
            }
        }
        return chosen;
    }

    base::Status ScanBlock(const RowRun& run, const schema::ColumnView& column, const float* norms,
                           size_t begin, size_t count, size_t chosen) {
        if (chosen == 0) {
            return base::Status();
        }
        const auto* base = column.As<float>();
        const simd::DistanceKernels& kernels = simd::Distances();
        for (uint32_t q = 0; q < query_.nq; ++q) {
            if (chosen == count) {
                (similarity_ ? kernels.ip.rows : kernels.l2.rows)(
                    Vector(q), base + begin * query_.dim, count, query_.dim, keys_.data());
            } else {
                (similarity_ ? kernels.ip.ids : kernels.l2.ids)(Vector(q), base, ids_.data(),
                                                                chosen, query_.dim, keys_.data());
            }
            if (similarity_) {
                ToKeys(q, norms, column, chosen);
            }
            for (size_t i = 0; i < chosen; ++i) {
                best_[q].Offer(keys_[i], run.first_row + ids_[i]);
            }
            RETURN_IF_ERROR(guard_.CheckEvery(chosen * query_.dim, ScanGuard::kFloatsPerCheck));
        }
        return base::Status();
    }

    // Inner products become keys: negated, and for cosine divided by both lengths first. A zero
    // vector scores 0.
    void ToKeys(uint32_t q, const float* norms, const schema::ColumnView& column, size_t chosen) {
        for (size_t i = 0; i < chosen; ++i) {
            float score = keys_[i];
            if (cosine()) {
                const float length =
                    norms != nullptr
                        ? norms[ids_[i]]
                        : simd::Norm(column.As<float>() + size_t{ids_[i]} * query_.dim, query_.dim);
                const float product = length * query_norms_[q];
                // Rounding takes the cosine of equal vectors past 1; clients are promised [-1, 1].
                score = product > 0 ? std::clamp(score / product, -1.0f, 1.0f) : 0.0f;
            }
            keys_[i] = 0.0f - score;
        }
    }

    const VectorQuery& query_;
    ScanGuard guard_;
    bool similarity_;
    size_t block_rows_ = 0;
    std::vector<uint32_t> ids_;
    std::vector<float> keys_;
    std::vector<TopK> best_;
    std::vector<float> query_norms_;
};

}  // namespace

base::Status FlatSearch(const RowSource& source, const std::optional<base::Bitmap>& selected,
                        const VectorQuery& query, const ReadOptions& options,
                        std::vector<QueryHits>* hits, ReadCounters* counters) {
    if (query.metric > vindex::Metric::kCosine) {
        return base::Status::Error(base::Code::kUnsupportedOperation,
                                   "exact search over float vectors knows L2, IP and COSINE");
    }
    FlatScan scan(query, options);
    for (size_t i = 0; i < source.runs().size(); ++i) {
        const schema::ColumnView* column = source.Column(i, query.field_id);
        if (column == nullptr) {
            break;  // a field added after this segment: all its vectors are null
        }
        if (column->type != schema::DataType::kFloatVector || column->dim != query.dim) {
            return base::Status::Error(base::Code::kUnsupportedOperation,
                                       "exact search needs float vectors of the query's dimension");
        }
        RETURN_IF_ERROR(scan.ScanRun(source.runs()[i], *column, source.Norms(i, query.field_id),
                                     selected, counters));
    }
    scan.Finish(hits);
    ++counters->brute_force_searches;
    return base::Status();
}

}  // namespace elanus::segment
