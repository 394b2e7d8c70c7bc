// What holds for every FileSystem, run over the kernel's and the simulated one.
#include "sys/file_system.h"

#include "sys/random_source.h"
#include "sys/sim_file_system.h"

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
    EXPECT_EQ(entries[0].name, "a");
    EXPECT_EQ(entries[1].size_bytes, 2u);
    EXPECT_TRUE(entries[2].is_directory);
    EXPECT_EQ(fs().Remove(Path("x")).code(), Code::kIoFailed);
    ASSERT_TRUE(fs().RemoveAll(Path("x")).ok());
    EXPECT_FALSE(fs().Exists(Path("x")).value());
    EXPECT_TRUE(fs().RemoveAll(Path("x")).ok());
    EXPECT_TRUE(fs().Remove(Path("x")).ok());
    EXPECT_EQ(fs().List(Path("x")).status().code(), Code::kIoFailed);
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
