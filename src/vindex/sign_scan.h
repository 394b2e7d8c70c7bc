// SignScan: rows in 1 bit a dimension that are scanned instead of the vectors themselves, for rows
// that have no index yet. Rows are appended while searches run.
//
// A row is coded by the signs of what is left of it after the centre of its chunk, rotated (RaBitQ:
// Gao & Long, SIGMOD 2024, arXiv 2405.12497). Signs are scored 32 rows at a time (simd/codes.h).
// With r the rotated residual, s its signs and w = |r|^2 / |r|_1, w s estimates r: what is missing,
// e = w s - r, stands at right angles to r, and its product with a query that knows nothing of it
// is normal with deviation |q| |e| / sqrt(width - 1). So each estimated cost comes with its own
// error, and a search compares exactly every row that could be among the k best within kSigmas
// deviations. It adapts to the data by itself: where estimates tell rows apart little, more of them
// are compared.
//
// One code has one metric: rows of COSINE are coded with length one.
// Invariants:
//   INV-SIGNSCAN-1  Published codes never change; only whole groups of 32 rows are published.
//   INV-SIGNSCAN-2  Answers are exact costs of real rows. A row is missed only when its estimate is
//                   off by more than kSigmas deviations.
// Threads: Extend from any thread, one at a time works and the others return; View from any.
#pragma once

#include "base/bitmap.h"
#include "base/mutex.h"
#include "base/status.h"
#include "simd/codes.h"
#include "vindex/index.h"
#include "vindex/rotation.h"
#include "vindex/top_k.h"

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace elanus::vindex {

class SignScan {
  public:
    static constexpr uint32_t kDimMin = 64;
    static constexpr uint32_t kChunkRows = 8192;
    static constexpr float kSigmas = 2.5f;

    // Whether vectors of numbers of this dimension can be coded.
    static bool Fits(uint32_t dim) {
        return dim >= kDimMin && dim <= simd::kCodeDimMax && RotatedWidth(dim) <= simd::kCodeDimMax;
    }
    // Metric L2, IP or COSINE.
    SignScan(Metric metric, uint32_t dim);

    // Writes the `dim` numbers of a row.
    using ReadRow = std::function<void(uint32_t row, float* out)>;
    // Codes rows up to `rows` in whole groups; at once when another thread is at it. All rows below
    // `rows` can be read.
    void Extend(uint32_t rows, const ReadRow& read);

    uint32_t rows() const { return rows_.load(std::memory_order_acquire); }
    // Bytes of the codes so far.
    size_t memory_bytes() const { return bytes_.load(std::memory_order_relaxed); }

    struct Request {
        const float* query = nullptr;  // dim numbers, of any length
        size_t k = 0;
        base::BitmapView selected;  // of all rows; absent = all
        // Asked once a chunk; a failure ends the search with it.
        std::function<base::Status()> interrupt;
    };
    // costs[i] of row ids[i]; ids ascend.
    using ExactCosts = std::function<void(std::span<const uint32_t> ids, float* costs)>;

  private:
    struct Chunk;
    using Chunks = std::vector<std::shared_ptr<Chunk>>;

  public:
    // What a search sees: the rows coded at one moment.
    class View {
      public:
        uint32_t rows() const { return rows_; }
        // Adds the best of the coded rows to `best`, which holds the k best of others.
        base::Status Search(const Request& request, const ExactCosts& exact, TopK* best,
                            SearchCounters* counters) const;

      private:
        friend class SignScan;
        class Run;
        const SignScan* scan_ = nullptr;
        uint32_t rows_ = 0;
        std::shared_ptr<const Chunks> chunks_;
    };
    // `rows_max`: rows that the caller sees; later ones are left out.
    View Look(uint32_t rows_max) const;

  private:
    size_t group_bytes() const {
        return simd::GroupBytes(rotation_.width()) + simd::kGroupVectors * sizeof(float);
    }
    void OpenChunk(uint32_t first_row, uint32_t rows, const ReadRow& read);
    void ReadUnit(uint32_t row, const ReadRow& read, float* out) const;
    void CodeGroup(uint32_t first_row, const ReadRow& read, Chunk& chunk) const;

    const Metric metric_;
    const uint32_t dim_;
    const Rotation rotation_;
    std::atomic<bool> busy_{false};
    std::atomic<uint32_t> rows_{0};
    std::atomic<size_t> bytes_{0};
    mutable base::Mutex mutex_;
    std::shared_ptr<const Chunks> chunks_ GUARDED_BY(mutex_) = std::make_shared<const Chunks>();
};

}  // namespace elanus::vindex
