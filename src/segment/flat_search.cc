#include "segment/flat_search.h"

#include "segment/bit_range.h"
#include "segment/dense_keys.h"
#include "segment/scan_guard.h"
#include "segment/top_k.h"
#include "vindex/bm25.h"
#include "vindex/minhash.h"
#include "vindex/near_pairs.h"
#include "vindex/sparse.h"
#include "vindex/vectors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>
#include <string>

namespace elanus::segment {

namespace {

constexpr size_t kBlockRowsMax = vindex::RowTiles::kRowsMax;
constexpr size_t kBlockRowsMin = 16;
// Fewer queries than these do not pay for copying the rows that pass a filter together, ...
constexpr size_t kGatherQueries = 4;
// ... or all rows to where cache lines begin.
constexpr size_t kAlignQueries = 32;
constexpr size_t kCacheLine = 64;
constexpr size_t kFloatsPerRow = 64;  // what looking at a row costs, in floats of distance work
constexpr size_t kBlockBytes = 256 * 1024;  // stays in the second-level cache while queries pass
constexpr size_t kSparseRowBytes = 512;     // a guess at the bytes of a sparse row
constexpr float kInfinity = std::numeric_limits<float>::infinity();

bool IsSparse(const schema::ColumnView& column) {
    return column.type == schema::DataType::kSparseFloatVector;
}

vindex::VectorType TypeOf(const schema::ColumnView& column) {
    return static_cast<vindex::VectorType>(column.type);
}

class FlatScan {
  public:
    FlatScan(const VectorQuery& query, const ReadOptions& options)
        : query_(query),
          guard_(options),
          similarity_(vindex::LargerIsBetter(query.metric)),
          bm25_(vindex::Bm25::Of(query.params)),
          width_(schema::FixedWidth(query.queries.type, query.queries.dim)) {
        const size_t row_bytes = width_ > 0 ? width_ : kSparseRowBytes;
        row_floats_ = (row_bytes + sizeof(float) - 1) / sizeof(float);
        block_rows_ = std::clamp(kBlockBytes / row_bytes, kBlockRowsMin, kBlockRowsMax);
        best_.assign(query.nq(), TopK(query.k));
        for (TopK& best : best_) {
            SetRange(&best);
        }
        if (minhash()) {
            minhash_ = vindex::MinHashScorer(query.queries.dim, query.params);
        } else if (width_ > 0) {
            dense_ = DenseKeys(query);
            PrepareTiles();
        }
    }

    base::Status ScanRun(const RowRun& run, const schema::ColumnView& column, const float* norms,
                         const std::optional<base::Bitmap>& selected, ReadCounters* counters) {
        for (size_t begin = 0; begin < run.rows; begin += block_rows_) {
            const size_t count = std::min(block_rows_, run.rows - begin);
            MakeRoom(count);
            const size_t chosen = Choose(run, selected, begin, count);
            RETURN_IF_ERROR(ScanBlock(run, column, norms, count, chosen));
            counters->distances += chosen * query_.nq();
            RETURN_IF_ERROR(guard_.CheckEvery(count * kFloatsPerRow, ScanGuard::kFloatsPerCheck));
        }
        return base::Status();
    }

    void Finish(std::vector<QueryHits>* hits) {
        hits->assign(query_.nq(), QueryHits());
        for (uint32_t q = 0; q < query_.nq(); ++q) {
            for (const auto& [key, row] : best_[q].Take()) {
                (*hits)[q].rows.push_back(row);
                (*hits)[q].scores.push_back(similarity_ ? 0.0f - key : key);
            }
        }
    }

  private:
    bool minhash() const { return query_.metric == vindex::Metric::kMhJaccard; }

    // Distances: range_filter <= d < radius. Similarity: radius < s <= range_filter, which for the
    // negated score reads the same. A sparse or MinHash hit has a score above 0, and of the
    // structure tests only yes (0) is a hit.
    void SetRange(TopK* best) const {
        float low = -kInfinity;
        float high = kInfinity;
        if (IsSparse(query_.queries) || minhash()) {
            high = 0;
        } else if (vindex::IsStructureTest(query_.metric)) {
            high = 0.5f;
        } else if (!query_.radius.has_value() && !query_.range_filter.has_value()) {
            return;
        }
        const float sign = similarity_ ? -1.0f : 1.0f;
        if (query_.radius.has_value()) {
            high = std::min(high, sign * *query_.radius);
        }
        if (query_.range_filter.has_value()) {
            low = sign * *query_.range_filter;
        }
        best->SetRange(low, high);
    }

    // Of few rows and one query that is a fiftieth of what whole blocks and tiles take.
    void MakeRoom(size_t rows) {
        if (ids_.size() < rows) {
            ids_.resize(rows);
            keys_.resize(rows * (tiles_ ? std::min<size_t>(block_queries(), query_.nq()) : 1));
        }
    }

