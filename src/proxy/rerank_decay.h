// The reranker `decay`: a row's score times a factor that falls with the distance of one of its
// numbers from an origin (API map 5.7).
//
//   d = max(0, |value - origin| - offset)
//   gauss   decay ^ ((d / scale)^2)
//   exp     decay ^ (d / scale)
//   linear  max(decay, 1 - (1 - decay) * d / scale)
//
// So the factor is 1 within `offset` of the origin, and `decay` at `scale` behind that. A row whose
// value is null has no factor and comes last. Threads: a value.
#pragma once

#include "function/function_params.h"
#include "proxy/rescorer.h"
#include "schema/column.h"

#include <memory>

namespace elanus::proxy {

using function::FunctionParams;

enum class DecayCurve : uint8_t { kGauss, kExp, kLinear };

struct Decay {
    DecayCurve curve = DecayCurve::kGauss;
    double origin = 0;
    double scale = 1;    // > 0
    double offset = 0;   // >= 0
    double decay = 0.5;  // 0.001 .. 0.999

    double Factor(double value) const;
};

// A value of a column of numbers that is not null.
double NumberAt(const schema::ColumnView& column, size_t row);

// 1100 for parameters that are missing or out of range.
base::Result<Decay> ReadDecay(const FunctionParams& params);
// `field` has numbers.
std::unique_ptr<Rescorer> MakeDecayRescorer(const Decay& decay, const schema::FieldSchema& field);

}  // namespace elanus::proxy
