#include "sys/random_source.h"

#include "base/check.h"

#include <cerrno>
#include <cstddef>

#include <sys/random.h>

namespace elanus::sys {
namespace {

class KernelRandom : public Random {
  public:
    uint64_t Next() override {
        uint64_t value = 0;
        size_t filled = 0;
        while (filled < sizeof value) {
            const ssize_t got =
                ::getrandom(reinterpret_cast<char*>(&value) + filled, sizeof value - filled, 0);
            CHECK(got >= 0 || errno == EINTR, "getrandom failed");
            filled += got > 0 ? static_cast<size_t>(got) : 0;
        }
        return value;
    }
};

}  // namespace

uint64_t Random::Below(uint64_t bound) {
    // The high half of a 128-bit product; the bias is below bound / 2^64.
    __extension__ using Wide = unsigned __int128;
    return static_cast<uint64_t>((static_cast<Wide>(Next()) * bound) >> 64);
}

Random& RealRandom() {
    static KernelRandom random;
    return random;
}

uint64_t SeededRandom::Next() {
    base::MutexLock lock(mutex_);
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

}  // namespace elanus::sys
