// Index: a scalar index of one column (or one JSON path of it) of one sealed segment, used in place
// from its mapped file. It answers single leaves of a plan: exactly, or with a superset of the rows
// that the evaluator then looks at.
//
// INV-SCALAR-1  What an index answers is what expr::Evaluate says of the leaf on the rows that the
//               index was built from, null rows aside: an exact answer is the same bits, another
//               one contains them.
// INV-SCALAR-2  Open() proves what reads rely on for memory safety (lengths, offsets that rise,
//               row numbers below rows()) or reads check it as they go; damage is an error, never a
//               crash.
// Threads: immutable after Open(); any number of readers.
#pragma once

#include "base/buffer.h"
#include "base/ids.h"
#include "base/status.h"
#include "expr/leaf_index.h"
#include "expr/plan.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace elanus::scalar_index {

enum class Kind : uint8_t { kInverted, kBitmap, kSorted, kTrie, kNgram, kBoxTree, kText };
// Milvus' name: INVERTED, BITMAP, STL_SORT, TRIE, NGRAM, RTREE; and TEXT, which users cannot make.
std::string_view KindName(Kind kind);

// What answering a leaf would give and cost.
struct LeafEstimate {
    uint64_t rows = 0;   // at most so many bits will be set (an upper bound or a close guess)
    uint64_t reads = 0;  // entries (row numbers, bitmap words, terms) that the answer has to read
    bool exact = false;  // as LeafBits::exact
};

class Index {
  public:
    // `file` is a whole mapped index file. kDataCorruption names what is wrong with it.
    static base::Result<std::shared_ptr<const Index>> Open(base::Buffer file);

    virtual ~Index() = default;

    virtual Kind kind() const = 0;
    virtual uint64_t rows() const = 0;
    virtual base::FieldId field_id() const = 0;
    // Bytes of the mapped file.
    virtual uint64_t file_bytes() const = 0;

    // Absent when this index cannot answer the leaf. Costs at most some binary searches.
    virtual std::optional<LeafEstimate> Estimate(const expr::Plan& leaf) const = 0;
    // The bits of all rows(). Only for leaves with an estimate. kDataCorruption when a list is
    // damaged.
    virtual base::Result<expr::LeafBits> Answer(const expr::Plan& leaf) const = 0;
    // Reads everything: checksums, order of the keys, bounds of every list.
    virtual base::Status Verify() const = 0;
};

}  // namespace elanus::scalar_index
