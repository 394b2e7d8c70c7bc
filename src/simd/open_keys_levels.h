// Unsorted keys by the single instruction sets, one per open_keys_<level>.cc. Call them only
// through KeysAt(), which asks the processor first.
#pragma once

#include "simd/open_keys.h"

namespace elanus::simd {

extern const OpenKeys kAvx2OpenKeys;
extern const OpenKeys kAvx512OpenKeys;

}  // namespace elanus::simd
