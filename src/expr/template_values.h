// Template parameters of a filter: {name} in the text stands for the value given beside it.
#pragma once

#include "expr/value.h"

#include <map>
#include <string>

namespace elanus::expr {

using TemplateValue = Value;
using TemplateValues = std::map<std::string, TemplateValue>;

}  // namespace elanus::expr
