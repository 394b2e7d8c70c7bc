#include "reduce/group_key.h"

#include "reduce/group_rule.h"

#include <gtest/gtest.h>

namespace elanus::reduce {
namespace {

using schema::DataType;

roles::GroupField Field(base::FieldId id, DataType type) {
    roles::GroupField field;
    field.field.id = id;
    field.field.type = type;
    return field;
}

roles::GroupField JsonField(DataType as, bool strict) {
    roles::GroupField field = Field(101, DataType::kJson);
    field.json_path = {"a"};
    field.as = as;
    field.strict_cast = strict;
    return field;
}

schema::ColumnBatch Documents(const std::vector<std::string>& documents) {
    schema::ColumnBuilder column(101, DataType::kJson);
    for (const std::string& document : documents) {
        document.empty() ? column.AppendNull() : column.AppendBytes(document);
    }
    schema::ColumnBatch batch;
    batch.rows = documents.size();
    batch.columns = {column.Finish()};
    return batch;
}

std::vector<std::string> KeysOf(const std::vector<roles::GroupField>& fields,
                                const schema::ColumnBatch& batch) {
    GroupKeys groups(fields);
    EXPECT_TRUE(groups.Use(batch).ok());
    std::vector<std::string> keys(batch.rows);
    for (size_t row = 0; row < keys.size(); ++row) {
        groups.AppendKey(row, &keys[row]);
    }
    return keys;
}

// The values as text, "null" for null.
std::vector<std::string> Shown(const roles::GroupField& field, const schema::ColumnBatch& batch) {
    const auto columns = GroupKeyColumns(KeysOf({field}, batch), {field});
    EXPECT_TRUE(columns.ok());
    const schema::ColumnView view = (*columns)[0].View();
    std::vector<std::string> shown;
    for (size_t row = 0; row < view.rows; ++row) {
        if (!view.IsValid(row)) {
            shown.emplace_back("null");
        } else if (view.type == DataType::kVarChar) {
            shown.emplace_back(view.StringAt(row));
        } else if (view.type == DataType::kInt8 || view.type == DataType::kBool) {
            shown.push_back(std::to_string(view.As<int8_t>()[row]));
        } else {
            shown.push_back(std::to_string(view.As<int64_t>()[row]));
        }
    }
    return shown;
}

using Texts = std::vector<std::string>;

TEST(GroupKeyTest, JsonValuesAreReadAsTheTypeAskedFor) {
    const schema::ColumnBatch batch =
        Documents({R"({"a":1})", R"({"a":1.0})", R"({"a":1.5})", R"({"a":"1"})", R"({"a":"x"})",
                   R"({"a":true})", R"({"a":300})", R"({"a":null})", R"({"b":1})", "",
                   R"({"a":[1]})", R"({"a":18446744073709551615})"});
    EXPECT_EQ(Shown(JsonField(DataType::kInt64, false), batch),
              (Texts{"1", "1", "null", "1", "null", "null", "300", "null", "null", "null", "null",
                     "null"}));
    EXPECT_EQ(Shown(JsonField(DataType::kInt8, true), batch),
              (Texts{"1", "null", "null", "null", "null", "null", "null", "null", "null", "null",
                     "null", "null"}));
    EXPECT_EQ(Shown(JsonField(DataType::kVarChar, false), batch),
              (Texts{"1", "1.0", "1.5", "1", "x", "true", "300", "null", "null", "null", "[1]",
                     "18446744073709551615"}));
    EXPECT_EQ(Shown(JsonField(DataType::kVarChar, true), batch),
              (Texts{"null", "null", "null", "1", "x", "null", "null", "null", "null", "null",
                     "null", "null"}));
    EXPECT_EQ(Shown(JsonField(DataType::kBool, true), batch)[5], "1");
    EXPECT_EQ(Shown(JsonField(DataType::kNone, false), batch)[4], "x");
}

TEST(GroupKeyTest, SeveralFieldsMakeOneKeyAndNullsAreEqual) {
    schema::ColumnBuilder names(102, DataType::kVarChar);
    schema::ColumnBuilder numbers(103, DataType::kInt64);
    for (const char* name : {"a", "ab", "a", ""}) {
        names.AppendBytes(name);
    }
    names.AppendNull();
    names.AppendNull();
    for (const int64_t number : {1, 1, 1, 2, 2, 2}) {
        numbers.AppendInt(number);
    }
    schema::ColumnBatch batch;
    batch.rows = 6;
    batch.columns = {names.Finish(), numbers.Finish()};
    const std::vector<roles::GroupField> fields = {Field(102, DataType::kVarChar),
                                                   Field(103, DataType::kInt64)};
    const std::vector<std::string> keys = KeysOf(fields, batch);
    EXPECT_EQ(keys[0], keys[2]);
    EXPECT_NE(keys[0], keys[1]);
    EXPECT_NE(keys[3], keys[4]);
    EXPECT_EQ(keys[4], keys[5]);
    EXPECT_FALSE(GroupKeyColumns({keys[0].substr(0, 3)}, fields).ok());
}

TEST(GroupKeyTest, RefusesFieldsThatHaveNoGroups) {
    EXPECT_FALSE(CheckGroupFields({Field(102, DataType::kDouble)}).ok());
    EXPECT_FALSE(CheckGroupFields({Field(102, DataType::kFloatVector)}).ok());
    EXPECT_FALSE(CheckGroupFields({JsonField(DataType::kDouble, false)}).ok());
    EXPECT_TRUE(CheckGroupFields({JsonField(DataType::kInt16, false)}).ok());
    GroupKeys groups({Field(102, DataType::kInt64)});
    EXPECT_FALSE(groups.Use(Documents({"{}"})).ok());
}

TEST(GroupRuleTest, KeepsHitsUpToTheFirstOneOfTheLastGroup) {
    roles::Grouping grouping;
    grouping.group_size = 2;
    GroupRule rule(grouping, 0, 3);
    std::string kept;
    for (const char* key : {"a", "a", "a", "b", "b", "c"}) {
        ASSERT_FALSE(rule.done());
        kept += rule.Offer(key) ? '+' : '-';
    }
    EXPECT_EQ(kept, "++-+++");
    EXPECT_TRUE(rule.done());
}

TEST(GroupRuleTest, KeepsWantedGroupsOnlyUntilEachIsFull) {
    roles::Grouping grouping;
    grouping.group_size = 2;
    grouping.wanted = {{}, {"a", "c"}};
    EXPECT_TRUE(GroupRule(grouping, 0, 3).done());
    GroupRule rule(grouping, 1, 1);
    std::string kept;
    for (const char* key : {"a", "b", "c", "a", "a", "c"}) {
        ASSERT_FALSE(rule.done());
        kept += rule.Offer(key) ? '+' : '-';
    }
    EXPECT_EQ(kept, "+-++-+");
    EXPECT_TRUE(rule.done());
}

}  // namespace
}  // namespace elanus::reduce
