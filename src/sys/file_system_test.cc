// What holds for every FileSystem, run over the kernel's and the simulated one.
#include "sys/file_system.h"

#include "sys/random_source.h"
#include "sys/sim_file_system.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace elanus::sys {
namespace {

using base::Code;

class FileSystemTest : public ::testing::TestWithParam<bool> {
  protected:
    FileSystemTest()
        : root_(GetParam() ? "/disk"
                           : JoinPath(::testing::TempDir(),
                                      "elanus-sys-" + std::to_string(RealRandom().Next()))) {
        EXPECT_TRUE(fs().CreateDirectories(root_).ok());
    }
    ~FileSystemTest() override { EXPECT_TRUE(fs().RemoveAll(root_).ok()); }

    FileSystem& fs() { return GetParam() ? static_cast<FileSystem&>(sim_) : PosixFileSystem(); }
    std::string Path(std::string_view name) const { return JoinPath(root_, name); }
    void WriteFile(const std::string& name, std::string_view bytes) {
        auto file = fs().Open(Path(name), OpenMode::kCreateOrOpen);
        ASSERT_TRUE(file.ok()) << file.status().reason();
        ASSERT_TRUE((*file)->WriteAt(0, bytes).ok());
        ASSERT_TRUE((*file)->DataSync().ok());
    }
    std::string ReadFile(const std::string& name) {
        auto file = fs().Open(Path(name), OpenMode::kRead);
        return file.ok() ? (*file)->ReadAt(0, 1 << 20).value() : "<" + file.status().reason() + ">";
    }

    SimFileSystem sim_;
    const std::string root_;
};

TEST_P(FileSystemTest, BytesComeBackAndReadsEndWithTheFile) {
    WriteFile("a", "hello world");
    auto file = fs().Open(Path("a"), OpenMode::kReadWrite).value();
    EXPECT_EQ(file->ReadAt(6, 100).value(), "world");
    EXPECT_EQ(file->ReadAt(11, 5).value(), "");
    EXPECT_EQ(file->ReadAt(500, 5).value(), "");
    ASSERT_TRUE(file->WriteAt(15, "x").ok());
    EXPECT_EQ(file->Size().value(), 16u);
    EXPECT_EQ(file->ReadAt(11, 5).value(), std::string("\0\0\0\0x", 5));
    ASSERT_TRUE(file->Truncate(5).ok());
    EXPECT_EQ(file->ReadAt(0, 1 << 20).value(), "hello");
}

// Reads blocks in a given order and checks what comes; a third of them are asked for only when
// others are there.
class Blocks : public BlockReader {
  public:
    Blocks(const std::string& bytes, std::vector<uint64_t> order)
        : bytes_(bytes), order_(std::move(order)), room_((order_.size() + 1) * kBlockBytes) {
        void* at = room_.data();
        size_t space = room_.size();
        aligned_ = static_cast<char*>(std::align(kBlockBytes, kBlockBytes, at, space));
    }
    bool Next(BlockRead* read) override {
        if (asked == order_.size() || (asked % 3 == 2 && done + 2 < asked)) {
            return false;
        }
        *read = {order_[asked] * kBlockBytes, kBlockBytes, aligned_ + asked * kBlockBytes, asked};
        ++asked;
        most = std::max(most, asked - done);
        return true;
    }
    void Done(const BlockRead& read) override {
        ++done;
        EXPECT_EQ(read.offset, order_[read.tag] * kBlockBytes);
        EXPECT_EQ(std::string_view(static_cast<char*>(read.to), read.size),
                  std::string_view(bytes_).substr(read.offset, read.size));
    }
    size_t asked = 0;
    size_t done = 0;
    size_t most = 0;  // on their way at a time

