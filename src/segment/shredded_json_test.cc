// Filters on paths that a sealed segment keeps as columns select what scans of the documents do
// (the growing segment's answer), whatever the documents hold and the filter asks.
#include "segment/shredded_json.h"

#include "codec/sink.h"
#include "segment/growing_segment.h"
#include "segment/sealed_segment.h"
#include "sys/clock.h"

#include <random>

#include <gtest/gtest.h>

namespace elanus::segment {
namespace {

using expr::ColumnRef;
using expr::CompareOp;
using expr::Plan;
using expr::Value;
using schema::DataType;

constexpr base::FieldId kKey = 100;
constexpr base::FieldId kJson = 101;
// More than a block, and no whole words at its end.
constexpr size_t kRows = kShreddedBlockRows + 2039;

std::shared_ptr<const schema::CollectionSchema> JsonSchema() {
    auto schema = std::make_shared<schema::CollectionSchema>();
    schema->name = "documents";
    schema::FieldSchema key;
    key.id = kKey;
    key.name = "id";
    key.type = DataType::kInt64;
    key.is_primary_key = true;
    schema::FieldSchema json;
    json.id = kJson;
    json.name = "j";
    json.type = DataType::kJson;
    json.nullable = true;
    schema->fields = {key, json};
    return schema;
}

class Documents {
  public:
    std::string Next() {
        if (Once(60)) {
            return Odd();
        }
        std::string text = "{\"n\": " + Int() + ", \"big\": " + Big() + ", \"price\":" + Number();
        text += Once(10) ? "" : ", \"ok\": " + std::string(Once(2) ? "true" : "false");
        text += ", \"s\": " + Text() + ", \"o\": " + Nested();
        text += Once(20) ? ", \"n\": 5, \"o\": {\"a\": 1}" : "";  // repeated: the first ones count
        return text + "}";
    }
    // A key of the documents, often one that is kept.
    std::vector<std::string> Path() {
        static const std::vector<std::vector<std::string>> kPaths = {
            {"n"},           {"big"},    {"price"}, {"ok"}, {"s"}, {"o", "a"},
            {"o", "b", "c"}, {"o", "0"}, {"o"},     {"no"}, {"0"}};
        return kPaths[random_() % kPaths.size()];
    }
    Value Constant() {
        switch (random_() % 8) {
            case 0:
                return Value(Once(2));
            case 1:
                return Value(std::string("text ") + std::to_string(random_() % 20));
            case 2:
                return Value(static_cast<double>(static_cast<int64_t>(random_() % 400) - 200) / 4);
            case 3:
                return Value(static_cast<double>(int64_t{1} << 53) + (Once(2) ? 2 : 0));
            case 4:
                return Value((int64_t{1} << 53) + static_cast<int64_t>(random_() % 3) - 1);
            case 5:
                return Value(std::string("\xC3\xA9\n"));
            default:
                return Value(static_cast<int64_t>(random_() % 200) - 100);
        }
    }
    uint32_t Random() { return random_(); }
    bool Once(uint32_t in) { return random_() % in == 0; }

  private:
    std::string Int() { return std::to_string(static_cast<int64_t>(random_() % 300) - 150); }
    std::string Big() {
        return Once(3)
                   ? std::to_string((int64_t{1} << 53) + static_cast<int64_t>(random_() % 4) - 2)
                   : Int();
    }
    std::string Number() {
        return Once(2) ? Int() : std::to_string(static_cast<int>(random_() % 400) - 200) + ".25";
    }
    std::string Text() {
        static const char* const kTexts[] = {"\"\\u00e9\\n\"", "\"\"",      "\"a\\\"b\"",
                                             "\"12\"",         "\"-3.25\"", "\"\\u0035\""};
        return Once(4) ? kTexts[random_() % std::size(kTexts)]
                       : "\"text " + std::to_string(random_() % 20) + "\"";
    }
    std::string Nested() { return "{\"b\": {\"c\": " + Text() + "}, \"a\":" + Int() + "}"; }
    std::string Odd() {
        static const char* const kOdd[] = {
            "[1, 2]",
            "7",
            "\"text\"",
            "null",
            "{}",
            " {\"n\": null} ",
            "{\"n\": 18446744073709551615, \"big\": 1e300}",
            "{\"n\": 2.5, \"price\": \"text 1\", \"ok\": 1, \"s\": 3, \"o\": [4, 5]}",
            "{\"o\": {\"a\": [1], \"b\": \"text 2\"}, \"s\": {\"x\": 1}, \"n\": \"7\"}",
            "{\"o\": {\"b\": 1}, \"o\": {\"a\": 3}}",
            "{\"o\": {\"a\": true, \"0\": 1}, \"0\": 2}",
            "{\"price\": 9007199254740993, \"n\": -9223372036854775808}",
            "{\"\\u006e\": 12, \"ok\": null, \"s\": null}"};
        return kOdd[random_() % std::size(kOdd)];
    }

