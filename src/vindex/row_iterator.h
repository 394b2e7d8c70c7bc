// RowIterator: the rows of an index from near to far, as many at a time as are asked for.
//
// It keeps its place: what a call has found is not looked for again, so that walking n rows costs
// about the same in one call and in many. Each row comes once, over all calls every row that a
// search without a limit would give. Within a call rows come best first. An approximate index may
// find a row late; it then comes with the next call, before rows that are farther.
// Threads: one call at a time. Lifetime: the index, the filter and the lists of its parameters
// outlive it.
#pragma once

#include "base/status.h"
#include "vindex/index.h"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace elanus::vindex {

class RowIterator {
  public:
    virtual ~RowIterator() = default;

    // Overwrites `out` with the next `count` rows; fewer only when there are no more. The counters
    // are those of this call. `interrupt` (may be empty) is asked now and then; after its failure
    // the iterator goes on as if the call had not been.
    virtual base::Status Next(size_t count, const std::function<base::Status()>& interrupt,
                              Neighbors* out) = 0;
    virtual uint64_t memory_bytes() const = 0;
};

}  // namespace elanus::vindex
