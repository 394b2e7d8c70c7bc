#include "sys/sim_file_system.h"

#include <set>

#include <gtest/gtest.h>

namespace elanus::sys {
namespace {

using base::Code;
using base::Status;

constexpr int kSeeds = 200;

std::unique_ptr<File> Create(SimFileSystem& disk, const std::string& path) {
    return disk.Open(path, OpenMode::kCreateOrOpen).value();
}

// "<absent>" or the file's bytes.
std::string BytesAt(FileSystem& disk, const std::string& path) {
    auto file = disk.Open(path, OpenMode::kRead);
    return file.ok() ? (*file)->ReadAt(0, 1 << 20).value() : "<absent>";
}

std::set<std::string> Outcomes(const SimFileSystem& disk, const std::string& path) {
    std::set<std::string> outcomes;
    for (int seed = 0; seed < kSeeds; ++seed) {
        outcomes.insert(BytesAt(*disk.CrashClone(seed), path));
    }
    return outcomes;
}

TEST(SimFileSystemTest, SyncedBytesSurviveEveryCutAndUnsyncedOnesMayNot) {
    SimFileSystem disk;
    auto file = Create(disk, "a");
    ASSERT_TRUE(file->WriteAt(0, "safe").ok());
    ASSERT_TRUE(file->DataSync().ok());
    ASSERT_TRUE(disk.SyncDirectory("/").ok());
    EXPECT_EQ(Outcomes(disk, "a"), std::set<std::string>{"safe"});
    ASSERT_TRUE(file->WriteAt(0, "SAFE").ok());
    EXPECT_EQ(Outcomes(disk, "a"), (std::set<std::string>{"safe", "SAFE"}));
    EXPECT_EQ(BytesAt(*disk.CrashClone(0), "a"), "safe");
    EXPECT_EQ(BytesAt(*disk.CrashClone(1), "a"), "SAFE");
}

TEST(SimFileSystemTest, AFileIsLostWithoutASyncOfItsDirectory) {
    SimFileSystem disk;
    auto file = Create(disk, "a");
    ASSERT_TRUE(file->WriteAt(0, "x").ok());
    ASSERT_TRUE(file->DataSync().ok());
    EXPECT_EQ(Outcomes(disk, "a"), (std::set<std::string>{"<absent>", "x"}));
}

TEST(SimFileSystemTest, UnsyncedWritesAreReorderedAndTorn) {
    SimFileSystem disk;
    auto file = Create(disk, "a");
    ASSERT_TRUE(file->WriteAt(0, std::string(3 * 512, '-')).ok());
    ASSERT_TRUE(file->DataSync().ok());
    ASSERT_TRUE(disk.SyncDirectory("/").ok());
    ASSERT_TRUE(file->WriteAt(0, std::string(2 * 512, '1')).ok());
    ASSERT_TRUE(file->WriteAt(2 * 512, "2").ok());
    std::set<std::string> shapes;
    for (const std::string& bytes : Outcomes(disk, "a")) {
        shapes.insert({bytes[0], bytes[511], bytes[512], bytes[1024]});
    }
    EXPECT_TRUE(shapes.contains("---2")) << "the later write alone";
    EXPECT_TRUE(shapes.contains("11--")) << "torn after the first sector";
    EXPECT_TRUE(shapes.contains("--1-")) << "torn before the second sector";
    EXPECT_FALSE(shapes.contains("1-1-")) << "torn inside a sector";
    EXPECT_EQ(shapes.size(), 8u);
}

TEST(SimFileSystemTest, WithinASectorALaterWriteBringsTheEarlierOnes) {
    SimFileSystem disk;
    auto file = Create(disk, "a");
    ASSERT_TRUE(file->WriteAt(0, "--").ok());
    ASSERT_TRUE(file->DataSync().ok());
    ASSERT_TRUE(disk.SyncDirectory("/").ok());
    ASSERT_TRUE(file->WriteAt(0, "1").ok());
    ASSERT_TRUE(file->WriteAt(1, "2").ok());
    EXPECT_EQ(Outcomes(disk, "a"), (std::set<std::string>{"--", "1-", "12"}));
}

TEST(SimFileSystemTest, AGrownFileMayEndInGarbageAndAPreallocatedOneInZeros) {
    SimFileSystem disk;
    auto grown = Create(disk, "grown");
    auto reserved = Create(disk, "reserved");
    ASSERT_TRUE(disk.SyncDirectory("/").ok());
    ASSERT_TRUE(grown->WriteAt(0, "abcd").ok());
    ASSERT_TRUE(reserved->Preallocate(4).ok());
    const auto outcomes = Outcomes(disk, "grown");
    EXPECT_TRUE(outcomes.contains(""));
    EXPECT_TRUE(outcomes.contains(std::string(4, '\0')));
    EXPECT_GT(outcomes.size(), 4u) << "garbage";
    EXPECT_EQ(Outcomes(disk, "reserved"), (std::set<std::string>{"", std::string(4, '\0')}));
}

TEST(SimFileSystemTest, DirectoryChangesAreKeptOrLostEachForItself) {
    SimFileSystem disk;
    ASSERT_TRUE(disk.CreateDirectories("d").ok());
    ASSERT_TRUE(Create(disk, "d/a")->WriteAt(0, "A").ok());
    ASSERT_TRUE(Create(disk, "d/a")->DataSync().ok());
    ASSERT_TRUE(disk.SyncDirectory("d").ok());
    ASSERT_TRUE(disk.Rename("d/a", "d/b").ok());
    ASSERT_TRUE(disk.LinkNew("d/b", "d/c").ok());
    std::set<std::string> shapes;
    for (int seed = 0; seed < kSeeds; ++seed) {
        auto after = disk.CrashClone(seed);
        std::string names;
        const auto entries = after->List("d").value();
        for (const auto& entry : entries) {
            names += entry.name;
            EXPECT_EQ(BytesAt(*after, "d/" + entry.name), "A");
        }
        shapes.insert(names);
    }
    EXPECT_EQ(shapes, (std::set<std::string>{"a", "b", "ac", "bc"}));
}

TEST(SimFileSystemTest, ThePowerGoesAtTheChosenSync) {
    SimFileSystem disk;
    auto file = Create(disk, "a");
    ASSERT_TRUE(disk.SyncDirectory("/").ok());
    disk.CrashAtSync(2);
    ASSERT_TRUE(file->WriteAt(0, "x").ok());
    EXPECT_EQ(file->DataSync().code(), Code::kIoFailed);
    EXPECT_EQ(disk.sync_count(), 2u);
    EXPECT_EQ(file->ReadAt(0, 1).status().code(), Code::kIoFailed);
    EXPECT_EQ(disk.Exists("a").status().code(), Code::kIoFailed);
    EXPECT_EQ(BytesAt(*disk.CrashClone(0), "a"), "");
}

TEST(SimFileSystemTest, ACallFailsOnceAndAFailedWriteIsHalfDone) {
    SimFileSystem disk;
    auto file = Create(disk, "a");
    disk.FailCall(disk.call_count() + 1, Status::Error(Code::kDiskLimitExceeded, "full"));
    EXPECT_EQ(file->WriteAt(0, "abcd").code(), Code::kDiskLimitExceeded);
    EXPECT_EQ(file->ReadAt(0, 10).value(), "ab");
    EXPECT_TRUE(file->WriteAt(0, "abcd").ok());
}

TEST(SimFileSystemTest, BytesOfAFailedSyncStayVisibleButNeverBecomeDurable) {
    SimFileSystem disk;
    auto file = Create(disk, "a");
    ASSERT_TRUE(disk.SyncDirectory("/").ok());
    ASSERT_TRUE(file->WriteAt(0, "lost").ok());
    disk.FailCall(disk.call_count() + 1, Status::Error(Code::kIoFailed, "broken"));
    EXPECT_FALSE(file->DataSync().ok());
    ASSERT_TRUE(file->DataSync().ok());
    EXPECT_EQ(file->ReadAt(0, 10).value(), "lost");
    EXPECT_EQ(Outcomes(disk, "a"), std::set<std::string>{""});
    ASSERT_TRUE(file->WriteAt(0, "lost").ok());
    ASSERT_TRUE(file->DataSync().ok());
    EXPECT_EQ(Outcomes(disk, "a"), std::set<std::string>{"lost"});
}

TEST(SimFileSystemTest, WithoutHonestSyncsNothingIsSafe) {
    SimFileSystem disk(/*honour_syncs=*/false);
    auto file = Create(disk, "a");
    ASSERT_TRUE(file->WriteAt(0, "x").ok());
    ASSERT_TRUE(file->DataSync().ok());
    ASSERT_TRUE(disk.SyncDirectory("/").ok());
    EXPECT_EQ(disk.sync_count(), 2u);
    EXPECT_TRUE(Outcomes(disk, "a").contains("<absent>"));
}

TEST(SimFileSystemTest, AByteRots) {
    SimFileSystem disk;
    auto file = Create(disk, "a");
    ASSERT_TRUE(file->WriteAt(0, "ab").ok());
    EXPECT_FALSE(disk.FlipByte("a", 1).ok()) << "not durable yet";
    ASSERT_TRUE(file->DataSync().ok());
    ASSERT_TRUE(disk.FlipByte("a", 1).ok());
    EXPECT_NE(file->ReadAt(0, 2).value(), "ab");
}

}  // namespace
}  // namespace elanus::sys
