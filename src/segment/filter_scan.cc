#include "segment/filter_scan.h"

#include "expr/evaluator.h"
#include "schema/column_slice.h"
#include "segment/bit_range.h"
#include "segment/leaf_answers.h"
#include "segment/scan_guard.h"
#include "segment/selectivity.h"

#include <algorithm>
#include <map>

namespace elanus::segment {

namespace {

// Rows evaluated at once: the evaluator's intermediate bitmaps (8 KiB each) stay in the nearest
// caches, and what an evaluation costs beside its rows does not show.
constexpr size_t kBlockRows = 65536;

// Rows [begin, end) of one run as the evaluator wants to see them.
class BlockColumns : public expr::ColumnSource {
  public:
    BlockColumns(const RowSource& source, const std::vector<schema::FieldSchema>* known_fields,
                 const LeafAnswers& answers, size_t run, size_t begin, size_t end)
        : source_(source),
          known_fields_(known_fields),
          answers_(answers),
          run_(run),
          begin_(begin),
          end_(end) {}

    const schema::ColumnView* Column(base::FieldId field_id) const override {
        const auto known = slices_.find(field_id);
        if (known != slices_.end()) {
            return &known->second;
        }
        const schema::ColumnView* whole = source_.Column(run_, field_id);
        return whole == nullptr
                   ? nullptr
                   : &slices_.emplace(field_id, schema::SliceView(*whole, begin_, end_))
                          .first->second;
    }
    const schema::FieldSchema* Field(base::FieldId field_id) const override {
        const schema::FieldSchema* field = source_.Field(field_id);
        if (field != nullptr || known_fields_ == nullptr) {
            return field;
        }
        for (const schema::FieldSchema& added : *known_fields_) {
            if (added.id == field_id) {
                return &added;
            }
        }
        return nullptr;
    }
    std::optional<expr::LeafBits> Indexed(const void* leaf) const override {
        return answers_.Slice(leaf, source_.runs()[run_].first_row + begin_, end_ - begin_);
    }
    std::optional<expr::LeafBits> IndexedElements(const void* leaf, size_t first,
                                                  size_t count) const override {
        return answers_.Slice(leaf, first, count);
    }
    bool IsIndexed(const void* leaf) const override { return answers_.Has(leaf); }
    double Selectivity(const expr::Plan& plan) const override {
        return EstimateSelectivity(plan, source_);
    }

  private:
    const RowSource& source_;
    const std::vector<schema::FieldSchema>* const known_fields_;
    const LeafAnswers& answers_;
    const size_t run_;
    const size_t begin_;
    const size_t end_;
    mutable std::map<base::FieldId, schema::ColumnView> slices_;  // nodes do not move
};

// Clears the bits of `into` from `position` on that `keep` lacks.
void AndAt(const base::Bitmap& keep, size_t position, base::Bitmap* into) {
    const auto words = into->words();
    for (size_t i = 0; i < keep.words().size(); ++i) {
        const uint64_t drop = LowBits(keep.size() - i * 64) & ~keep.words()[i];
        const size_t word = (position + i * 64) / 64;
        const size_t shift = position % 64;
        words[word] &= ~(drop << shift);
        if (shift != 0 && (drop >> (64 - shift)) != 0) {
            words[word + 1] &= ~(drop >> (64 - shift));
        }
    }
}

struct Span {
    size_t begin = 0;
    size_t end = 0;
};

// The part of [begin, end) that holds all set bits, its begin a multiple of 64 away from `begin`.
Span Trim(const base::Bitmap& rows, size_t base, Span span) {
    while (span.begin < span.end && BitsAt(rows.words(), base + span.begin) == 0) {
        span.begin += 64;
    }
    while (span.begin < span.end && !rows.Test(base + span.end - 1)) {
        --span.end;
    }
    return span.begin < span.end ? span : Span{};
}

void Report(const LeafAnswers& answers, const ReadOptions& options, ReadCounters* counters) {
    if (answers.empty()) {
        return;
    }
    if (counters != nullptr) {
        ++counters->index_filters;
    }
    if (options.profile != nullptr) {
        for (std::string& name : answers.IndexNames()) {
            options.profile->indexes.push_back(std::move(name));
        }
    }
}

}  // namespace

base::Status KeepMatching(const RowSource& source, const expr::Plan& plan,
                          const ReadOptions& options, base::Bitmap* rows, ReadCounters* counters) {
    ScanGuard guard(options);
    const LeafAnswers answers(plan, source, *rows);
    Report(answers, options, counters);
    if (answers.Narrow(rows)) {
        return base::Status();
    }
    if (counters != nullptr) {
        ++counters->filter_scans;
    }
    for (size_t run = 0; run < source.runs().size(); ++run) {
        const RowRun& whole = source.runs()[run];
        for (size_t begin = 0; begin < whole.rows; begin += kBlockRows) {
            RETURN_IF_ERROR(guard.CheckEvery(kBlockRows, ScanGuard::kRowsPerCheck));
            const Span span = Trim(*rows, whole.first_row,
                                   {begin, std::min<size_t>(begin + kBlockRows, whole.rows)});
            if (span.begin == span.end) {
                continue;
            }
            const size_t position = whole.first_row + span.begin;
            const base::Bitmap needed = ExtractBits(*rows, position, span.end - span.begin);
            const BlockColumns columns(source, options.known_fields, answers, run, span.begin,
                                       span.end);
            ASSIGN_OR_RETURN(const expr::Truth truth,
                             expr::Evaluate(plan, columns, needed.size(), *options.context,
                                            *options.clock, needed.All() ? nullptr : &needed));
            AndAt(truth.is_true, position, rows);
            if (counters != nullptr) {
                counters->rows_scanned += needed.size();
            }
        }
    }
    return base::Status();
}

}  // namespace elanus::segment
