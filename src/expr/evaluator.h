// Evaluate: runs a plan over one run of rows (a growing chunk or a sealed segment), column by
// column.
//
// The answer is three-valued as in SQL: a predicate on a null value is unknown, And, Or and Not
// follow Kleene's tables, and a filter selects the rows that are true. JSON differs (API map 4.8):
// only a null document is unknown; a missing key or a value of another type makes a predicate
// false, and != true. An array index past the end makes every predicate false. Fixed-width columns
// go through SIMD kernels; other predicates look only at rows that can still change the result.
// An element predicate runs over the elements of a struct array as over rows, and what is true is
// counted row by row. Terms run cheapest first and stop when nothing is left to decide. Threads:
// Evaluate is a pure function; many may run over the same columns.
#pragma once

#include "base/bitmap.h"
#include "base/call_context.h"
#include "base/status.h"
#include "expr/leaf_index.h"
#include "expr/plan.h"
#include "expr/range_codes.h"
#include "expr/shredded_path.h"
#include "schema/collection_schema.h"
#include "schema/column.h"
#include "sys/clock.h"

#include <optional>

namespace elanus::expr {

// The columns of one run of rows. Pointers stay valid for the whole call.
class ColumnSource {
  public:
    virtual ~ColumnSource() = default;
    // Null when this run of rows is older than the field: its rows hold the field's default.
    virtual const schema::ColumnView* Column(base::FieldId field_id) const = 0;
    // The field's schema, asked for when the column is absent; null when there is no such field.
    virtual const schema::FieldSchema* Field(base::FieldId field_id) const = 0;
    // What an index says of the leaf at this address (LeafOf) in the plan, one bit a row; absent
    // when no index was asked.
    virtual std::optional<LeafBits> Indexed(const void* leaf) const {
        (void)leaf;
        return std::nullopt;
    }
    virtual bool IsIndexed(const void* leaf) const {
        (void)leaf;
        return false;
    }
    // The same for a leaf of an element predicate: one bit for each of `count` elements of its
    // struct array, from element `first` of the column on.
    virtual std::optional<LeafBits> IndexedElements(const void* leaf, size_t first,
                                                    size_t count) const {
        (void)leaf, (void)first, (void)count;
        return std::nullopt;
    }
    // What the run keeps of a place in JSON as a column; absent when nothing.
    virtual std::optional<ShreddedPath> Shredded(const ColumnRef& column) const {
        (void)column;
        return std::nullopt;
    }
    // Codes of the run's rows in a column of 64-bit numbers; absent when there are none.
    virtual std::optional<RangeCodes> Codes(base::FieldId field_id) const {
        (void)field_id;
        return std::nullopt;
    }
    // The share of rows, 0 to 1, for which the plan is likely true. Terms are ordered by it.
    virtual double Selectivity(const Plan& plan) const {
        (void)plan;
        return 0.5;
    }
};

struct Truth {
    base::Bitmap is_true;   // implies known
    base::Bitmap is_known;  // empty = every row is known

    bool IsKnown(size_t row) const { return is_known.empty() || is_known.Test(row); }
};

// `needed` (optional, `rows` bits) names the rows whose answer matters; the others may get any.
// Fails with the context's status when nobody waits any more (asked every 64k rows), and with
// kServiceInternal when the plan does not fit the columns.
base::Result<Truth> Evaluate(const Plan& plan, const ColumnSource& columns, size_t rows,
                             const base::CallContext& context, sys::Clock& clock,
                             const base::Bitmap* needed = nullptr);

// The element filter of a plan; null when it has none.
const ElementMatch* ElementFilterOf(const Plan& plan);
// Which elements of the struct array the match's predicate is true for, of the needed rows only.
// Bit i is element offsets[0] + i of the column; there are offsets[rows] - offsets[0] of them. Rows
// older than the field have none.
base::Result<base::Bitmap> EvaluateElements(const ElementMatch& match, const ColumnSource& columns,
                                            size_t rows, const base::CallContext& context,
                                            sys::Clock& clock,
                                            const base::Bitmap* needed = nullptr);

}  // namespace elanus::expr
