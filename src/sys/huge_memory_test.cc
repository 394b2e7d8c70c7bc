#include "sys/huge_memory.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace elanus::sys {
namespace {

TEST(HugeMemory, IsZeroedAndAligned) {
    EXPECT_EQ(AllocateHuge(0), nullptr);
    for (size_t bytes : {size_t{1}, size_t{100}, size_t{2} << 20, (size_t{5} << 20) + 7}) {
        const std::shared_ptr<uint8_t> memory = AllocateHuge(bytes);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.get()) % 64, 0u);
        EXPECT_TRUE(std::all_of(memory.get(), memory.get() + bytes,
                                [](uint8_t byte) { return byte == 0; }));
        memory.get()[bytes - 1] = 1;
    }
}

TEST(HugeMemory, ReleasedPagesKeepTheirBytes) {
    const size_t bytes = (size_t{3} << 20) + 5;
    const std::shared_ptr<uint8_t> memory = AllocateHuge(bytes);
    std::fill_n(memory.get(), bytes, uint8_t{7});
    ReleasePages(memory.get() + 3, bytes - 3);
    ReleasePages(memory.get() + 3, 2);
    ReleasePages(memory.get(), 0);
    EXPECT_TRUE(
        std::all_of(memory.get(), memory.get() + bytes, [](uint8_t byte) { return byte == 7; }));
}

}  // namespace
}  // namespace elanus::sys
