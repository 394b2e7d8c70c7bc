#include "sys/subprocess.h"

#include "sys/file_system.h"
#include "sys/process.h"

#include <gtest/gtest.h>

namespace elanus::sys {
namespace {

class SubprocessTest : public testing::Test {
  protected:
    void SetUp() override {
        auto made = MakeTemporaryFolder("elanus-test-");
        ASSERT_TRUE(made.ok()) << made.status().reason();
        folder_ = *made;
    }
    void TearDown() override { EXPECT_TRUE(PosixFileSystem().RemoveAll(folder_).ok()); }

    std::unique_ptr<Subprocess> Shell(const std::string& script) {
        auto started =
            Subprocess::Start({{"/bin/sh", "-c", script}, {"GREETING=hello"}, folder_ + "/out"});
        EXPECT_TRUE(started.ok()) << started.status().reason();
        return started.ok() ? std::move(*started) : nullptr;
    }
    std::string Output() {
        auto file = PosixFileSystem().Open(folder_ + "/out", OpenMode::kRead);
        return file.ok() ? (*file)->ReadAt(0, 1000).value() : "";
    }

    std::string folder_;
};

TEST_F(SubprocessTest, WritesItsOutputToTheFile) {
    auto child = Shell("echo $GREETING; echo error >&2");
    while (child->Running()) {
    }
    EXPECT_EQ(Output(), "hello\nerror\n");
}

TEST_F(SubprocessTest, StopsInOrderWhenItCan) {
    auto child = Shell("trap 'echo bye; exit 0' TERM; echo ready; while true; do sleep 0.01; done");
    while (Output() != "ready\n") {
        ASSERT_TRUE(child->Running());
    }
    child->Stop(10'000);
    EXPECT_FALSE(child->Running());
    EXPECT_EQ(Output(), "ready\nbye\n");
}

TEST_F(SubprocessTest, IsKilledWhenItWillNotStop) {
    auto child = Shell("trap '' TERM; echo ready; while true; do sleep 0.01; done");
    while (Output() != "ready\n") {
        ASSERT_TRUE(child->Running());
    }
    child->Stop(50);
    EXPECT_FALSE(child->Running());
}

TEST_F(SubprocessTest, AMissingProgramIsAnError) {
    EXPECT_FALSE(Subprocess::Start({{folder_ + "/nothing"}, {}, folder_ + "/out"}).ok());
}

TEST(ProcessCpuTest, GrowsWithWork) {
    const auto before = ProcessCpuNs(ProcessId());
    ASSERT_TRUE(before.ok());
    volatile uint64_t sum = 0;
    for (uint64_t i = 0; i < 5'000'000; ++i) {
        sum = sum + i;
    }
    EXPECT_GT(ProcessCpuNs(ProcessId()).value(), *before);
    EXPECT_FALSE(ProcessCpuNs(int64_t{1} << 30).ok());
}

}  // namespace
}  // namespace elanus::sys
