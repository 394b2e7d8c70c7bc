#include "expr/evaluator.h"

#include "expr/plan_cost.h"
#include "expr/scan.h"
#include "schema/column_slice.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
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
    const bool has_offsets = is_array || schema::IsVariableBytes(column.type) ||
                             column.type == DataType::kArrayOfVector ||
                             column.type == DataType::kArrayOfStruct;
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

// What the reference points at: the column itself, or one sub-field of a struct array as an array.
base::Result<ColumnView> Select(const ColumnRef& column, const ColumnView& stored, size_t rows) {
    ColumnView view = stored;
    if (column.sub_field >= 0 && stored.type == DataType::kArrayOfStruct) {
        if (static_cast<size_t>(column.sub_field) >= stored.children.size()) {
            return PlanMismatch();
        }
        ColumnView child = stored.children[static_cast<size_t>(column.sub_field)];
        view.type = schema::IsVector(child.type) ? DataType::kArrayOfVector : DataType::kArray;
        view.element_type = child.type;
        view.children.assign(1, std::move(child));
    }
    RETURN_IF_ERROR(CheckView(column, view, rows));
    return view;
}

// The elements of a struct array as rows of columns, one a sub-field.
class ElementColumns : public ColumnSource {
  public:
    ElementColumns(const ColumnSource& rows, const schema::FieldSchema& field,
                   const ColumnView& structs, size_t begin, size_t end)
        : rows_(rows), begin_(begin), end_(end) {
        const size_t count = std::min(field.sub_fields.size(), structs.children.size());
        for (size_t i = 0; i < count; ++i) {
            if (structs.children[i].rows >= end) {
                columns_.emplace_back(field.sub_fields[i].id,
                                      schema::SliceView(structs.children[i], begin, end));
            }
        }
    }
    const ColumnView* Column(base::FieldId field_id) const override {
        for (const auto& [id, view] : columns_) {
            if (id == field_id) {
                return &view;
            }
        }
        return nullptr;
    }
    const schema::FieldSchema* Field(base::FieldId) const override { return nullptr; }
    std::optional<LeafBits> Indexed(const void* leaf) const override {
        return rows_.IndexedElements(leaf, begin_, end_ - begin_);
    }
    bool IsIndexed(const void* leaf) const override { return rows_.IsIndexed(leaf); }

  private:
    const ColumnSource& rows_;
    const size_t begin_;
    const size_t end_;
    std::vector<std::pair<base::FieldId, ColumnView>> columns_;
};

size_t CountBits(const Bitmap& bits, size_t begin, size_t end) {
    size_t count = 0;
    for (size_t w = begin / 64; w * 64 < end; ++w) {
        uint64_t word = bits.words()[w];
        if (w * 64 < begin) {
            word &= ~uint64_t{0} << (begin % 64);
        }
        if (end - w * 64 < 64) {
            word &= (uint64_t{1} << (end % 64)) - 1;
        }
        count += static_cast<size_t>(std::popcount(word));
    }
    return count;
}

bool CountHolds(const ElementMatch& match, size_t count, size_t length) {
    const auto hits = static_cast<int64_t>(count);
    switch (match.rule) {
        case ElementRule::kFilter:
        case ElementRule::kAny:
            return hits > 0;
        case ElementRule::kAll:
            return count == length;
        case ElementRule::kLeast:
            return hits >= match.threshold;
        case ElementRule::kMost:
            return hits <= match.threshold;
        case ElementRule::kExact:
            return hits == match.threshold;
    }
    return false;
}

