#include "sys/kill_point.h"

#include "sys/file_system.h"
#include "sys/random_source.h"

#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace elanus::sys {
namespace {

// Runs `visits` visits in a child that has the environment set; returns its wait status. The child
// is forked before any kill point was visited here, because the environment is read once.
int RunChild(const char* kill_point, const std::string& log, int visits) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::setenv("ELANUS_KILL_POINT", kill_point, 1);
        ::setenv("ELANUS_KILL_POINT_LOG", log.c_str(), 1);
        for (int i = 0; i < visits; ++i) {
            KillPoint("test.other");
            KillPoint("test.point");
        }
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

TEST(KillPointTest, DiesAtTheVisitThatWasAskedForAndListsNamesOnce) {
    const std::string log =
        JoinPath(::testing::TempDir(), "elanus-kill-" + std::to_string(RealRandom().Next()));
    const int killed = RunChild("test.point:3", log, 5);
    EXPECT_TRUE(WIFSIGNALED(killed));
    EXPECT_EQ(WTERMSIG(killed), SIGKILL);
    EXPECT_EQ(PosixFileSystem().Open(log, OpenMode::kRead).value()->ReadAt(0, 100).value(),
              "test.other\ntest.point\n");
    const int survived = RunChild("test.point:6", log, 5);
    EXPECT_TRUE(WIFEXITED(survived));
    EXPECT_TRUE(WIFSIGNALED(RunChild("test.point", log, 1)));
    EXPECT_TRUE(PosixFileSystem().Remove(log).ok());
}

TEST(KillPointTest, UnarmedItDoesNothing) {
    KillPoint("test.point");
}

}  // namespace
}  // namespace elanus::sys
