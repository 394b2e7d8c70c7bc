// LeanGraph: a neighbour graph over quantised rows (lean_rows.h) that takes rows while it is
// searched. The form for small budgets (0.44 of f32 rows of 768 dimensions), and for rows that keep
// coming.
//
// One layer. A search starts from the best of a sample of the rows (the routers, kept even over all
// rows by reservoir sampling), and walks by 4-bit rows; the best of what it met are ordered by
// their 8-bit rows. A row is inserted as in HNSW (Malkov & Yashunin, arXiv 1603.09320): a search
// from it, a choice among what was met that leaves out whatever a chosen row is nearer to, and
// links back. Free places are filled with the nearest that were left out, but for some that later
// rows will need.
// Deleted rows stay as ways to others; whoever searches leaves them out by the filter.
//
// Concurrency: a list is changed under the lock of its row, one number at a time; readers take no
// locks. They may see part of an old list and part of a new one, which costs a way at most: every
// number they can see names a row that is complete.
// Invariants:
//   INV-LEAN-1  A row's number is published (as a link or router) after its block is complete.
//   INV-LEAN-2  Added from one thread, the graph depends on rows, their order and options alone.
//   INV-LEAN-3  rows() counts complete rows without gaps; searches may meet later ones as well.
// Threads: Add and searches from any at once.
#pragma once

#include "base/bitmap.h"
#include "base/mutex.h"
#include "base/status.h"
#include "vindex/graph_builder.h"
#include "vindex/graph_index.h"
#include "vindex/lean_rows.h"
#include "vindex/scratch.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace elanus::vindex {

struct LeanOptions {
    VectorType type = VectorType::kFloat;  // of numbers
    Metric metric = Metric::kL2;           // L2, IP or COSINE
    uint32_t dim = 0;
    uint32_t m = 16;  // 2 m places for neighbours
    uint32_t ef_construction = 200;
    uint64_t seed = 1;
};

class LeanGraph {
  public:
    static constexpr uint32_t kRouters = 256;
    // The candidates of a walk by 4-bit rows that are as good as `ef` exactly ordered ones, and
    // how many of them are ordered by 8-bit rows for the k best.
    static constexpr size_t Widened(size_t ef) { return ef + 8 + ef / 16; }
    static constexpr size_t Refined(size_t ef, size_t k) {
        return std::min(ef, std::max(2 * k + 20, ef / 2));
    }

    static bool Fits(VectorType type, uint32_t dim, int64_t m);
    // Room for `capacity` rows; memory is used as rows come. The centre that rows are coded around,
    // and for IP the length they are lifted to, are taken from `sample_rows` of those to come.
    static std::unique_ptr<LeanGraph> Make(const LeanOptions& options, uint32_t capacity,
                                           const void* sample, size_t sample_rows);

    // What a file holds; `owner` keeps `blocks` alive. Lists are checked where they are used.
    struct Parts {
        uint32_t rows = 0;
        uint8_t* blocks = nullptr;
        std::shared_ptr<void> owner;
        std::vector<float> centre;  // rotated
        float longest = 0;
        std::vector<uint32_t> routers;  // min(rows, kRouters)
    };
    static std::unique_ptr<LeanGraph> Of(const LeanOptions& options, Parts parts,
                                         uint32_t capacity);

    // A graph of vectors that are all there, over lists made elsewhere (graph_builder.h) of up to
    // 2 m neighbours. It has no room for more.
    static std::unique_ptr<LeanGraph> OfLists(const LeanOptions& options, const void* vectors,
                                              const NeighborLists& lists, sys::Executor* executor);

    const LeanOptions& options() const { return options_; }
    const LeanRows& store() const { return store_; }
    uint32_t rows() const { return complete_.load(std::memory_order_acquire); }
    uint32_t capacity() const { return capacity_; }
    uint64_t memory_bytes() const;
    std::vector<uint32_t> routers() const;

    // Adds `count` vectors of the options' type, one after another; the first one's number in
    // `first` (may be null). kResourceInsufficient when there is no room for all of them;
    // `interrupt`'s failure ends it early, with the rows so far in place and the graph to be given
    // up.
    base::Status Add(const void* vectors, uint32_t count, uint32_t* first,
                     const std::function<base::Status()>& interrupt = {},
                     const Progress& progress = {});

    // The same in two steps, for several threads over rows that are all there: Reserve gives
    // numbers to the next `count` rows, then each row is inserted once.
    base::Result<uint32_t> Reserve(uint32_t count);
    void Insert(uint32_t first, const void* vectors, uint32_t count);

    struct Search {
        const LeanQuery* query = nullptr;
        size_t ef = 0;
        base::BitmapView filter;  // absent = all rows; otherwise of `rows` bits
        uint32_t rows = 0;        // later ones are no hits
        size_t matches = 0;       // rows that pass
        size_t refined = 0;       // hits that are ordered by their 8-bit rows
        // Asked now and then; a failure ends the walk.
        const std::function<base::Status()>* interrupt = nullptr;
    };
    // Leaves in scratch.pool up to `refined` passing rows as plain keys, best first.
    WalkOutcome Walk(const Search& search, SearchScratch& scratch, SearchCounters* counters,
                     base::Status* interrupted) const;

  private:
    struct Inserter;  // memory of one inserting thread

    LeanGraph(const LeanOptions& options, uint32_t capacity) : options_(options) {
        capacity_ = capacity;
    }

    size_t degree() const { return store_.layout().degree; }
    base::Mutex& LockOf(uint32_t row) const { return locks_[row % kLocks]; }
    void ReadVector(const uint8_t* vector, Inserter& inserter) const;
    void InsertRow(uint32_t row, const uint8_t* vector, Inserter& inserter);
    void Choose(uint32_t row, std::span<const uint64_t> sorted, size_t filled,
                Inserter& inserter) const;
    bool Covered(uint32_t candidate, float cost, std::span<const uint32_t> chosen) const;
    void LinkBack(uint32_t row, uint32_t neighbour, Inserter& inserter);
    void OfferRouter(uint32_t row);
    void Complete(uint32_t begin, uint32_t end);
    bool Enter(const LeanQuery& query, SearchScratch& scratch) const;
    bool Neighbours(uint32_t row, SearchScratch& scratch) const;
    template <typename Pool, typename IsDone, typename Keep>
    WalkOutcome Expand(const Search& search, Pool& pool, SearchScratch& scratch,
                       SearchCounters* counters, base::Status* interrupted, const IsDone& is_done,
                       const Keep& keep) const;
    WalkOutcome WalkFiltered(const Search& search, SearchScratch& scratch, SearchCounters* counters,
                             base::Status* interrupted) const;
    void Refine(const Search& search, SearchScratch& scratch, SearchCounters* counters) const;

    static constexpr size_t kLocks = 1024;

    const LeanOptions options_;
    uint32_t capacity_ = 0;
    LeanRows store_;
    std::shared_ptr<void> owner_;
    std::atomic<uint32_t> begun_{0};
    std::atomic<uint32_t> complete_{0};
    std::array<std::atomic<uint32_t>, kRouters> routers_;
    mutable std::array<base::Mutex, kLocks> locks_;
    base::Mutex complete_mutex_;
    std::map<uint32_t, uint32_t> complete_ranges_ GUARDED_BY(complete_mutex_);  // behind a gap
};

}  // namespace elanus::vindex
