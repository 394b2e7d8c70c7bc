// Index: what every vector index family can do. Rows are numbered 0..size()-1 in the order in which
// they were given to Build; the caller maps them to primary keys.
//
// Guarantees:
//   INV-VINDEX-1  A search without a range answers min(k, matching rows) rows: approximate in which
//                 rows, never short in how many (unless it says ensure_topk_full=false). A row
//                 matches when it passes the filter and can be a hit at all: of a sparse index, it
//                 shares a dimension with the query; of MinHash, a band; of a structure test, the
//                 test holds.
//   INV-VINDEX-2  Answers are sorted best first; equal scores by row number.
//   INV-VINDEX-3  A damaged file answers kDataCorruption or other rows; it is never read out of
//                 bounds and never loops.
// Threads: an Index is immutable; any number of threads may search it at once. A search allocates
// nothing once its thread has searched an index of that size before (one of lists does).
// Lifetime: an opened index keeps its mapping alive.
//
// Iteration: NewIterator() gives all rows from near to far, some at a time (row_iterator.h).
#pragma once

#include "base/bitmap.h"
#include "base/buffer.h"
#include "base/status.h"
#include "codec/sink.h"
#include "sys/executor.h"
#include "vindex/metric.h"
#include "vindex/vectors.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::vindex {

// Names and values as the user gave them; numbers arrive as text.
using ParamMap = std::map<std::string, std::string>;

inline constexpr uint32_t kDimMax = 32768;
inline constexpr uint32_t kBinaryDimMax = 8 * kDimMax;
// A dimension that a dense index can have; sparse vectors have none.
constexpr bool IsDimension(VectorType type, int64_t dim) {
    return type == VectorType::kBinary ? dim > 0 && dim <= kBinaryDimMax && dim % 8 == 0
                                       : dim > 0 && dim <= kDimMax;
}
// Walks keep a mark in the lowest bit beside the row number.
inline constexpr uint64_t kRowsMax = (uint64_t{1} << 31) - 1;

struct BuildParams {
    std::string index_type;  // "HNSW"
    VectorType vector_type = VectorType::kFloat;
    Metric metric = Metric::kCosine;
    uint32_t dim = 0;
    ParamMap params;  // M, efConstruction ...
};

struct BuildInput {
    // `rows` vectors one after another, each of `dim` values of the vector type, aligned for it.
    // Sparse: their pairs (sparse.h), of which row i has bytes [offsets[i], offsets[i + 1]).
    // List metrics: row i is the list of vectors [offsets[i], offsets[i + 1]), which may be empty.
    const void* vectors = nullptr;
    const uint32_t* offsets = nullptr;
    uint64_t rows = 0;
    // Null builds on the calling thread: the result then depends on rows, params and seed alone.
    sys::Executor* executor = nullptr;
    uint64_t seed = 1;
    // What the build should keep to besides the vectors and the index; 0 is any. Known to: HNSW and
    // AUTOINDEX over float vectors.
    uint64_t memory_max_bytes = 0;
    // Asked now and then from any of the building threads; a failure ends the build with it.
    std::function<base::Status()> interrupt;
    // Told now and then, from any of the building threads but one at a time, what share of the
    // build is done: an estimate that rises from 0; 1 comes once, when the build has succeeded.
    // Threads wait while it runs.
    std::function<void(double)> progress;
};

// Lists of dense vectors that lie one after another: list i has vectors [offsets[i],
// offsets[i + 1]). A view; offsets never fall.
struct VectorLists {
    const uint8_t* vectors = nullptr;
    const uint32_t* offsets = nullptr;

    bool present() const { return offsets != nullptr; }
    size_t SizeOf(uint32_t list) const { return offsets[list + 1] - offsets[list]; }
};

