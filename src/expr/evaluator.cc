#include "expr/evaluator.h"

#include "expr/scan.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <vector>

namespace elanus::expr {

namespace {

using base::Bitmap;
using base::Status;
using internal::PlanMismatch;
using internal::Scan;
using schema::ColumnView;
using schema::DataType;

// A rough order of what a predicate costs a row, for running the cheap ones first.
int CostOf(const Plan& plan);

int CostOf(const ColumnRef& column) {
    constexpr int kFixed = 1;
    constexpr int kArray = 4;
    constexpr int kString = 6;
    constexpr int kJson = 60;
    if (column.is_json()) {
        return kJson;
    }
    if (column.type == DataType::kArray) {
        return kArray;
    }
    return schema::IsStringLike(column.type) ? kString : kFixed;
}

template <typename Junction>
int CostOfTerms(const Junction& junction) {
    int64_t cost = 0;
    for (const Plan& term : junction.terms) {
        cost += CostOf(term);
    }
    return static_cast<int>(std::min<int64_t>(cost, INT32_MAX));
}

int CostOf(const Plan& plan) {
    return std::visit(
        [](const auto& node) {
            using T = std::decay_t<decltype(node)>;
            if constexpr (requires { node.terms; }) {
                return CostOfTerms(node);
            } else if constexpr (std::is_same_v<T, CompareColumns>) {
                return CostOf(node.left) + CostOf(node.right);
            } else if constexpr (std::is_same_v<T, Regex>) {
                return CostOf(node.column) * 10;
            } else if constexpr (std::is_same_v<T, In> || std::is_same_v<T, Contains> ||
                                 std::is_same_v<T, Like>) {
                return CostOf(node.column) * 2;
            } else if constexpr (std::is_same_v<T, IsNull>) {
                return node.column.json_path.empty() ? 0 : CostOf(node.column);
            } else if constexpr (requires { node.column; }) {
                return CostOf(node.column);
            } else {
                return 0;
            }
        },
        plan.node);
}

Bitmap AllSet(size_t rows) {
    return Bitmap(rows, true);
}

void SetAll(size_t rows, bool value, Truth* out) {
    out->is_true = Bitmap(rows, value);
    out->is_known = Bitmap();
}

void MakeKnownExplicit(Truth* truth) {
    if (truth->is_known.empty()) {
        truth->is_known = AllSet(truth->is_true.size());
    }
}

// Kleene's tables, word by word. `is_true` implies `is_known` on both sides and after.
void Combine(Truth right, bool is_and, Truth* left) {
    if (left->is_known.empty() && right.is_known.empty()) {
        is_and ? left->is_true.And(right.is_true) : left->is_true.Or(right.is_true);
        return;
    }
    MakeKnownExplicit(left);
    MakeKnownExplicit(&right);
    const auto lt = left->is_true.words();
    const auto lk = left->is_known.words();
    const auto rt = right.is_true.words();
    const auto rk = right.is_known.words();
    for (size_t w = 0; w < lt.size(); ++w) {
        const uint64_t both_known = lk[w] & rk[w];
        if (is_and) {
            lk[w] = both_known | (lk[w] & ~lt[w]) | (rk[w] & ~rt[w]);
            lt[w] &= rt[w];
        } else {
            lt[w] |= rt[w];
            lk[w] = both_known | lt[w];
        }
    }
}

// Rows that another term can still change: not false yet (And), not true yet (Or).
Bitmap Undecided(const Truth& truth, bool is_and, const Bitmap* needed) {
    Bitmap open = truth.is_true;
    if (!is_and) {
        open.Flip();
    } else if (!truth.is_known.empty()) {
        Bitmap unknown = truth.is_known;
        unknown.Flip();
        open.Or(unknown);
    }
    if (needed != nullptr) {
        open.And(*needed);
    }
    return open;
}

// Types of an archived plan are not trusted: the view must be what the plan says it is.
Status CheckView(const ColumnRef& column, const ColumnView& view, size_t rows) {
    const bool same_type = view.type == column.type ||
                           (schema::IsStringLike(view.type) && schema::IsStringLike(column.type));
    if (!same_type || view.rows < rows) {
        return PlanMismatch();
    }
    const bool is_array = column.type == DataType::kArray;
    const bool has_offsets = is_array || schema::IsVariableBytes(column.type);
    if (has_offsets && rows > 0 && view.offsets == nullptr) {
        return PlanMismatch();
    }
    if (is_array && (view.children.size() != 1 || view.children[0].type != column.element_type)) {
        return PlanMismatch();
    }
    if (!is_array && column.is_element()) {
        return PlanMismatch();
    }
    return Status();
}

// Picks the scan by what the column reference points at.
template <typename Leaf>
Status RunScan(const Leaf& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    if (leaf.column.is_json()) {
        return internal::ScanJson(leaf, view, scan, out);
    }
    if constexpr (requires { internal::ScanArray(leaf, view, scan, out); }) {
        if (leaf.column.is_whole_array()) {
            return internal::ScanArray(leaf, view, scan, out);
        }
    }
    if constexpr (requires { internal::ScanColumn(leaf, view, scan, out); }) {
        if (leaf.column.is_element()) {
            return internal::ScanElement(leaf, view, scan, out);
        }
        if (!leaf.column.is_whole_array()) {
            return internal::ScanColumn(leaf, view, scan, out);
        }
    }
    return PlanMismatch();
}

Bitmap ValidityOf(const ColumnView& view, size_t rows) {
    Bitmap known;
    if (view.validity != nullptr && rows > 0) {
        known = Bitmap(rows);
        std::copy_n(view.validity, known.words().size(), known.words().begin());
        known.ClearTail();
    }
    return known;
}

class Evaluation {
  public:
    Evaluation(const ColumnSource& columns, size_t rows, const base::CallContext& context,
               sys::Clock& clock)
        : columns_(columns), rows_(rows), context_(context), clock_(clock) {}

