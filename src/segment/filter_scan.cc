#include "segment/filter_scan.h"

#include "expr/evaluator.h"
#include "expr/plan_cost.h"
#include "schema/column_slice.h"
#include "segment/bit_range.h"
#include "segment/leaf_answers.h"
#include "segment/range_code_cache.h"
#include "segment/scan_guard.h"
#include "segment/selectivity.h"
#include "segment/shredded_json.h"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <string>

namespace elanus::segment {

namespace {

// Rows evaluated at once: the evaluator's intermediate bitmaps (8 KiB each) stay in the nearest
// caches, and what an evaluation costs beside its rows does not show.
constexpr size_t kBlockRows = 65536;
// A read of a quarter of the rows touches most of a column's memory.
constexpr size_t kMost = 4;
static_assert(kBlockRows == kShreddedBlockRows, "a block of rows lies in one block of a path");

// The range codes that one evaluation reads, asked for once a column.
class ScanCodes {
  public:
    ScanCodes(const RowSource& source, bool reads_most)
        : source_(source), reads_most_(reads_most) {}

    // Null when the column has none.
    const expr::RangeCodes* Of(base::FieldId field_id) {
        const auto [entry, is_new] = columns_.try_emplace(field_id);
        if (is_new) {
            entry->second = source_.CodesOf(field_id, reads_most_);
        }
        return entry->second == nullptr ? nullptr : &entry->second->codes();
    }
    // The columns whose codes were read, as a profile names them.
    std::vector<std::string> Names() const {
        std::vector<std::string> names;
        for (const auto& [field_id, codes] : columns_) {
            if (codes != nullptr) {
                const schema::FieldSchema* field = source_.Field(field_id);
                names.push_back("CODES(" + (field == nullptr ? "" : field->name) + ")");
            }
        }
        return names;
    }

  private:
    const RowSource& source_;
    const bool reads_most_;
    std::map<base::FieldId, std::shared_ptr<const ColumnCodes>> columns_;
};

// Rows [begin, end) of one run as the evaluator wants to see them.
class BlockColumns : public expr::ColumnSource {
  public:
    BlockColumns(const RowSource& source, const std::vector<schema::FieldSchema>* known_fields,
                 const LeafAnswers& answers, ScanCodes& codes, size_t run, size_t begin, size_t end)
        : source_(source),
          known_fields_(known_fields),
          answers_(answers),
          codes_(codes),
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
    std::optional<expr::ShreddedPath> Shredded(const expr::ColumnRef& column) const override {
        const ShreddedJson* shredded = source_.Shredded(column.field_id);
        const size_t first = source_.runs()[run_].first_row;
        return shredded == nullptr
                   ? std::nullopt
                   : shredded->Slice(column.json_path, first + begin_, first + end_);
    }
    std::optional<expr::RangeCodes> Codes(base::FieldId field_id) const override {
        const expr::RangeCodes* whole = codes_.Of(field_id);
        if (whole == nullptr) {
            return std::nullopt;
        }
        const size_t first = source_.runs()[run_].first_row + begin_;
        return expr::RangeCodes{whole->scale, whole->codes.subspan(first, end_ - begin_)};
    }
    double Selectivity(const expr::Plan& plan) const override {
        return EstimateSelectivity(plan, source_);
    }

