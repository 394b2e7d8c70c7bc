#include "simd/query_panels.h"

#include "simd/query_panels_levels.h"

namespace elanus::simd {

const PanelKernel* PanelsAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
#if defined(__x86_64__)
        case Level::kAvx512Dot:
        case Level::kAvx512:
            return &kAvx512Panels;
        case Level::kAvx2:
            return &kAvx2Panels;
#endif
#if defined(__aarch64__)
        case Level::kNeon:
            return &kNeonPanels;
#endif
        default:
            return &kScalarPanels;
    }
}

const PanelKernel& Panels() {
    static const PanelKernel& best = *PanelsAt(BestLevel());
    return best;
}

}  // namespace elanus::simd
