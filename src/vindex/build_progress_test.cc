// What builds of every family tell their callback, and that nothing else depends on it.
#include "vindex/build_progress.h"

#include "sys/executor.h"
#include "vindex/index_testing.h"
#include "vindex/sparse_testing.h"
#include "vindex/typed_rows_testing.h"

#include <atomic>
#include <functional>

namespace elanus::vindex {
namespace {

constexpr uint32_t kBuilt = kRows < 2000 ? kRows : 2000;
constexpr uint32_t kWide = 64;  // enough for the graph of blocks
constexpr uint32_t kListLength = 4;

// A callback that keeps what it is told.
struct Told {
    std::vector<double> shares;
    std::atomic<bool> inside = false;

    Progress callback() {
        return [this](double share) {
            EXPECT_FALSE(inside.exchange(true)) << "told by two threads at once";
            shares.push_back(share);
            inside = false;
        };
    }
    bool ended() const { return !shares.empty() && shares.back() == 1; }
};

void ExpectRising(const Told& told) {
    ASSERT_FALSE(told.shares.empty());
    EXPECT_EQ(told.shares.front(), 0);
    EXPECT_LE(told.shares.size(), 102u);
    for (size_t i = 1; i < told.shares.size(); ++i) {
        EXPECT_GT(told.shares[i], told.shares[i - 1]);
        EXPECT_LE(told.shares[i], 1);
    }
}

struct Case {
    const char* name;
    VectorType type = VectorType::kFloat;
    Metric metric = Metric::kCosine;
    ParamMap params = {};
    size_t told_min = 10;
    // A graph that several threads insert into is another one each time.
    bool by_threads_alike = true;
    uint64_t memory_max_bytes = 0;
};

// Of each way to build one, at the least.
std::vector<Case> Cases() {
    const ParamMap graph = {{"M", "8"}, {"efConstruction", "60"}};
    const auto with = [&](ParamMap more) {
        more.insert(graph.begin(), graph.end());
        return more;
    };
    const auto f = VectorType::kFloat;
    return {
        {"FLAT", f, Metric::kL2, {}, 2},
        {"AUTOINDEX", f, Metric::kIp},
        {"HNSW", f, Metric::kL2, graph},
        {"HNSW", f, Metric::kL2, {}, 10, true, 1 << 20},
        {"HNSW", f, Metric::kCosine, with({{"form", "lean"}})},
        {"HNSW", VectorType::kInt8, Metric::kL2, graph, 10, false},
        {"HNSW", VectorType::kInt8, Metric::kL2, with({{"form", "lean"}}), 10, false},
        {"HNSW_SQ", f, Metric::kL2, with({{"refine", "true"}}), 10, false},
        {"HNSW_PQ", f, Metric::kIp, with({{"m", "8"}, {"nbits", "4"}}), 10, false},
        {"HNSW_PRQ", f, Metric::kL2, with({{"m", "4"}, {"nbits", "4"}}), 10, false},
        {"IVF_FLAT", f, Metric::kL2, {{"nlist", "16"}}, 3},
        {"IVF_SQ8", f, Metric::kCosine, {{"nlist", "16"}}, 3},
        {"IVF_PQ", f, Metric::kIp, {{"nlist", "16"}, {"m", "8"}, {"nbits", "4"}}, 10},
        {"SCANN", f, Metric::kIp, {{"nlist", "16"}}, 10},
        {"IVF_RABITQ", f, Metric::kL2, {{"nlist", "16"}, {"refine", "true"}}, 3},
        {"IVF_RABITQ_FASTSCAN", f, Metric::kL2, {{"nlist", "16"}}, 3},
        {"BIN_IVF_FLAT", VectorType::kBinary, Metric::kHamming, {{"nlist", "16"}}, 3},
        {"BIN_FLAT", VectorType::kBinary, Metric::kJaccard, {}, 2},
        {"DISKANN", f, Metric::kL2, {{"max_degree", "24"}, {"search_list_size", "40"}}},
        {"MINHASH_LSH",
         VectorType::kBinary,
         Metric::kMhJaccard,
         {{"mh_element_bit_width", "8"}, {"mh_lsh_band", "9"}},
         6},
        {"SPARSE_INVERTED_INDEX", VectorType::kSparseFloat, Metric::kIp, {}, 2},
        {"SPARSE_INVERTED_INDEX", VectorType::kSparseFloat, Metric::kBm25, {}, 2},
        {"HNSW", f, Metric::kMaxSim, graph},
        {"HNSW", f, Metric::kMaxSimIp,
         with({{"emb_list_strategy", "muvera"},
               {"muvera_num_projections", "2"},
               {"muvera_num_repeats", "1"}})},
    };
}

// The rows of a case, and a build of them.
class Builder {
  public:
    explicit Builder(const Case& c) : case_(c), params_{c.name, c.type, c.metric, 0, c.params} {
        if (c.type == VectorType::kSparseFloat) {
            sparse_ = RandomRows(kBuilt, 3);
            input.vectors = sparse_.bytes.data();
            input.offsets = sparse_.offsets.data();
        } else {
            dense_ = c.type == VectorType::kBinary ? typed::BitRows(kBuilt, 3)
                                                   : typed::Numbers(c.type, kBuilt, 3, kWide);
            params_.dim = dense_.dim;
            input.vectors = dense_.rows.data();
        }
        input.rows = kBuilt;
        input.memory_max_bytes = c.memory_max_bytes;
        if (IsListMetric(c.metric)) {
            for (uint32_t at = 0; at <= kBuilt; at += kListLength) {
                offsets_.push_back(at);
            }
            input.offsets = offsets_.data();
            input.rows = offsets_.size() - 1;
        }
    }
    base::Result<std::unique_ptr<Index>> Build() const { return BuildIndex(params_, input); }
    std::string File() const {
        const auto index = Build();
        EXPECT_TRUE(index.ok()) << index.status().reason();
        return index.ok() ? Saved(**index) : "";
    }
    std::string label() const {
        return std::string(case_.name) + " " + std::string(VectorTypeName(case_.type)) + " " +
               std::string(MetricName(case_.metric));
    }

