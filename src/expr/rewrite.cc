#include "expr/rewrite.h"

#include "base/archive.h"
#include "expr/range_merge.h"

#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace elanus::expr {

namespace {

// Moves the terms of nested nodes of the same kind up.
template <typename Junction>
std::vector<Plan> Flatten(std::vector<Plan> terms) {
    std::vector<Plan> flat;
    flat.reserve(terms.size());
    for (Plan& term : terms) {
        if (Junction* inner = std::get_if<Junction>(&term.node)) {
            std::move(inner->terms.begin(), inner->terms.end(), std::back_inserter(flat));
        } else {
            flat.push_back(std::move(term));
        }
    }
    return flat;
}

template <typename Junction>
Plan Join(std::vector<Plan> terms, Plan when_empty) {
    if (terms.empty()) {
        return when_empty;
    }
    if (terms.size() == 1) {
        return std::move(terms[0]);
    }
    return MakePlan(Junction{std::move(terms)});
}

// The term as a set of values of one column, when it is one.
std::optional<In> AsIn(const Plan& term) {
    if (const In* in = std::get_if<In>(&term.node)) {
        return *in;
    }
    const Compare* compare = std::get_if<Compare>(&term.node);
    if (compare == nullptr || compare->op != CompareOp::kEq ||
        compare->value.list_if() != nullptr) {
        return std::nullopt;
    }
    In in;
    in.column = compare->column;
    in.values.Add(compare->value);
    return in;
}

// `a == 1 or a in [2, 3]` becomes `a in [1, 2, 3]`, at the place of the first of them.
std::vector<Plan> MergeEqualities(std::vector<Plan> terms) {
    struct Group {
        size_t place;
        size_t members;
        In in;
    };
    std::map<std::string, Group> groups;
    std::vector<Plan> kept;
    kept.reserve(terms.size());
    for (Plan& term : terms) {
        std::optional<In> in = AsIn(term);
        if (!in.has_value()) {
            kept.push_back(std::move(term));
            continue;
        }
        const auto [found, is_new] =
            groups.try_emplace(base::Encode(in->column), Group{kept.size(), 1, {}});
        if (is_new) {
            found->second.in = std::move(*in);
            kept.push_back(std::move(term));
        } else {
            found->second.in.values.AddAll(in->values);
            ++found->second.members;
        }
    }
    for (auto& [column, group] : groups) {
        if (group.members > 1) {
            group.in.values.SortUnique();
            kept[group.place] = MakePlan(std::move(group.in));
        }
    }
    return kept;
}

bool IsLower(CompareOp op) {
    return op == CompareOp::kGt || op == CompareOp::kGe;
}
bool IsUpper(CompareOp op) {
    return op == CompareOp::kLt || op == CompareOp::kLe;
}

// A bound that may be joined with its counterpart. JSON is left alone: there a bound also tests the
// type of the stored value.
const Compare* AsBound(const Plan& term) {
    const Compare* compare = std::get_if<Compare>(&term.node);
    if (compare == nullptr || compare->column.is_json() || compare->column.is_whole_array() ||
        !(IsLower(compare->op) || IsUpper(compare->op))) {
        return nullptr;
    }
    return compare;
}

Plan JoinBounds(const Compare& a, const Compare& b) {
    const Compare& low = IsLower(a.op) ? a : b;
    const Compare& high = IsLower(a.op) ? b : a;
    return MakePlan(Range{low.column, low.value, high.value, low.op == CompareOp::kGe,
                          high.op == CompareOp::kLe});
}

// `a > 1 and a < 5` becomes `1 < a < 5`.
std::vector<Plan> MergeBounds(std::vector<Plan> terms) {
    std::map<std::string, size_t> open_bounds;
    std::vector<Plan> kept;
    kept.reserve(terms.size());
    for (Plan& term : terms) {
        const Compare* bound = AsBound(term);
        if (bound == nullptr) {
            kept.push_back(std::move(term));
            continue;
        }
        const std::string column = base::Encode(bound->column);
        const auto counterpart = open_bounds.find(column + (IsLower(bound->op) ? "<" : ">"));
        if (counterpart == open_bounds.end()) {
            open_bounds[column + (IsLower(bound->op) ? ">" : "<")] = kept.size();
            kept.push_back(std::move(term));
            continue;
        }
        Plan& place = kept[counterpart->second];
        place = JoinBounds(*std::get_if<Compare>(&place.node), *bound);
        open_bounds.erase(counterpart);
    }
    return kept;
}

// `text_match(f, "a") or text_match(f, "b")` looks at each value once.
std::vector<Plan> MergeTextMatches(std::vector<Plan> terms) {
    std::vector<Plan> kept;
    kept.reserve(terms.size());
    std::map<std::string, size_t> places;
    for (Plan& term : terms) {
        TextMatch* match = std::get_if<TextMatch>(&term.node);
        if (match == nullptr) {
            kept.push_back(std::move(term));
            continue;
        }
        const std::string key =
            base::Encode(match->column) + std::to_string(match->minimum_should_match);
        const auto [place, is_new] = places.try_emplace(key, kept.size());
        if (is_new) {
            kept.push_back(std::move(term));
        } else {
            auto& texts = std::get<TextMatch>(kept[place->second].node).texts;
            std::move(match->texts.begin(), match->texts.end(), std::back_inserter(texts));
        }
    }
    return kept;
}

// Any In without values, whatever it is of: never true.
const In* AsEmptySet(const Plan& plan) {
    const In* in = std::get_if<In>(&plan.node);
    return in != nullptr && in->values.empty() ? in : nullptr;
}

template <typename Junction>
std::vector<Plan> SimplifyTerms(Junction* junction, bool unknown_is_false,
                                const IsNullable& is_nullable);

// `unknown_is_false`: nothing above tells unknown from false.
Plan Simplify(Plan plan, bool unknown_is_false, const IsNullable& is_nullable) {
    plan = FoldExtreme(std::move(plan));
    if (And* conjunction = std::get_if<And>(&plan.node)) {
        return MakeAnd(SimplifyTerms(conjunction, unknown_is_false, is_nullable));
    }
    if (Or* disjunction = std::get_if<Or>(&plan.node)) {
        return MakeOr(SimplifyTerms(disjunction, unknown_is_false, is_nullable));
    }
    if (Not* negation = std::get_if<Not>(&plan.node)) {
        return MakeNot(Simplify(std::move(negation->terms[0]), false, is_nullable));
    }
    if (ElementMatch* match = std::get_if<ElementMatch>(&plan.node)) {
        match->predicate[0] = Simplify(std::move(match->predicate[0]), true, is_nullable);
        return plan;
    }
    if (const In* in = AsEmptySet(plan)) {
        return unknown_is_false || !is_nullable(in->column) ? MakePlan(AlwaysFalse{})
                                                            : std::move(plan);
    }
    return plan;
}

template <typename Junction>
std::vector<Plan> SimplifyTerms(Junction* junction, bool unknown_is_false,
                                const IsNullable& is_nullable) {
    std::vector<Plan> terms;
    terms.reserve(junction->terms.size());
    for (Plan& term : junction->terms) {
        terms.push_back(Simplify(std::move(term), unknown_is_false, is_nullable));
    }
    return terms;
}

}  // namespace

