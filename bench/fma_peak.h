// The most multiply-adds a core does: a loop over registers, without memory. Its file is compiled
// for the machine at hand.
// Threads: any.
#pragma once

#include <cstddef>

namespace elanus::bench {

// Returns the floating-point operations that it made (two a multiply-add).
double FmaRounds(size_t rounds);

}  // namespace elanus::bench
