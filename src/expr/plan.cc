#include "expr/plan.h"

#include <algorithm>
#include <type_traits>

namespace elanus::expr {

void ValueSet::Add(const Value& value) {
    if (const bool* boolean = value.bool_if()) {
        (*boolean ? has_true : has_false) = true;
    } else if (const int64_t* integer = value.int_if()) {
        ints.push_back(*integer);
    } else if (const double* number = value.double_if()) {
        doubles.push_back(*number);
    } else if (const std::string* text = value.string_if()) {
        strings.push_back(*text);
    }
}

void ValueSet::AddAll(const ValueSet& other) {
    has_true |= other.has_true;
    has_false |= other.has_false;
    ints.insert(ints.end(), other.ints.begin(), other.ints.end());
    doubles.insert(doubles.end(), other.doubles.begin(), other.doubles.end());
    strings.insert(strings.end(), other.strings.begin(), other.strings.end());
}

void ValueSet::SortUnique() {
    const auto tidy = [](auto& values) {
        std::sort(values.begin(), values.end());
        values.erase(std::unique(values.begin(), values.end()), values.end());
    };
    tidy(ints);
    tidy(doubles);
    tidy(strings);
}

bool ValueSet::empty() const {
    return !has_true && !has_false && ints.empty() && doubles.empty() && strings.empty();
}

namespace {

template <typename T>
concept HasColumn = requires(const T& node) { node.column; };
template <typename T>
concept HasTerms = requires(const T& node) { node.terms; };

void CollectFields(const Plan& plan, std::vector<base::FieldId>* fields) {
    std::visit(
        [fields](const auto& node) {
            using T = std::decay_t<decltype(node)>;
            if constexpr (HasColumn<T>) {
                fields->push_back(node.column.field_id);
            } else if constexpr (requires { node.left; }) {
                fields->push_back(node.left.field_id);
                fields->push_back(node.right.field_id);
            } else if constexpr (HasTerms<T>) {
                for (const Plan& term : node.terms) {
                    CollectFields(term, fields);
                }
            }
        },
        plan.node);
}

std::optional<schema::PrimaryKeys> KeysOf(const Compare& compare) {
    schema::PrimaryKeys keys;
    if (compare.op != CompareOp::kEq) {
        return std::nullopt;
    }
    if (const int64_t* integer = compare.value.int_if()) {
        keys.Append(schema::PrimaryKey(*integer));
    } else if (const std::string* text = compare.value.string_if()) {
        keys.Append(schema::PrimaryKey(*text));
    } else {
        return std::nullopt;
    }
    return keys;
}

schema::PrimaryKeys KeysOf(const In& in) {
    schema::PrimaryKeys keys;
    keys.is_string = schema::IsStringLike(in.column.type);
    keys.ints = in.values.ints;
    keys.strings = in.values.strings;
    return keys;
}

}  // namespace

// Comparing any two nodes is much code, which is made here once instead of in every file that has a
// plan in it.
bool And::operator==(const And& other) const {
    return terms == other.terms;
}

bool Or::operator==(const Or& other) const {
    return terms == other.terms;
}

bool Not::operator==(const Not& other) const {
    return terms == other.terms;
}

bool ElementMatch::operator==(const ElementMatch& other) const {
    return column == other.column && rule == other.rule && threshold == other.threshold &&
           predicate == other.predicate;
}

bool Plan::operator==(const Plan&) const = default;

const void* LeafOf(const Plan& plan) {
    return std::visit([](const auto& node) { return static_cast<const void*>(&node); }, plan.node);
}

std::vector<base::FieldId> Plan::ReferencedFields() const {
    std::vector<base::FieldId> fields;
    CollectFields(*this, &fields);
    std::sort(fields.begin(), fields.end());
    fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
    return fields;
}

std::optional<schema::PrimaryKeys> PrimaryKeyTerms(const Plan& plan, base::FieldId pk_field) {
    if (const Compare* compare = std::get_if<Compare>(&plan.node)) {
        return compare->column.field_id == pk_field ? KeysOf(*compare) : std::nullopt;
    }
    if (const In* in = std::get_if<In>(&plan.node); in && in->column.field_id == pk_field) {
        return KeysOf(*in);
    }
    return std::nullopt;
}

std::optional<PrimaryKeySplit> SplitPrimaryKeyTerm(const Plan& plan, base::FieldId pk_field) {
    if (auto keys = PrimaryKeyTerms(plan, pk_field)) {
        return PrimaryKeySplit{std::move(*keys), Plan()};
    }
    const And* conjunction = std::get_if<And>(&plan.node);
    if (conjunction == nullptr) {
        return std::nullopt;
    }
    for (size_t i = 0; i < conjunction->terms.size(); ++i) {
        auto keys = PrimaryKeyTerms(conjunction->terms[i], pk_field);
        if (!keys.has_value()) {
            continue;
        }
        std::vector<Plan> rest = conjunction->terms;
        rest.erase(rest.begin() + static_cast<ptrdiff_t>(i));
        Plan remaining;
        if (rest.size() == 1) {
            remaining = std::move(rest[0]);
        } else {
            remaining.node = And{std::move(rest)};
        }
        return PrimaryKeySplit{std::move(*keys), std::move(remaining)};
    }
    return std::nullopt;
}

Plan InFront(Plan term, const Plan& plan) {
    And both;
    both.terms.push_back(std::move(term));
    if (const And* conjunction = std::get_if<And>(&plan.node)) {
        both.terms.insert(both.terms.end(), conjunction->terms.begin(), conjunction->terms.end());
    } else {
        both.terms.push_back(plan);
    }
    return Plan{std::move(both)};
}

std::optional<Plan> WithSampleSeed(const Plan& plan, uint64_t seed) {
    const auto last_of = [](auto& whole) {  // INV-PLAN-5
        auto* junction = std::get_if<And>(&whole.node);
        return junction == nullptr || junction->terms.empty() ? &whole : &junction->terms.back();
    };
    if (!std::holds_alternative<RandomSample>(last_of(plan)->node)) {
        return std::nullopt;
    }
    Plan copy = plan;
    std::get<RandomSample>(last_of(copy)->node).seed = seed;
    return copy;
}

}  // namespace elanus::expr
