#include "sys/io_ring.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace elanus::sys {
namespace {

// Reads handed over before the kernel is told of new ones: the disk waits for those meanwhile.
constexpr uint32_t kReapedMax = 8;

base::Status Failed(const std::string& path, int error) {
    return base::Status::Error(base::Code::kIoFailed,
                               "read " + path + ": " + std::generic_category().message(error));
}

// The rest of a read that ended early, in the old way.
base::Status ReadRest(int fd, const std::string& path, const BlockRead& read, size_t done) {
    while (done < read.size) {
        const ssize_t got = ::pread(fd, static_cast<char*>(read.to) + done, read.size - done,
                                    static_cast<off_t>(read.offset + done));
        // Direct reads go on from whole blocks alone; one that ended within a block met the end.
        const bool end = got == 0 || (got < 0 && errno == EINVAL && done > 0);
        if (got < 0 && errno != EINTR && !end) {
            return Failed(path, errno);
        }
        if (end) {
            return base::Status::Error(base::Code::kIoUnexpectedEof,
                                       path + " has no " + std::to_string(read.size) +
                                           " bytes at " + std::to_string(read.offset));
        }
        done += static_cast<size_t>(std::max<ssize_t>(got, 0));
    }
    return base::Status();
}

template <typename T>
T* At(void* base, uint32_t offset) {
    return reinterpret_cast<T*>(static_cast<uint8_t*>(base) + offset);
}

}  // namespace

IoRing* IoRing::OfThread() {
    static thread_local const std::unique_ptr<IoRing> ring = Make();
    return ring.get();
}

std::unique_ptr<IoRing> IoRing::Make() {
    std::unique_ptr<IoRing> ring(new IoRing());
    for (uint32_t i = 0; i < kEntries; ++i) {
        ring->free_[i] = i;
    }
    ring->free_count_ = kEntries;
    io_uring_params params{};
    const auto fd = static_cast<int>(::syscall(SYS_io_uring_setup, kEntries, &params));
    if (fd < 0) {
        return nullptr;
    }
    ring->ring_fd_ = fd;
    // One mapping for both rings since Linux 5.4; what is older is not worth its own code.
    if ((params.features & IORING_FEAT_SINGLE_MMAP) == 0) {
        return nullptr;
    }
    ring->rings_bytes_ = std::max(params.sq_off.array + params.sq_entries * sizeof(uint32_t),
                                  params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe));
    ring->submissions_bytes_ = params.sq_entries * sizeof(io_uring_sqe);
    if (!ring->MapRings(fd)) {
        return nullptr;
    }
    void* rings = ring->rings_;
    ring->submission_tail_ = At<uint32_t>(rings, params.sq_off.tail);
    ring->submission_array_ = At<uint32_t>(rings, params.sq_off.array);
    ring->submission_mask_ = *At<uint32_t>(rings, params.sq_off.ring_mask);
    ring->completion_head_ = At<uint32_t>(rings, params.cq_off.head);
    ring->completion_tail_ = At<uint32_t>(rings, params.cq_off.tail);
    ring->completion_mask_ = *At<uint32_t>(rings, params.cq_off.ring_mask);
    ring->completions_ = At<io_uring_cqe>(rings, params.cq_off.cqes);
    return ring;
}

