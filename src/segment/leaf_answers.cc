#include "segment/leaf_answers.h"

#include "base/log.h"
#include "expr/plan_cost.h"
#include "segment/bit_range.h"
#include "segment/segment_file.h"
#include "segment/shredded_json.h"

#include <algorithm>
#include <span>
#include <vector>

namespace elanus::segment {

namespace {

// What reading an entry of an index and setting its row's bit costs, and a word of the bitmap.
constexpr double kReadNs = 1.5;
constexpr double kWordNs = 2;
// A descent in the index and the allocation; keeps small segments on the scan.
constexpr double kAnswerNs = 5000;

// `scan_ns`: of looking at a row for the leaf.
double AnswerCostNs(double scan_ns, const scalar_index::LeafEstimate& estimate, size_t rows) {
    const double recheck = estimate.exact ? 0 : static_cast<double>(estimate.rows) * scan_ns;
    return kAnswerNs + static_cast<double>(estimate.reads) * kReadNs +
           static_cast<double>(rows) / 64 * kWordNs + recheck;
}

// What scanning a row for the leaf costs, given what the segment keeps of JSON paths.
double ScanNs(const expr::Plan& leaf, const RowSource& source) {
    const expr::ColumnRef* json = expr::JsonPathOf(leaf);
    const ShreddedJson* shredded = json == nullptr ? nullptr : source.Shredded(json->field_id);
    return shredded != nullptr && shredded->Has(json->json_path) ? expr::kShreddedCostNs
                                                                 : expr::ScanCostNs(leaf);
}

bool IsLeaf(const expr::Plan& plan) {
    return !std::holds_alternative<expr::And>(plan.node) &&
           !std::holds_alternative<expr::Or>(plan.node) &&
           !std::holds_alternative<expr::Not>(plan.node) &&
           !std::holds_alternative<expr::ElementMatch>(plan.node);
}

// True when a row with no matching element never matches.
bool WantsAnElement(const expr::ElementMatch& match) {
    switch (match.rule) {
        case expr::ElementRule::kFilter:
        case expr::ElementRule::kAny:
            return true;
        case expr::ElementRule::kLeast:
        case expr::ElementRule::kExact:
            return match.threshold > 0;
        case expr::ElementRule::kAll:
        case expr::ElementRule::kMost:
            break;
    }
    return false;
}

// Rows that own one of the elements. `offsets` has rows + 1 entries from 0 on.
base::Bitmap RowsOf(const base::Bitmap& elements, const uint32_t* offsets, size_t rows) {
    base::Bitmap owners(rows);
    size_t row = 0;
    elements.ForEach([&](size_t element) {
        while (offsets[row + 1] <= element) {
            ++row;
        }
        owners.Set(row);
    });
    return owners;
}

std::string FieldName(const schema::FieldSchema* parent, const schema::FieldSchema* field,
                      base::FieldId id) {
    if (parent != nullptr) {
        for (const schema::FieldSchema& sub_field : parent->sub_fields) {
            if (sub_field.id == id) {
                return parent->name + "[" + sub_field.name + "]";
            }
        }
    }
    return field == nullptr ? std::to_string(id) : field->name;
}

// An index says nothing of null rows.
bool MayBeNull(const expr::Plan& leaf, const RowSource& source) {
    const std::vector<base::FieldId> fields = leaf.ReferencedFields();
    return std::any_of(fields.begin(), fields.end(), [&](base::FieldId field) {
        const ColumnMeta* meta = source.Statistics(field);
        return meta == nullptr || meta->null_count > 0;
    });
}

}  // namespace

LeafAnswers::LeafAnswers(const expr::Plan& plan, const RowSource& source, size_t open_rows)
    : plan_(plan), source_(source), indexes_(source.scalar_indexes()) {
    if (indexes_ != nullptr && !indexes_->empty()) {
        AskAll(plan, {source.rows()}, static_cast<double>(open_rows));
    }
}

LeafAnswers::Choice LeafAnswers::Cheapest(const expr::Plan& leaf) const {
    Choice best;
    const double scan_ns = ScanNs(leaf, source_);
    for (const std::shared_ptr<const scalar_index::Index>& index : *indexes_) {
        const auto estimate = index->Estimate(leaf);
        if (!estimate.has_value()) {
            continue;
        }
        const double cost_ns = AnswerCostNs(scan_ns, *estimate, index->rows());
        if (best.index == nullptr || cost_ns < best.cost_ns) {
            best = {index.get(), *estimate, cost_ns};
        }
    }
    return best;
}

void LeafAnswers::AskAll(const expr::Plan& plan, const Domain& domain, double open) {
    if (const auto* conjunction = std::get_if<expr::And>(&plan.node)) {
        AskTerms(*conjunction, domain, open);
    } else if (const auto* either = std::get_if<expr::Or>(&plan.node)) {
        for (const expr::Plan& term : either->terms) {
            AskAll(term, domain, open);
        }
    } else if (const auto* negation = std::get_if<expr::Not>(&plan.node)) {
        for (const expr::Plan& term : negation->terms) {
            AskAll(term, domain, open);
        }
    } else if (const auto* match = std::get_if<expr::ElementMatch>(&plan.node)) {
        AskElements(*match, open);
    } else {
        AskLeaf(plan, Cheapest(plan), domain, open);
    }
}

// The most selective answers first: what they leave open may be cheaper to scan than to ask about.
void LeafAnswers::AskTerms(const expr::And& conjunction, const Domain& domain, double open) {
    std::vector<std::pair<Choice, const expr::Plan*>> leaves;
    for (const expr::Plan& term : conjunction.terms) {
        if (IsLeaf(term)) {
            leaves.emplace_back(Cheapest(term), &term);
        }
    }
    std::stable_sort(leaves.begin(), leaves.end(), [](const auto& a, const auto& b) {
        return a.first.estimate.rows < b.first.estimate.rows;
    });
    for (const auto& [choice, leaf] : leaves) {
        open = AskLeaf(*leaf, choice, domain, open);
    }
    for (const expr::Plan& term : conjunction.terms) {
        if (!IsLeaf(term)) {
            AskAll(term, domain, open);
        }
    }
}

const schema::ColumnView* LeafAnswers::Elements(const expr::ElementMatch& match) const {
    // Elements of several runs would be numbered anew in each.
    if (source_.runs().size() != 1 || match.predicate.size() != 1) {
        return nullptr;
    }
    const schema::ColumnView* column = source_.Column(0, match.column.field_id);
    const bool numbered = column != nullptr && column->type == schema::DataType::kArrayOfStruct &&
                          column->offsets != nullptr && column->offsets[0] == 0;
    return numbered ? column : nullptr;
}

void LeafAnswers::AskElements(const expr::ElementMatch& match, double open_rows) {
    const schema::ColumnView* column = Elements(match);
    const schema::FieldSchema* parent = source_.Field(match.column.field_id);
    if (column == nullptr || parent == nullptr) {
        return;
    }
    const size_t rows = source_.rows();
    const size_t elements = column->offsets[rows];
    const double per_row = static_cast<double>(elements) / static_cast<double>(rows);
    AskAll(match.predicate[0], {elements, parent}, open_rows * per_row);
}

double LeafAnswers::AskLeaf(const expr::Plan& leaf, const Choice& choice, const Domain& domain,
                            double open) {
    if (choice.index == nullptr || choice.cost_ns >= ScanNs(leaf, source_) * open) {
        return open;
    }
    base::Result<expr::LeafBits> bits = choice.index->Answer(leaf);
    if (!bits.ok() || bits->rows.size() != domain.size) {
        base::LogWarn("scalar_index_skipped",
                      {{"field", choice.index->field_id()}, {"reason", bits.status()}});
        return open;
    }
    answers_.emplace(expr::LeafOf(leaf), *std::move(bits));
    const std::pair use(choice.index, domain.parent);
    if (std::find(used_.begin(), used_.end(), use) == used_.end()) {
        used_.push_back(use);
    }
    return std::min(open, static_cast<double>(choice.estimate.rows));
}

std::vector<std::string> LeafAnswers::IndexNames() const {
    std::vector<std::string> names;
    for (const auto& [index, parent] : used_) {
        const base::FieldId id = index->field_id();
        names.push_back(std::string(scalar_index::KindName(index->kind())) + "(" +
                        FieldName(parent, source_.Field(id), id) + ")");
    }
    return names;
}

bool LeafAnswers::Decides(const expr::Plan& plan) const {
    const auto answer = answers_.find(expr::LeafOf(plan));
    return answer != answers_.end() && answer->second.exact && !MayBeNull(plan, source_);
}

bool LeafAnswers::NarrowByTerm(const expr::Plan& term, base::Bitmap* rows) const {
    if (const auto* match = std::get_if<expr::ElementMatch>(&term.node)) {
        return NarrowByElements(*match, rows);
    }
    const auto answer = answers_.find(expr::LeafOf(term));
    if (answer != answers_.end()) {
        rows->And(answer->second.rows);
    }
    return Decides(term);
}

// True when no element of a row that is left has to be looked at.
bool LeafAnswers::NarrowByElements(const expr::ElementMatch& match, base::Bitmap* rows) const {
    if (!WantsAnElement(match) || match.predicate.size() != 1) {
        return false;
    }
    const expr::Plan& predicate = match.predicate[0];
    const auto* conjunction = std::get_if<expr::And>(&predicate.node);
    const std::span<const expr::Plan> terms =
        conjunction == nullptr ? std::span(&predicate, 1) : std::span(conjunction->terms);
    std::optional<base::Bitmap> candidates;
    bool decided =
        match.rule == expr::ElementRule::kFilter || match.rule == expr::ElementRule::kAny;
    for (const expr::Plan& term : terms) {
        const auto answer = answers_.find(expr::LeafOf(term));
        decided = decided && answer != answers_.end() && answer->second.exact;
        if (answer == answers_.end()) {
            continue;
        }
        if (candidates.has_value()) {
            candidates->And(answer->second.rows);
        } else {
            candidates = answer->second.rows;
        }
    }
    if (candidates.has_value()) {
        rows->And(RowsOf(*candidates, Elements(match)->offsets, source_.rows()));
    }
    return decided;
}

bool LeafAnswers::Narrow(base::Bitmap* rows) const {
    const auto* conjunction = std::get_if<expr::And>(&plan_.node);
    if (conjunction == nullptr) {
        return NarrowByTerm(plan_, rows);
    }
    bool all = true;
    for (const expr::Plan& term : conjunction->terms) {
        all = NarrowByTerm(term, rows) && all;
    }
    return all;
}

std::optional<expr::LeafBits> LeafAnswers::Slice(const void* leaf, size_t begin,
                                                 size_t count) const {
    const auto answer = answers_.find(leaf);
    if (answer == answers_.end()) {
        return std::nullopt;
    }
    return expr::LeafBits{ExtractBits(answer->second.rows, begin, count), answer->second.exact};
}

}  // namespace elanus::segment
