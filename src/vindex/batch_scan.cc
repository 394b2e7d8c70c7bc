#include "vindex/batch_scan.h"

#include "vindex/exact_scan.h"
#include "vindex/near_pairs.h"
#include "vindex/row_tiles.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

namespace elanus::vindex {
namespace {

// Queries that are answered in one pass over the rows: prepared copies of this many bytes, and as
// much for the keys of their best rows.
constexpr size_t kPassBytes = 16 * 1024 * 1024;
// Values that are multiplied between two looks at whether the caller still waits: a few
// milliseconds' worth.
constexpr size_t kInterruptValues = 64 * 1024 * 1024;
// Tightening a limit for fewer new keys costs more than it saves.
constexpr size_t kKeysDue = 4;

class BatchScan {
  public:
    // `queries`: of all runs.
    BatchScan(VectorType type, const VectorView& vectors, const SearchParams& params,
              size_t queries)
        : type_(type),
          vectors_(vectors),
          params_(params),
          band_(CostBand::Of(vectors.metric, params)),
          tiles_(type, vectors.metric, vectors.dim),
          k_(std::min<size_t>(params.k, vectors.rows)) {
        if (NearPairs::Serves(type, vectors.metric, vectors.dim, queries)) {
            near_.emplace(vectors.metric, vectors.dim,
                          false);  // float rows of COSINE have length one
        }
        results_.resize(block_queries() * tiles_.block_rows());
    }

    // How many queries Run() should be given.
    size_t pass_queries() const {
        const size_t queries = kPassBytes / std::max(vectors_.row_bytes, 2 * sizeof(uint64_t) * k_);
        const size_t blocks = queries / block_queries();
        return blocks > 0 ? blocks * block_queries() : std::max<size_t>(1, queries);
    }

    base::Status Run(std::span<const std::string_view> queries, Neighbors* out) {
        Prepare(queries);
        RETURN_IF_ERROR(params_.filter.present() ? ScanMatches() : ScanAll());
        for (size_t q = 0; q < queries.size(); ++q) {
            AppendKeys(vectors_.metric, best_[q].Sorted(), &out[q]);
        }
        return base::Status();
    }

  private:
    void Prepare(std::span<const std::string_view> queries) {
        queries_.Resize(queries.size() * vectors_.row_bytes);
        inverse_norms_.resize(queries.size());
        best_.resize(queries.size());
        entered_.resize(queries.size());
        SearchScratch& scratch = ThreadScratch();
        for (size_t q = 0; q < queries.size(); ++q) {
            const Query query =
                PrepareQuery(type_, vectors_.metric, vectors_.dim, queries[q], scratch);
            std::memcpy(queries_.data() + q * vectors_.row_bytes, query.data, vectors_.row_bytes);
            inverse_norms_[q] = query.inverse_norm;
            best_[q].Reset(k_);
            entered_[q] = 0;
        }
        if (near_) {
            near_->SetQueries(queries_.data(), queries.size());
        }
    }

    // Of as many queries all rows of a block are looked at in turn.
    size_t block_queries() const {
        return near_ ? NearPairs::PanelQueries() : tiles_.block_queries();
    }

    base::Status ScanAll() {
        for (uint32_t first = 0; first < vectors_.rows;) {
            const size_t count = std::min<size_t>(tiles_.block_rows(), vectors_.rows - first);
            RETURN_IF_ERROR(
                ScanBlock(static_cast<const uint8_t*>(vectors_.Row(first)), nullptr, first, count));
            first += static_cast<uint32_t>(count);
        }
        return base::Status();
    }

    // The rows that pass are copied together, once for all queries.
    base::Status ScanMatches() {
        gathered_.Resize(tiles_.block_rows() * vectors_.row_bytes);
        ids_.resize(tiles_.block_rows());
        const uint64_t* words = params_.filter.words();
        size_t count = 0;
        for (size_t w = 0; w < (size_t{vectors_.rows} + 63) / 64; ++w) {
            for (uint64_t word = words[w]; word != 0; word &= word - 1) {
                const auto row = static_cast<uint32_t>(w * 64 + std::countr_zero(word));
                std::memcpy(gathered_.data() + count * vectors_.row_bytes, vectors_.Row(row),
                            vectors_.row_bytes);
                ids_[count++] = row;
                if (count == tiles_.block_rows()) {
                    RETURN_IF_ERROR(ScanBlock(gathered_.data(), ids_.data(), 0, count));
                    count = 0;
                }
            }
        }
        return ScanBlock(gathered_.data(), ids_.data(), 0, count);
    }

