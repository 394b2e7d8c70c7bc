// A collection with a field of every type and a few rows with the values that go wrong most: the
// ends of each type, nulls, empty lists, every shape of JSON.
#pragma once

#include "expr/evaluator.h"
#include "roles/records.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

#include <map>

namespace elanus::fuzz {

inline constexpr size_t kRows = 12;

const roles::CollectionInfo& EveryType();
const schema::ColumnBatch& EveryTypeRows();

// Some rows of a batch as the evaluator sees them.
class BatchSource : public expr::ColumnSource {
  public:
    BatchSource(const schema::CollectionSchema& schema, const schema::ColumnBatch& batch);

    const schema::ColumnView* Column(base::FieldId field_id) const override;
    const schema::FieldSchema* Field(base::FieldId field_id) const override {
        return schema_.FindField(field_id);
    }

  private:
    const schema::CollectionSchema& schema_;
    std::map<base::FieldId, schema::ColumnView> views_;
};

// Runs the plan over EveryTypeRows() in every way there is, and expects the same answer of each.
// A plan from a filter must be answered; of others an error is an answer too.
void EvaluatePlan(const expr::Plan& plan, bool from_filter);

}  // namespace elanus::fuzz
