// Texts of sealed segments are matched from the text index in the segment's file, as growing rows
// are by scanning them.
#include "segment/segment_fixture_test.h"

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

constexpr int64_t kRows = 20'000;

class TextAnswersTest : public testing::Test {
  protected:
    TextAnswersTest() {
        auto schema = std::make_shared<schema::CollectionSchema>(*TestSchema(false));
        std::erase_if(schema->fields, [](const schema::FieldSchema& field) {
            return field.id > kNameField && field.id != kVectorField;
        });
        for (schema::FieldSchema& field : schema->fields) {
            if (field.id == kNameField) {
                field.type_params = {{"enable_analyzer", "true"}, {"enable_match", "true"}};
            }
        }
        schema_ = schema;
        growing_ = std::make_unique<GrowingSegment>(7, 3, schema_);
        std::vector<std::pair<int64_t, int64_t>> rows;
        for (int64_t i = 0; i < kRows; ++i) {
            rows.emplace_back(i, i * 7919 % 500);
        }
        growing_->Append(TestBatch(*schema_, rows), 10);
        growing_->Seal();
        codec::StringSink sink;
        EXPECT_TRUE(growing_->WriteTo(sink).ok());
        auto opened = SealedSegment::Open(7, 3, schema_, base::Buffer::FromString(sink.Take()));
        EXPECT_TRUE(opened.ok()) << opened.status().reason();
        sealed_ = std::move(*opened);
        options_.context = &context_;
        options_.clock = &sys::RealClock();
    }

    // A token of the texts.
    std::string SomeToken() const {
        const auto names = sealed_->WholeColumn(kNameField);
        size_t row = 0;
        while (!names->IsValid(row)) {
            ++row;
        }
        return std::string(names->StringAt(row));
    }

    std::shared_ptr<const schema::CollectionSchema> schema_;
    std::unique_ptr<GrowingSegment> growing_;
    std::unique_ptr<SealedSegment> sealed_;
    base::CallContext context_;
    ReadOptions options_;
};

TEST_F(TextAnswersTest, SealedTextsAreMatchedByTheIndex) {
    const expr::ColumnRef name{kNameField, schema::DataType::kVarChar, {}, {}, -1};
    const std::vector<expr::Plan> plans = {
        {expr::TextMatch{name, {SomeToken()}, 1, {}}},
        {expr::TextMatch{name, {SomeToken(), "nothing like it"}, 1, {}}},
        {expr::PhraseMatch{name, SomeToken(), 0, {}}},
        {expr::Not{{{expr::TextMatch{name, {SomeToken()}, 1, {}}}}}},
    };
    for (size_t i = 0; i < plans.size(); ++i) {
        options_.filter = &plans[i];
        ReadCounters grown, from_index;
        const auto expected = growing_->Match(options_, &grown);
        const auto found = sealed_->Match(options_, &from_index);
        ASSERT_TRUE(expected.ok() && found.ok());
        EXPECT_EQ(*found, *expected) << i;
        EXPECT_FALSE(found->None()) << i;
        EXPECT_EQ(grown.index_filters, 0u);
        EXPECT_EQ(from_index.index_filters, 1u) << i;
    }
}

}  // namespace
}  // namespace elanus::segment
