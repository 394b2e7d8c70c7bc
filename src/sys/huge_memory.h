// Memory on large pages, where the system has them: random access to tables of gigabytes spends
// half of its time on translating addresses otherwise.
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace elanus::sys {

// Zeroed, aligned to the page size it asks for (2 MiB; 64 bytes for what is smaller than a page).
// Null only for 0 bytes.
std::shared_ptr<uint8_t> AllocateHuge(size_t bytes);
// The same without writing to it: of what is never written most takes no memory. Contents are
// whatever they are.
std::shared_ptr<uint8_t> ReserveHuge(size_t bytes);
// A mapped file that is about to be read at random and fits into memory: asks for its pages to be
// large, and so to be read from disk 2 MiB at a time. A wish; not every system and file grants it.
void PreferHugePages(const void* begin, size_t bytes);
// A mapped file, or a part of one, that is not about to be read again: asks for the memory that its
// pages take. They stay readable. A wish as well; Linux 5.4 knows it.
void ReleasePages(const void* begin, size_t bytes);

}  // namespace elanus::sys
