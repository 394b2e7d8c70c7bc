#include "ann_disk.h"

#include "object/local_object_store.h"
#include "object/object_sink.h"
#include "sys/clock.h"
#include "sys/file_system.h"
#include "sys/huge_memory.h"
#include "vindex/family.h"

#include <filesystem>
#include <memory>
#include <random>
#include <vector>

namespace elanus::bench {
namespace {

constexpr size_t kReads = 20000;

class RandomReads : public sys::BlockReader {
  public:
    RandomReads(uint64_t blocks, size_t depth, uint64_t seed)
        : blocks_(blocks), room_((depth + 1) * kBlock), random_(seed) {
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
    std::mt19937_64 random_;
    size_t asked_ = 0;
};

base::Result<std::shared_ptr<object::ObjectStore>> StoreOf(const std::string& path) {
    std::string folder = std::filesystem::path(path).parent_path().string();
    ASSIGN_OR_RETURN(auto store, object::LocalObjectStore::Open(sys::PosixFileSystem(),
                                                                folder.empty() ? "." : folder));
    return std::shared_ptr<object::ObjectStore>(std::move(store));
}

std::string NameOf(const std::string& path) {
    return std::filesystem::path(path).filename().string();
}

}  // namespace

base::Status WriteIndex(const vindex::Index& index, const std::string& path) {
    ASSIGN_OR_RETURN(const auto store, StoreOf(path));
    ASSIGN_OR_RETURN(const auto writer, store->Create(NameOf(path)));
    object::ObjectSink sink(*writer);
    RETURN_IF_ERROR(index.Save(sink));
    return writer->Commit(object::CommitMode::kReplace);
}

base::Result<std::unique_ptr<vindex::Index>> OpenMapped(const std::string& path) {
    ASSIGN_OR_RETURN(std::shared_ptr<object::ObjectStore> store, StoreOf(path));
    ASSIGN_OR_RETURN(base::Buffer mapped, store->Map(NameOf(path)));
    sys::PreferHugePages(mapped.data(), mapped.size());
    return vindex::OpenIndex(std::move(mapped),
                             [store, path] { return store->OpenDirect(NameOf(path)); });
}

base::Result<double> RandomReadsPerSecond(const std::string& path, size_t depth, uint64_t seed) {
    ASSIGN_OR_RETURN(const auto file,
                     sys::PosixFileSystem().Open(path, sys::OpenMode::kReadDirect));
    ASSIGN_OR_RETURN(const uint64_t bytes, file->Size());
    RandomReads reads(bytes / sys::kBlockBytes, depth, seed);
    const int64_t begin_ns = sys::RealClock().MonotonicNs();
    RETURN_IF_ERROR(file->ReadBlocks(depth, reads));
    return 1e9 * kReads / static_cast<double>(sys::RealClock().MonotonicNs() - begin_ns);
}

}  // namespace elanus::bench
