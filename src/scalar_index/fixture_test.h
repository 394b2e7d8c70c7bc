// Builds an index in memory and compares what it says of a leaf with the evaluator.
#pragma once

#include "scalar_index/build.h"
#include "scalar_index/index.h"

#include <map>
#include <memory>
#include <string>

namespace elanus::scalar_index::test {

inline constexpr base::FieldId kField = 101;

struct Built {
    std::string bytes;
    std::shared_ptr<const Index> index;
    BuildReport report;
};

base::Result<Built> Build(const std::string& index_type, const schema::FieldSchema& field,
                          const std::map<std::string, std::string>& params,
                          const schema::Column& column);
Built MustBuild(const std::string& index_type, const schema::FieldSchema& field,
                const std::map<std::string, std::string>& params, const schema::Column& column);

// Expects that estimate and answer, if there are any, keep INV-SCALAR-1. True when there are.
bool CheckLeaf(const Built& built, const schema::Column& column, const schema::FieldSchema& field,
               const expr::Plan& leaf);
inline bool CheckLeaf(const base::Result<Built>& built, const schema::Column& column,
                      const schema::FieldSchema& field, const expr::Plan& leaf) {
    return CheckLeaf(*built, column, field, leaf);
}

}  // namespace elanus::scalar_index::test
