// Panels of queries without any instruction set: the reference.
#include "simd/query_panels_levels.h"
#include "simd/query_panels_loops.h"

namespace elanus::simd {
namespace {

struct OneFloat {
    using Reg = float;
    static constexpr size_t kWidth = 1;
    static constexpr size_t kVectors = 4;
    static constexpr size_t kRows = 2;

    static Reg Zero() { return 0; }
    static Reg Load(const float* p) { return *p; }
    static Reg Spread(float value) { return value; }
    static Reg MultiplyAdd(Reg a, Reg b, Reg c) { return a * b + c; }
    static Reg Add(Reg a, Reg b) { return a + b; }
    static uint32_t NotBelow(Reg a, Reg b) { return a < b ? 0 : 1; }
};
using Loops = QueryPanelLoops<OneFloat>;

}  // namespace

constinit const PanelKernel kScalarPanels{Loops::kQueries, Loops::Near};

}  // namespace elanus::simd
