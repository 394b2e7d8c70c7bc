// Files cut short or with flipped bits: an error or an answer, never a crash; Verify() finds all.
#include "scalar_index/fixture_test.h"

#include <random>

#include <gtest/gtest.h>

namespace elanus::scalar_index {
namespace {

using schema::DataType;

std::vector<expr::Plan> Leaves(const schema::FieldSchema& field) {
    expr::ColumnRef column;
    column.field_id = field.id;
    column.type = field.type;
    const auto plan = [](auto node) {
        expr::Plan made;
        made.node = std::move(node);
        return made;
    };
    if (field.type == DataType::kInt64) {
        return {plan(expr::Compare{column, expr::CompareOp::kEq, 17}),
                plan(expr::Range{column, 3, 400, true, false}),
                plan(expr::Compare{column, expr::CompareOp::kNe, 5})};
    }
    return {plan(expr::Compare{column, expr::CompareOp::kLt, "key 250"}),
            plan(expr::Like{column, expr::LikeKind::kPrefix, "key 1"}),
            plan(expr::Like{column, expr::LikeKind::kInfix, "y 1"})};
}

void ReadAll(const std::string& bytes, const schema::FieldSchema& field, bool changed) {
    const auto index = Index::Open(base::Buffer::FromString(bytes));
    if (!index.ok()) {
        EXPECT_EQ(index.status().code(), base::Code::kDataCorruption);
        return;
    }
    EXPECT_EQ((*index)->Verify().ok(), !changed);
    for (const expr::Plan& leaf : Leaves(field)) {
        if ((*index)->Estimate(leaf).has_value()) {
            const auto answer = (*index)->Answer(leaf);
            EXPECT_TRUE(answer.ok() || answer.status().code() == base::Code::kDataCorruption);
        }
    }
}

TEST(DamageTest, CutsAndFlippedBits) {
    std::mt19937_64 random(1);
    for (const DataType type : {DataType::kInt64, DataType::kVarChar}) {
        schema::FieldSchema field;
        field.id = test::kField;
        field.name = "f";
        field.type = type;
        schema::ColumnBuilder builder(test::kField, type);
        for (int64_t i = 0; i < 3000; ++i) {
            type == DataType::kInt64 ? builder.AppendInt(i % 600)
                                     : builder.AppendBytes("key " + std::to_string(i % 600));
        }
        const schema::Column column = builder.Finish();
        for (const char* name : {"INVERTED", "BITMAP", "STL_SORT", "TRIE", "NGRAM"}) {
            const auto built =
                test::Build(name, field, {{"min_gram", "2"}, {"max_gram", "3"}}, column);
            if (!built.ok()) {
                continue;
            }
            ReadAll(built->bytes, field, false);
            for (int i = 0; i < 60; ++i) {
                ReadAll(built->bytes.substr(0, random() % built->bytes.size()), field, true);
            }
            for (int i = 0; i < 300; ++i) {
                std::string flipped = built->bytes;
                flipped[random() % flipped.size()] ^= static_cast<char>(1 << random() % 8);
                ReadAll(flipped, field, true);
            }
        }
    }
}

}  // namespace
}  // namespace elanus::scalar_index
