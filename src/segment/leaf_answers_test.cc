// Matches with scalar indexes beside the segment are the matches without, and look at fewer rows.
#include "scalar_index/build.h"
#include "segment/segment_fixture_test.h"

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

constexpr int64_t kRows = 60'000;

const expr::ColumnRef kNumber{kNumberField, schema::DataType::kInt64, {}, {}, -1};
const expr::ColumnRef kFloat{kFloatField, schema::DataType::kFloat, {}, {}, -1};
const expr::ColumnRef kKey{kPkField, schema::DataType::kInt64, {}, {}, -1};
const expr::ColumnRef kName{kNameField, schema::DataType::kVarChar, {}, {}, -1};
using expr::CompareOp;
using expr::Plan;

class LeafAnswersTest : public testing::Test {
  protected:
    LeafAnswersTest() {
        // The vector columns would be most of the work, and matter to nothing here.
        auto schema = std::make_shared<schema::CollectionSchema>(*TestSchema(false));
        std::erase_if(schema->fields, [](const schema::FieldSchema& field) {
            return field.id > kNameField && field.id != kVectorField;
        });
        schema_ = schema;
        GrowingSegment growing(7, 3, schema_);
        std::vector<std::pair<int64_t, int64_t>> rows;
        for (int64_t i = 0; i < kRows; ++i) {
            rows.emplace_back(i, i * 7919 % kRows);
        }
        growing.Append(TestBatch(*schema_, rows), 10);
        growing.Seal();
        codec::StringSink sink;
        EXPECT_TRUE(growing.WriteTo(sink).ok());
        auto opened = SealedSegment::Open(7, 3, schema_, base::Buffer::FromString(sink.Take()));
        EXPECT_TRUE(opened.ok());
        segment_ = std::move(*opened);
        options_.context = &context_;
        options_.clock = &sys::RealClock();
    }

    std::shared_ptr<const scalar_index::Index> BuildOver(
        base::FieldId field_id, const std::string& type,
        std::map<std::string, std::string> params) {
        codec::StringSink sink;
        scalar_index::BuildInput input;
        input.column = *segment_->WholeColumn(field_id);
        input.rows = segment_->rows();
        const auto report = scalar_index::BuildIndex(
            {type, *schema_->FindField(field_id), std::move(params)}, input, sink);
        EXPECT_TRUE(report.ok()) << report.status().reason();
        auto index = scalar_index::Index::Open(base::Buffer::FromString(sink.Take()));
        EXPECT_TRUE(index.ok()) << index.status().reason();
        return *index;
    }

    // The matching rows, and how many were looked at.
    std::pair<base::Bitmap, uint64_t> Match(const Plan& plan) {
        options_.filter = &plan;
        ReadCounters counters;
        auto rows = segment_->Match(options_, &counters);
        EXPECT_TRUE(rows.ok()) << rows.status().reason();
        return {*std::move(rows), counters.rows_scanned};
    }

    std::shared_ptr<const schema::CollectionSchema> schema_;
    std::unique_ptr<SealedSegment> segment_;
    base::CallContext context_;
    ReadOptions options_;
};

TEST_F(LeafAnswersTest, MatchesAreTheSameAndFewerRowsAreLookedAt) {
    const Plan some{expr::Range{kNumber, 100, 130, true, true}};
    const Plan floats{expr::Compare{kFloat, CompareOp::kLt, 40.0}};
    const Plan half{expr::Compare{kNumber, CompareOp::kLt, kRows / 2}};
    const Plan named{expr::Like{kName, expr::LikeKind::kPrefix, "name1234"}};
    const Plan infix{expr::Like{kName, expr::LikeKind::kInfix, "99"}};
    struct Case {
        Plan plan;
        uint64_t scanned_max;
    };
    // Where null rows may be, a few blocks are looked at around the candidates.
    const std::vector<Case> cases = {
        {some, 0},
        {half, kRows},
        {floats, kRows},
        {named, kRows},
        {infix, kRows},
        {{expr::And{{half, some}}}, kRows},
        {{expr::And{{some, named}}}, kRows},
        {{expr::Or{{some, named}}}, kRows},
        {{expr::Not{{some}}}, kRows},
        {{expr::Not{{floats}}}, kRows},
        {{expr::And{{named, {expr::Not{{floats}}}}}}, kRows},
    };
    std::vector<base::Bitmap> wanted;
    for (const Case& each : cases) {
        const auto [rows, scanned] = Match(each.plan);
        EXPECT_EQ(scanned, static_cast<uint64_t>(kRows));
        wanted.push_back(rows);
    }
    segment_->AttachScalarIndex(900, BuildOver(kNumberField, "STL_SORT", {}));
    segment_->AttachScalarIndex(901, BuildOver(kFloatField, "INVERTED", {}));
    segment_->AttachScalarIndex(902, BuildOver(kNameField, "TRIE", {}));
    segment_->AttachScalarIndex(
        903, BuildOver(kNameField, "NGRAM", {{"min_gram", "2"}, {"max_gram", "3"}}));
    for (size_t i = 0; i < cases.size(); ++i) {
        const auto [rows, scanned] = Match(cases[i].plan);
        EXPECT_EQ(rows, wanted[i]) << "case " << i;
        EXPECT_LE(scanned, cases[i].scanned_max) << "case " << i;
    }
    EXPECT_EQ(Match(half).second, static_cast<uint64_t>(kRows)) << "a scan is faster";
    for (const base::IndexId id : {900, 901, 902, 903}) {
        EXPECT_TRUE(segment_->HasIndex(id));
        segment_->DetachIndex(id);
        EXPECT_FALSE(segment_->HasIndex(id));
    }
    EXPECT_EQ(Match(some).second, static_cast<uint64_t>(kRows));
}