    // Fills ids_ with the places in the run of the selected rows of a block.
    size_t Choose(const RowRun& run, const std::optional<base::Bitmap>& selected, size_t begin,
                  size_t count) {
        if (!selected.has_value()) {
            std::iota(ids_.begin(), ids_.begin() + static_cast<ptrdiff_t>(count),
                      static_cast<uint32_t>(begin));
            return count;
        }
        size_t chosen = 0;
        for (size_t row = begin; row < begin + count; row += 64) {
            uint64_t bits = LowBits(begin + count - row);
            bits &= BitsAt(selected->words(), run.first_row + row);
            for (; bits != 0; bits &= bits - 1) {
                ids_[chosen++] = static_cast<uint32_t>(row + std::countr_zero(bits));
            }
        }
        return chosen;
    }

    base::Status ScanBlock(const RowRun& run, const schema::ColumnView& column, const float* norms,
                           size_t count, size_t chosen) {
        const bool dense = width_ > 0 && !minhash();
        if (dense && chosen > 0 && (chosen == count || query_.nq() >= kGatherQueries)) {
            return ScanTiles(run, column, norms, count, chosen);
        }
        for (uint32_t q = 0; q < query_.nq() && chosen > 0; ++q) {
            if (minhash()) {
                ComputeMinHash(q, column, chosen);
            } else if (dense) {
                dense_.OfIds(q, column, norms, ids_.data(), chosen, keys_.data());
            } else {
                ComputeSparse(q, column, chosen);
            }
            Offer(run, q, keys_.data(), chosen);
            RETURN_IF_ERROR(guard_.CheckEvery(chosen * row_floats_, ScanGuard::kFloatsPerCheck));
        }
        return base::Status();
    }

    void Offer(const RowRun& run, uint32_t q, const float* keys, size_t chosen) {
        for (size_t i = 0; i < chosen; ++i) {
            best_[q].Offer(keys[i], run.first_row + ids_[i]);
        }
    }

    void PrepareTiles() {
        const vindex::VectorType type = TypeOf(query_.queries);
        const auto dim = static_cast<uint32_t>(query_.queries.dim);
        tiles_.emplace(type, query_.metric, dim);
        if (vindex::NearPairs::Serves(type, query_.metric, dim, query_.nq())) {
            near_.emplace(query_.metric, dim, true);
        }
        block_rows_ = tiles_->block_rows();
        queries_ = query_.queries.values;
        if (query_.nq() >= kAlignQueries && !OnCacheLine(queries_)) {
            aligned_queries_.Resize(query_.nq() * width_);
            std::memcpy(aligned_queries_.data(), queries_, query_.nq() * width_);
            queries_ = aligned_queries_.data();
        }
        if (near_) {
            near_->SetQueries(queries_, query_.nq());
        }
    }

    // Of as many queries all rows of a block are looked at in turn.
    size_t block_queries() const {
        return near_ ? vindex::NearPairs::PanelQueries() : tiles_->block_queries();
    }

    static bool OnCacheLine(const void* bytes) {
        return reinterpret_cast<uintptr_t>(bytes) % kCacheLine == 0;
    }

    // All queries and the chosen rows of a block.
    base::Status ScanTiles(const RowRun& run, const schema::ColumnView& column, const float* norms,
                           size_t count, size_t chosen) {
        const uint8_t* rows = column.values + size_t{ids_[0]} * width_;
        if (chosen < count || (query_.nq() >= kAlignQueries && !OnCacheLine(rows))) {
            rows = Gather(column, chosen);
        }
        FindLengths(rows, norms, chosen);
        if (near_) {
            near_->SetRows(rows, chosen);
        }
        for (uint32_t first = 0; first < query_.nq();) {
            const size_t queries = std::min<size_t>(block_queries(), query_.nq() - first);
            const bool is_panel = near_ && vindex::NearPairs::Fills(queries);
            const auto* pairs = is_panel ? near_->Find(first, LimitsOf(first, queries)) : nullptr;
            if (pairs != nullptr) {
                for (const vindex::NearPairs::Pair& pair : *pairs) {
                    OfferPair(run, first + pair.query, column, norms, pair.row);
                }
            } else {
                tiles_->Of(queries_ + first * width_, queries, rows, chosen, chosen, keys_.data());
                for (size_t i = 0; i < queries; ++i) {
                    OfferResults(run, first + static_cast<uint32_t>(i), keys_.data() + i * chosen,
                                 chosen);
                }
            }
            first += static_cast<uint32_t>(queries);
            RETURN_IF_ERROR(
                guard_.CheckEvery(queries * chosen * row_floats_, ScanGuard::kFloatsPerCheck));
        }
        return base::Status();
    }

    std::span<const float> LimitsOf(uint32_t first, size_t queries) {
        limits_.resize(queries);
        for (size_t i = 0; i < queries; ++i) {
            limits_[i] = best_[first + i].limit();
        }
        return limits_;
    }

