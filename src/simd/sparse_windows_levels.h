// The tables of the single instruction sets, one per sparse_windows_<level>.cc. Call them only
// through SparseWindowsAt(), which asks the processor first.
#pragma once

#include "simd/sparse_windows.h"

namespace elanus::simd {

const WindowKernels& ScalarSparseWindows();
const WindowKernels& Avx2SparseWindows();
const WindowKernels& Avx512SparseWindows();

}  // namespace elanus::simd