bool IoRing::MapRings(int fd) {
    void* rings = ::mmap(nullptr, rings_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                         fd, IORING_OFF_SQ_RING);
    rings_ = rings != MAP_FAILED ? rings : nullptr;
    void* submissions = ::mmap(nullptr, submissions_bytes_, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
    submissions_ = submissions != MAP_FAILED ? static_cast<io_uring_sqe*>(submissions) : nullptr;
    return rings_ != nullptr && submissions_ != nullptr;
}

IoRing::~IoRing() {
    if (rings_ != nullptr) {
        ::munmap(rings_, rings_bytes_);
    }
    if (submissions_ != nullptr) {
        ::munmap(submissions_, submissions_bytes_);
    }
    if (ring_fd_ >= 0) {
        ::close(ring_fd_);
    }
}

void IoRing::Submit(int fd, uint32_t slot) {
    const uint32_t tail = *submission_tail_;
    const uint32_t at = tail & submission_mask_;
    io_uring_sqe& entry = submissions_[at];
    std::memset(&entry, 0, sizeof entry);
    entry.opcode = IORING_OP_READ;
    entry.fd = fd;
    entry.off = reads_[slot].offset;
    entry.addr = reinterpret_cast<uint64_t>(reads_[slot].to);
    entry.len = static_cast<uint32_t>(reads_[slot].size);
    entry.user_data = slot;
    submission_array_[at] = at;
    std::atomic_ref<uint32_t>(*submission_tail_).store(tail + 1, std::memory_order_release);
    ++unsubmitted_;
}

uint32_t IoRing::Completed() const {
    return std::atomic_ref<uint32_t>(*completion_tail_).load(std::memory_order_acquire);
}

int IoRing::Enter() {
    const bool waits = *completion_head_ == Completed();
    if (!waits && unsubmitted_ == 0) {
        return 0;
    }
    const auto taken = ::syscall(SYS_io_uring_enter, ring_fd_, unsubmitted_, waits ? 1 : 0,
                                 waits ? IORING_ENTER_GETEVENTS : 0, nullptr, 0);
    if (taken >= 0) {
        unsubmitted_ -= static_cast<uint32_t>(taken);
        return 0;
    }
    return errno == EINTR || errno == EAGAIN || errno == EBUSY ? 0 : errno;
}

// Takes back the reads that the kernel has not been told of.
void IoRing::Withdraw() {
    const uint32_t tail = *submission_tail_ - unsubmitted_;
    for (uint32_t i = 0; i < unsubmitted_; ++i) {
        const uint32_t at = (tail + i) & submission_mask_;
        free_[free_count_++] = static_cast<uint32_t>(submissions_[at].user_data);
    }
    std::atomic_ref<uint32_t>(*submission_tail_).store(tail, std::memory_order_release);
    unsubmitted_ = 0;
}

base::Status IoRing::Reap(int fd, const std::string& path, bool deliver, BlockReader& reader) {
    base::Status status;
    uint32_t head = *completion_head_;
    const uint32_t last = head + kReapedMax;
    while (head != last && head != Completed()) {
        const io_uring_cqe completion = completions_[head & completion_mask_];
        std::atomic_ref<uint32_t>(*completion_head_).store(++head, std::memory_order_release);
        const auto slot = static_cast<uint32_t>(completion.user_data);
        const BlockRead read = reads_[slot];
        free_[free_count_++] = slot;
        if (!deliver || !status.ok()) {
            continue;
        }
        const int result = completion.res;
        const bool again = result == -EAGAIN || result == -EINTR;
        if (result < 0 && !again) {
            status = Failed(path, -result);
        } else if (again || static_cast<size_t>(result) < read.size) {
            status = ReadRest(fd, path, read, static_cast<size_t>(std::max(result, 0)));
        }
        if (status.ok()) {
            reader.Done(read);
        }
    }
    return status;
}

// Whatever happens, it waits for all that is on its way: the kernel writes to the reader's memory.
base::Status IoRing::Read(int fd, const std::string& path, size_t depth, BlockReader& reader) {
    const auto idle_min = static_cast<uint32_t>(kEntries - std::clamp<size_t>(depth, 1, kEntries));
    base::Status status;
    for (;;) {
        while (status.ok() && free_count_ > idle_min) {
            BlockRead read;
            if (!reader.Next(&read)) {
                break;
            }
            const uint32_t slot = free_[--free_count_];
            reads_[slot] = read;
            Submit(fd, slot);
        }
        if (free_count_ == kEntries) {
            return status;
        }
        const int error = Enter();
        if (error != 0) {
            Withdraw();
            status = status.ok() ? Failed(path, error) : status;
        }
        base::Status reaped = Reap(fd, path, status.ok(), reader);
        if (status.ok()) {
            status = std::move(reaped);
        }
    }
}

}  // namespace elanus::sys
