#include "simd/cpu.h"

namespace elanus::simd {

std::string_view LevelName(Level level) {
    switch (level) {
        case Level::kScalar:
            return "scalar";
        case Level::kNeon:
            return "neon";
        case Level::kAvx2:
            return "avx2";
        case Level::kAvx512:
            return "avx512";
        case Level::kAvx512Dot:
            return "avx512dot";
    }
    return "unknown";
}

bool Supported(Level level) {
    switch (level) {
        case Level::kScalar:
            return true;
#if defined(__aarch64__)
        case Level::kNeon:
            return true;
#endif
#if defined(__x86_64__)
        case Level::kAvx2:
            return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                   __builtin_cpu_supports("f16c") && __builtin_cpu_supports("popcnt");
        case Level::kAvx512:
            return Supported(Level::kAvx2) && __builtin_cpu_supports("avx512f") &&
                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vl");
        case Level::kAvx512Dot:
            return Supported(Level::kAvx512) && __builtin_cpu_supports("avx512vnni") &&
                   __builtin_cpu_supports("avx512bf16") &&
                   __builtin_cpu_supports("avx512vpopcntdq") &&
                   __builtin_cpu_supports("avx512vbmi");
#endif
        default:
            return false;
    }
}

Level BestLevel() {
    static const Level best = [] {
        for (Level level : {Level::kAvx512Dot, Level::kAvx512, Level::kAvx2, Level::kNeon}) {
            if (Supported(level)) {
                return level;
            }
        }
        return Level::kScalar;
    }();
    return best;
}

}  // namespace elanus::simd
