// Calls of named functions whose arguments are plain operands: what each takes, and the plan it
// becomes (API map 4.4). element_filter and match_* are not here: their argument is a predicate of
// its own (analyzer.cc).
#pragma once

#include "base/status.h"
#include "expr/filter.h"
#include "expr/operand.h"
#include "schema/collection_schema.h"

#include <string>
#include <string_view>
#include <vector>

namespace elanus::expr {

struct Argument {
    std::string option;  // of `minimum_should_match=2`; blank for plain arguments
    Operand operand;
};

struct Call {
    std::string written;  // the name as it stands in the filter
    std::string name;     // in lower case
    std::vector<Argument> arguments;
};

// The name in lower case; blank when the grammar has no such function. Functions are known in all
// lower or all upper case, `empty` and `starts_with` in any.
std::string FunctionName(std::string_view written);

// Whether an option is written as one of this name: in lower or in upper case.
bool IsOption(std::string_view written, std::string_view name);

// Functions that take a Text field, which nothing else does.
bool TakesText(std::string_view name);

base::Result<Operand> MakeCall(Call call, const schema::CollectionSchema& schema,
                               const ParseOptions& options);

// InvalidParameter unless the call has `count` arguments.
base::Status CheckArguments(const std::string& name, size_t given, size_t count);
// The integer of an option or argument, within [least, most].
base::Result<int64_t> IntegerArgument(const std::string& what, const Operand& operand,
                                      int64_t least, int64_t most);

}  // namespace elanus::expr
