// LeafAnswers: what the scalar indexes of a segment say of a plan's leaves, asked before the rows
// are evaluated.
//
// The leaves of an element predicate are answered by indexes of sub-fields, a bit for each element
// of the segment's struct array; rows without a candidate element are ruled out by them.
//
// An index is asked only where its answer is expected to cost less than scanning the rows that are
// still open: a range that half of the rows pass is scanned faster than it is looked up. An index
// that cannot answer (damage) leaves its leaf to the scan.
// Threads: made by and for one read.
#pragma once

#include "base/bitmap.h"
#include "expr/leaf_index.h"
#include "expr/plan.h"
#include "segment/row_source.h"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace elanus::segment {

class LeafAnswers {
  public:
    // `open_rows`: how many rows the plan would be evaluated for.
    LeafAnswers(const expr::Plan& plan, const RowSource& source, size_t open_rows);

    // Clears the rows that an answered conjunct of the plan rules out. True when what is left
    // passes the whole plan: nothing has to be evaluated.
    bool Narrow(base::Bitmap* rows) const;

    bool Has(const void* leaf) const { return answers_.contains(leaf); }
    // The answer for rows [begin, begin + count); for the leaf of an element predicate, elements.
    std::optional<expr::LeafBits> Slice(const void* leaf, size_t begin, size_t count) const;
    bool empty() const { return answers_.empty(); }
    // The indexes that answered, as profiles show them: "STL_SORT(price)", each once.
    std::vector<std::string> IndexNames() const;

  private:
    // The cheapest of the indexes that can answer a leaf; none when no index can.
    struct Choice {
        const scalar_index::Index* index = nullptr;
        scalar_index::LeafEstimate estimate;
        double cost_ns = 0;
    };
    // What a leaf is evaluated over: the rows of the segment, or the elements of a struct array.
    struct Domain {
        size_t size = 0;
        const schema::FieldSchema* parent = nullptr;  // the struct array
    };
    Choice Cheapest(const expr::Plan& leaf) const;
    void AskAll(const expr::Plan& plan, const Domain& domain, double open);
    void AskTerms(const expr::And& conjunction, const Domain& domain, double open);
    void AskElements(const expr::ElementMatch& match, double open_rows);
    // The index's answer goes in when it is worth its cost; gives the rows left open.
    double AskLeaf(const expr::Plan& leaf, const Choice& choice, const Domain& domain, double open);
    bool Decides(const expr::Plan& plan) const;
    bool NarrowByTerm(const expr::Plan& term, base::Bitmap* rows) const;
    bool NarrowByElements(const expr::ElementMatch& match, base::Bitmap* rows) const;
    // The column of a struct array when its elements are numbered as an index numbers them.
    const schema::ColumnView* Elements(const expr::ElementMatch& match) const;

    const expr::Plan& plan_;
    const RowSource& source_;
    const std::shared_ptr<const ScalarIndexes> indexes_;  // as they were when the read began
    std::unordered_map<const void*, expr::LeafBits> answers_;
    // Each once, and the struct array that it is over elements of.
    std::vector<std::pair<const scalar_index::Index*, const schema::FieldSchema*>> used_;
};

}  // namespace elanus::segment
