#include "simd/group_costs.h"

#include "simd/group_costs_levels.h"

namespace elanus::simd {

const GroupKernels* GroupsAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
#if defined(__x86_64__)
        case Level::kAvx512Dot:
            return &Avx512DotGroups();
        case Level::kAvx512:
        case Level::kAvx2:
            return &Avx2Groups();
#endif
        default:
            return &ScalarGroups();
    }
}

const GroupKernels& Groups() {
    static const GroupKernels* const best = GroupsAt(BestLevel());
    return *best;
}

}  // namespace elanus::simd
