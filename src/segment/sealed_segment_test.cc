#include "segment/sealed_segment.h"

#include "segment/segment_file.h"
#include "segment/segment_fixture_test.h"
#include "vindex/family.h"

#include <set>

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

// A small file with every column kind, nulls and several chunks' worth of pieces.
std::string SmallFile(const schema::CollectionSchema& schema, size_t rows) {
    GrowingSegment growing(7, 3, std::make_shared<schema::CollectionSchema>(schema));
    std::vector<std::pair<int64_t, int64_t>> numbers;
    for (size_t i = 0; i < rows; ++i) {
        numbers.emplace_back(static_cast<int64_t>(i), static_cast<int64_t>(i) * 3);
    }
    growing.Append(TestBatch(schema, numbers), 10);
    growing.Seal();
    codec::StringSink sink;
    EXPECT_TRUE(growing.WriteTo(sink).ok());
    return sink.Take();
}

// Reads whatever a segment offers; the answers do not matter, only that nothing is read outside.
void ReadEverything(const SealedSegment& segment, const schema::CollectionSchema& schema) {
    const base::CallContext context;
    ReadOptions options;
    options.context = &context;
    options.clock = &sys::RealClock();
    ReadCounters counters;
    const expr::ColumnRef name{kNameField, schema::DataType::kVarChar, {}, {}, -1};
    const expr::Plan plan{expr::Compare{name, expr::CompareOp::kGt, "m"}};
    options.filter = &plan;
    (void)segment.Match(options, &counters);
    options.filter = nullptr;
    const auto rows = segment.SelectByKey(options, 1000, &counters);
    if (rows.ok()) {
        const auto batch = segment.Fetch(*rows, schema.fields);
        EXPECT_EQ(batch.status().code(),
                  batch.ok() ? base::Code::kOk : base::Code::kDataCorruption);
        EXPECT_TRUE(!batch.ok() || batch->Verify().ok()) << batch->Verify().reason();
        (void)segment.KeysOf(*rows);
    }
    (void)segment.FindKey(KeyOfNumber(true, 3));
    for (const schema::FieldSchema& field : schema.fields) {
        if (!schema::IsVector(field.type) || field.type == schema::DataType::kArrayOfVector) {
            continue;
        }
        const schema::Column queries = QueryColumn(field, {3, 4});
        VectorQuery query;
        query.field_id = field.id;
        query.metric = MetricsOf(field.type)[0];
        query.k = 10;
        query.queries = queries.View();
        std::vector<QueryHits> hits;
        (void)segment.Search(query, options, &hits, &counters);
    }
}

void OpenAndRead(const std::shared_ptr<const schema::CollectionSchema>& schema, std::string bytes,
                 const std::string& good) {
    const bool changed = bytes != good;
    const auto opened =
        SealedSegment::Open(7, 3, schema, base::Buffer::FromString(std::move(bytes)));
    if (!opened.ok()) {
        EXPECT_TRUE(changed);
        EXPECT_EQ(opened.status().code(), base::Code::kDataCorruption);
        return;
    }
    EXPECT_EQ((*opened)->VerifyAll().ok(), !changed);
    ReadEverything(**opened, *schema);
}

TEST(SealedSegmentTest, ADamagedByteIsRefusedOrFoundByVerifyAllAndNeverCrashes) {
    const auto schema = TestSchema(true);
    const std::string good = SmallFile(*schema, 9);
    std::mt19937_64 random(11);
    const size_t step = std::max<size_t>(good.size() / 12'000, 1);
    for (size_t i = random() % step; i < good.size(); i += step) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ (1 << (random() % 8)));
        OpenAndRead(schema, std::move(bad), good);
    }
}

TEST(SealedSegmentTest, ACutFileIsRefused) {
    const auto schema = TestSchema(true);
    const std::string good = SmallFile(*schema, 9);
    for (size_t size = 0; size < good.size(); size += 13) {
        const auto opened =
            SealedSegment::Open(7, 3, schema, base::Buffer::FromString(good.substr(0, size)));
        ASSERT_FALSE(opened.ok());
        EXPECT_EQ(opened.status().code(), base::Code::kDataCorruption);
    }
}