    std::mt19937 random_{20261129};
};

class ShreddedJsonTest : public testing::Test {
  protected:
    void Fill(size_t rows) {
        growing_ = std::make_unique<GrowingSegment>(7, 3, schema_);
        schema::ColumnBuilder keys(kKey, DataType::kInt64);
        schema::ColumnBuilder json(kJson, DataType::kJson);
        for (size_t row = 0; row < rows; ++row) {
            keys.AppendInt(static_cast<int64_t>(row));
            if (documents_.Once(50)) {
                json.AppendNull();
            } else {
                json.AppendBytes(documents_.Next());
            }
        }
        schema::ColumnBatch batch;
        batch.rows = rows;
        batch.columns = {keys.Finish(), json.Finish()};
        growing_->Append(batch, 10);
        growing_->Seal();
        codec::StringSink sink;
        ASSERT_TRUE(growing_->WriteTo(sink).ok());
        file_ = sink.Take();
        auto opened = SealedSegment::Open(7, 3, schema_, base::Buffer::FromString(file_));
        ASSERT_TRUE(opened.ok()) << opened.status().reason();
        sealed_ = std::move(*opened);
    }

    Plan Leaf() {
        ColumnRef column{kJson, DataType::kJson, {}, documents_.Path(), -1};
        column.text_numbers = documents_.Once(3);
        const auto op = static_cast<CompareOp>(documents_.Random() % 6);
        switch (documents_.Random() % 8) {
            case 0: {
                expr::In in{column, {}};
                for (int i = 0; i < 10; ++i) {
                    in.values.Add(documents_.Constant());
                }
                in.values.SortUnique();
                return {in};
            }
            case 1:
                return {expr::Range{column, documents_.Constant(), documents_.Constant(),
                                    documents_.Once(2), documents_.Once(2)}};
            case 2:
                return {expr::Like{column, expr::LikeKind::kPrefix, "text 1"}};
            case 3:
                return {expr::Regex{column, "[13]$"}};
            case 4:
                return {expr::Exists{column}};
            case 5:
                return {expr::ArithmeticCompare{column, expr::ArithmeticOp::kModulo,
                                                Value(int64_t{7}), op, documents_.Constant()}};
            default:
                return {expr::Compare{column, op, documents_.Constant()}};
        }
    }
    Plan Filter() {
        Plan leaf = Leaf();
        if (documents_.Once(4)) {
            return {expr::Not{{std::move(leaf)}}};
        }
        if (documents_.Once(3)) {
            return {expr::And{{std::move(leaf), Leaf()}}};
        }
        return leaf;
    }

