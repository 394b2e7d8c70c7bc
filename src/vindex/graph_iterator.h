// GraphIterator: a walk over a graph index that stops when enough rows are found and goes on from
// there (graph_index.h has the searches that end).
//
// Two sets: rows to go to, best first, and rows gone to and not given yet. Rows are given when the
// walk has settled them: it has found as many passing rows besides, of which the worst is better
// than every row to go to. That is when a search with that many candidates would end, so recall is
// that of a search. What is found later than rows behind it comes with the next call.
// A walk that has cost as much as comparing every row with the query is followed by that: the rest
// is then known exactly, in order. So is a walk that finds no way to rows that are left.
// Memory: a bit a row, and 8 bytes for each neighbour met or, after the scan, for each row.
// Threads: as RowIterator.
#pragma once

#include "base/bitmap.h"
#include "vindex/exact_scan.h"
#include "vindex/graph_index.h"
#include "vindex/row_iterator.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::vindex {

// What a graph does for a walk that is kept. It owns the query. Nodes are numbered below the number
// of rows, in an order of the graph's own.
class GraphWalker {
  public:
    virtual ~GraphWalker() = default;

    // Appends pool keys of the nodes to start from. False: the graph is damaged.
    virtual bool Enter(std::vector<uint64_t>* open) = 0;
    // Goes to the node of a pool key: appends pool keys of neighbours that it has not gone to, and
    // gives the key of its row. `next` is likely to be gone to afterwards. False: damaged.
    virtual bool Expand(uint64_t key, uint32_t next, std::vector<uint64_t>* open,
                        uint64_t* found) = 0;
    // Whether the node was gone to; from now on it was.
    virtual bool Mark(uint32_t node) = 0;
    // costs[i] of row ids[i], as they are given as scores.
    virtual void Costs(const uint32_t* ids, size_t count, float* costs) const = 0;
    // How many rows to compare by those when `count` are given.
    virtual size_t Compared(size_t count) const { return count + 10 + count / 4; }
    virtual uint64_t memory_bytes() const = 0;
};

class GraphIterator : public RowIterator {
  public:
    struct Plan {
        SearchParams params;  // its filter and range
        Metric metric = Metric::kL2;
        uint32_t rows = 0;
        size_t matches = 0;
        size_t slack = 0;     // rows to settle besides those that are given
        size_t hops_max = 0;  // then the rest is scanned; 0 = at once
        std::string_view damage;
    };
    GraphIterator(Plan plan, std::unique_ptr<GraphWalker> walker);

    base::Status Next(size_t count, const std::function<base::Status()>& interrupt,
                      Neighbors* out) override;
    uint64_t memory_bytes() const override;

  private:
    bool Passes(uint32_t row) const {
        return !plan_.params.filter.present() || plan_.params.filter.Test(row);
    }
    base::Status Settle(size_t wanted, const std::function<base::Status()>& interrupt,
                        SearchCounters* counters);
    void TakeSettled(size_t count, std::vector<uint64_t>* given);
    base::Status Scan(const std::function<base::Status()>& interrupt, SearchCounters* counters);
    void TakeScanned(size_t count, std::vector<uint64_t>* given);
    void Give(std::span<const uint64_t> keys, Neighbors* out);

    const Plan plan_;
    const CostBand band_;
    const std::unique_ptr<GraphWalker> walker_;
    bool entered_ = false;
    bool scanned_ = false;
    bool done_ = false;  // walked past the range
    size_t hops_ = 0;
    base::Bitmap given_;
    std::vector<uint64_t> open_;   // pool keys of nodes to go to, the best in front
    std::vector<uint64_t> found_;  // keys of passing rows that were gone to and are not given
    std::vector<uint64_t> near_;   // of those, while they are settled, the best; the worst in front
    std::vector<uint64_t> rest_;   // after the scan: all that is not given, the best in front
};

}  // namespace elanus::vindex