  private:
    const std::string& bytes_;
    const std::vector<uint64_t> order_;
    std::vector<char> room_;
    char* aligned_ = nullptr;
};

TEST_P(FileSystemTest, BlocksAreReadInAnyOrder) {
    std::string bytes(64 * kBlockBytes, 0);
    for (size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>(i / kBlockBytes * 31 + i);
    }
    WriteFile("a", bytes);
    std::vector<uint64_t> order;
    for (uint64_t i = 0; i < 500; ++i) {
        order.push_back(i * 37 % 64);
    }
    for (size_t depth : {size_t{1}, size_t{7}, size_t{1000}}) {
        auto file = fs().Open(Path("a"), OpenMode::kReadDirect).value();
        Blocks blocks(bytes, order);
        ASSERT_TRUE(file->ReadBlocks(depth, blocks).ok());
        EXPECT_EQ(blocks.done, order.size());
        EXPECT_LE(blocks.most, depth);
    }
    EXPECT_EQ(fs().Open(Path("b"), OpenMode::kReadDirect).status().code(), Code::kIoFailed);
}

TEST_P(FileSystemTest, BlocksBehindTheEndAreAnError) {
    WriteFile("a", std::string(2 * kBlockBytes + 100, 'x'));
    auto file = fs().Open(Path("a"), OpenMode::kReadDirect).value();
    const std::string none;
    for (uint64_t block : {2, 3, 90}) {
        Blocks blocks(none, {block, block, block});
        EXPECT_EQ(file->ReadBlocks(2, blocks).code(), Code::kIoUnexpectedEof) << block;
        EXPECT_EQ(blocks.done, 0u);
    }
    const std::string whole(2 * kBlockBytes, 'x');  // and the next reads are as good as any
    Blocks blocks(whole, {0, 1, 0});
    EXPECT_TRUE(file->ReadBlocks(3, blocks).ok());
    EXPECT_EQ(blocks.done, 3u);
}

TEST_P(FileSystemTest, OpenModesSayWhatMustExist) {
    EXPECT_EQ(fs().Open(Path("a"), OpenMode::kRead).status().code(), Code::kIoFailed);
    EXPECT_EQ(fs().Open(Path("a"), OpenMode::kReadWrite).status().code(), Code::kIoFailed);
    EXPECT_TRUE(fs().Open(Path("a"), OpenMode::kCreateNew).ok());
    const auto again = fs().Open(Path("a"), OpenMode::kCreateNew);
    EXPECT_EQ(again.status().code(), Code::kIoFailed);
    EXPECT_NE(again.status().reason().find(Path("a")), std::string::npos);
    auto reader = fs().Open(Path("a"), OpenMode::kRead).value();
    EXPECT_EQ(reader->WriteAt(0, "x").code(), Code::kIoFailed);
}

TEST_P(FileSystemTest, PreallocateSetsTheSizeAndNeverShrinks) {
    auto file = fs().Open(Path("a"), OpenMode::kCreateNew).value();
    ASSERT_TRUE(file->Preallocate(10'000).ok());
    EXPECT_EQ(file->Size().value(), 10'000u);
    EXPECT_EQ(file->ReadAt(9'998, 10).value(), std::string(2, '\0'));
    ASSERT_TRUE(file->Preallocate(5'000).ok());
    EXPECT_EQ(file->Size().value(), 10'000u);
    EXPECT_TRUE(file->Preallocate(0).ok());
}

TEST_P(FileSystemTest, AMappingShowsTheFileAndOutlivesIt) {
    WriteFile("empty", "");
    EXPECT_TRUE(fs().Open(Path("empty"), OpenMode::kRead).value()->Map().value().empty());
    WriteFile("a", "mapped");
    const auto buffer = fs().Open(Path("a"), OpenMode::kRead).value()->Map().value();
    ASSERT_TRUE(fs().Remove(Path("a")).ok());
    EXPECT_EQ(buffer.view(), "mapped");
}

TEST_P(FileSystemTest, RenameReplacesAndLinkDoesNot) {
    WriteFile("a", "first");
    WriteFile("b", "second");
    EXPECT_EQ(fs().LinkNew(Path("a"), Path("b")).code(), Code::kIoFailed);
    ASSERT_TRUE(fs().LinkNew(Path("a"), Path("c")).ok());
    ASSERT_TRUE(fs().Rename(Path("a"), Path("b")).ok());
    EXPECT_FALSE(fs().Exists(Path("a")).value());
    EXPECT_EQ(ReadFile("b"), "first");
    EXPECT_EQ(ReadFile("c"), "first");
    EXPECT_EQ(fs().Rename(Path("a"), Path("b")).code(), Code::kIoFailed);
}

TEST_P(FileSystemTest, DirectoriesAreListedSortedAndRemovedWhole) {
    ASSERT_TRUE(fs().CreateDirectories(Path("x/y/z")).ok());
    ASSERT_TRUE(fs().CreateDirectories(Path("x/y/z")).ok());
    WriteFile("x/y/b", "12");
    WriteFile("x/y/a", "1");
    const auto entries = fs().List(Path("x/y")).value();
    ASSERT_EQ(entries.size(), 3u);
    EXPECT_EQ(fs().List(Path("x/y/b")).status().code(), Code::kKeyNotFound);
    EXPECT_EQ(entries[0].name, "a");
    EXPECT_EQ(entries[1].size_bytes, 2u);
    EXPECT_TRUE(entries[2].is_directory);
    EXPECT_EQ(fs().Remove(Path("x")).code(), Code::kIoFailed);
    ASSERT_TRUE(fs().RemoveAll(Path("x")).ok());
    EXPECT_FALSE(fs().Exists(Path("x")).value());
    EXPECT_TRUE(fs().RemoveAll(Path("x")).ok());
    EXPECT_TRUE(fs().Remove(Path("x")).ok());
    EXPECT_EQ(fs().List(Path("x")).status().code(), Code::kKeyNotFound);
    EXPECT_TRUE(fs().SyncDirectory(root_).ok());
}

TEST_P(FileSystemTest, ALockIsHeldOnce) {
    auto lock = fs().Lock(Path("LOCK"));
    ASSERT_TRUE(lock.ok());
    const auto second = fs().Lock(Path("LOCK"));
    EXPECT_EQ(second.status().code(), Code::kServiceUnavailable);
    if (!GetParam()) {
        EXPECT_NE(second.status().reason().find(std::to_string(::getpid())), std::string::npos)
            << second.status().reason();
    }
    lock.value().reset();
    EXPECT_TRUE(fs().Lock(Path("LOCK")).ok());
}

INSTANTIATE_TEST_SUITE_P(Both, FileSystemTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Sim" : "Posix"; });

TEST(PathTest, JoinAndParent) {
    EXPECT_EQ(JoinPath("a", "b"), "a/b");
    EXPECT_EQ(JoinPath("a/", "b"), "a/b");
    EXPECT_EQ(JoinPath("", "b"), "b");
    EXPECT_EQ(ParentPath("a/b/c"), "a/b");
    EXPECT_EQ(ParentPath("a/b/"), "a");
    EXPECT_EQ(ParentPath("a"), ".");
    EXPECT_EQ(ParentPath("/a"), "/");
    EXPECT_EQ(ParentPath("/"), "/");
}

}  // namespace
}  // namespace elanus::sys
