// Searches among the vectors of struct arrays, in memory, in a file and behind indexes, against a
// model that looks at every vector.
#include "expr/evaluator.h"
#include "expr/filter.h"
#include "segment/segment_fixture_test.h"
#include "sys/clock.h"
#include "vindex/family.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace elanus::segment {
namespace {

constexpr base::FieldId kStructField = 101;
constexpr base::FieldId kEmbField = 102;
constexpr base::FieldId kTagField = 103;
constexpr uint32_t kEmbDim = 6;
constexpr int64_t kRowCount = 2500;

std::shared_ptr<const schema::CollectionSchema> StructSchema(bool with_struct = true) {
    auto schema = std::make_shared<schema::CollectionSchema>();
    schema::FieldSchema key;
    key.id = kPkField;
    key.name = "id";
    key.type = schema::DataType::kInt64;
    key.is_primary_key = true;
    schema->fields = {key};
    if (!with_struct) {
        return schema;
    }
    schema::FieldSchema emb;
    emb.id = kEmbField;
    emb.name = "emb";
    emb.type = schema::DataType::kArrayOfVector;
    emb.element_type = schema::DataType::kFloatVector;
    emb.type_params["dim"] = std::to_string(kEmbDim);
    schema::FieldSchema tag;
    tag.id = kTagField;
    tag.name = "tag";
    tag.type = schema::DataType::kArray;
    tag.element_type = schema::DataType::kInt64;
    schema::FieldSchema structs;
    structs.id = kStructField;
    structs.name = "s";
    structs.type = schema::DataType::kArrayOfStruct;
    structs.nullable = true;
    structs.type_params["max_capacity"] = "20";
    structs.sub_fields = {emb, tag};
    schema->fields.push_back(structs);
    return schema;
}

size_t SizeOf(int64_t key) {
    return key % 11 == 3 ? 0 : static_cast<size_t>(1 + key % 7);
}
int64_t TagOf(int64_t key, size_t element) {
    return (key * 3 + static_cast<int64_t>(element) * 5) % 10;
}
std::vector<float> EmbOf(int64_t key, size_t element) {
    std::mt19937 random(static_cast<unsigned>(key * 100 + static_cast<int64_t>(element)));
    std::normal_distribution<float> normal;
    std::vector<float> vector(kEmbDim);
    std::generate(vector.begin(), vector.end(), [&] { return normal(random); });
    return vector;
}
std::string_view BytesOf(const std::vector<float>& vector) {
    return {reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)};
}

schema::ColumnBatch Batch(int64_t begin, int64_t end) {
    schema::ColumnBuilder keys(kPkField, schema::DataType::kInt64);
    schema::ColumnBuilder structs(kStructField, schema::DataType::kArrayOfStruct);
    structs.AddChild(schema::ColumnBuilder(kEmbField, schema::DataType::kFloatVector,
                                           schema::DataType::kNone, kEmbDim));
    structs.AddChild(schema::ColumnBuilder(kTagField, schema::DataType::kInt64));
    for (int64_t key = begin; key < end; ++key) {
        keys.AppendInt(key);
        if (key % 13 == 5) {
            structs.AppendNull();
            continue;
        }
        for (size_t i = 0; i < SizeOf(key); ++i) {
            structs.child(0).AppendBytes(BytesOf(EmbOf(key, i)));
            structs.child(1).AppendInt(TagOf(key, i));
        }
        structs.CloseArrayRow();
    }
    schema::ColumnBatch batch;
    batch.rows = static_cast<uint64_t>(end - begin);
    batch.columns = {keys.Finish(), structs.Finish()};
    return batch;
}

double Cost(vindex::Metric element, const std::vector<float>& a, const std::vector<float>& b) {
    double l2 = 0, ip = 0, aa = 0, bb = 0;
    for (size_t d = 0; d < a.size(); ++d) {
        l2 += (double{a[d]} - b[d]) * (double{a[d]} - b[d]);
        ip += double{a[d]} * b[d];
        aa += double{a[d]} * a[d];
        bb += double{b[d]} * b[d];
    }
    return element == vindex::Metric::kL2   ? l2
           : element == vindex::Metric::kIp ? -ip
                                            : -ip / std::sqrt(aa * bb);
}

