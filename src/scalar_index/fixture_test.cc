#include "scalar_index/fixture_test.h"

#include "expr/evaluator.h"

#include <gtest/gtest.h>

namespace elanus::scalar_index::test {

namespace {

class OneColumn : public expr::ColumnSource {
  public:
    OneColumn(const schema::Column& column, const schema::FieldSchema& field)
        : view_(column.View()), field_(field) {}
    const schema::ColumnView* Column(base::FieldId) const override { return &view_; }
    const schema::FieldSchema* Field(base::FieldId) const override { return &field_; }

  private:
    schema::ColumnView view_;
    const schema::FieldSchema& field_;
};

}  // namespace

base::Result<Built> Build(const std::string& index_type, const schema::FieldSchema& field,
                          const std::map<std::string, std::string>& params,
                          const schema::Column& column) {
    BuildInput input;
    input.column = column.View();
    input.rows = column.rows;
    codec::StringSink sink;
    Built built;
    ASSIGN_OR_RETURN(built.report, BuildIndex({index_type, field, params}, input, sink));
    built.bytes = sink.Take();
    ASSIGN_OR_RETURN(built.index, Index::Open(base::Buffer::FromString(built.bytes)));
    EXPECT_EQ(built.index->kind(), built.report.kind);
    EXPECT_EQ(built.index->rows(), column.rows);
    EXPECT_EQ(built.index->field_id(), field.id);
    EXPECT_EQ(built.index->file_bytes(), built.bytes.size());
    const base::Status verified = built.index->Verify();
    EXPECT_TRUE(verified.ok()) << verified.reason();
    return built;
}

Built MustBuild(const std::string& index_type, const schema::FieldSchema& field,
                const std::map<std::string, std::string>& params, const schema::Column& column) {
    base::Result<Built> built = Build(index_type, field, params, column);
    CHECK(built.ok(), built.status().reason());
    return *std::move(built);
}

bool CheckLeaf(const Built& built, const schema::Column& column, const schema::FieldSchema& field,
               const expr::Plan& leaf) {
    const auto estimate = built.index->Estimate(leaf);
    if (!estimate.has_value()) {
        return false;
    }
    const auto bits = built.index->Answer(leaf);
    sys::SimClock clock;
    const auto truth =
        expr::Evaluate(leaf, OneColumn(column, field), column.rows, base::CallContext(), clock);
    EXPECT_TRUE(truth.ok()) << "answers a leaf that does not fit: " << truth.status().reason();
    EXPECT_EQ(bits.status().reason(), truth.status().reason());
    if (!bits.ok() || !truth.ok()) {
        return true;
    }
    EXPECT_EQ(bits->exact, estimate->exact);
    EXPECT_EQ(bits->rows.size(), column.rows);
    EXPECT_LE(bits->rows.Count(), estimate->rows);
    for (size_t row = 0; row < column.rows; ++row) {
        const bool is_true = truth->is_true.Test(row);
        const bool said = bits->rows.Test(row);
        const bool agrees = bits->exact ? said == is_true : said || !is_true;
        if (column.IsValid(row) && !agrees) {
            ADD_FAILURE() << KindName(built.index->kind()) << ", leaf " << leaf.node.index()
                          << ", row " << row << ": said " << said << ", is " << is_true;
            break;
        }
    }
    return true;
}

}  // namespace elanus::scalar_index::test
