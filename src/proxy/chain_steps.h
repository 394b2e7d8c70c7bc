// The steps of a function chain (proxy/function_chain.h), read from the request and checked.
// Threads: a step is used by one request.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "proxy/chain_rows.h"
#include "proxy/function_chain_spec.h"
#include "proxy/proxy_core.h"
#include "schema/collection_schema.h"
#include "schema/column.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace elanus::proxy {

class ChainStep {
  public:
    virtual ~ChainStep() = default;
    // `fields` are those of the steps' reader, one value a hit.
    virtual base::Status Run(const base::CallContext& context, const schema::ColumnBatch& fields,
                             ChainRows* rows) const = 0;
};

// Reads the operations of all chains of one request, in their order.
class ChainStepReader {
  public:
    ChainStepReader(ProxyCore& core, const schema::CollectionSchema& schema, int64_t nq)
        : core_(core), schema_(schema), nq_(nq) {}

    base::Result<std::unique_ptr<ChainStep>> Read(const ChainOperation& operation);
    // `$score` was written.
    bool rescores() const { return written_.contains(std::string(kScoreColumn)); }
    // It was, and nothing sorted since.
    bool needs_order() const { return needs_order_; }
    // Fields that the steps read, each once. Those of numbers are columns before the first step.
    const std::vector<schema::FieldSchema>& fields() const { return fields_; }

  private:
    base::Result<std::unique_ptr<ChainStep>> ReadMap(const ChainOperation& operation);
    base::Result<std::unique_ptr<ChainStep>> ReadExpression(const ChainExpression& expression,
                                                            const std::string& output);
    base::Result<std::unique_ptr<ChainStep>> ReadSort(const ChainOperation& operation);
    base::Result<std::unique_ptr<ChainStep>> ReadCombine(const ChainExpression& expression,
                                                         std::string output);
    base::Result<std::unique_ptr<ChainStep>> ReadDecayOf(const ChainExpression& expression,
                                                         std::string output);
    base::Result<std::unique_ptr<ChainStep>> ReadRound(const ChainExpression& expression,
                                                       std::string output);
    base::Result<std::unique_ptr<ChainStep>> ReadModel(const ChainExpression& expression,
                                                       std::string output);
    // The columns that an expression names; 1100 for literals.
    base::Result<std::vector<std::string>> Arguments(const ChainExpression& expression) const;
    base::Result<std::string> OneArgument(const ChainExpression& expression) const;
    // A column of numbers that exists by now.
    base::Status UseNumbers(const std::string& column);
    base::Result<const schema::FieldSchema*> UseField(const std::string& name);

    ProxyCore& core_;
    const schema::CollectionSchema& schema_;
    const int64_t nq_;
    std::vector<schema::FieldSchema> fields_;
    std::set<std::string> written_;
    bool needs_order_ = false;
};

std::unique_ptr<ChainStep> MakeSortStep(std::string by, bool descending, std::string tie);

}  // namespace elanus::proxy
