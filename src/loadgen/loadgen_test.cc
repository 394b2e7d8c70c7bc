// The parts of the load generator that need no server.
#include "loadgen/closed_loop.h"
#include "loadgen/measurement.h"
#include "loadgen/paced_loop.h"
#include "loadgen/recall.h"
#include "loadgen/vectors.h"
#include "sys/clock.h"
#include "sys/executor.h"
#include "sys/sim_file_system.h"

#include <cmath>

#include <gtest/gtest.h>

namespace elanus::loadgen {
namespace {

std::string Header(const std::string& dictionary) {
    std::string bytes("\x93NUMPY\x01\x00", 8);
    bytes += static_cast<char>(dictionary.size());
    bytes += '\0';
    return bytes + dictionary;
}

template <typename T>
std::string Bytes(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

base::Result<NpyFile> OpenBytes(const std::string& bytes) {
    sys::SimFileSystem files;
    EXPECT_TRUE(files.Open("/m.npy", sys::OpenMode::kCreateNew).value()->WriteAt(0, bytes).ok());
    return NpyFile::Open(files, "/m.npy");
}

TEST(NpyFileTest, ReadsSinglesHalvesAndIntegers) {
    auto singles =
        OpenBytes(Header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }  \n") +
                  Bytes<float>({1, 2, 3, 4}));
    ASSERT_TRUE(singles.ok()) << singles.status().reason();
    std::vector<float> row(2);
    singles->ReadFloats(1, row);
    EXPECT_EQ(row, (std::vector<float>{3, 4}));

    auto halves = OpenBytes(Header("{'descr': '<f2', 'fortran_order': False, 'shape': (1, 2)}\n") +
                            Bytes<uint16_t>({0x3c00, 0xc000}));
    ASSERT_TRUE(halves.ok()) << halves.status().reason();
    halves->ReadFloats(0, row);
    EXPECT_EQ(row, (std::vector<float>{1, -2}));

    auto ints = OpenBytes(Header("{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2)}\n") +
                          Bytes<int32_t>({7, -1}));
    ASSERT_TRUE(ints.ok()) << ints.status().reason();
    EXPECT_EQ(ints->Integer(0, 0), 7);
    EXPECT_EQ(ints->Integer(0, 1), -1);
}

TEST(NpyFileTest, RefusesWhatItCannotRead) {
    const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}\n";
    const std::string values = Bytes<float>({1, 2, 3, 4});
    const auto replaced = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        return Header(text.replace(text.find(from), from.size(), to)) + values;
    };
    EXPECT_TRUE(OpenBytes(Header(good) + values).ok());
    EXPECT_FALSE(OpenBytes("").ok());
    EXPECT_FALSE(OpenBytes("\x93NUMPY").ok());
    EXPECT_FALSE(OpenBytes(replaced("<f4", "<f8")).ok());
    EXPECT_FALSE(OpenBytes(replaced("<f4", ">f4")).ok());
    EXPECT_FALSE(OpenBytes(replaced("False", "True")).ok());
    EXPECT_FALSE(OpenBytes(replaced("(2, 2)", "(4,)")).ok());
    EXPECT_FALSE(OpenBytes(replaced("(2, 2)", "(2, 2, 1)")).ok());
    EXPECT_FALSE(OpenBytes(replaced("(2, 2)", "(2, 3)")).ok());
    EXPECT_FALSE(OpenBytes(replaced("(2, 2)", "(4611686018427387905, 4)")).ok());
    EXPECT_FALSE(OpenBytes(replaced("(2, 2)", "(0, 4)")).ok());
    EXPECT_FALSE(OpenBytes(Header(good) + values + "x").ok());
    const std::string whole = Header(good) + values;
    for (size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(OpenBytes(whole.substr(0, size)).ok()) << size;
    }
}

TEST(NpyFileTest, EveryHalfIsExact) {
    EXPECT_EQ(HalfToFloat(0x0001), std::ldexp(1.0F, -24));
    EXPECT_EQ(HalfToFloat(0x8001), -std::ldexp(1.0F, -24));
    EXPECT_EQ(HalfToFloat(0x0400), std::ldexp(1.0F, -14));
    EXPECT_EQ(HalfToFloat(0x7bff), 65504.0F);
    EXPECT_EQ(HalfToFloat(0xfc00), -INFINITY);
    EXPECT_TRUE(std::isnan(HalfToFloat(0x7e00)));
}