    const std::shared_ptr<const schema::CollectionSchema> schema_ = JsonSchema();
    Documents documents_;
    std::unique_ptr<GrowingSegment> growing_;
    std::string file_;
    std::unique_ptr<SealedSegment> sealed_;
    base::CallContext context_;
};

TEST_F(ShreddedJsonTest, FiltersSelectWhatTheDocumentsSay) {
    Fill(kRows);
    size_t shredded = 0;
    for (int i = 0; i < 300; ++i) {
        const Plan plan = Filter();
        ReadOptions options;
        options.filter = &plan;
        options.context = &context_;
        options.clock = &sys::RealClock();
        ReadCounters counters;
        const auto expected = growing_->Match(options, &counters);
        SegmentProfile profile;
        options.profile = &profile;
        const auto found = sealed_->Match(options, &counters);
        ASSERT_TRUE(expected.ok() && found.ok());
        ASSERT_EQ(*found, *expected) << "filter " << i << ", node " << plan.node.index();
        shredded += profile.indexes.empty() ? 0 : 1;
    }
    EXPECT_GT(shredded, 150u) << "paths are kept, and used";
}

TEST_F(ShreddedJsonTest, FrequentPathsOfOneKindAreKept) {
    Fill(4000);
    const auto reader = codec::EnvelopeReader::Open(base::Buffer::FromString(file_), kSegmentFormat,
                                                    kSegmentFormatVersion);
    ASSERT_TRUE(reader.ok());
    const auto kept = ShreddedJson::Open(*reader, kJson, 4000);
    ASSERT_TRUE(kept.ok() && kept->has_value());
    std::map<std::vector<std::string>, ShreddedKind> kinds;
    for (const ShreddedColumn& column : (*kept)->columns()) {
        kinds[column.path] = column.kind;
    }
    const std::map<std::vector<std::string>, ShreddedKind> expected = {
        {{"n"}, ShreddedKind::kInt},
        {{"big"}, ShreddedKind::kInt},
        {{"price"}, ShreddedKind::kDouble},
        {{"ok"}, ShreddedKind::kBool},
        {{"s"}, ShreddedKind::kString},
        {{"o", "a"}, ShreddedKind::kInt},
        {{"o", "b", "c"}, ShreddedKind::kString}};
    EXPECT_EQ(kinds, expected);
    EXPECT_FALSE((*kept)->Slice({"no"}, 0, 64).has_value());
    EXPECT_FALSE((*kept)->Slice({"n"}, 0, 4001).has_value());
    EXPECT_EQ((*kept)->Slice({"n"}, 64, 4000)->values.rows, 3936u);
}

TEST_F(ShreddedJsonTest, FewRowsAreNotShredded) {
    Fill(15);
    const auto reader = codec::EnvelopeReader::Open(base::Buffer::FromString(file_), kSegmentFormat,
                                                    kSegmentFormatVersion);
    EXPECT_FALSE(reader->Has(PartSection(kJson, 0, ColumnPart::kShreddedMeta)));
}

// The meta section with one thing changed, in front of the same data.
class DamagedShreddedJson : public ShreddedJsonTest {
  protected:
    template <typename Change>
    base::Status OpenWith(Change change) {
        const auto reader = codec::EnvelopeReader::Open(base::Buffer::FromString(file_),
                                                        kSegmentFormat, kSegmentFormatVersion);
        const auto meta_id = PartSection(kJson, 0, ColumnPart::kShreddedMeta);
        const auto data_id = PartSection(kJson, 0, ColumnPart::kShreddedData);
        auto meta = base::Decode<ShreddedMeta>(reader->Section(meta_id)->view());
        EXPECT_TRUE(meta.ok());
        change(*meta);
        codec::StringSink sink;
        codec::EnvelopeWriter writer(sink, kSegmentFormat, kSegmentFormatVersion);
        writer.AddSection(data_id, reader->Section(data_id)->view());
        writer.AddSection(meta_id, base::Encode(*meta));
        EXPECT_TRUE(writer.Finish().ok());
        const auto changed = codec::EnvelopeReader::Open(base::Buffer::FromString(sink.Take()),
                                                         kSegmentFormat, kSegmentFormatVersion);
        return ShreddedJson::Open(*changed, kJson, 4000).status();
    }
    static ShreddedColumn& Of(ShreddedMeta& meta, ShreddedKind kind) {
        return *std::find_if(meta.columns.begin(), meta.columns.end(),
                             [&](const ShreddedColumn& column) { return column.kind == kind; });
    }
};

TEST_F(DamagedShreddedJson, NothingLeadsOutside) {
    Fill(4000);
    EXPECT_TRUE(OpenWith([](ShreddedMeta&) {}).ok());
    const std::vector<std::function<void(ShreddedMeta&)>> damages = {
        [](ShreddedMeta& meta) { meta.columns[0].pieces.clear(); },
        [](ShreddedMeta& meta) { meta.columns[0].path.clear(); },
        [](ShreddedMeta& meta) { meta.columns[0].kind = static_cast<ShreddedKind>(9); },
        [](ShreddedMeta& meta) { meta.columns[0].pieces[0].offset += 8; },
        [](ShreddedMeta& meta) { meta.columns[0].pieces[0].offset = ~uint64_t{63}; },
        [](ShreddedMeta& meta) { meta.columns.back().pieces[0].offset += 1 << 20; },
        [](ShreddedMeta& meta) { Of(meta, ShreddedKind::kInt).pieces[0].width = 3; },
        [](ShreddedMeta& meta) { Of(meta, ShreddedKind::kString).pieces[0].text_bytes -= 1; },
        [](ShreddedMeta& meta) { Of(meta, ShreddedKind::kString).pieces[0].offset += 64; },
        [](ShreddedMeta& meta) { meta.columns.resize(kShreddedPathsMax + 1); },
    };
    for (size_t i = 0; i < damages.size(); ++i) {
        EXPECT_EQ(OpenWith(damages[i]).code(), base::Code::kDataCorruption) << i;
    }
}

}  // namespace
}  // namespace elanus::segment
