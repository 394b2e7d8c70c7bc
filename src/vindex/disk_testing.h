// What the tests of DISKANN share: a file that counts what is read of it.
#pragma once

#include "sys/random_source.h"
#include "sys/sim_file_system.h"
#include "vindex/index_testing.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace elanus::vindex {

inline constexpr uint32_t kFew = kRows / 2;
inline constexpr uint32_t kWide = 300;       // codes in memory, in planes by default
inline constexpr uint32_t kBlocksDim = 400;  // codes of neighbours in the nodes

// No cache, so that every node is read.
inline ParamMap NoCache(uint32_t dim) {
    ParamMap params = {
        {"max_degree", "24"}, {"search_list_size", "60"}, {"search_cache_budget_gb_ratio", "0"}};
    if (dim >= kBlocksDim) {  // has no codes in memory, and spends their budget on nodes
        params["pq_code_budget_gb_ratio"] = "0";
    }
    return params;
}

inline SearchParams With(size_t k, ParamMap params) {
    SearchParams search;
    search.k = k;
    search.params = std::move(params);
    return search;
}

// Writes a file and counts what is read of it.
class OnDisk {
  public:
    explicit OnDisk(sys::FileSystem& files, const std::string& bytes) : files_(files) {
        path_ = sys::JoinPath(&files == &sys::PosixFileSystem() ? testing::TempDir() : "/",
                              "disk-graph-" + std::to_string(sys::RealRandom().Next()));
        const auto file = files.Open(path_, sys::OpenMode::kCreateNew);
        EXPECT_TRUE(file.ok()) << file.status().reason();
        EXPECT_TRUE((*file)->WriteAt(0, bytes).ok());
        bytes_ = base::Buffer::FromString(bytes);
    }
    ~OnDisk() { EXPECT_TRUE(files_.Remove(path_).ok()); }

    base::Result<std::unique_ptr<Index>> Open() {
        return OpenIndex(bytes_, [&]() -> base::Result<std::unique_ptr<sys::File>> {
            ASSIGN_OR_RETURN(auto file, files_.Open(path_, sys::OpenMode::kReadDirect));
            return std::unique_ptr<sys::File>(std::make_unique<Counting>(std::move(file), *this));
        });
    }

    uint64_t reads = 0;
    size_t most = 0;    // on their way at a time
    uint64_t wide = 0;  // bytes of the longest read

  private:
    struct Counting final : sys::File {
        Counting(std::unique_ptr<sys::File> file_in, OnDisk& disk_in)
            : file(std::move(file_in)), disk(disk_in) {}
        base::Status ReadBlocks(size_t depth, sys::BlockReader& reader) override {
            struct Counter final : sys::BlockReader {
                bool Next(sys::BlockRead* read) override {
                    const bool more = inner->Next(read);
                    on_way += more ? 1 : 0;
                    disk->reads += more ? 1 : 0;
                    disk->most = std::max(disk->most, on_way);
                    disk->wide = more ? std::max<uint64_t>(disk->wide, read->size) : disk->wide;
                    return more;
                }
                void Done(const sys::BlockRead& read) override {
                    --on_way;
                    inner->Done(read);
                }
                sys::BlockReader* inner = nullptr;
                OnDisk* disk = nullptr;
                size_t on_way = 0;
            } counter;
            counter.inner = &reader;
            counter.disk = &disk;
            return file->ReadBlocks(depth, counter);
        }
        base::Result<std::string> ReadAt(uint64_t o, size_t n) override {
            return file->ReadAt(o, n);
        }
        base::Status WriteAt(uint64_t o, std::string_view b) override {
            return file->WriteAt(o, b);
        }
        base::Result<uint64_t> Size() override { return file->Size(); }
        base::Status Truncate(uint64_t n) override { return file->Truncate(n); }
        base::Status Preallocate(uint64_t n) override { return file->Preallocate(n); }
        base::Status DataSync() override { return file->DataSync(); }
        base::Result<base::Buffer> Map() override { return file->Map(); }
        std::unique_ptr<sys::File> file;
        OnDisk& disk;
    };

    sys::FileSystem& files_;
    std::string path_;
    base::Buffer bytes_;
};

}  // namespace elanus::vindex