    Status Run(const Plan& plan, const Bitmap* needed, Truth* out) {
        return std::visit([&](const auto& node) { return RunNode(node, needed, out); }, plan.node);
    }

  private:
    Status RunNode(const AlwaysTrue&, const Bitmap*, Truth* out) {
        SetAll(rows_, true, out);
        return Status();
    }
    Status RunNode(const AlwaysFalse&, const Bitmap*, Truth* out) {
        SetAll(rows_, false, out);
        return Status();
    }
    Status RunNode(const And& node, const Bitmap* needed, Truth* out) {
        return RunJunction(node.terms, true, needed, out);
    }
    Status RunNode(const Or& node, const Bitmap* needed, Truth* out) {
        return RunJunction(node.terms, false, needed, out);
    }

    Status RunNode(const Not& node, const Bitmap* needed, Truth* out) {
        if (node.terms.size() != 1) {
            return PlanMismatch();
        }
        RETURN_IF_ERROR(Run(node.terms[0], needed, out));
        out->is_true.Flip();
        if (!out->is_known.empty()) {
            out->is_true.And(out->is_known);
        }
        return Status();
    }

    Status RunJunction(const std::vector<Plan>& terms, bool is_and, const Bitmap* needed,
                       Truth* out) {
        std::vector<std::pair<int, const Plan*>> order;
        order.reserve(terms.size());
        for (const Plan& term : terms) {
            order.emplace_back(CostOf(term), &term);
        }
        std::stable_sort(order.begin(), order.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        SetAll(rows_, is_and, out);
        Bitmap open;
        for (const auto& [cost, term] : order) {
            Truth next;
            RETURN_IF_ERROR(Run(*term, needed, &next));
            Combine(std::move(next), is_and, out);
            if (term == order.back().second) {
                break;
            }
            open = Undecided(*out, is_and, needed);
            needed = &open;
            if (open.None()) {
                break;
            }
        }
        return Status();
    }

    Status RunNode(const IsNull& node, const Bitmap* needed, Truth* out) {
        return OnColumn(node.column, out, [&](const ColumnView& view, size_t rows, Truth* truth) {
            truth->is_true = Bitmap(rows);
            Bitmap valid = ValidityOf(view, rows);
            if (!node.column.json_path.empty()) {
                Scan scan(rows, rows == rows_ ? needed : nullptr, context_, clock_);
                RETURN_IF_ERROR(internal::ScanJson(node, view, scan, &truth->is_true));
            }
            if (!valid.empty()) {
                valid.Flip();
                truth->is_true.Or(valid);
            }
            return Status();
        });
    }

    template <typename Leaf>
    Status RunNode(const Leaf& node, const Bitmap* needed, Truth* out) {
        return OnColumn(node.column, out, [&](const ColumnView& view, size_t rows, Truth* truth) {
            truth->is_true = Bitmap(rows);
            Scan scan(rows, rows == rows_ ? needed : nullptr, context_, clock_);
            RETURN_IF_ERROR(RunScan(node, view, scan, &truth->is_true));
            ApplyValidity(ValidityOf(view, rows), truth);
            return Status();
        });
    }

    Status RunNode(const CompareColumns& node, const Bitmap* needed, Truth* out) {
        schema::Column left_default;
        schema::Column right_default;
        ColumnView left;
        ColumnView right;
        RETURN_IF_ERROR(Materialise(node.left, &left_default, &left));
        RETURN_IF_ERROR(Materialise(node.right, &right_default, &right));
        out->is_true = Bitmap(rows_);
        Scan scan(rows_, needed, context_, clock_);
        RETURN_IF_ERROR(internal::ScanTwoColumns(node, left, right, scan, &out->is_true));
        Bitmap known = ValidityOf(left, rows_);
        const Bitmap right_known = ValidityOf(right, rows_);
        if (known.empty()) {
            known = right_known;
        } else if (!right_known.empty()) {
            known.And(right_known);
        }
        ApplyValidity(std::move(known), out);
        return Status();
    }

    static void ApplyValidity(Bitmap known, Truth* truth) {
        if (!known.empty()) {
            truth->is_true.And(known);
        }
        truth->is_known = std::move(known);
    }

    // Runs body(view, rows, truth) on the column. An absent column is one default value for all
    // rows, so the body sees one row and its answer is spread.
    template <typename Body>
    Status OnColumn(const ColumnRef& column, Truth* out, Body body) {
        RETURN_IF_ERROR(context_.Check(clock_.MonotonicNs()));
        if (const ColumnView* view = columns_.Column(column.field_id)) {
            RETURN_IF_ERROR(CheckView(column, *view, rows_));
            return body(*view, rows_, out);
        }
        const schema::FieldSchema* field = columns_.Field(column.field_id);
        if (field == nullptr) {
            return PlanMismatch();
        }
        const schema::Column one = schema::MakeDefaultColumn(*field, 1);
        const ColumnView view = one.View();
        RETURN_IF_ERROR(CheckView(column, view, 1));
        Truth answer;
        RETURN_IF_ERROR(body(view, 1, &answer));
        out->is_true = Bitmap(rows_, answer.is_true.Test(0));
        out->is_known = answer.IsKnown(0) ? Bitmap() : Bitmap(rows_);
        return Status();
    }

    Status Materialise(const ColumnRef& column, schema::Column* storage, ColumnView* view) {
        if (const ColumnView* present = columns_.Column(column.field_id)) {
            *view = *present;
        } else {
            const schema::FieldSchema* field = columns_.Field(column.field_id);
            if (field == nullptr) {
                return PlanMismatch();
            }
            *storage = schema::MakeDefaultColumn(*field, rows_);
            *view = storage->View();
        }
        return CheckView(column, *view, rows_);
    }

    const ColumnSource& columns_;
    size_t rows_;
    const base::CallContext& context_;
    sys::Clock& clock_;
};

}  // namespace

base::Result<Truth> Evaluate(const Plan& plan, const ColumnSource& columns, size_t rows,
                             const base::CallContext& context, sys::Clock& clock,
                             const base::Bitmap* needed) {
    if (needed != nullptr && needed->size() != rows) {
        return PlanMismatch();
    }
    Truth truth;
    RETURN_IF_ERROR(Evaluation(columns, rows, context, clock).Run(plan, needed, &truth));
    return truth;
}

}  // namespace elanus::expr
