#include "segment/leaf_answers.h"

#include "base/log.h"
#include "expr/plan_cost.h"
#include "segment/bit_range.h"
#include "segment/segment_file.h"

#include <algorithm>
#include <vector>

namespace elanus::segment {

namespace {

// What reading an entry of an index and setting its row's bit costs, and a word of the bitmap.
constexpr double kReadNs = 1.5;
constexpr double kWordNs = 2;
// A descent in the index and the allocation; keeps small segments on the scan.
constexpr double kAnswerNs = 5000;

double AnswerCostNs(const expr::Plan& leaf, const scalar_index::LeafEstimate& estimate,
                    size_t rows) {
    const double recheck =
        estimate.exact ? 0 : static_cast<double>(estimate.rows) * expr::ScanCostNs(leaf);
    return kAnswerNs + static_cast<double>(estimate.reads) * kReadNs +
           static_cast<double>(rows) / 64 * kWordNs + recheck;
}

bool IsLeaf(const expr::Plan& plan) {
    return !std::holds_alternative<expr::And>(plan.node) &&
           !std::holds_alternative<expr::Or>(plan.node) &&
           !std::holds_alternative<expr::Not>(plan.node) &&
           !std::holds_alternative<expr::ElementMatch>(plan.node);
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

LeafAnswers::LeafAnswers(const expr::Plan& plan, const RowSource& source, const base::Bitmap& open)
    : plan_(plan), source_(source), indexes_(source.scalar_indexes()) {
    if (indexes_ != nullptr && !indexes_->empty()) {
        AskAll(plan, static_cast<double>(open.Count()));
    }
}

LeafAnswers::Choice LeafAnswers::Cheapest(const expr::Plan& leaf) const {
    Choice best;
    for (const std::shared_ptr<const scalar_index::Index>& index : *indexes_) {
        const auto estimate = index->Estimate(leaf);
        if (!estimate.has_value()) {
            continue;
        }
        const double cost_ns = AnswerCostNs(leaf, *estimate, index->rows());
        if (best.index == nullptr || cost_ns < best.cost_ns) {
            best = {index.get(), *estimate, cost_ns};
        }
    }
    return best;
}

void LeafAnswers::AskAll(const expr::Plan& plan, double open_rows) {
    if (const auto* conjunction = std::get_if<expr::And>(&plan.node)) {
        AskTerms(*conjunction, open_rows);
    } else if (const auto* either = std::get_if<expr::Or>(&plan.node)) {
        for (const expr::Plan& term : either->terms) {
            AskAll(term, open_rows);
        }
    } else if (const auto* negation = std::get_if<expr::Not>(&plan.node)) {
        for (const expr::Plan& term : negation->terms) {
            AskAll(term, open_rows);
        }
    } else if (IsLeaf(plan)) {
        AskLeaf(plan, Cheapest(plan), open_rows);
    }
}

// The most selective answers first: what they leave open may be cheaper to scan than to ask about.
void LeafAnswers::AskTerms(const expr::And& conjunction, double open_rows) {
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
        open_rows = AskLeaf(*leaf, choice, open_rows);
    }
    for (const expr::Plan& term : conjunction.terms) {
        if (!IsLeaf(term)) {
            AskAll(term, open_rows);
        }
    }
}

double LeafAnswers::AskLeaf(const expr::Plan& leaf, const Choice& choice, double open_rows) {
    if (choice.index == nullptr || choice.cost_ns >= expr::ScanCostNs(leaf) * open_rows) {
        return open_rows;
    }
    base::Result<expr::LeafBits> bits = choice.index->Answer(leaf);
    if (!bits.ok() || bits->rows.size() != source_.rows()) {
        base::LogWarn("scalar_index_skipped",
                      {{"field", choice.index->field_id()}, {"reason", bits.status()}});
        return open_rows;
    }
    answers_.emplace(expr::LeafOf(leaf), *std::move(bits));
    if (std::find(used_.begin(), used_.end(), choice.index) == used_.end()) {
        used_.push_back(choice.index);
    }
    return std::min(open_rows, static_cast<double>(choice.estimate.rows));
}

std::vector<std::string> LeafAnswers::IndexNames() const {
    std::vector<std::string> names;
    for (const scalar_index::Index* index : used_) {
        const schema::FieldSchema* field = source_.Field(index->field_id());
        names.push_back(std::string(scalar_index::KindName(index->kind())) + "(" +
                        (field == nullptr ? std::to_string(index->field_id()) : field->name) + ")");
    }
    return names;
}

bool LeafAnswers::Decides(const expr::Plan& plan) const {
    const auto answer = answers_.find(expr::LeafOf(plan));
    return answer != answers_.end() && answer->second.exact && !MayBeNull(plan, source_);
}

bool LeafAnswers::Narrow(base::Bitmap* rows) const {
    const auto narrow = [&](const expr::Plan& term) {
        const auto answer = answers_.find(expr::LeafOf(term));
        if (answer != answers_.end()) {
            rows->And(answer->second.rows);
        }
        return Decides(term);
    };
    const auto* conjunction = std::get_if<expr::And>(&plan_.node);
    if (conjunction == nullptr) {
        return narrow(plan_);
    }
    bool all = true;
    for (const expr::Plan& term : conjunction->terms) {
        all = narrow(term) && all;
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
