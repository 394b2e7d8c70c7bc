// The group tables of the single instruction sets, one per group_costs_<level>.cc. Call them only
// through GroupsAt(), which asks the processor first.
#pragma once

#include "simd/group_costs.h"

namespace elanus::simd {

const GroupKernels& ScalarGroups();
const GroupKernels& Avx2Groups();
const GroupKernels& Avx512DotGroups();

}  // namespace elanus::simd