// One hit: key and element (0 for rows), by cost.
struct ModelHit {
    double cost = 0;
    int64_t key = 0;
    uint32_t element = 0;
};

class StructSearchTest : public ::testing::Test {
  protected:
    StructSearchTest() : growing_(7, 1, schema_) {
        for (int64_t key = 0; key < kRowCount; key += 250) {
            growing_.Append(Batch(key, key + 250), static_cast<base::Timestamp>(1000 + key));
        }
        schema::PrimaryKeys gone;
        for (int64_t key = 0; key < kRowCount; key += 9) {
            gone.Append(key);
        }
        growing_.Delete(gone, 9000);
        queries_ = {EmbOf(77, 0), EmbOf(1201, 1), EmbOf(-5, 2)};
    }

    static bool IsAlive(int64_t key) { return key % 9 != 0 && key % 13 != 5 && SizeOf(key) > 0; }

    // The queries as one list of all, or one by one.
    schema::Column Queries(bool as_list) const {
        schema::ColumnBuilder lists(
            kEmbField, as_list ? schema::DataType::kArrayOfVector : schema::DataType::kFloatVector,
            as_list ? schema::DataType::kFloatVector : schema::DataType::kNone, kEmbDim);
        for (const std::vector<float>& query : queries_) {
            (as_list ? lists.child() : lists).AppendBytes(BytesOf(query));
        }
        if (as_list) {
            lists.CloseArrayRow();
        }
        return lists.Finish();
    }

    template <typename Keep>
    std::vector<ModelHit> RowTruth(vindex::Metric metric, Keep keep) const {
        std::vector<ModelHit> hits;
        for (int64_t key = 0; key < kRowCount; ++key) {
            if (!IsAlive(key) || !keep(key)) {
                continue;
            }
            ModelHit hit{0, key, 0};
            for (const std::vector<float>& query : queries_) {
                double best = std::numeric_limits<double>::infinity();
                for (size_t i = 0; i < SizeOf(key); ++i) {
                    best =
                        std::min(best, Cost(vindex::ElementMetric(metric), query, EmbOf(key, i)));
                }
                hit.cost += best;
            }
            hits.push_back(hit);
        }
        return Sorted(std::move(hits));
    }
    template <typename Keep>
    std::vector<ModelHit> ElementTruth(vindex::Metric metric, const std::vector<float>& query,
                                       Keep keep) const {
        std::vector<ModelHit> hits;
        for (int64_t key = 0; key < kRowCount; ++key) {
            for (size_t i = 0; IsAlive(key) && i < SizeOf(key); ++i) {
                if (keep(key, i)) {
                    hits.push_back(
                        {Cost(metric, query, EmbOf(key, i)), key, static_cast<uint32_t>(i)});
                }
            }
        }
        return Sorted(std::move(hits));
    }
    static std::vector<ModelHit> Sorted(std::vector<ModelHit> hits) {
        std::sort(hits.begin(), hits.end(),
                  [](const ModelHit& a, const ModelHit& b) { return a.cost < b.cost; });
        return hits;
    }

    VectorQuery Query(const schema::Column& queries, vindex::Metric metric, uint32_t k) const {
        VectorQuery query;
        query.field_id = kEmbField;
        query.struct_id = kStructField;
        query.sub_field = 0;
        query.metric = metric;
        query.queries = queries.View();
        query.k = k;
        return query;
    }

    std::vector<QueryHits> Search(const Segment& segment, VectorQuery query,
                                  std::string_view filter = "") {
        expr::Plan plan;
        ReadOptions options;
        options.context = &context_;
        options.clock = &clock_;
        if (!filter.empty()) {
            auto parsed = expr::ParseFilter(filter, *schema_);
            EXPECT_TRUE(parsed.ok()) << parsed.status().reason();
            plan = *std::move(parsed);
            options.filter = &plan;
            query.elements = query.by_element() ? expr::ElementFilterOf(plan) : nullptr;
        }
        std::vector<QueryHits> hits;
        counters_ = ReadCounters();
        const base::Status status = segment.Search(query, options, &hits, &counters_);
        EXPECT_TRUE(status.ok()) << status.reason();
        return hits;
    }