Plan SimplifyFilter(Plan plan, const IsNullable& is_nullable) {
    return Simplify(std::move(plan), true, is_nullable);
}

Plan MakeAnd(std::vector<Plan> terms) {
    std::vector<Plan> kept;
    for (Plan& term : Flatten<And>(std::move(terms))) {
        if (term.IsAlwaysFalse()) {
            return MakePlan(AlwaysFalse{});
        }
        if (!term.IsAlwaysTrue()) {
            kept.push_back(std::move(term));
        }
    }
    return Join<And>(MergeBounds(MergeConjuncts(std::move(kept))), MakePlan(AlwaysTrue{}));
}

Plan MakeOr(std::vector<Plan> terms) {
    std::vector<Plan> kept;
    for (Plan& term : Flatten<Or>(std::move(terms))) {
        if (term.IsAlwaysTrue()) {
            return MakePlan(AlwaysTrue{});
        }
        if (!term.IsAlwaysFalse()) {
            kept.push_back(std::move(term));
        }
    }
    kept = MergeTextMatches(MergeEqualities(MergeDisjuncts(std::move(kept))));
    return Join<Or>(std::move(kept), MakePlan(AlwaysFalse{}));
}

Plan MakeNot(Plan term) {
    if (term.IsAlwaysTrue()) {
        return MakePlan(AlwaysFalse{});
    }
    if (term.IsAlwaysFalse()) {
        return MakePlan(AlwaysTrue{});
    }
    if (Not* inner = std::get_if<Not>(&term.node)) {
        Plan positive = std::move(inner->terms[0]);
        return positive;
    }
    if (NegateInPlace(&term)) {
        return term;
    }
    Not negation;
    negation.terms.push_back(std::move(term));
    return MakePlan(std::move(negation));
}

}  // namespace elanus::expr