TEST(LatencyHistogramTest, PercentilesAreCloseToTheTruth) {
    LatencyHistogram latencies;
    EXPECT_EQ(latencies.Percentile(0.5), 0);
    for (int64_t i = 1; i <= 100'000; ++i) {
        latencies.Add(i * 1000);
    }
    for (const double share : {0.01, 0.5, 0.95, 0.99}) {
        EXPECT_NEAR(static_cast<double>(latencies.Percentile(share)), share * 1e8, share * 2e6);
    }
    EXPECT_EQ(latencies.max_ns(), 100'000'000);
    latencies.Add(INT64_MAX);
    latencies.Add(-1);
    EXPECT_EQ(latencies.count(), 100'002U);
}

TEST(PacedLoopTest, KeepsItsRateWhateverTheAnswersDo) {
    sys::ThreadPool pool("answers", 1);
    std::atomic<int64_t> started{0};
    PacedLoop loop(1000, 4, [&](int64_t number, PacedLoop::Done done) {
        EXPECT_GE(number, started++);
        pool.Submit([done = std::move(done)] {
            sys::RealClock().SleepMs(5);
            done(base::Status());
        });
    });
    sys::RealClock().SleepMs(200);
    const PacedResult result = loop.Stop();
    EXPECT_TRUE(result.status.ok());
    EXPECT_EQ(result.answered, started.load());
    EXPECT_GT(result.missed, 0);  // 200 a second are answered, four wait at most
    EXPECT_LE(static_cast<double>(result.answered + result.missed), result.seconds * 1000 + 2);
    EXPECT_EQ(loop.latencies().count(), static_cast<uint64_t>(result.answered));
}

TEST(PacedLoopTest, TellsOfTheFirstFailure) {
    PacedLoop loop(2000, 4, [](int64_t number, const PacedLoop::Done& done) {
        done(number == 1 ? base::Internal("the second") : base::Status());
    });
    sys::RealClock().SleepMs(20);
    EXPECT_EQ(loop.Stop().status.reason(), base::Internal("the second").reason());
}

class ClosedLoopTest : public testing::Test {
  protected:
    LoopResult Run(const LoopLimits& limits, const ClosedLoop::Issue& issue) {
        ClosedLoop loop(limits, issue, [&](int64_t) { return &latencies_; });
        return loop.Run([](const LoopResult&) {});
    }
    LatencyHistogram latencies_;
};

TEST_F(ClosedLoopTest, StartsEveryRequestOnceAndKeepsToItsConcurrency) {
    sys::ThreadPool pool("answers", 4);
    std::vector<std::atomic<int>> started(500);
    std::atomic<int> under_way{0};
    std::atomic<int> most{0};
    const LoopResult result = Run({8, 500, 0}, [&](int64_t number, ClosedLoop::Done done) {
        ++started[static_cast<size_t>(number)];
        int now = ++under_way;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        pool.Submit([&, done = std::move(done)] {
            --under_way;
            done(base::Status());
        });
    });
    EXPECT_TRUE(result.status.ok());
    EXPECT_EQ(result.requests, 500);
    EXPECT_EQ(latencies_.count(), 500U);
    EXPECT_LE(most, 8);
    for (const auto& count : started) {
        EXPECT_EQ(count, 1);
    }
}

TEST_F(ClosedLoopTest, EndsWithTheFirstFailure) {
    sys::ThreadPool pool("answers", 1);  // so that the answers come in order
    const LoopResult result = Run({4, 0, 0}, [&](int64_t number, ClosedLoop::Done done) {
        pool.Submit([number, done = std::move(done)] {
            done(number == 50 ? base::Internal("broken") : base::Status());
        });
    });
    EXPECT_FALSE(result.status.ok());
    EXPECT_LT(result.requests, 60);
}

TEST_F(ClosedLoopTest, EndsWhenTimeIsUp) {
    sys::ThreadPool pool("answers", 2);
    const LoopResult result = Run({4, 0, 0.05}, [&](int64_t, ClosedLoop::Done done) {
        pool.Submit([done = std::move(done)] { done(base::Status()); });
    });
    EXPECT_TRUE(result.status.ok());
    EXPECT_GE(result.seconds, 0.05);
}

TEST(RecallTest, CountsTheFirstKOfEachQuery) {
    auto truth = OpenBytes(Header("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3)}\n") +
                           Bytes<int64_t>({1, 2, 3, 4, -1, -1}));
    ASSERT_TRUE(truth.ok());
    Recall recall(*truth, 2);
    recall.Add(0, std::vector<int64_t>{2, 3});  // 3 is third and does not count
    recall.Add(1, std::vector<int64_t>{4});     // all there is
    recall.Add(9, std::vector<int64_t>{1});     // no such query
    EXPECT_DOUBLE_EQ(recall.share(), 2.0 / 3);
}

TEST(VectorsTest, MadeOnesRepeatForTheSameSeed) {
    const Vectors vectors = Vectors::Random(4, 10, 3);
    EXPECT_EQ(vectors.ReadMany(0, 10), Vectors::Random(4, 10, 3).ReadMany(0, 10));
    EXPECT_NE(vectors.ReadMany(0, 10), Vectors::Random(4, 10, 4).ReadMany(0, 10));
    EXPECT_EQ(vectors.ReadMany(12, 1), vectors.ReadMany(2, 1));
    const VectorBatches batches(vectors, 5);
    EXPECT_EQ(batches.Column(0, 5), batches.Column(10, 5));  // shared, not encoded again
    EXPECT_EQ(*batches.Column(0, 2), *wire::MilvusClient::EncodeVectors(vectors.ReadMany(0, 2), 4));
}

TEST(MeasurementTest, TableAndJsonHoldTheFigures) {
    Report report;
    report.address = "here";
    Measurement row;
    row.workload = "search";
    row.requests = 100;
    row.items = 200;
    row.seconds = 2;
    row.recall = 0.5;
    report.measurements.push_back(row);
    EXPECT_NE(ToTable(report).find("0.5000"), std::string::npos);
    const std::string text = ToJson(report);
    EXPECT_NE(text.find("\"items_per_s\":100.0"), std::string::npos) << text;
    EXPECT_EQ(text.find("server_cpu"), std::string::npos);
}

}  // namespace
}  // namespace elanus::loadgen
