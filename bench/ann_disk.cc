#include "ann_disk.h"

#include "codec/sink.h"
#include "sys/clock.h"
#include "sys/file_system.h"
#include "vindex/family.h"

#include <memory>
#include <random>
#include <vector>

namespace elanus::bench {
namespace {

constexpr size_t kReads = 20000;

class RandomReads : public sys::BlockReader {
  public:
    RandomReads(uint64_t blocks, size_t depth) : blocks_(blocks), room_((depth + 1) * kBlock) {
        void* at = room_.data();
        size_t space = room_.size();
        auto* aligned = static_cast<char*>(std::align(kBlock, kBlock, at, space));
        for (size_t i = 0; i < depth; ++i) {
            free_.push_back(aligned + i * kBlock);
        }
    }
    bool Next(sys::BlockRead* read) override {
        if (asked_ == kReads) {
            return false;
        }
        ++asked_;
        *read = {random_() % blocks_ * kBlock, kBlock, free_.back(), 0};
        free_.pop_back();
        return true;
    }
    void Done(const sys::BlockRead& read) override { free_.push_back(static_cast<char*>(read.to)); }

  private:
    static constexpr size_t kBlock = sys::kBlockBytes;
    const uint64_t blocks_;
    std::vector<char> room_;
    std::vector<char*> free_;
    std::mt19937_64 random_{1};
    size_t asked_ = 0;
};

}  // namespace

base::Result<std::unique_ptr<vindex::Index>> ReopenFromDisk(const vindex::Index& index,
                                                            const std::string& path) {
    sys::FileSystem& files = sys::PosixFileSystem();
    codec::StringSink sink;
    RETURN_IF_ERROR(index.Save(sink));
    ASSIGN_OR_RETURN(const auto file, files.Open(path, sys::OpenMode::kCreateOrOpen));
    RETURN_IF_ERROR(file->Truncate(0));
    RETURN_IF_ERROR(file->WriteAt(0, sink.bytes()));
    RETURN_IF_ERROR(file->DataSync());
    ASSIGN_OR_RETURN(base::Buffer mapped, file->Map());
    return vindex::OpenIndex(std::move(mapped),
                             [&] { return files.Open(path, sys::OpenMode::kReadDirect); });
}

base::Result<double> RandomReadsPerSecond(const std::string& path, size_t depth) {
    ASSIGN_OR_RETURN(const auto file,
                     sys::PosixFileSystem().Open(path, sys::OpenMode::kReadDirect));
    ASSIGN_OR_RETURN(const uint64_t bytes, file->Size());
    RandomReads reads(bytes / sys::kBlockBytes, depth);
    const int64_t begin_ns = sys::RealClock().MonotonicNs();
    RETURN_IF_ERROR(file->ReadBlocks(depth, reads));
    return 1e9 * kReads / static_cast<double>(sys::RealClock().MonotonicNs() - begin_ns);
}

}  // namespace elanus::bench