// Picks the scan by what the column reference points at.
template <typename Leaf>
Status RunScan(const Leaf& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
    if (leaf.column.is_json()) {
        if constexpr (requires { internal::ScanJson(leaf, view, scan, out); }) {
            return internal::ScanJson(leaf, view, scan, out);
        }
        return PlanMismatch();
    }
    if constexpr (requires { internal::ScanArray(leaf, view, scan, out); }) {
        const bool has_length = leaf.column.type == DataType::kArrayOfVector ||
                                leaf.column.type == DataType::kArrayOfStruct;
        if (leaf.column.is_whole_array() || (has_length && std::is_same_v<Leaf, ArrayLength>)) {
            return internal::ScanArray(leaf, view, scan, out);
        }
    }
    if constexpr (requires { internal::ScanColumn(leaf, view, scan, out); }) {
        if (leaf.column.is_element()) {
            if constexpr (requires { internal::ScanElement(leaf, view, scan, out); }) {
                return internal::ScanElement(leaf, view, scan, out);
            }
            return PlanMismatch();
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

    // Which elements match, of the needed rows. Bit i is element `*first` + i.
    Status RunElements(const ElementMatch& node, const ColumnView& structs, size_t rows,
                       const Bitmap* needed, size_t* first, Bitmap* elements) {
        const schema::FieldSchema* field = columns_.Field(node.column.field_id);
        if (field == nullptr || node.predicate.size() != 1) {
            return PlanMismatch();
        }
        const size_t end = rows == 0 ? 0 : structs.offsets[rows];
        *first = rows == 0 ? 0 : structs.offsets[0] & ~uint32_t{63};
        const ElementColumns columns(columns_, *field, structs, *first, end);
        Bitmap wanted(end - *first, needed == nullptr);
        if (needed != nullptr) {
            needed->ForEach([&](size_t row) {
                for (size_t i = structs.offsets[row]; i < structs.offsets[row + 1]; ++i) {
                    wanted.Set(i - *first);
                }
            });
        }
        Truth truth;
        RETURN_IF_ERROR(Evaluation(columns, end - *first, context_, clock_)
                            .Run(node.predicate[0], &wanted, &truth));
        truth.is_true.And(wanted);
        *elements = std::move(truth.is_true);
        return Status();
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

    double CostNs(const Plan& term) const {
        const ColumnRef* json = JsonPathOf(term);
        return json != nullptr && columns_.Shredded(*json).has_value() ? kShreddedCostNs
                                                                       : ScanCostNs(term);
    }

    // What a term costs for each row that it decides: small ones run first. An And is decided by
    // rows that are not true, an Or by those that are.
    double RankOf(const Plan& term, bool is_and) const {
        constexpr double kDecidesMin = 1e-3;
        const double is_true = columns_.Selectivity(term);
        const double decides = std::max(kDecidesMin, is_and ? 1 - is_true : is_true);
        return columns_.IsIndexed(LeafOf(term)) ? 0 : CostNs(term) / decides;
    }

    Status RunJunction(const std::vector<Plan>& terms, bool is_and, const Bitmap* needed,
                       Truth* out) {
        std::vector<std::pair<double, const Plan*>> order;
        order.reserve(terms.size());
        for (const Plan& term : terms) {
            order.emplace_back(RankOf(term, is_and), &term);
        }
        std::stable_sort(order.begin(), order.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        SetAll(rows_, is_and, out);
        Bitmap open;
        for (const auto& [rank, term] : order) {
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

    Status RunNode(const IsNull& node, const Bitmap*, Truth* out) {
        return OnColumn(node.column, out, [&](const ColumnView& view, size_t rows, Truth* truth) {
            truth->is_true = ValidityOf(view, rows);
            if (truth->is_true.empty()) {
                truth->is_true = Bitmap(rows);
            } else {
                truth->is_true.Flip();
            }
            return Status();
        });
    }

    Status RunNode(const TextMatch& node, const Bitmap* needed, Truth* out) {
        return RunText(node, needed, out);
    }
    Status RunNode(const PhraseMatch& node, const Bitmap* needed, Truth* out) {
        return RunText(node, needed, out);
    }
    template <typename Leaf>
    Status RunText(const Leaf& node, const Bitmap* needed, Truth* out) {
        const schema::FieldSchema* field = columns_.Field(node.column.field_id);
        if (field == nullptr || !schema::IsStringLike(node.column.type) ||
            node.column.is_element()) {
            return PlanMismatch();
        }
        const auto found = field->type_params.find("analyzer_params");
        const std::string params = found == field->type_params.end() ? "" : found->second;
        return OnColumn(node.column, out, [&](const ColumnView& view, size_t rows, Truth* truth) {
            RETURN_IF_ERROR(ScanOrAsk(&node, rows, needed, truth, [&](Scan& scan) {
                return internal::ScanText(node, params, view, scan, &truth->is_true);
            }));
            ApplyValidity(ValidityOf(view, rows), truth);
            return Status();
        });
    }

    Status RunNode(const ElementMatch& node, const Bitmap* needed, Truth* out) {
        if (node.column.type != DataType::kArrayOfStruct) {
            return PlanMismatch();
        }
        return OnColumn(node.column, out, [&](const ColumnView& view, size_t rows, Truth* truth) {
            size_t first = 0;
            Bitmap elements;
            RETURN_IF_ERROR(
                RunElements(node, view, rows, rows == rows_ ? needed : nullptr, &first, &elements));
            truth->is_true = Bitmap(rows);
            for (size_t row = 0; row < rows; ++row) {
                const size_t begin = view.offsets[row];
                const size_t end = view.offsets[row + 1];
                const size_t count = CountBits(elements, begin - first, end - first);
                truth->is_true.Assign(row, CountHolds(node, count, end - begin));
            }
            ApplyValidity(ValidityOf(view, rows), truth);
            return Status();
        });
    }

    template <typename Leaf>
    Status RunNode(const Leaf& node, const Bitmap* needed, Truth* out) {
        return OnColumn(node.column, out, [&](const ColumnView& view, size_t rows, Truth* truth) {
            RETURN_IF_ERROR(ScanOrAsk(&node, rows, needed, truth, [&](Scan& scan) {
                return ScanLeaf(node, view, scan, &truth->is_true);
            }));
            ApplyValidity(ValidityOf(view, rows), truth);
            return Status();
        });
    }

    template <typename Leaf>
    Status ScanLeaf(const Leaf& leaf, const ColumnView& view, Scan& scan, Bitmap* out) {
        if constexpr (requires(const ShreddedPath& path) {
                          internal::ScanShredded(leaf, path, view, scan, out);
                      }) {
            // An absent column is one row, and nothing is kept of it.
            const std::optional<ShreddedPath> path = leaf.column.is_json() && scan.rows() == rows_
                                                         ? columns_.Shredded(leaf.column)
                                                         : std::nullopt;
            if (path.has_value() && path->values.rows >= rows_) {
                return internal::ScanShredded(leaf, *path, view, scan, out);
            }
        }
        if constexpr (requires(const RangeCodes& codes) {
                          internal::ScanCodes(leaf, codes, view, scan, out);
                      }) {
            const std::optional<RangeCodes> codes = HasCodes(leaf.column) && scan.rows() == rows_
                                                        ? columns_.Codes(leaf.column.field_id)
                                                        : std::nullopt;
            std::optional<Status> scanned = codes.has_value()
                                                ? internal::ScanCodes(leaf, *codes, view, scan, out)
                                                : std::nullopt;
            if (scanned.has_value()) {
                return *std::move(scanned);
            }
        }
        return RunScan(leaf, view, scan, out);
    }

    static bool HasCodes(const ColumnRef& column) {
        const bool has_type = column.type == DataType::kInt64 || column.type == DataType::kDouble ||
                              column.type == DataType::kTimestamptz;
        return has_type && !column.is_json() && !column.is_element() && column.sub_field < 0;
    }

    // Takes the leaf's bits from an index that answered it; scans what no index has decided.
    template <typename Body>
    Status ScanOrAsk(const void* leaf, size_t rows, const Bitmap* needed, Truth* truth, Body scan) {
        const bool is_stored = rows == rows_;  // else the one row of an absent column
        std::optional<LeafBits> indexed = is_stored ? columns_.Indexed(leaf) : std::nullopt;
        if (indexed.has_value() && indexed->rows.size() != rows) {
            return PlanMismatch();
        }
        if (indexed.has_value() && indexed->exact) {
            truth->is_true = std::move(indexed->rows);
            return Status();
        }
        const Bitmap* wanted = is_stored ? needed : nullptr;
        if (indexed.has_value()) {
            if (needed != nullptr) {
                indexed->rows.And(*needed);
            }
            wanted = &indexed->rows;
        }
        truth->is_true = Bitmap(rows);
        Scan rows_scan(rows, wanted, context_, clock_);
        return scan(rows_scan);
    }

    Status RunNode(const CompareColumns& node, const Bitmap* needed, Truth* out) {
        return RunTwoColumns(node, needed, out);
    }
    Status RunNode(const StartsWith& node, const Bitmap* needed, Truth* out) {
        return RunTwoColumns(node, needed, out);
    }
    template <typename Leaf>
    Status RunTwoColumns(const Leaf& node, const Bitmap* needed, Truth* out) {
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
        if (const ColumnView* stored = columns_.Column(column.field_id)) {
            ASSIGN_OR_RETURN(const ColumnView view, Select(column, *stored, rows_));
            return body(view, rows_, out);
        }
        const schema::FieldSchema* field = columns_.Field(column.field_id);
        if (field == nullptr) {
            return PlanMismatch();
        }
        const schema::Column one = schema::MakeDefaultColumn(*field, 1);
        ASSIGN_OR_RETURN(const ColumnView view, Select(column, one.View(), 1));
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

const ElementMatch* ElementFilterOf(const Plan& plan) {
    const And* conjunction = std::get_if<And>(&plan.node);
    const Plan& last =
        conjunction == nullptr || conjunction->terms.empty() ? plan : conjunction->terms.back();
    const ElementMatch* match = std::get_if<ElementMatch>(&last.node);
    return match != nullptr && match->rule == ElementRule::kFilter ? match : nullptr;
}

base::Result<Bitmap> EvaluateElements(const ElementMatch& match, const ColumnSource& columns,
                                      size_t rows, const base::CallContext& context,
                                      sys::Clock& clock, const Bitmap* needed) {
    const ColumnView* view = columns.Column(match.column.field_id);
    if (view == nullptr) {
        return Bitmap();
    }
    RETURN_IF_ERROR(CheckView(match.column, *view, rows));
    if (match.column.type != DataType::kArrayOfStruct ||
        (needed != nullptr && needed->size() != rows)) {
        return PlanMismatch();
    }
    size_t first = 0;
    Bitmap aligned;
    RETURN_IF_ERROR(Evaluation(columns, rows, context, clock)
                        .RunElements(match, *view, rows, needed, &first, &aligned));
    const size_t skipped = rows == 0 ? 0 : view->offsets[0] - first;
    Bitmap elements(aligned.size() - skipped);
    aligned.ForEach([&](size_t i) {
        if (i >= skipped) {
            elements.Set(i - skipped);
        }
    });
    return elements;
}

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