// Writes the good file again with one section replaced and right checksums: what a checksum cannot
// catch, the checks of lengths, offsets and row numbers must.
TEST(SealedSegmentTest, ForgedSectionsWithRightChecksumsNeverLeadOutside) {
    const auto schema = TestSchema(true);
    const std::string good = SmallFile(*schema, 9);
    const auto reader =
        codec::EnvelopeReader::Open(base::Buffer::FromString(good), kSegmentFormat, 1);
    ASSERT_TRUE(reader.ok());
    std::mt19937_64 random(5);
    for (const codec::SectionEntry& forged : reader->sections()) {
        for (int attempt = 0; attempt < 12; ++attempt) {
            codec::StringSink sink;
            codec::EnvelopeWriter writer(sink, kSegmentFormat, 1);
            for (const codec::SectionEntry& entry : reader->sections()) {
                std::string bytes(reader->Section(entry.id)->view());
                if (entry.id == forged.id) {
                    if (attempt == 0) {
                        continue;  // absent
                    }
                    if (attempt == 1) {
                        bytes.resize(bytes.size() / 2);
                    } else if (attempt == 2) {
                        bytes.append(64, '\0');
                    } else if (!bytes.empty()) {
                        bytes[random() % bytes.size()] = static_cast<char>(random());
                    }
                }
                writer.AddSection(entry.id, bytes);
            }
            ASSERT_TRUE(writer.Finish().ok());
            const auto opened =
                SealedSegment::Open(7, 3, schema, base::Buffer::FromString(sink.Take()));
            if (opened.ok()) {
                ReadEverything(**opened, *schema);
            } else {
                EXPECT_EQ(opened.status().code(), base::Code::kDataCorruption);
            }
        }
    }
}

TEST(SealedSegmentTest, AnotherSchemaIsRefused) {
    const std::string file = SmallFile(*TestSchema(true), 9);
    const auto opened =
        SealedSegment::Open(7, 3, TestSchema(false), base::Buffer::FromString(file));
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.status().code(), base::Code::kDataCorruption);
}

TEST(SealedSegmentTest, WholeColumnsAreUsedInPlace) {
    const auto schema = TestSchema(true);
    const base::Buffer file = base::Buffer::FromString(SmallFile(*schema, 9));
    const auto segment = SealedSegment::Open(7, 3, schema, file);
    ASSERT_TRUE(segment.ok()) << segment.status().reason();
    const auto column = (*segment)->WholeColumn(kNumberField);
    ASSERT_TRUE(column.ok());
    EXPECT_EQ(column->rows, 9u);
    EXPECT_EQ(column->As<int64_t>()[8], 24);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(column->values) % 64,
              reinterpret_cast<uintptr_t>(file.data()) % 64);
    EXPECT_EQ((*segment)->WholeColumn(999).status().code(), base::Code::kFieldNotFound);
}

class AttachedIndexTest : public ::testing::Test {
  protected:
    AttachedIndexTest() : model_(false, 21) { model_.RandomSteps(40); }

    std::shared_ptr<const vindex::Index> Build(const SealedSegment& segment, base::FieldId field,
                                               std::string type,
                                               vindex::Metric metric = vindex::Metric::kL2) {
        const auto column = segment.WholeColumn(field);
        vindex::BuildParams params;
        params.index_type = std::move(type);
        params.vector_type = static_cast<vindex::VectorType>(column->type);
        params.metric = metric;
        params.dim = column->dim;
        vindex::BuildInput input;
        input.vectors = column->values;
        input.offsets = column->offsets;
        input.rows = column->rows;
        auto index = vindex::BuildIndex(params, input);
        EXPECT_TRUE(index.ok()) << index.status().reason();
        return *std::move(index);
    }

    SegmentModel model_;
};

TEST_F(AttachedIndexTest, AnswersAreThoseOfTheModelWithAnIndexToo) {
    const auto sealed = SealAndOpen(*model_.growing, model_.schema);
    ASSERT_NE(sealed, nullptr);
    // An index for each vector field and metric; a search takes the one of its metric.
    base::IndexId id = 900;
    for (const schema::FieldSchema& field : model_.schema->fields) {
        if (!schema::IsVector(field.type) || field.type == schema::DataType::kArrayOfVector) {
            continue;
        }
        const bool sparse = field.type == schema::DataType::kSparseFloatVector;
        for (const vindex::Metric metric : MetricsOf(field.type)) {
            sealed->AttachIndex(
                field.id, id++,
                Build(*sealed, field.id, sparse ? "SPARSE_INVERTED_INDEX" : "FLAT", metric));
        }
    }
    EXPECT_TRUE(sealed->HasIndex(900));
    for (int i = 0; i < 120; ++i) {
        ASSERT_NO_FATAL_FAILURE(model_.Check(*sealed, model_.RandomTimestamp()));
    }
    EXPECT_GT(model_.index_searches, 100u);
}

