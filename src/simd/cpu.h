// Which instruction set the kernels may use, found out once from the processor.
// Threads: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace elanus::simd {

// kAvx512Dot is AVX-512 with VNNI, BF16, VPOPCNTDQ and VBMI.
enum class Level : uint8_t { kScalar, kNeon, kAvx2, kAvx512, kAvx512Dot };

std::string_view LevelName(Level level);
// True when this build has kernels for `level` and this processor (and kernel) can run them.
bool Supported(Level level);
Level BestLevel();

}  // namespace elanus::simd