    // Row i of the block is ids[i], or first + i when `ids` is null.
    base::Status ScanBlock(const uint8_t* rows, const uint32_t* ids, uint32_t first, size_t count) {
        if (near_) {
            near_->SetRows(rows, count);
        }
        for (size_t q = 0; q < best_.size(); q += block_queries()) {
            const size_t queries = std::min(block_queries(), best_.size() - q);
            values_ += queries * count * vectors_.dim;
            const bool is_panel = near_ && NearPairs::Fills(queries);
            const auto* pairs = is_panel ? near_->Find(q, LimitsOf(q, queries)) : nullptr;
            if (pairs != nullptr) {
                for (const NearPairs::Pair& pair : *pairs) {
                    Measure(q + pair.query, rows + pair.row * vectors_.row_bytes,
                            RowOf(ids, first, pair.row));
                }
                continue;
            }
            tiles_.Of(queries_.data() + q * vectors_.row_bytes, queries, rows, count, count,
                      results_.data());
            for (size_t i = 0; i < queries; ++i) {
                Collect(q + i, results_.data() + i * count, ids, first, count);
            }
        }
        if (values_ < kInterruptValues || !params_.interrupt) {
            return base::Status();
        }
        values_ = 0;
        return params_.interrupt();
    }

    static uint32_t RowOf(const uint32_t* ids, uint32_t first, size_t i) {
        return ids != nullptr ? ids[i] : first + static_cast<uint32_t>(i);
    }

    void Push(size_t q, uint64_t key) {
        entered_[q] += key < best_[q].limit() ? 1 : 0;
        best_[q].Push(key);
    }

    // Tightened when as many keys have entered as make that worth while.
    uint64_t LimitOf(size_t q) {
        if (entered_[q] > k_ / 8 + kKeysDue) {
            entered_[q] = 0;
            best_[q].Tighten();
        }
        return best_[q].limit();
    }

    std::span<const float> LimitsOf(size_t q, size_t queries) {
        limits_.resize(queries);
        for (size_t i = 0; i < queries; ++i) {
            limits_[i] = KeyCost(LimitOf(q + i));
        }
        return limits_;
    }

    void Measure(size_t q, const uint8_t* vector, uint32_t row) {
        const float result =
            vectors_.kernel.pair(queries_.data() + q * vectors_.row_bytes, vector, vectors_.dim);
        const float cost = CostOf(result);
        if (band_.Contains(cost)) {
            Push(q, MakeKey(cost, row));
        }
    }

    // As VectorView computes costs, but for what rounds: only results that can enter are turned
    // into costs.
    void Collect(size_t q, float* results, const uint32_t* ids, uint32_t first, size_t count) {
        if (vectors_.inverse_norms != nullptr) {
            for (size_t i = 0; i < count; ++i) {
                const uint32_t row = RowOf(ids, first, i);
                results[i] *= inverse_norms_[q] * vectors_.inverse_norms[row];
            }
        }
        uint64_t words[RowTiles::kRowsMax / 64 + 1];
        FindNear(best_[q], LargerIsBetter(vectors_.metric), results, count, words);
        VisitNear(words, count, [&](size_t i) {
            const float cost = CostOf(results[i]);
            if (band_.Contains(cost)) {
                Push(q, MakeKey(cost, RowOf(ids, first, i)));
            }
        });
    }

    float CostOf(float result) const {
        if (!LargerIsBetter(vectors_.metric)) {
            return result;
        }
        const float cost = 0.0f - result;
        return vectors_.metric == Metric::kCosine ? std::clamp(cost, -1.0f, 1.0f) : cost;
    }

    const VectorType type_;
    const VectorView& vectors_;
    const SearchParams& params_;
    const CostBand band_;
    const RowTiles tiles_;
    std::optional<NearPairs> near_;
    std::vector<float> results_;
    std::vector<float> limits_;
    const size_t k_;
    AlignedBytes queries_;              // prepared
    std::vector<float> inverse_norms_;  // of the queries
    std::vector<TopK> best_;
    std::vector<size_t> entered_;  // keys, since the limit was tightened
    AlignedBytes gathered_;
    std::vector<uint32_t> ids_;  // of the gathered rows
    size_t values_ = 0;
};

}  // namespace

base::Status ScanRowsOfMany(VectorType type, const VectorView& vectors,
                            std::span<const std::string_view> queries, const SearchParams& params,
                            Neighbors* out) {
    BatchScan scan(type, vectors, params, queries.size());
    for (size_t first = 0; first < queries.size(); first += scan.pass_queries()) {
        const size_t count = std::min(scan.pass_queries(), queries.size() - first);
        RETURN_IF_ERROR(scan.Run(queries.subspan(first, count), out + first));
    }
    return base::Status();
}

}  // namespace elanus::vindex