struct SearchParams {
    size_t k = 10;
    ParamMap params;  // ef ...; what a family does not know it ignores
    // A set bit lets the row be returned; absent means all. Has size() bits.
    base::BitmapView filter;
    // Range search (Milvus' rules). L2: range_filter <= score < radius; others: radius < score <=
    // range_filter. At most k rows are returned, the best of those in range.
    std::optional<float> radius;
    std::optional<float> range_filter;
    // List metrics: the lists that the index was built of, which it does not keep.
    VectorLists lists;
    // Asked every few thousand rows; a failure ends the search with it.
    std::function<base::Status()> interrupt;
};

enum class Strategy : uint8_t {
    kNone,
    kExactScan,
    kWalk,
    kFilteredWalk,
    kWalkThenScan,
    kPostings,
    kCodeScan,   // of the matching rows by codes, then of the best by vectors
    kListProbe,  // the last one: counted by number
};
std::string_view StrategyName(Strategy strategy);

// What a search did, for PROFILE and tests.
struct SearchCounters {
    Strategy strategy = Strategy::kNone;
    uint64_t distances = 0;
    uint64_t hops = 0;  // nodes whose neighbours were looked at, or lists that were visited
    uint64_t matches = 0;
};

struct Neighbors {
    std::vector<uint32_t> rows;
    std::vector<float> scores;
    SearchCounters counters;
};

class RowIterator;
struct SearchScratch;
struct TermStatistics;  // bm25.h

class Index {
  public:
    virtual ~Index() = default;

    virtual std::string_view index_type() const = 0;
    VectorType vector_type() const { return vector_type_; }
    Metric metric() const { return metric_; }
    uint32_t dim() const { return dim_; }
    uint32_t size() const { return size_; }
    // Bytes of the index's arrays, in memory or mapped.
    virtual uint64_t memory_bytes() const = 0;

    // `query` holds the bytes of one vector of vector_type() and dim(), at any alignment; of a list
    // metric those of one or more. `out` is overwritten. kInvalidParameter for k = 0 and a query of
    // another size or, sparse, that is no sparse vector; kDataCorruption when the search met a
    // damaged list.
    base::Status Search(std::string_view query, const SearchParams& params, Neighbors* out) const;
    // The same for a dense vector of known size.
    base::Status Search(const void* query, const SearchParams& params, Neighbors* out) const {
        return Search(
            std::string_view(static_cast<const char*>(query), RowBytes(vector_type_, dim_)), params,
            out);
    }

    // The rows that Search() would give with k unlimited, from near to far; `params.k` is not
    // looked at. Index, filter and lists of `params` outlive the iterator. Errors: as Search().
    base::Result<std::unique_ptr<RowIterator>> NewIterator(std::string_view query,
                                                           const SearchParams& params) const;
    // Whether an iterator's first rows cost less than all of them.
    virtual bool iterates_by_walk() const { return false; }

    // BM25 only: the index's part of the statistics of these terms, of all rows, deleted ones too.
    virtual base::Status AddTermStatistics(std::span<const uint32_t> terms,
                                           TermStatistics* out) const;

    // Writes one file (docs/formats); OpenIndex() of its bytes gives the same index.
    virtual base::Status Save(codec::Sink& sink) const = 0;
    // Reads everything: checksums (of an opened file) and bounds of every list.
    virtual base::Status Verify() const = 0;

  protected:
    Index(VectorType vector_type, Metric metric, uint32_t dim, uint32_t size)
        : vector_type_(vector_type), metric_(metric), dim_(dim), size_(size) {}

    // `query` is prepared (vectors.h); k > 0, size() > 0, and `matches` > 0 rows pass the filter.
    // `out` is empty.
    virtual base::Status SearchRows(const Query& query, const SearchParams& params, size_t matches,
                                    SearchScratch& scratch, Neighbors* out) const = 0;
    // `query` is of the right size; `matches` rows pass the filter. Here: one search for all rows
    // when the first are asked for.
    virtual std::unique_ptr<RowIterator> IterateRows(std::string_view query,
                                                     const SearchParams& params,
                                                     size_t matches) const;

  private:
    VectorType vector_type_;
    Metric metric_;
    uint32_t dim_;
    uint32_t size_;
};

}  // namespace elanus::vindex
