#include "sys/huge_memory.h"

#include <cstring>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

namespace elanus::sys {
namespace {

constexpr size_t kPageBytes = size_t{2} << 20;
constexpr size_t kLineBytes = 64;

}  // namespace

std::shared_ptr<uint8_t> ReserveHuge(size_t bytes) {
    if (bytes == 0) {
        return nullptr;
    }
    const std::align_val_t alignment{bytes < kPageBytes ? kLineBytes : kPageBytes};
    auto* memory = static_cast<uint8_t*>(::operator new(bytes, alignment));
    PreferHugePages(memory, bytes);
    return std::shared_ptr<uint8_t>(memory,
                                    [alignment](uint8_t* p) { ::operator delete(p, alignment); });
}

void PreferHugePages(const void* begin, size_t bytes) {
    if (bytes >= kPageBytes) {
        (void)::madvise(const_cast<void*>(begin), bytes, MADV_HUGEPAGE);
    }
}

void ReleasePages(const void* begin, size_t bytes) {
    const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto address = reinterpret_cast<uintptr_t>(begin);
    const uintptr_t first = (address + page - 1) / page * page;
    const uintptr_t end = (address + bytes) / page * page;
    if (first < end) {
        (void)::madvise(reinterpret_cast<void*>(first), end - first, MADV_PAGEOUT);
    }
}

std::shared_ptr<uint8_t> AllocateHuge(size_t bytes) {
    std::shared_ptr<uint8_t> memory = ReserveHuge(bytes);
    if (memory != nullptr) {
        std::memset(memory.get(), 0, bytes);
    }
    return memory;
}

}  // namespace elanus::sys