    BuildInput input;

  private:
    const Case& case_;
    BuildParams params_;
    typed::Data dense_;
    SparseRows sparse_;
    std::vector<uint32_t> offsets_;
};

TEST(BuildProgress, RisesFromNothingToAllAndChangesNothing) {
    for (const Case& c : Cases()) {
        Builder builder(c);
        SCOPED_TRACE(builder.label());
        const std::string before = builder.File();
        Told told;
        builder.input.progress = told.callback();
        EXPECT_EQ(builder.File(), before);
        ExpectRising(told);
        EXPECT_TRUE(told.ended());
        EXPECT_GE(told.shares.size(), c.told_min);
    }
}

TEST(BuildProgress, SoItDoesOnSeveralThreads) {
    sys::ThreadPool pool("progress_test", 3);
    for (const Case& c : Cases()) {
        Builder builder(c);
        SCOPED_TRACE(builder.label());
        builder.input.executor = &pool;
        const std::string before = c.by_threads_alike ? builder.File() : "";
        Told told;
        builder.input.progress = told.callback();
        const std::string with = builder.File();
        if (c.by_threads_alike) {
            EXPECT_EQ(with, before);
        }
        ExpectRising(told);
        EXPECT_TRUE(told.ended());
        EXPECT_GE(told.shares.size(), std::min<size_t>(c.told_min, 3));
    }
}

TEST(BuildProgress, ABuildThatIsCancelledNeverSaysThatAllIsDone) {
    for (const Case& c : Cases()) {
        Builder builder(c);
        SCOPED_TRACE(builder.label());
        int asked = 0;
        builder.input.interrupt = [&asked] {
            ++asked;
            return base::Status();
        };
        EXPECT_FALSE(builder.File().empty());
        const int all = asked;
        for (const int last : {1, (all + 1) / 2, all}) {
            if (all == 0) {
                break;  // done at once
            }
            asked = 0;
            builder.input.interrupt = [&asked, last] {
                return ++asked < last ? base::Status() : base::Internal("enough");
            };
            Told told;
            builder.input.progress = told.callback();
            EXPECT_FALSE(builder.Build().ok()) << last << " of " << all;
            ExpectRising(told);
            EXPECT_FALSE(told.ended()) << last << " of " << all;
        }
    }
}

TEST(BuildProgress, NorDoesOneThatFails) {
    const std::string bytes = "these are not pairs of numbers";
    const uint32_t offsets[] = {0, static_cast<uint32_t>(bytes.size())};
    BuildInput input;
    input.vectors = bytes.data();
    input.offsets = offsets;
    input.rows = 1;
    Told told;
    input.progress = told.callback();
    const BuildParams params{"SPARSE_INVERTED_INDEX", VectorType::kSparseFloat, Metric::kIp, 0, {}};
    EXPECT_FALSE(BuildIndex(params, input).ok());
    EXPECT_FALSE(told.ended());
}

TEST(BuildProgress, EmptyAndTinyBuildsEndAtOne) {
    for (const Case& c : Cases()) {
        for (const uint64_t rows : {0, 1}) {
            Builder builder(c);
            SCOPED_TRACE(builder.label() + " of " + std::to_string(rows));
            builder.input.rows = rows;
            Told told;
            builder.input.progress = told.callback();
            EXPECT_TRUE(builder.Build().ok());
            ExpectRising(told);
            EXPECT_TRUE(told.ended());
        }
    }
}

TEST(BuildProgress, PartsTakeTheirShares) {
    std::vector<double> seen;
    PartsProgress parts([&](double share) { seen.push_back(share); }, {1, 3});
    const Progress first = parts.Next();
    first(0.5);
    const Progress second = parts.Next();
    PartsProgress nested(second, {1, 1});
    const Progress half = nested.Next();
    half(1);
    nested.Next()(1);
    EXPECT_EQ(seen, (std::vector<double>{0, 0.125, 0.25, 0.25, 0.625, 0.625, 1}));
    PartsProgress silent({}, {1, 1});
    EXPECT_FALSE(silent.Next());
}

TEST(BuildProgress, CountsOfManyThreadsAddUp) {
    constexpr uint64_t kUnits = 100000;
    sys::ThreadPool pool("progress_test", 3);
    Told told;
    const Progress callback = told.callback();
    RisingProgress rising(callback);
    std::atomic<size_t> calls = 0;
    const Progress counted = [&](double share) {
        ++calls;
        rising.Report(share);
    };
    CountedProgress units(counted, kUnits);
    pool.ParallelFor(kUnits / 4, [&](size_t) { units.Add(4); });
    rising.Finish();
    EXPECT_EQ(calls, 100u);
    ExpectRising(told);
    EXPECT_TRUE(told.ended());
    EXPECT_GT(told.shares.size(), 10u);
}

}  // namespace
}  // namespace elanus::vindex
