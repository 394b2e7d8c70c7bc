// Function: a vector field whose values the server makes from other fields of the row (BM25,
// MinHash and embeddings from text), and query vectors from query texts in the same way.
//
// Who runs one: the proxy, over the rows of an insert and the texts of a search; a segment, over
// rows that are older than the function (BM25 and MinHash alone). A function is made of a schema
// alone, so both get the same values. A new kind is one more class and one more line in
// MakeFunction().
// Threads: a Function is immutable; Run and RunOnTexts from anywhere. They may wait (a provider
// that is asked over the network), at most as long as the context says.
#pragma once

#include "base/call_context.h"
#include "base/ids.h"
#include "base/status.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::function {

class Function {
  public:
    virtual ~Function() = default;

    // The fields that Run() reads, in the order of its inputs.
    const std::vector<base::FieldId>& input_fields() const { return input_fields_; }
    const schema::FieldSchema& output_field() const { return output_field_; }

    // The output's values for `rows` rows, none of them null. Null texts are texts without words.
    virtual base::Result<schema::Column> Run(const base::CallContext& context,
                                             std::span<const schema::ColumnView> inputs,
                                             size_t rows) const = 0;

    // One query vector a text. `analyzer_name` chooses among several analyzers of the input field;
    // empty is their default. Vectors of BM25 hold how often a text has each term.
    virtual base::Result<schema::Column> RunOnTexts(const base::CallContext& context,
                                                    std::span<const std::string_view> texts,
                                                    std::string_view analyzer_name) const = 0;

  protected:
    Function(std::vector<base::FieldId> input_fields, schema::FieldSchema output_field)
        : input_fields_(std::move(input_fields)), output_field_(std::move(output_field)) {}

  private:
    std::vector<base::FieldId> input_fields_;
    schema::FieldSchema output_field_;
};

using FunctionPtr = std::shared_ptr<const Function>;

// kInvalidParameter for a function that CheckFunctions() (checks.h) would refuse.
base::Result<FunctionPtr> MakeFunction(const schema::CollectionSchema& schema,
                                       const schema::FunctionSchema& function);

// The function whose output the field is; null when it is none's.
const schema::FunctionSchema* FunctionOf(const schema::CollectionSchema& schema,
                                         const schema::FieldSchema& field);

}  // namespace elanus::function
