// IoRing: reads of one thread through io_uring (Linux), so that many are on their way at once for
// one system call a few.
//
// The kernel's interface is used as it is: a ring of submissions and one of completions in shared
// memory. A kernel or a sandbox may refuse it; callers then read one after another.
// Threads: each thread has its own ring, made when it first asks for one and kept.
#pragma once

#include "base/status.h"
#include "sys/file_system.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

struct io_uring_sqe;
struct io_uring_cqe;

namespace elanus::sys {

class IoRing {
  public:
    static constexpr uint32_t kEntries = 128;

    // Null when the system has none for us.
    static IoRing* OfThread();
    ~IoRing();
    IoRing(const IoRing&) = delete;
    IoRing& operator=(const IoRing&) = delete;

    // As File::ReadBlocks of the file `fd`; `path` is for messages. At most kEntries at a time.
    base::Status Read(int fd, const std::string& path, size_t depth, BlockReader& reader);

  private:
    IoRing() = default;
    static std::unique_ptr<IoRing> Make();
    bool MapRings(int fd);

    // Puts a read into slot `slot` of those on their way.
    void Submit(int fd, uint32_t slot);
    // The end of the completions that are there.
    uint32_t Completed() const;
    // Tells the kernel of new reads, and waits for one to end unless one has; 0 or an errno.
    int Enter();
    void Withdraw();
    // Takes a few of those that have ended: frees slots, and answers the first failure.
    base::Status Reap(int fd, const std::string& path, bool deliver, BlockReader& reader);

    int ring_fd_ = -1;
    void* rings_ = nullptr;
    size_t rings_bytes_ = 0;
    io_uring_sqe* submissions_ = nullptr;
    size_t submissions_bytes_ = 0;
    uint32_t* submission_tail_ = nullptr;
    uint32_t* submission_array_ = nullptr;
    uint32_t submission_mask_ = 0;
    uint32_t* completion_head_ = nullptr;
    uint32_t* completion_tail_ = nullptr;
    uint32_t completion_mask_ = 0;
    io_uring_cqe* completions_ = nullptr;

    std::array<BlockRead, kEntries> reads_;
    std::array<uint32_t, kEntries> free_;
    uint32_t free_count_ = 0;
    uint32_t unsubmitted_ = 0;
};

}  // namespace elanus::sys