    // Of the row at place `chosen` of the block.
    void OfferPair(const RowRun& run, uint32_t q, const schema::ColumnView& column,
                   const float* norms, uint32_t chosen) {
        float key = 0;
        dense_.OfIds(q, column, norms, &ids_[chosen], 1, &key);
        best_[q].Offer(key, run.first_row + ids_[chosen]);
    }

    const uint8_t* Gather(const schema::ColumnView& column, size_t chosen) {
        gathered_.Resize(block_rows_ * width_);
        for (size_t i = 0; i < chosen; ++i) {
            std::memcpy(gathered_.data() + i * width_, column.values + size_t{ids_[i]} * width_,
                        width_);
        }
        return gathered_.data();
    }

    void FindLengths(const uint8_t* rows, const float* norms, size_t chosen) {
        lengths_.resize(query_.metric == vindex::Metric::kCosine ? chosen : 0);
        for (size_t i = 0; i < lengths_.size(); ++i) {
            lengths_[i] = norms != nullptr ? norms[ids_[i]]
                                           : dense_.LengthOf(rows + i * width_, query_.queries.dim);
        }
    }

    void OfferResults(const RowRun& run, uint32_t q, float* results, size_t chosen) {
        const float* lengths = lengths_.empty() ? nullptr : lengths_.data();
        if (dense_.AnyBelow(q, results, lengths, chosen, best_[q].limit())) {
            dense_.FromResults(q, lengths, chosen, results);
            Offer(run, q, results, chosen);
        }
    }

    void ComputeMinHash(uint32_t q, const schema::ColumnView& column, size_t chosen) {
        const void* query = query_.Vector(q).data();
        for (size_t i = 0; i < chosen; ++i) {
            keys_[i] = 0.0f - minhash_.Score(query, column.values + size_t{ids_[i]} * width_);
        }
    }

    void ComputeSparse(uint32_t q, const schema::ColumnView& column, size_t chosen) {
        const std::string_view query = query_.Vector(q);
        for (size_t i = 0; i < chosen; ++i) {
            const std::string_view row = column.StringAt(ids_[i]);
            const double score = query_.metric == vindex::Metric::kBm25
                                     ? vindex::Bm25Score(query, row, bm25_)
                                     : vindex::SparseProduct(query, row);
            keys_[i] = 0.0f - static_cast<float>(score);
        }
    }

    const VectorQuery& query_;
    ScanGuard guard_;
    bool similarity_;
    const vindex::Bm25 bm25_;  // of BM25 only
    const size_t width_;       // bytes of a vector; 0 = sparse
    size_t row_floats_ = 0;
    size_t block_rows_ = 0;
    DenseKeys dense_;  // dense only
    std::vector<uint32_t> ids_;
    std::vector<float> keys_;
    std::vector<TopK> best_;
    std::optional<vindex::RowTiles> tiles_;  // dense only, as all below
    std::optional<vindex::NearPairs> near_;
    std::vector<float> limits_;
    const uint8_t* queries_ = nullptr;
    vindex::AlignedBytes aligned_queries_;
    vindex::AlignedBytes gathered_;  // the chosen rows of a block
    std::vector<float> lengths_;     // of those rows; COSINE only
    vindex::MinHashScorer minhash_;
};

base::Status Unsupported(std::string_view text) {
    return base::Status::Error(base::Code::kUnsupportedOperation, text);
}

base::Status CheckMetric(const VectorQuery& query) {
    const bool known = IsSparse(query.queries) ? query.metric == vindex::Metric::kIp ||
                                                     query.metric == vindex::Metric::kBm25
                       : query.metric == vindex::Metric::kMhJaccard
                           ? query.queries.type == schema::DataType::kBinaryVector
                           : vindex::IsDenseMetric(TypeOf(query.queries), query.metric);
    return known
               ? base::Status()
               : Unsupported(
                     "exact search over " + std::string(schema::DataTypeName(query.queries.type)) +
                     " does not know the metric " + std::string(vindex::MetricName(query.metric)));
}

}  // namespace

base::Status FlatSearch(const RowSource& source, const std::optional<base::Bitmap>& selected,
                        const VectorQuery& query, const ReadOptions& options,
                        std::vector<QueryHits>* hits, ReadCounters* counters) {
    RETURN_IF_ERROR(CheckMetric(query));
    FlatScan scan(query, options);
    for (size_t i = 0; i < source.runs().size(); ++i) {
        const schema::ColumnView* column = source.Column(i, query.field_id);
        if (column == nullptr) {
            break;  // a field added after this segment: all its vectors are null
        }
        if (column->type != query.queries.type ||
            (!IsSparse(*column) && column->dim != query.queries.dim)) {
            return Unsupported("the queries are of another type or dimension than the field");
        }
        RETURN_IF_ERROR(scan.ScanRun(source.runs()[i], *column, source.Norms(i, query.field_id),
                                     selected, counters));
    }
    scan.Finish(hits);
    ++counters->brute_force_searches;
    return base::Status();
}

}  // namespace elanus::segment
