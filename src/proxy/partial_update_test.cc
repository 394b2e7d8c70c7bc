#include "proxy/partial_update.h"

#include <gtest/gtest.h>

namespace elanus::proxy {
namespace {

using schema::DataType;

constexpr base::FieldId kKey = 100;
constexpr base::FieldId kNumber = 101;
constexpr base::FieldId kTags = 102;
constexpr base::FieldId kDynamic = 103;

roles::CollectionInfo Collection() {
    roles::CollectionInfo collection;
    auto& fields = collection.schema.fields;
    fields.resize(4);
    fields[0].id = kKey;
    fields[0].name = "id";
    fields[0].type = DataType::kInt64;
    fields[0].is_primary_key = true;
    fields[1].id = kNumber;
    fields[1].name = "n";
    fields[1].type = DataType::kInt64;
    fields[2].id = kTags;
    fields[2].name = "tags";
    fields[2].type = DataType::kArray;
    fields[2].element_type = DataType::kInt64;
    fields[2].nullable = true;
    fields[2].type_params["max_capacity"] = "3";
    fields[3].id = kDynamic;
    fields[3].name = schema::kDynamicFieldName;
    fields[3].type = DataType::kJson;
    fields[3].is_dynamic = true;
    return collection;
}

schema::Column Ints(base::FieldId id, const std::vector<int64_t>& values) {
    schema::ColumnBuilder builder(id, DataType::kInt64);
    for (const int64_t value : values) {
        builder.AppendInt(value);
    }
    return builder.Finish();
}

schema::Column Tags(const std::vector<std::vector<int64_t>>& rows) {
    schema::ColumnBuilder builder(kTags, DataType::kArray, DataType::kInt64);
    for (const auto& row : rows) {
        for (const int64_t value : row) {
            builder.child().AppendInt(value);
        }
        builder.CloseArrayRow();
    }
    return builder.Finish();
}

schema::Column Json(const std::string& text) {
    schema::ColumnBuilder builder(kDynamic, DataType::kJson);
    builder.AppendBytes(text);
    return builder.Finish();
}

std::vector<int64_t> TagsOf(const schema::ColumnBatch& batch, size_t row) {
    const schema::ColumnView view = batch.Find(kTags)->View();
    const auto* values = view.children[0].As<int64_t>();
    return {values + view.offsets[row], values + view.offsets[row + 1]};
}

class OverlayTest : public ::testing::Test {
  protected:
    OverlayTest() {
        old_.rows = 1;
        old_.columns = {Ints(kKey, {7}), Ints(kNumber, {70}), Tags({{1, 2}}),
                        Json(R"({"a":1,"b":"x"})")};
        old_keys_.ints = {7};
    }

    const roles::CollectionInfo collection_ = Collection();
    schema::ColumnBatch old_;
    schema::PrimaryKeys old_keys_;
};

TEST_F(OverlayTest, FieldsThatAreNotGivenStayAndDynamicKeysMerge) {
    schema::ColumnBatch given;
    given.rows = 1;
    given.columns = {Ints(kKey, {7}), Json(R"({"b":2,"c":[3]})")};
    const auto whole = OverlayRows(collection_, {}, given, old_keys_, old_);
    ASSERT_TRUE(whole.ok()) << whole.status().reason();
    EXPECT_EQ(whole->Find(kNumber)->View().As<int64_t>()[0], 70);
    EXPECT_EQ(TagsOf(*whole, 0), (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(whole->Find(kDynamic)->View().StringAt(0), R"({"a":1,"b":2,"c":[3]})");
}

TEST_F(OverlayTest, ArraysAreAppendedToAndRemovedFrom) {
    schema::ColumnBatch given;
    given.rows = 1;
    given.columns = {Ints(kKey, {7}), Tags({{2}})};
    const auto op = [](FieldOp::Kind kind) { return std::vector<FieldOp>{{"tags", kind}}; };
    const auto more =
        OverlayRows(collection_, op(FieldOp::Kind::kArrayAppend), given, old_keys_, old_);
    EXPECT_EQ(TagsOf(*more, 0), (std::vector<int64_t>{1, 2, 2}));
    const auto less =
        OverlayRows(collection_, op(FieldOp::Kind::kArrayRemove), given, old_keys_, old_);
    EXPECT_EQ(TagsOf(*less, 0), (std::vector<int64_t>{1}));
    given.columns[1] = Tags({{3, 4}});
    EXPECT_FALSE(
        OverlayRows(collection_, op(FieldOp::Kind::kArrayAppend), given, old_keys_, old_).ok());
}

TEST_F(OverlayTest, NewKeysNeedWhatHasNoDefault) {
    schema::ColumnBatch given;
    given.rows = 2;
    given.columns = {Ints(kKey, {8, 7})};
    EXPECT_FALSE(OverlayRows(collection_, {}, given, old_keys_, old_).ok());
    given.columns.push_back(Ints(kNumber, {1, 2}));
    const auto whole = OverlayRows(collection_, {}, given, old_keys_, old_);
    ASSERT_TRUE(whole.ok());
    EXPECT_FALSE(whole->Find(kTags)->View().IsValid(0));
    EXPECT_TRUE(whole->Find(kTags)->View().IsValid(1));
    EXPECT_EQ(whole->Find(kDynamic)->View().StringAt(0), "{}");
    EXPECT_TRUE(whole->Verify().ok());
}

}  // namespace
}  // namespace elanus::proxy