TEST_F(AttachedIndexTest, AGraphIndexIsUsedAndFindsAllKMatches) {
    const auto sealed = SealAndOpen(*model_.growing, model_.schema);
    ASSERT_NE(sealed, nullptr);
    const base::CallContext context;
    ReadOptions options;
    options.context = &context;
    options.clock = &sys::RealClock();
    VectorQuery query;
    query.field_id = kNullableVectorField;
    query.k = 50;
    query.params["ef"] = "64";
    const schema::Column queries =
        QueryColumn(*model_.schema->FindField(kNullableVectorField), {3, 5});
    query.queries = queries.View();
    const auto search = [&](ReadCounters* counters) {
        std::vector<QueryHits> hits;
        const base::Status status = sealed->Search(query, options, &hits, counters);
        EXPECT_TRUE(status.ok()) << status.reason();
        return hits;
    };
    ReadCounters exact;
    const auto want = search(&exact);
    EXPECT_EQ(exact.brute_force_searches, 1u);
    sealed->AttachIndex(kNullableVectorField, 900, Build(*sealed, kNullableVectorField, "HNSW"));
    ReadCounters indexed;
    const auto got = search(&indexed);
    EXPECT_EQ(indexed.index_searches, 1u);
    EXPECT_EQ(indexed.brute_force_searches, 0u);
    for (size_t q = 0; q < 2; ++q) {
        ASSERT_EQ(got[q].rows.size(), 50u);
        std::set<base::RowOffset> distinct(got[q].rows.begin(), got[q].rows.end());
        EXPECT_EQ(distinct.size(), 50u);
        for (const base::RowOffset row : got[q].rows) {
            EXPECT_TRUE(HasNullableVector(model_.rows[row].number));
            EXPECT_TRUE(model_.rows[row].VisibleAt(base::kMaxTimestamp));
        }
    }
    sealed->DetachIndex(900);
    EXPECT_FALSE(sealed->HasIndex(900));
    ReadCounters detached;
    search(&detached);
    EXPECT_EQ(detached.index_searches, 0u);
}

TEST(SealedSegmentTest, StatisticsPruneWithoutLookingAtRows) {
    const auto schema = TestSchema(true);
    const auto segment =
        SealedSegment::Open(7, 3, schema, base::Buffer::FromString(SmallFile(*schema, 9)));
    ASSERT_TRUE(segment.ok());
    const base::CallContext context;
    ReadOptions options;
    options.context = &context;
    options.clock = &sys::RealClock();
    const expr::ColumnRef number{kNumberField, schema::DataType::kInt64, {}, {}, -1};
    const expr::ColumnRef name{kNameField, schema::DataType::kVarChar, {}, {}, -1};
    using expr::CompareOp;
    const std::vector<std::pair<expr::Plan, size_t>> cases = {
        {{expr::Compare{number, CompareOp::kGt, 24}}, 0},
        {{expr::Compare{number, CompareOp::kGe, 24}}, 9},
        {{expr::Compare{number, CompareOp::kLt, 0}}, 0},
        {{expr::Range{number, 25, 100, true, true}}, 0},
        {{expr::Range{number, 24, 100, true, true}}, 9},
        {{expr::Compare{name, CompareOp::kLt, "n"}}, 0},
        {{expr::IsNull{number}}, 0},
        {{expr::Like{name, expr::LikeKind::kPrefix, "nam"}}, 9},
        {{expr::Like{name, expr::LikeKind::kPrefix, "naa"}}, 0},
        {{expr::Like{name, expr::LikeKind::kPrefix, "o"}}, 0},
        {{expr::Like{name, expr::LikeKind::kEqual, "zz"}}, 0},
    };
    for (const auto& [plan, scanned] : cases) {
        options.filter = &plan;
        ReadCounters counters;
        const auto match = (*segment)->Match(options, &counters);
        ASSERT_TRUE(match.ok()) << match.status().reason();
        EXPECT_EQ(match->Count() > 0, scanned > 0);
        EXPECT_EQ(counters.rows_scanned, scanned);
    }
}

}  // namespace
}  // namespace elanus::segment