  private:
    const RowSource& source_;
    const std::vector<schema::FieldSchema>* const known_fields_;
    const LeafAnswers& answers_;
    ScanCodes& codes_;
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

// Sets the bits of `into` from `position` on that `bits` has.
void OrAt(const base::Bitmap& bits, size_t position, base::Bitmap* into) {
    const auto words = into->words().subspan(position / 64);
    const size_t shift = position % 64;
    if (shift == 0) {
        std::copy(bits.words().begin(), bits.words().end(), words.begin());
        return;
    }
    for (size_t i = 0; i < bits.words().size(); ++i) {
        const uint64_t word = bits.words()[i];
        words[i] |= word << shift;
        if ((word >> (64 - shift)) != 0) {
            words[i + 1] |= word >> (64 - shift);
        }
    }
}

size_t CountBoth(const base::Bitmap& a, const base::Bitmap& b) {
    size_t count = 0;
    for (size_t w = 0; w < a.words().size(); ++w) {
        count += static_cast<size_t>(std::popcount(a.words()[w] & b.words()[w]));
    }
    return count;
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

// As a filter spells it: j["a"]["b"].
std::string NameOf(const schema::FieldSchema& field, const expr::ColumnRef& column) {
    std::string name = field.name;
    for (const std::string& key : column.json_path) {
        name += "[\"" + key + "\"]";
    }
    return name;
}

// One evaluation of a plan over the rows of a segment.
class FilterScan {
  public:
    FilterScan(const RowSource& source, const expr::Plan& plan, const ReadOptions& options,
               ReadCounters* counters)
        : source_(source), plan_(plan), options_(options), counters_(counters) {}

    // Takes out what indexes rule out. True when that was the whole evaluation.
    bool Narrow(RowSet* rows) {
        answers_.emplace(plan_, source_, rows->Count());
        if (answers_->empty()) {
            return false;
        }
        Report();
        if (!rows->bitmap.has_value()) {
            rows->bitmap = base::Bitmap(rows->rows, true);
        }
        return answers_->Narrow(&*rows->bitmap);
    }

    // After Narrow(): calls take(position, is_true, needed) with the answers for the rows from
    // `position` on, stretch by stretch; those of rows outside of `needed` (null = all) may be any.
    template <typename Take>
    base::Status Run(const RowSet& rows, Take take) {
        if (counters_ != nullptr) {
            ++counters_->filter_scans;
        }
        if (options_.profile != nullptr) {
            ReportShredded(plan_);
        }
        ScanGuard guard(options_);
        ScanCodes codes(source_, rows.Count() * kMost >= source_.rows());
        for (size_t run = 0; run < source_.runs().size(); ++run) {
            const RowRun& whole = source_.runs()[run];
            for (size_t begin = 0; begin < whole.rows; begin += kBlockRows) {
                RETURN_IF_ERROR(guard.CheckEvery(kBlockRows, ScanGuard::kRowsPerCheck));
                Span span{begin, std::min<size_t>(begin + kBlockRows, whole.rows)};
                base::Bitmap needed;
                if (rows.bitmap.has_value()) {
                    span = Trim(*rows.bitmap, whole.first_row, span);
                    needed = ExtractBits(*rows.bitmap, whole.first_row + span.begin,
                                         span.end - span.begin);
                }
                if (span.begin != span.end) {
                    RETURN_IF_ERROR(
                        RunSpan(codes, run, span, needed.All() ? nullptr : &needed, take));
                }
            }
        }
        if (options_.profile != nullptr) {
            for (std::string& name : codes.Names()) {
                options_.profile->indexes.push_back(std::move(name));
            }
        }
        return base::Status();
    }

  private:
    template <typename Take>
    base::Status RunSpan(ScanCodes& codes, size_t run, const Span& span, const base::Bitmap* needed,
                         Take& take) {
        const size_t rows = span.end - span.begin;
        const BlockColumns columns(source_, options_.known_fields, *answers_, codes, run,
                                   span.begin, span.end);
        ASSIGN_OR_RETURN(
            const expr::Truth truth,
            expr::Evaluate(plan_, columns, rows, *options_.context, *options_.clock, needed));
        take(source_.runs()[run].first_row + span.begin, truth.is_true, needed);
        if (counters_ != nullptr) {
            counters_->rows_scanned += rows;
        }
        return base::Status();
    }

    // For the profile: the paths that are read instead of their documents.
    void ReportShredded(const expr::Plan& plan) const {
        if (const expr::ColumnRef* json = expr::JsonPathOf(plan); json != nullptr) {
            const ShreddedJson* shredded = source_.Shredded(json->field_id);
            const schema::FieldSchema* field = source_.Field(json->field_id);
            if (shredded != nullptr && shredded->Has(json->json_path) && field != nullptr &&
                !answers_->Has(expr::LeafOf(plan))) {
                options_.profile->indexes.push_back("SHREDDED(" + NameOf(*field, *json) + ")");
            }
            return;
        }
        std::visit(
            [this](const auto& node) {
                if constexpr (requires { node.terms; }) {
                    for (const expr::Plan& term : node.terms) {
                        ReportShredded(term);
                    }
                }
            },
            plan.node);
    }

    void Report() const {
        if (counters_ != nullptr) {
            ++counters_->index_filters;
        }
        if (options_.profile != nullptr) {
            for (std::string& name : answers_->IndexNames()) {
                options_.profile->indexes.push_back(std::move(name));
            }
        }
    }

    const RowSource& source_;
    const expr::Plan& plan_;
    const ReadOptions& options_;
    ReadCounters* const counters_;  // may be null
    std::optional<LeafAnswers> answers_;
};

}  // namespace

base::Status KeepMatching(const RowSource& source, const expr::Plan& plan,
                          const ReadOptions& options, RowSet* rows, ReadCounters* counters) {
    FilterScan scan(source, plan, options, counters);
    if (scan.Narrow(rows)) {
        return base::Status();
    }
    if (rows->bitmap.has_value()) {
        return scan.Run(*rows, [&](size_t position, const base::Bitmap& is_true, const auto*) {
            AndAt(is_true, position, &*rows->bitmap);
        });
    }
    base::Bitmap matching(rows->rows);
    RETURN_IF_ERROR(scan.Run(*rows, [&](size_t position, const base::Bitmap& is_true, const auto*) {
        OrAt(is_true, position, &matching);
    }));
    rows->bitmap = std::move(matching);
    return base::Status();
}

base::Result<size_t> CountMatching(const RowSource& source, const expr::Plan& plan,
                                   const ReadOptions& options, RowSet rows,
                                   ReadCounters* counters) {
    FilterScan scan(source, plan, options, counters);
    if (scan.Narrow(&rows)) {
        return rows.Count();
    }
    size_t count = 0;
    RETURN_IF_ERROR(
        scan.Run(rows, [&](size_t, const base::Bitmap& is_true, const base::Bitmap* needed) {
            count += needed == nullptr ? is_true.Count() : CountBoth(is_true, *needed);
        }));
    return count;
}

base::Result<base::Bitmap> MatchElements(const RowSource& source, const expr::ElementMatch& match,
                                         const ReadOptions& options, const base::Bitmap& rows) {
    ScanGuard guard(options);
    const expr::Plan plan{match};
    const LeafAnswers answers(plan, source, rows.Count());
    ScanCodes codes(source, false);
    base::Bitmap elements;
    for (size_t run = 0; run < source.runs().size(); ++run) {
        const RowRun& whole = source.runs()[run];
        const schema::ColumnView* column = source.Column(run, match.column.field_id);
        if (column == nullptr || column->offsets == nullptr) {
            continue;
        }
        const size_t first = elements.size();
        elements.Resize(first + column->offsets[whole.rows]);
        for (size_t begin = 0; begin < whole.rows; begin += kBlockRows) {
            RETURN_IF_ERROR(guard.CheckEvery(kBlockRows, ScanGuard::kRowsPerCheck));
            const size_t end = std::min<size_t>(begin + kBlockRows, whole.rows);
            const base::Bitmap needed = ExtractBits(rows, whole.first_row + begin, end - begin);
            if (needed.None()) {
                continue;
            }
            const BlockColumns columns(source, options.known_fields, answers, codes, run, begin,
                                       end);
            ASSIGN_OR_RETURN(
                const base::Bitmap matching,
                expr::EvaluateElements(std::get<expr::ElementMatch>(plan.node), columns,
                                       end - begin, *options.context, *options.clock, &needed));
            const size_t position = first + column->offsets[begin];
            matching.ForEach([&](size_t i) { elements.Set(position + i); });
        }
    }
    return elements;
}

}  // namespace elanus::segment
