#include "expr/plan_cost.h"

#include <type_traits>

namespace elanus::expr {

namespace {

double CostOf(const ColumnRef& column) {
    if (column.is_json()) {
        return 60;
    }
    if (column.type == schema::DataType::kArray) {
        return 4;
    }
    return schema::IsStringLike(column.type) ? 3 : 0.5;
}

double CostOf(const AlwaysTrue&) {
    return 0;
}
double CostOf(const AlwaysFalse&) {
    return 0;
}
double CostOf(const IsNull&) {
    return 0;  // the validity bits are there already
}
double CostOf(const In& node) {
    return CostOf(node.column) * 2;
}
double CostOf(const Contains& node) {
    return CostOf(node.column) * 2;
}
double CostOf(const Like& node) {
    const bool at_start = node.kind == LikeKind::kEqual || node.kind == LikeKind::kPrefix;
    return CostOf(node.column) * (at_start ? 1 : 4);
}
double CostOf(const Regex& node) {
    return CostOf(node.column) + 100;
}
double CostOf(const TextMatch& node) {
    return CostOf(node.column) + 200;
}
double CostOf(const PhraseMatch& node) {
    return CostOf(node.column) + 200;
}
double CostOf(const Spatial&) {
    return 300;
}
double CostOf(const ElementMatch& node) {
    constexpr double kElementsPerRow = 8;
    return node.predicate.empty() ? 0 : ScanCostNs(node.predicate[0]) * kElementsPerRow;
}

template <typename Node>
double CostOf(const Node& node) {
    if constexpr (requires { node.terms; }) {
        double cost = 0;
        for (const Plan& term : node.terms) {
            cost += ScanCostNs(term);
        }
        return cost;
    } else if constexpr (requires { node.left; }) {
        return CostOf(node.left) + CostOf(node.right);
    } else {
        return CostOf(node.column);
    }
}

}  // namespace

const ColumnRef* JsonPathOf(const Plan& plan) {
    const auto path_of = [](const auto& leaf) -> const ColumnRef* {
        using Leaf = std::decay_t<decltype(leaf)>;
        constexpr bool kIsShreddable =
            std::is_same_v<Leaf, Compare> || std::is_same_v<Leaf, Range> ||
            std::is_same_v<Leaf, In> || std::is_same_v<Leaf, Like> || std::is_same_v<Leaf, Regex> ||
            std::is_same_v<Leaf, Exists> || std::is_same_v<Leaf, ArithmeticCompare>;
        if constexpr (kIsShreddable) {
            return leaf.column.is_json() && !leaf.column.json_path.empty() ? &leaf.column : nullptr;
        }
        return nullptr;
    };
    return std::visit(path_of, plan.node);
}

double ScanCostNs(const Plan& plan) {
    return std::visit([](const auto& node) { return CostOf(node); }, plan.node);
}

}  // namespace elanus::expr