    void ExpectHits(const Segment& segment, const QueryHits& hits,
                    const std::vector<ModelHit>& truth, size_t k, vindex::Metric metric,
                    bool elements) {
        ASSERT_EQ(hits.rows.size(), std::min(k, truth.size()));
        EXPECT_EQ(hits.elements.size(), elements ? hits.rows.size() : 0);
        const schema::PrimaryKeys keys = segment.KeysOf(hits.rows);
        for (size_t i = 0; i < hits.rows.size(); ++i) {
            EXPECT_EQ(keys.ints[i], truth[i].key) << i;
            if (elements) {
                EXPECT_EQ(hits.elements[i], truth[i].element) << i;
            }
            const double score = vindex::LargerIsBetter(metric) ? -truth[i].cost : truth[i].cost;
            EXPECT_NEAR(hits.scores[i], score, 1e-4);
        }
    }

    void CheckRows(const Segment& segment, vindex::Metric metric) {
        const schema::Column queries = Queries(true);
        const auto all = [](int64_t) { return true; };
        ExpectHits(segment, Search(segment, Query(queries, metric, 20))[0], RowTruth(metric, all),
                   20, metric, false);
        const auto some = [](int64_t key) { return key >= 500 && key < 540; };
        ExpectHits(segment, Search(segment, Query(queries, metric, 20), "500 <= id < 540")[0],
                   RowTruth(metric, some), 20, metric, false);
        VectorQuery ranged = Query(queries, metric, 1000);
        const auto truth = RowTruth(metric, all);
        const double border = (truth[8].cost + truth[9].cost) / 2;
        ranged.radius = static_cast<float>(vindex::LargerIsBetter(metric) ? -border : border);
        EXPECT_EQ(Search(segment, ranged)[0].rows.size(), 9u);
    }

    void CheckElements(const Segment& segment, vindex::Metric metric) {
        const schema::Column queries = Queries(false);
        const auto hits = Search(segment, Query(queries, metric, 25));
        const auto filtered = Search(segment, Query(queries, metric, 25),
                                     "id > 100 and element_filter(s, $[tag] == 4)");
        const auto by_row = Search(segment, Query(queries, metric, 25), "id < 60");
        for (size_t q = 0; q < queries_.size(); ++q) {
            const auto truth = [&](auto keep) { return ElementTruth(metric, queries_[q], keep); };
            ExpectHits(segment, hits[q], truth([](int64_t, size_t) { return true; }), 25, metric,
                       true);
            ExpectHits(segment, filtered[q],
                       truth([](int64_t key, size_t i) { return key > 100 && TagOf(key, i) == 4; }),
                       25, metric, true);
            ExpectHits(segment, by_row[q], truth([](int64_t key, size_t) { return key < 60; }), 25,
                       metric, true);
        }
    }

    void Attach(SealedSegment& segment, vindex::Metric metric, const std::string& type) {
        const auto column = segment.WholeColumn(kEmbField);
        const auto offsets = segment.ElementOffsets(kEmbField);
        ASSERT_TRUE(column.ok() && offsets.ok());
        vindex::BuildParams params{type, vindex::VectorType::kFloat, metric, kEmbDim, {}};
        vindex::BuildInput input;
        input.vectors = column->values;
        input.rows = column->rows;
        if (vindex::IsListMetric(metric)) {
            input.offsets = offsets->data();
            input.rows = offsets->size() - 1;
        }
        auto index = vindex::BuildIndex(params, input);
        ASSERT_TRUE(index.ok()) << index.status().reason();
        segment.AttachIndex(kEmbField, 50, *std::move(index));
    }

    const std::shared_ptr<const schema::CollectionSchema> schema_ = StructSchema();
    GrowingSegment growing_;
    std::vector<std::vector<float>> queries_;
    base::CallContext context_;
    sys::Clock& clock_ = sys::RealClock();
    ReadCounters counters_;
};

constexpr vindex::Metric kListMetrics[] = {vindex::Metric::kMaxSim, vindex::Metric::kMaxSimIp,
                                           vindex::Metric::kMaxSimL2};
constexpr vindex::Metric kElementMetrics[] = {vindex::Metric::kCosine, vindex::Metric::kIp,
                                              vindex::Metric::kL2};

