#include "simd/posting_blocks.h"

#include "simd/posting_blocks_levels.h"

namespace elanus::simd {

const PostingKernels* PostingsAt(Level level) {
    if (!Supported(level)) {
        return nullptr;
    }
    switch (level) {
        case Level::kScalar:
            return &ScalarPostings();
#if defined(__x86_64__)
        case Level::kAvx2:
        case Level::kAvx512:
            return &Avx2Postings();
        case Level::kAvx512Dot:
            return __builtin_cpu_supports("avx512vbmi") ? &Avx512DotPostings() : &Avx2Postings();
#endif
        default:
            return nullptr;
    }
}

const PostingKernels& Postings() {
    static const PostingKernels* const best = [] {
        const PostingKernels* wide = PostingsAt(BestLevel());
        return wide != nullptr ? wide : PostingsAt(Level::kScalar);
    }();
    return *best;
}

}  // namespace elanus::simd
