// Panels of queries by the single instruction sets, one per query_panels_<level>.cc. Call them only
// through PanelsAt(), which asks the processor first.
#pragma once

#include "simd/query_panels.h"

namespace elanus::simd {

extern const PanelKernel kScalarPanels;
extern const PanelKernel kAvx2Panels;
extern const PanelKernel kAvx512Panels;
extern const PanelKernel kNeonPanels;

}  // namespace elanus::simd
