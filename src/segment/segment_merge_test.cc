// Merges of segments with every kind of column, compared row by row with where the rows come from.
#include "segment/segment_merge.h"

#include "segment/origin_file.h"
#include "segment/segment_fixture_test.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

std::shared_ptr<const SealedSegment> Open(const std::string& bytes, base::SegmentId id,
                                          std::shared_ptr<const schema::CollectionSchema> schema) {
    auto opened = SealedSegment::Open(id, 3, std::move(schema), base::Buffer::FromString(bytes));
    EXPECT_TRUE(opened.ok()) << opened.status().reason();
    return std::move(*opened);
}

// Columns of all fields but those left out; keys repeat now and then.
std::shared_ptr<const SealedSegment> RandomSegment(
    const std::shared_ptr<const schema::CollectionSchema>& schema, base::SegmentId id,
    bool string_keys, std::mt19937_64& random) {
    SegmentModel model(string_keys, random());
    model.now = 1000 * static_cast<base::Timestamp>(id);
    model.RandomSteps(40);
    model.growing->Seal();
    codec::StringSink sink;
    EXPECT_TRUE(model.growing->WriteTo(sink).ok());
    return Open(sink.bytes(), id, schema);
}

std::vector<std::string> RowTexts(const Segment& segment, base::RowOffset row,
                                  const schema::CollectionSchema& schema) {
    const auto fetched = segment.Fetch({row}, schema.fields);
    EXPECT_TRUE(fetched.ok()) << fetched.status().reason();
    std::vector<std::string> texts;
    for (const schema::Column& column : fetched->columns) {
        texts.push_back(RowText(column.View(), 0));
    }
    return texts;
}

void ExpectKeysInOrder(const SealedSegment& segment) {
    const KeyIndex& keys = segment.keys();
    ASSERT_EQ(keys.rows(), segment.rows());
    for (size_t i = 0; i < keys.rows(); ++i) {
        const schema::PrimaryKeys of_row = segment.KeysOf({keys.RowAt(i)});
        const schema::PrimaryKey key = keys.is_string()
                                           ? schema::PrimaryKey(std::string(keys.StringAt(i)))
                                           : schema::PrimaryKey(keys.IntAt(i));
        ASSERT_EQ(of_row.At(0), key);
        if (i > 0) {
            const schema::PrimaryKeys before = segment.KeysOf({keys.RowAt(i - 1)});
            ASSERT_TRUE(std::pair(before.At(0), keys.RowAt(i - 1)) < std::pair(key, keys.RowAt(i)));
        }
    }
}

class SegmentMergeTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(SegmentMergeTest, EveryKeptRowIsThereAsItWas) {
    std::mt19937_64 random(GetParam());
    const bool string_keys = GetParam() % 2 == 1;
    const auto schema = TestSchema(string_keys);
    std::vector<MergeInput> inputs;
    for (base::SegmentId id = 1; id <= 3; ++id) {
        MergeInput& input = inputs.emplace_back();
        input.segment = RandomSegment(schema, id, string_keys, random);
        input.kept = base::Bitmap(input.segment->rows(), true);
        for (size_t row = 0; row < input.kept.size(); ++row) {
            input.kept.Assign(row, random() % (2 + GetParam() % 4) != 0 || id == 2);
        }
    }
    const base::FieldId order_field = GetParam() % 3 == 2 ? kNumberField : 0;
    const auto merge = SegmentMerge::Make(schema, inputs, order_field);
    ASSERT_TRUE(merge.ok());
    const size_t outputs = 1 + GetParam() % 3;
    std::vector<base::Bitmap> left;
    for (const MergeInput& input : inputs) {
        left.push_back(input.kept);
    }
    RowOrigin last = 0;
    for (size_t i = 0; i < outputs; ++i) {
        const auto origins = merge->Origins(i, outputs);
        codec::StringSink sink;
        const base::Status written = merge->Write(90, 3, origins, sink, nullptr);
        ASSERT_TRUE(written.ok()) << written.reason();
        const auto merged = Open(sink.bytes(), 90, schema);
        ASSERT_TRUE(merged->VerifyAll().ok());
        ASSERT_EQ(merged->rows(), origins.size());
        for (size_t row = 0; row < origins.size(); ++row) {
            const size_t input = OriginInput(origins[row]);
            const base::RowOffset old_row = OriginRow(origins[row]);
            ASSERT_TRUE(left[input].Test(old_row));
            left[input].Reset(old_row);
            ASSERT_EQ(RowTexts(*merged, static_cast<base::RowOffset>(row), *schema),
                      RowTexts(*inputs[input].segment, old_row, *schema));
            ASSERT_EQ(merged->timestamps()[row], inputs[input].segment->timestamps()[old_row]);
            ASSERT_TRUE(order_field != 0 || row == 0 || last < origins[row]);
            last = origins[row];
        }
        ExpectKeysInOrder(*merged);
        EXPECT_EQ(merged->WholeNorms(kVectorField) != nullptr, true);
    }
    for (const base::Bitmap& rest : left) {
        EXPECT_TRUE(rest.None());
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SegmentMergeTest, testing::Range<uint64_t>(0, 12));

TEST(SegmentMerge, OrdersByAFieldAndKeepsEqualValuesInOrder) {
    const auto schema = TestSchema(false);
    GrowingSegment growing(1, 3, schema);
    growing.Append(TestBatch(*schema, {{1, 50}, {2, 10}, {3, 50}, {4, 5}}), 100);
    growing.Seal();
    codec::StringSink sink;
    ASSERT_TRUE(growing.WriteTo(sink).ok());
    const auto segment = Open(sink.bytes(), 1, schema);
    const auto merge = SegmentMerge::Make(schema, {{segment, base::Bitmap(4, true)}}, kNumberField);
    ASSERT_TRUE(merge.ok());
    const auto origins = merge->Origins(0, 1);
    EXPECT_EQ(std::vector<RowOrigin>(origins.begin(), origins.end()),
              (std::vector<RowOrigin>{3, 1, 0, 2}));
    EXPECT_EQ(SegmentMerge::Make(schema, {{segment, base::Bitmap(4, true)}}, kVectorField)
                  .status()
                  .code(),
              base::Code::kUnsupportedOperation);
}

TEST(SegmentMerge, AFieldThatOneInputLacksGetsItsDefaultOrNull) {
    const auto old_schema = TestSchema(false);
    auto changed = std::make_shared<schema::CollectionSchema>(*old_schema);
    std::erase_if(changed->fields, [](const auto& field) { return field.id == kNameField; });
    schema::FieldSchema added;
    added.id = 300;
    added.name = "added";
    added.type = schema::DataType::kVarChar;
    added.nullable = true;
    changed->fields.push_back(added);
    GrowingSegment growing(1, 3, old_schema);
    growing.Append(TestBatch(*old_schema, {{1, 1}, {2, 2}}), 100);
    growing.Seal();
    codec::StringSink sink;
    ASSERT_TRUE(growing.WriteTo(sink).ok());
    const auto merge =
        SegmentMerge::Make(changed, {{Open(sink.bytes(), 1, changed), base::Bitmap(2, true)}}, 0);
    ASSERT_TRUE(merge.ok());
    codec::StringSink out;
    ASSERT_TRUE(merge->Write(9, 3, merge->Origins(0, 1), out, nullptr).ok());
    const auto merged = Open(out.bytes(), 9, changed);
    EXPECT_FALSE(merged->WholeColumn(kNameField).ok());
    const auto column = merged->WholeColumn(300);
    ASSERT_TRUE(column.ok());
    EXPECT_FALSE(column->IsValid(0) || column->IsValid(1));
}

TEST(SegmentMerge, StopsWhenItIsInterrupted) {
    const auto schema = TestSchema(false);
    GrowingSegment growing(1, 3, schema);
    growing.Append(TestBatch(*schema, {{1, 1}}), 100);
    growing.Seal();
    codec::StringSink sink;
    ASSERT_TRUE(growing.WriteTo(sink).ok());
    const auto merge =
        SegmentMerge::Make(schema, {{Open(sink.bytes(), 1, schema), base::Bitmap(1, true)}}, 0);
    codec::StringSink out;
    const auto stop = [] { return base::Status::Error(base::Code::kCanceled); };
    EXPECT_EQ(merge->Write(9, 3, merge->Origins(0, 1), out, stop).code(), base::Code::kCanceled);
}

TEST(OriginFile, ComesBackAndDamageIsFound) {
    const std::vector<RowOrigin> first = {MakeOrigin(0, 7), MakeOrigin(2, 1)};
    const std::vector<RowOrigin> second = {MakeOrigin(1, 4'000'000'000)};
    codec::StringSink sink;
    ASSERT_TRUE(WriteOriginFile({first, second}, sink).ok());
    const auto origins = OriginFile::Open(base::Buffer::FromString(sink.bytes()));
    ASSERT_TRUE(origins.ok());
    ASSERT_EQ(origins->outputs(), 2u);
    EXPECT_TRUE(std::ranges::equal(origins->Output(0), first));
    EXPECT_TRUE(std::ranges::equal(origins->Output(1), second));
    EXPECT_EQ(OriginInput(second[0]), 1u);
    EXPECT_EQ(OriginRow(second[0]), 4'000'000'000u);
    for (size_t i = 0; i < sink.bytes().size(); i += 7) {
        std::string damaged = sink.bytes();
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        EXPECT_FALSE(OriginFile::Open(base::Buffer::FromString(damaged)).ok()) << i;
    }
}

}  // namespace
}  // namespace elanus::segment
