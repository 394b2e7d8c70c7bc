// Rows of a BM25 field: statistics of terms and scores, in memory, in a file, behind an index, and
// of segments that are older than the function.
#include "analyzer/text_analyzer.h"
#include "function/outputs.h"
#include "segment/segment_fixture_test.h"
#include "sys/clock.h"
#include "vindex/family.h"
#include "vindex/sparse.h"

#include <map>
#include <random>
#include <set>

namespace elanus::segment {
namespace {

constexpr base::FieldId kTextField = 101;
constexpr base::FieldId kTermsField = 102;

std::shared_ptr<const schema::CollectionSchema> TextSchema(bool with_function) {
    auto schema = std::make_shared<schema::CollectionSchema>();
    schema::FieldSchema key;
    key.id = kPkField;
    key.name = "id";
    key.type = schema::DataType::kInt64;
    key.is_primary_key = true;
    schema::FieldSchema text;
    text.id = kTextField;
    text.name = "text";
    text.type = schema::DataType::kVarChar;
    text.nullable = true;
    text.type_params = {{"enable_analyzer", "true"}, {"max_length", "1000"}};
    schema->fields = {key, text};
    if (with_function) {
        schema::FieldSchema terms;
        terms.id = kTermsField;
        terms.name = "terms";
        terms.type = schema::DataType::kSparseFloatVector;
        terms.is_function_output = true;
        schema->fields.push_back(terms);
        schema::FunctionSchema function;
        function.name = "bm25";
        function.type = schema::FunctionType::kBm25;
        function.input_field_names = {"text"};
        function.output_field_names = {"terms"};
        schema->functions = {function};
    }
    return schema;
}

struct Texts {
    std::vector<std::string> rows;  // "-" is null

    explicit Texts(size_t count, uint32_t seed) {
        std::mt19937 random(seed);
        for (size_t i = 0; i < count; ++i) {
            std::string text = i % 17 == 5 ? "-" : "";
            for (size_t words = random() % 12; text != "-" && words > 0; --words) {
                text += "w" + std::to_string(random() % 9) + " ";
            }
            rows.push_back(text);
        }
    }
    // The words of a row; null rows have none.
    static std::map<std::string, int> WordsOf(const std::string& text) {
        std::map<std::string, int> words;
        for (size_t at = 0; text != "-" && at < text.size(); at = text.find(' ', at) + 1) {
            ++words[text.substr(at, text.find(' ', at) - at)];
        }
        return words;
    }
};

schema::ColumnBatch BatchOf(const schema::CollectionSchema& schema, const Texts& texts,
                            size_t begin, size_t end) {
    schema::ColumnBuilder keys(kPkField, schema::DataType::kInt64);
    schema::ColumnBuilder values(kTextField, schema::DataType::kVarChar);
    for (size_t row = begin; row < end; ++row) {
        keys.AppendInt(static_cast<int64_t>(row));
        texts.rows[row] == "-" ? values.AppendNull() : values.AppendBytes(texts.rows[row]);
    }
    schema::ColumnBatch batch;
    batch.rows = end - begin;
    batch.columns = {keys.Finish(), values.Finish()};
    const auto functions = function::MakeFunctions(schema);
    EXPECT_TRUE(functions.ok());
    EXPECT_TRUE(function::AddOutputs(schema, **functions, {}, &batch).ok());
    return batch;
}

struct Reader {
    base::CallContext context;
    std::shared_ptr<const schema::CollectionSchema> known = TextSchema(true);
    std::vector<uint32_t> terms = {analyzer::TokenHash("w1"), analyzer::TokenHash("w8"),
                                   analyzer::TokenHash("nowhere")};

    ReadOptions Options() {
        ReadOptions options;
        options.context = &context;
        options.clock = &sys::RealClock();
        options.known_fields = &known->fields;
        options.known_functions = &known->functions;
        return options;
    }

    void CheckStatistics(const Segment& segment, const Texts& texts, size_t rows) {
        vindex::TermStatistics found;
        ASSERT_TRUE(segment.AddTermStatistics(kTermsField, terms, Options(), &found).ok());
        uint64_t documents = 0;
        double length = 0;
        std::vector<uint64_t> holders(3, 0);
        for (size_t row = 0; row < rows; ++row) {
            const auto words = Texts::WordsOf(texts.rows[row]);
            documents += words.empty() ? 0 : 1;
            for (const auto& [word, count] : words) {
                length += count;
            }
            holders[0] += words.contains("w1") ? 1 : 0;
            holders[1] += words.contains("w8") ? 1 : 0;
        }
        EXPECT_EQ(found.documents, documents);
        EXPECT_EQ(found.total_length, length);
        EXPECT_EQ(found.holders, holders);
    }