TEST_F(StructSearchTest, GrowingRowsAndElements) {
    for (const vindex::Metric metric : kListMetrics) {
        CheckRows(growing_, metric);
    }
    for (const vindex::Metric metric : kElementMetrics) {
        CheckElements(growing_, metric);
    }
}

TEST_F(StructSearchTest, SealedRowsAndElementsWithAndWithoutIndexes) {
    const auto sealed = SealAndOpen(growing_, schema_);
    for (const vindex::Metric metric : kListMetrics) {
        CheckRows(*sealed, metric);
        EXPECT_EQ(counters_.index_searches, 0u);
        Attach(*sealed, metric, "FLAT");
        CheckRows(*sealed, metric);
        EXPECT_EQ(counters_.index_searches, 1u);
    }
    for (const vindex::Metric metric : kElementMetrics) {
        CheckElements(*sealed, metric);
        EXPECT_EQ(counters_.index_searches, 0u);
        Attach(*sealed, metric, "FLAT");
        CheckElements(*sealed, metric);
        EXPECT_EQ(counters_.index_searches, 1u);
    }
}

TEST_F(StructSearchTest, AnIndexOfAnotherMetricOrAnExactSearchScans) {
    const auto sealed = SealAndOpen(growing_, schema_);
    Attach(*sealed, vindex::Metric::kMaxSim, "HNSW");
    const schema::Column lists = Queries(true);
    VectorQuery query = Query(lists, vindex::Metric::kMaxSim, 20);
    Search(*sealed, query);
    EXPECT_EQ(counters_.index_searches, 1u);
    query.exact = true;
    const auto all = [](int64_t) { return true; };
    ExpectHits(*sealed, Search(*sealed, query)[0], RowTruth(query.metric, all), 20, query.metric,
               false);
    EXPECT_EQ(counters_.index_searches, 0u);
    Search(*sealed, Query(lists, vindex::Metric::kMaxSimL2, 20));
    EXPECT_EQ(counters_.index_searches, 0u);
}

TEST_F(StructSearchTest, QueriesThatDoNotFitAreRefused) {
    ReadOptions options;
    options.context = &context_;
    options.clock = &clock_;
    const schema::Column lists = Queries(true);
    const schema::Column vectors = Queries(false);
    std::vector<QueryHits> hits;
    const auto refuses = [&](const VectorQuery& query) {
        return growing_.Search(query, options, &hits, &counters_).code() ==
               base::Code::kUnsupportedOperation;
    };
    EXPECT_TRUE(refuses(Query(lists, vindex::Metric::kCosine, 5)));
    EXPECT_TRUE(refuses(Query(vectors, vindex::Metric::kMaxSim, 5)));
    EXPECT_TRUE(refuses(Query(vectors, vindex::Metric::kHamming, 5)));
    VectorQuery other = Query(vectors, vindex::Metric::kL2, 5);
    other.queries.dim = kEmbDim - 1;
    EXPECT_TRUE(refuses(other));
}

TEST_F(StructSearchTest, ASegmentOlderThanTheFieldHasNoHits) {
    GrowingSegment old(8, 1, StructSchema(false));
    schema::ColumnBuilder keys(kPkField, schema::DataType::kInt64);
    keys.AppendInt(1);
    schema::ColumnBatch batch;
    batch.rows = 1;
    batch.columns = {keys.Finish()};
    old.Append(batch, 100);
    const schema::Column lists = Queries(true);
    const schema::Column vectors = Queries(false);
    EXPECT_TRUE(Search(old, Query(lists, vindex::Metric::kMaxSim, 5))[0].rows.empty());
    EXPECT_TRUE(Search(old, Query(vectors, vindex::Metric::kL2, 5))[0].rows.empty());
    const auto sealed = SealAndOpen(old, StructSchema(false));
    EXPECT_TRUE(Search(*sealed, Query(lists, vindex::Metric::kMaxSim, 5))[0].rows.empty());
    EXPECT_TRUE(Search(*sealed, Query(vectors, vindex::Metric::kL2, 5))[0].rows.empty());
}

}  // namespace
}  // namespace elanus::segment
