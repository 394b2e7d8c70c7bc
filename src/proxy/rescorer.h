// Rescorer: gives rows new scores from the values of one of their fields, after lists are fused.
// One for each request. Threads: one.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

#include <limits>
#include <vector>

namespace elanus::proxy {

// The score of a row that a rescorer cannot score: it comes last and is shown as 0.
inline constexpr float kUnscored = -std::numeric_limits<float>::infinity();

class Rescorer {
  public:
    virtual ~Rescorer() = default;

    // The field it reads.
    virtual const schema::FieldSchema& field() const = 0;
    // Row i of `values` has score (*scores)[i]; the rows of the first query come first, counts[q]
    // of query q. After it larger scores are better.
    virtual base::Status Rescore(const base::CallContext& context, const schema::ColumnView& values,
                                 const std::vector<size_t>& counts, std::vector<float>* scores) = 0;
};

}  // namespace elanus::proxy