    std::vector<float> Scores(const Segment& segment) {
        schema::ColumnBuilder queries(kTermsField, schema::DataType::kSparseFloatVector);
        const vindex::SparseEntry entries[] = {{std::min(terms[0], terms[1]), 1.5f},
                                               {std::max(terms[0], terms[1]), 0.5f}};
        queries.AppendBytes({reinterpret_cast<const char*>(entries), sizeof entries});
        const schema::Column column = queries.Finish();
        VectorQuery query;
        query.field_id = kTermsField;
        query.metric = vindex::Metric::kBm25;
        query.queries = column.View();
        query.k = 20;
        query.params = {{"bm25_avgdl", "5.5"}};
        std::vector<QueryHits> hits;
        ReadCounters counters;
        const base::Status status = segment.Search(query, Options(), &hits, &counters);
        EXPECT_TRUE(status.ok()) << status.reason();
        return hits.at(0).scores;
    }
};

// An index adds up contributions that were rounded one by one.
void ExpectNear(const std::vector<float>& found, const std::vector<float>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_NEAR(found[i], expected[i], 1e-6f * expected[i]) << i;
    }
}

TEST(TextRows, StatisticsAndScoresAreTheSameWhereverTheRowsAre) {
    const auto schema = TextSchema(true);
    const Texts texts(900, 1);
    Reader reader;
    GrowingSegment growing(1, 1, schema);
    for (size_t begin = 0; begin < 900; begin += 300) {
        growing.Append(BatchOf(*schema, texts, begin, begin + 300), 10 + begin);
        reader.CheckStatistics(growing, texts, begin + 300);
        reader.CheckStatistics(growing, texts, begin + 300);
    }
    const std::vector<float> scores = reader.Scores(growing);
    EXPECT_EQ(scores.size(), 20u);
    EXPECT_GT(scores[0], scores[19]);
    growing.Seal();
    const auto sealed = SealAndOpen(growing, schema);
    reader.CheckStatistics(*sealed, texts, 900);
    EXPECT_EQ(reader.Scores(*sealed), scores);
    const auto column = sealed->WholeColumn(kTermsField);
    ASSERT_TRUE(column.ok());
    vindex::BuildInput input;
    input.vectors = column->values;
    input.offsets = column->offsets;
    input.rows = column->rows;
    auto index = vindex::BuildIndex(
        {"SPARSE_INVERTED_INDEX", vindex::VectorType::kSparseFloat, vindex::Metric::kBm25, 0, {}},
        input);
    ASSERT_TRUE(index.ok());
    sealed->AttachIndex(kTermsField, 7, std::move(*index));
    reader.CheckStatistics(*sealed, texts, 900);
    ExpectNear(reader.Scores(*sealed), scores);
}

TEST(TextRows, SegmentsOlderThanTheFunctionMakeItsOutput) {
    const auto old_schema = TextSchema(false);
    const auto schema = TextSchema(true);
    const Texts texts(500, 2);
    Reader reader;
    GrowingSegment young(1, 1, schema);
    young.Append(BatchOf(*schema, texts, 0, 500), 10);
    GrowingSegment old(2, 1, old_schema);
    old.Append(BatchOf(*old_schema, texts, 0, 500), 10);
    const std::vector<float> scores = reader.Scores(young);
    EXPECT_EQ(reader.Scores(old), scores);
    reader.CheckStatistics(old, texts, 500);
    old.Seal();
    for (const auto& opened_with : {old_schema, schema}) {
        const auto sealed = SealAndOpen(old, opened_with);
        EXPECT_EQ(reader.Scores(*sealed), scores);
        reader.CheckStatistics(*sealed, texts, 500);
        EXPECT_EQ(sealed->WholeColumn(kTermsField).ok(), opened_with == schema);
    }
    // An index over the derived column stands for it.
    const auto sealed = SealAndOpen(old, schema);
    const auto column = sealed->WholeColumn(kTermsField);
    ASSERT_TRUE(column.ok());
    EXPECT_EQ(column->rows, 500u);
    vindex::BuildInput input;
    input.vectors = column->values;
    input.offsets = column->offsets;
    input.rows = column->rows;
    auto index = vindex::BuildIndex(
        {"AUTOINDEX", vindex::VectorType::kSparseFloat, vindex::Metric::kBm25, 0, {}}, input);
    ASSERT_TRUE(index.ok());
    const auto fresh = SealAndOpen(old, old_schema);
    fresh->AttachIndex(kTermsField, 7, std::move(*index));
    ExpectNear(reader.Scores(*fresh), scores);
    reader.CheckStatistics(*fresh, texts, 500);
}

}  // namespace
}  // namespace elanus::segment
