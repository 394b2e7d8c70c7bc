#include "expr/call.h"

#include "base/ascii.h"
#include "expr/constant.h"
#include "expr/rewrite.h"
#include "geometry/wkb.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

namespace elanus::expr {

using base::InvalidParameter;
using base::Result;
using base::Status;
using schema::DataType;

namespace {

bool IsAllUpper(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

constexpr std::string_view kFunctions[] = {
    "json_contains",      "json_contains_all",  "json_contains_any", "array_contains",
    "array_contains_all", "array_contains_any", "array_length",      "text_match",
    "phrase_match",       "random_sample",      "element_filter",    "match_any",
    "match_all",          "match_least",        "match_most",        "match_exact",
    "st_equals",          "st_touches",         "st_overlaps",       "st_crosses",
    "st_contains",        "st_intersects",      "st_within",         "st_dwithin",
    "st_isvalid"};

struct SpatialName {
    std::string_view name;
    geometry::Relation relation;
};
constexpr SpatialName kSpatialNames[] = {{"st_equals", geometry::Relation::kEquals},
                                         {"st_touches", geometry::Relation::kTouches},
                                         {"st_overlaps", geometry::Relation::kOverlaps},
                                         {"st_crosses", geometry::Relation::kCrosses},
                                         {"st_contains", geometry::Relation::kContains},
                                         {"st_intersects", geometry::Relation::kIntersects},
                                         {"st_within", geometry::Relation::kWithin},
                                         {"st_dwithin", geometry::Relation::kDistance},
                                         {"st_isvalid", geometry::Relation::kValid}};

const std::string* StringOf(const Operand& operand) {
    const Constant* constant = std::get_if<Constant>(&operand);
    return constant == nullptr ? nullptr : constant->value.string_if();
}

// ---- arrays

bool IsSequence(const ColumnRef& column) {
    return column.is_json() || column.is_whole_array() || column.type == DataType::kArrayOfVector ||
           column.type == DataType::kArrayOfStruct;
}

Result<Operand> MakeArrayLength(const Call& call) {
    RETURN_IF_ERROR(CheckArguments(call.written, call.arguments.size(), 1));
    const Operand& operand = call.arguments[0].operand;
    const ColumnRef* column = std::get_if<ColumnRef>(&operand);
    if (column == nullptr || column->is_element() || !IsSequence(*column)) {
        return InvalidParameter(
            "array_length operation are only supported on array or json fields now, got: " +
            OperandTypeName(operand));
    }
    return Operand(Length{*column});
}

Status CastElements(const ColumnRef& column, std::vector<Value>* values) {
    for (Value& value : *values) {
        Result<Value> cast = CastValue(value, column.element_type);
        if (!cast.ok()) {
            return Because("contains operation can't compare between array element type: " +
                               TypeName(column.element_type) +
                               " and elements type: " + std::string(ValueTypeName(value)),
                           cast.status());
        }
        value = std::move(*cast);
    }
    return Status();
}

Result<Operand> MakeContains(const Call& call) {
    RETURN_IF_ERROR(CheckArguments(call.written, call.arguments.size(), 2));
    const Operand& operand = call.arguments[0].operand;
    const ColumnRef* column = std::get_if<ColumnRef>(&operand);
    if (column == nullptr || !(column->is_json() || column->is_whole_array())) {
        return InvalidParameter(
            "contains operation are only supported on json or array fields now, got: " +
            OperandTypeName(operand));
    }
    const Constant* constant = std::get_if<Constant>(&call.arguments[1].operand);
    if (constant == nullptr || constant->is_timestamp) {
        return InvalidParameter("contains operation's element must be a constant");
    }
    Contains contains;
    contains.column = *column;
    contains.all = call.name.ends_with("_all");
    if (!contains.all && !call.name.ends_with("_any")) {
        contains.values.push_back(constant->value);
    } else if (const Value::List* list = constant->value.list_if()) {
        contains.values = *list;
    } else {
        return InvalidParameter(call.name + " operation element must be an array");
    }
    if (!column->is_json()) {
        RETURN_IF_ERROR(CastElements(*column, &contains.values));
    }
    return Operand(MakePlan(std::move(contains)));
}

// ---- strings

Result<Operand> MakeStringCall(const Call& call) {
    const bool is_empty = call.name == "empty";
    RETURN_IF_ERROR(CheckArguments(call.written, call.arguments.size(), is_empty ? 1 : 2));
    const ColumnRef* column = std::get_if<ColumnRef>(&call.arguments[0].operand);
    if (column == nullptr || !schema::IsStringLike(column->type)) {
        return InvalidParameter("function " + call.name + " can only be used on VarChar fields");
    }
    if (is_empty) {
        return Operand(MakePlan(Compare{*column, CompareOp::kEq, Value("")}));
    }
    const Operand& prefix = call.arguments[1].operand;
    if (const ColumnRef* other = std::get_if<ColumnRef>(&prefix);
        other != nullptr && schema::IsStringLike(other->type)) {
        return Operand(MakePlan(StartsWith{*column, *other}));
    }
    const std::string* text = StringOf(prefix);
    if (text == nullptr) {
        return InvalidParameter("function starts_with needs a string constant or a VarChar field");
    }
    return Operand(MakePlan(Like{*column, LikeKind::kPrefix, *text}));
}

// ---- text

// The first argument of text_match and phrase_match.
Result<ColumnRef> TextColumn(const Call& call, const schema::CollectionSchema& schema) {
    const Operand& operand = call.arguments[0].operand;
    const ColumnRef* column = std::get_if<ColumnRef>(&operand);
    const schema::FieldSchema* field =
        column == nullptr ? nullptr : schema.FindField(column->field_id);
    if (field == nullptr || !schema::IsStringLike(column->type)) {
        return InvalidParameter(call.name + " operation on non-string is unsupported");
    }
    const auto param = field->type_params.find("enable_match");
    if (param == field->type_params.end() || base::AsciiLower(param->second) != "true") {
        return InvalidParameter("field \"" + field->name + "\" does not enable match");
    }
    return *column;
}

Result<Operand> MakeTextMatch(const Call& call, const schema::CollectionSchema& schema) {
    constexpr int64_t kShouldMatchMax = 1000;
    if (call.arguments.size() != 3) {
        RETURN_IF_ERROR(CheckArguments(call.written, call.arguments.size(), 2));
    }
    TextMatch match;
    ASSIGN_OR_RETURN(match.column, TextColumn(call, schema));
    const std::string* text = StringOf(call.arguments[1].operand);
    if (text == nullptr) {
        return InvalidParameter("text_match operation needs a string to look for");
    }
    match.texts.push_back(*text);
    if (call.arguments.size() == 3) {
        if (!IsOption(call.arguments[2].option, "minimum_should_match")) {
            return InvalidParameter("text_match takes no option but minimum_should_match");
        }
        ASSIGN_OR_RETURN(
            const int64_t least,
            IntegerArgument("minimum_should_match", call.arguments[2].operand, 1, kShouldMatchMax));
        match.minimum_should_match = static_cast<uint32_t>(least);
    }
    return Operand(MakePlan(std::move(match)));
}

Result<Operand> MakePhraseMatch(const Call& call, const schema::CollectionSchema& schema) {
    if (call.arguments.size() != 3) {
        RETURN_IF_ERROR(CheckArguments(call.written, call.arguments.size(), 2));
    }
    PhraseMatch match;
    ASSIGN_OR_RETURN(match.column, TextColumn(call, schema));
    const std::string* text = StringOf(call.arguments[1].operand);
    if (text == nullptr) {
        return InvalidParameter("phrase_match operation needs a string to look for");
    }
    match.text = *text;
    if (call.arguments.size() == 3) {
        ASSIGN_OR_RETURN(const int64_t slop, IntegerArgument("slop", call.arguments[2].operand, 0,
                                                             std::numeric_limits<uint32_t>::max()));
        match.slop = static_cast<uint32_t>(slop);
    }
    return Operand(MakePlan(std::move(match)));
}

// ---- geometry

Result<double> MetersOf(const Operand& operand) {
    const Constant* constant = std::get_if<Constant>(&operand);
    if (constant == nullptr || !constant->value.is_number() || constant->is_timestamp) {
        return InvalidParameter("the distance of st_dwithin must be a number");
    }
    const double meters = constant->value.AsDouble();
    if (!(meters >= 0) || std::isinf(meters)) {
        return InvalidParameter("the distance of st_dwithin must not be negative, got: " +
                                ValueText(constant->value));
    }
    return meters;
}

Result<Operand> MakeSpatial(const Call& call, geometry::Relation relation) {
    const bool is_distance = relation == geometry::Relation::kDistance;
    const bool is_valid = relation == geometry::Relation::kValid;
    RETURN_IF_ERROR(
        CheckArguments(call.written, call.arguments.size(), is_valid ? 1 : (is_distance ? 3 : 2)));
    const Operand& operand = call.arguments[0].operand;
    const ColumnRef* column = std::get_if<ColumnRef>(&operand);
    if (column == nullptr || column->type != DataType::kGeometry) {
        return InvalidParameter(call.name +
                                " operation are only supported on geometry fields, "
                                "got: " +
                                OperandTypeName(operand));
    }
    Spatial spatial;
    spatial.column = *column;
    spatial.relation = relation;
    if (is_valid) {
        return Operand(MakePlan(std::move(spatial)));
    }
    const std::string* text = StringOf(call.arguments[1].operand);
    if (text == nullptr) {
        return InvalidParameter(call.name + " operation needs a WKT string");
    }
    ASSIGN_OR_RETURN(spatial.wkb, geometry::WkbFromWkt(*text));
    if (is_distance) {
        const auto shape = geometry::ScanWkb(spatial.wkb);
        if (!shape.has_value() || shape->type != 1 || shape->box.empty) {
            return InvalidParameter("st_dwithin only supports POINT geometry, got: " +
                                    text->substr(0, 64));
        }
        ASSIGN_OR_RETURN(spatial.meters, MetersOf(call.arguments[2].operand));
    }
    return Operand(MakePlan(std::move(spatial)));
}

// ---- sampling

Result<Operand> MakeRandomSample(const Call& call, const schema::CollectionSchema& schema,
                                 const ParseOptions& options) {
    constexpr double kMargin = 1e-10;
    RETURN_IF_ERROR(CheckArguments(call.written, call.arguments.size(), 1));
    const Constant* constant = std::get_if<Constant>(&call.arguments[0].operand);
    if (constant == nullptr || !constant->value.is_number()) {
        return InvalidParameter("random_sample needs a constant number");
    }
    const double factor = constant->value.AsDouble();
    if (factor < kMargin || factor > 1 - kMargin) {
        return InvalidParameter(
            "the sample factor should be between 0 and 1 and not too close to 0 or 1, got: " +
            ValueText(constant->value));
    }
    const schema::FieldSchema* key = schema.primary_key();
    if (key == nullptr) {
        return InvalidParameter("random_sample needs a primary key");
    }
    RandomSample sample;
    sample.column.field_id = key->id;
    sample.column.type = key->type;
    sample.factor = factor;
    sample.seed = options.sample_seed;
    return Operand(MakePlan(std::move(sample)));
}

}  // namespace

std::string FunctionName(std::string_view written) {
    std::string lower = base::AsciiLower(written);
    if (lower == "empty" || lower == "starts_with") {
        return lower;
    }
    const bool known =
        std::find(std::begin(kFunctions), std::end(kFunctions), lower) != std::end(kFunctions);
    return known && (written == lower || IsAllUpper(written)) ? lower : std::string();
}

bool IsOption(std::string_view written, std::string_view name) {
    return written == name || (IsAllUpper(written) && base::AsciiLower(written) == name);
}

bool TakesText(std::string_view name) {
    return name == "text_match" || name == "phrase_match";
}

Status CheckArguments(const std::string& name, size_t given, size_t count) {
    if (given == count) {
        return Status();
    }
    return InvalidParameter(name + " takes " + std::to_string(count) + " arguments, got " +
                            std::to_string(given));
}

Result<int64_t> IntegerArgument(const std::string& what, const Operand& operand, int64_t least,
                                int64_t most) {
    const Constant* constant = std::get_if<Constant>(&operand);
    const int64_t* integer =
        constant == nullptr || constant->is_timestamp ? nullptr : constant->value.int_if();
    if (integer == nullptr) {
        return InvalidParameter(what + " should be a const integer expression");
    }
    if (*integer < least || *integer > most) {
        return InvalidParameter(what + " should be in range [" + std::to_string(least) + ", " +
                                std::to_string(most) + "], got: " + std::to_string(*integer));
    }
    return *integer;
}

Result<Operand> MakeCall(Call call, const schema::CollectionSchema& schema,
                         const ParseOptions& options) {
    for (const Argument& argument : call.arguments) {
        if (!argument.option.empty() && call.name != "text_match") {
            return InvalidParameter(call.name + " takes no option " + argument.option);
        }
    }
    if (call.name == "array_length") {
        return MakeArrayLength(call);
    }
    if (call.name.starts_with("json_contains") || call.name.starts_with("array_contains")) {
        return MakeContains(call);
    }
    if (call.name == "text_match") {
        return MakeTextMatch(call, schema);
    }
    if (call.name == "phrase_match") {
        return MakePhraseMatch(call, schema);
    }
    if (call.name == "random_sample") {
        return MakeRandomSample(call, schema, options);
    }
    for (const SpatialName& spatial : kSpatialNames) {
        if (spatial.name == call.name) {
            return MakeSpatial(call, spatial.relation);
        }
    }
    return MakeStringCall(call);
}

}  // namespace elanus::expr
