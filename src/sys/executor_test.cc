#include "sys/executor.h"

#include "sys/clock.h"
#include "sys/random_source.h"
#include "sys/thread.h"

#include <atomic>

#include <gtest/gtest.h>

namespace elanus::sys {
namespace {

TEST(ThreadPoolTest, FinishesWhatWasSubmitted) {
    std::atomic<int> done{0};
    {
        ThreadPool pool("test", 3);
        EXPECT_EQ(pool.parallelism(), 3u);
        for (int i = 0; i < 1000; ++i) {
            pool.Submit([&] { ++done; });
        }
    }
    EXPECT_EQ(done, 1000);
}

TEST(ThreadPoolTest, ParallelForRunsEveryIndexOnceEvenWhenNested) {
    ThreadPool pool("test", 2);
    std::vector<std::atomic<int>> visits(400);
    pool.ParallelFor(20, [&](size_t outer) {
        pool.ParallelFor(20, [&](size_t inner) { ++visits[outer * 20 + inner]; });
    });
    for (const auto& count : visits) {
        EXPECT_EQ(count, 1);
    }
    pool.ParallelFor(0, [&](size_t) { FAIL(); });
}

// Every thread of the pool must come to work although few of them are woken at a time.
TEST(ThreadPoolTest, TasksThatWaitForEachOtherAllRun) {
    constexpr int kThreads = 16;
    ThreadPool pool("test", kThreads);
    for (int round = 0; round < 200; ++round) {
        std::atomic<int> arrived{0};
        std::atomic<int> left{0};
        for (int i = 0; i < kThreads; ++i) {
            pool.Submit([&] {
                ++arrived;
                while (arrived < kThreads) {
                    std::this_thread::yield();
                }
                ++left;
            });
        }
        while (left < kThreads) {
            std::this_thread::yield();
        }
    }
}

TEST(InlineExecutorTest, RunsInTheCaller) {
    InlineExecutor executor;
    std::vector<size_t> seen;
    executor.ParallelFor(3, [&](size_t i) { seen.push_back(i); });
    executor.Submit([&] { seen.push_back(9); });
    EXPECT_EQ(seen, (std::vector<size_t>{0, 1, 2, 9}));
}

TEST(StrandTest, RunsInOrderAndNeverTwoAtOnce) {
    ThreadPool pool("test", 4);
    Strand strand(pool);
    std::vector<int> order;  // unguarded: the strand is the guard, and TSan watches
    for (int i = 0; i < 5000; ++i) {
        strand.Submit([&order, i] { order.push_back(i); });
    }
    strand.Drain();
    ASSERT_EQ(order.size(), 5000u);
    for (int i = 0; i < 5000; ++i) {
        ASSERT_EQ(order[i], i);
    }
}

TEST(StrandTest, TakesTasksFromManyThreadsAndFromItsOwn) {
    ThreadPool pool("test", 2);
    int count = 0;
    {
        Strand strand(pool);
        std::vector<std::unique_ptr<Thread>> threads;
        for (int t = 0; t < 4; ++t) {
            threads.push_back(std::make_unique<Thread>("submitter", [&] {
                for (int i = 0; i < 500; ++i) {
                    strand.Submit([&] {
                        ++count;
                        strand.Submit([&] { ++count; });
                    });
                }
            }));
        }
        threads.clear();
    }
    EXPECT_EQ(count, 4000);
}

TEST(StrandTest, ABusyStrandLetsOthersHaveTheThread) {
    ThreadPool pool("test", 1);
    Strand busy(pool);
    Strand other(pool);
    std::atomic<bool> other_ran{false};
    std::atomic<int> busy_tasks{0};
    // Each task adds the next one, until the other strand has had its turn.
    std::function<void()> again = [&] {
        if (!other_ran && ++busy_tasks < 10'000'000) {
            busy.Submit(again);
        }
    };
    busy.Submit(again);
    other.Submit([&] { other_ran = true; });
    other.Drain();
    busy.Drain();
    EXPECT_LT(busy_tasks, 10'000'000);
}

TEST(StrandTest, WorksInline) {
    InlineExecutor executor;
    Strand strand(executor);
    std::vector<int> order;
    strand.Submit([&] {
        strand.Submit([&] { order.push_back(2); });
        order.push_back(1);
    });
    strand.Drain();
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(ClockTest, TheSimulatedOneMovesByHand) {
    SimClock clock(5'000);
    clock.SleepMs(20);
    clock.AdvanceMs(3);
    EXPECT_EQ(clock.WallMs(), 5'023);
    EXPECT_EQ(clock.MonotonicNs(), 5'023'000'000);
}

TEST(ClockTest, TheRealOneMovesByItself) {
    const int64_t before = RealClock().MonotonicNs();
    RealClock().SleepMs(2);
    EXPECT_GE(RealClock().MonotonicNs() - before, 2'000'000);
    EXPECT_GT(RealClock().WallMs(), 1'600'000'000'000);
}

TEST(RandomTest, ASeedRepeatsAndBoundsHold) {
    SeededRandom a(7);
    SeededRandom b(7);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_EQ(a.Next(), b.Next());
        EXPECT_LT(a.Below(10), 10u);
        b.Below(10);
    }
    EXPECT_EQ(a.Below(0), 0u);
    EXPECT_NE(RealRandom().Next(), RealRandom().Next());
}

}  // namespace
}  // namespace elanus::sys