TEST_F(LeafAnswersTest, DeletedAndLaterRowsStayOut) {
    segment_->AttachScalarIndex(900, BuildOver(kNumberField, "STL_SORT", {}));
    const Plan one{expr::Compare{kNumber, CompareOp::kEq, 0}};  // the first row
    EXPECT_EQ(Match(one).first.Count(), 1u);
    segment_->ApplyDeletes({{0}, {20}});
    EXPECT_EQ(Match(one).first.Count(), 0u);
    options_.timestamp = 15;
    EXPECT_EQ(Match(one).first.Count(), 1u);
    options_.timestamp = 5;
    EXPECT_EQ(Match(one).first.Count(), 0u);
}

// Plans of And, Or and Not over leaves that have an index, that have one for candidates only, and
// that have none.
class PlanMaker {
  public:
    explicit PlanMaker(uint64_t seed) : random_(seed) {}

    Plan Make(int depth) {
        switch (depth == 0 ? 3 : random_() % 4) {
            case 0:
                return {expr::And{Terms(depth)}};
            case 1:
                return {expr::Or{Terms(depth)}};
            case 2:
                return {expr::Not{{Make(depth - 1)}}};
            default:
                return Leaf();
        }
    }

  private:
    std::vector<Plan> Terms(int depth) {
        std::vector<Plan> terms;
        for (size_t i = 2 + random_() % 2; i > 0; --i) {
            terms.push_back(Make(depth - 1));
        }
        return terms;
    }
    Plan Leaf() {
        const auto value = static_cast<int64_t>(random_() % kRows);
        const auto op = static_cast<CompareOp>(random_() % 6);
        const std::string digits = std::to_string(random_() % 1000);
        switch (random_() % 7) {
            case 0:
                return {expr::Compare{kNumber, op, value}};
            case 1:
                return {expr::Range{kNumber, value, value + 500, true, false}};
            case 2:
                return {expr::Compare{kFloat, op, static_cast<double>(NumberToFloat(value))}};
            case 3:
                return {expr::IsNull{random_() % 2 == 0 ? kFloat : kName}};
            case 4:
                return {expr::Like{kName, expr::LikeKind::kPrefix, "name" + digits}};
            case 5:
                return {expr::Like{kName, expr::LikeKind::kInfix, digits}};
            default:
                return {expr::Compare{kKey, op, value}};
        }
    }

    std::mt19937_64 random_;
};

TEST_F(LeafAnswersTest, RandomPlansMatchTheSameRows) {
    PlanMaker maker(23);
    std::vector<std::pair<Plan, base::Bitmap>> wanted;
    for (int i = 0; i < 150; ++i) {
        const Plan plan = maker.Make(3);
        wanted.emplace_back(plan, Match(plan).first);
    }
    segment_->AttachScalarIndex(900, BuildOver(kNumberField, "INVERTED", {}));
    segment_->AttachScalarIndex(901, BuildOver(kFloatField, "STL_SORT", {}));
    segment_->AttachScalarIndex(
        902, BuildOver(kNameField, "NGRAM", {{"min_gram", "1"}, {"max_gram", "3"}}));
    size_t spared = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
        const auto [rows, scanned] = Match(wanted[i].first);
        EXPECT_EQ(rows, wanted[i].second) << "plan " << i;
        spared += scanned < static_cast<uint64_t>(kRows);
    }
    EXPECT_GT(spared, wanted.size() / 10);
}

}  // namespace
}  // namespace elanus::segment
