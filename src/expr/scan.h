// Scan: how one predicate walks over rows; internal to the evaluator.
#pragma once

#include "base/bitmap.h"
#include "base/call_context.h"
#include "base/status.h"
#include "expr/plan.h"
#include "expr/range_codes.h"
#include "expr/shredded_path.h"
#include "schema/column.h"
#include "sys/clock.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace elanus::expr::internal {

inline constexpr size_t kBlockRows = 65536;

// A plan that does not fit the columns: only a damaged or foreign plan can be one.
inline base::Status PlanMismatch() {
    return base::Internal("the filter plan does not fit the column");
}

class Scan {
  public:
    Scan(size_t rows, const base::Bitmap* needed, const base::CallContext& context,
         sys::Clock& clock)
        : rows_(rows), needed_(needed), context_(context), clock_(clock) {}

    size_t rows() const { return rows_; }
    // Which rows of word `w` are needed.
    uint64_t Needed(size_t w) const {
        return needed_ == nullptr ? ~uint64_t{0} : needed_->words()[w];
    }
    // The same scan of other rows.
    Scan Of(const base::Bitmap* needed) const { return {rows_, needed, context_, clock_}; }

    // Sets the bit of each needed row where holds(row).
    template <typename Predicate>
    base::Status ForRows(base::Bitmap* out, Predicate holds) {
        const std::span<uint64_t> words = out->words();
        for (size_t w = 0; w < words.size(); ++w) {
            if (w % (kBlockRows / 64) == 0) {
                RETURN_IF_ERROR(Check());
            }
            const size_t begin = w * 64;
            const uint64_t wanted = needed_ == nullptr ? ~uint64_t{0} : needed_->words()[w];
            words[w] = wanted == ~uint64_t{0} ? WholeWord(begin, holds)
                                              : PartialWord(begin, wanted, holds);
        }
        return base::Status();
    }

    // Calls fill(begin, count, words) for blocks of at most `block_rows` rows that start at
    // multiples of 64 and hold all needed rows; words that no call writes stay as they are.
    template <typename Fill>
    base::Status ForBlocks(base::Bitmap* out, size_t block_rows, Fill fill) {
        for (size_t begin = 0; begin < rows_;) {
            if (begin % kBlockRows == 0) {
                RETURN_IF_ERROR(Check());
            }
            const size_t end = std::min(begin + block_rows, rows_);
            for (size_t at = NextNeeded(begin, end); at < end; at = NextNeeded(at, end)) {
                const size_t stop = NextIdle(at, end);
                fill(at, stop - at, out->words().data() + at / 64);
                at = stop;
            }
            begin = end;
        }
        return base::Status();
    }

    // For scans that pay for each row they look at: words of 64 rows with many needed ones go to
    // fill(begin, count, words) as in ForBlocks, single rows to holds(row).
    template <typename Fill, typename Predicate>
    base::Status ForBlocksOrRows(base::Bitmap* out, size_t block_rows, Fill fill, Predicate holds) {
        return ForBlocks(out, block_rows, [&](size_t begin, size_t count, uint64_t* words) {
            if (needed_ == nullptr || !IsSparse(begin, count)) {
                return fill(begin, count, words);
            }
            for (size_t w = 0; w < (count + 63) / 64; ++w) {
                const uint64_t wanted = needed_->words()[begin / 64 + w];
                words[w] = PartialWord(begin + w * 64, wanted, holds);
            }
        });
    }

    base::Status Check() { return context_.Check(clock_.MonotonicNs()); }

  private:
    // Rows that a block scan takes or leaves as a whole: long enough to be worth a kernel call.
    static constexpr size_t kStepRows = 512;

    bool IsNeeded(size_t begin, size_t end) const {
        const auto words = needed_->words();
        for (size_t w = begin / 64; w * 64 < end; ++w) {
            if (words[w] != 0) {
                return true;
            }
        }
        return false;
    }
    bool IsSparse(size_t begin, size_t count) const {
        constexpr size_t kRowsPerNeeded = 16;
        size_t needed = 0;
        for (size_t w = begin / 64; w * 64 < begin + count; ++w) {
            needed += static_cast<size_t>(std::popcount(needed_->words()[w]));
        }
        return needed * kRowsPerNeeded < count;
    }
    // The first step from `begin` on with a needed row; `end` when there is none.
    size_t NextNeeded(size_t begin, size_t end) const {
        while (needed_ != nullptr && begin < end &&
               !IsNeeded(begin, std::min(begin + kStepRows, end))) {
            begin += kStepRows;
        }
        return std::min(begin, end);
    }
    // The first step behind `begin` without one.
    size_t NextIdle(size_t begin, size_t end) const {
        if (needed_ == nullptr) {
            return end;
        }
        while (begin < end && IsNeeded(begin, std::min(begin + kStepRows, end))) {
            begin += kStepRows;
        }
        return std::min(begin, end);
    }

    template <typename Predicate>
    uint64_t WholeWord(size_t begin, Predicate& holds) const {
        const size_t count = std::min<size_t>(64, rows_ - begin);
        uint64_t bits = 0;
        for (size_t i = 0; i < count; ++i) {
            bits |= static_cast<uint64_t>(holds(begin + i)) << i;
        }
        return bits;
    }
    template <typename Predicate>
    static uint64_t PartialWord(size_t begin, uint64_t wanted, Predicate& holds) {
        uint64_t bits = 0;
        for (; wanted != 0; wanted &= wanted - 1) {
            const int i = std::countr_zero(wanted);
            bits |= static_cast<uint64_t>(holds(begin + static_cast<size_t>(i))) << i;
        }
        return bits;
    }

    size_t rows_;
    const base::Bitmap* needed_;
    const base::CallContext& context_;
    sys::Clock& clock_;
};

// Each writes `out` (rows bits, zero before) without regard to validity.
// Fixed-width and string columns.
base::Status ScanColumn(const Compare& leaf, const schema::ColumnView& view, Scan& scan,
                        base::Bitmap* out);
base::Status ScanColumn(const Range& leaf, const schema::ColumnView& view, Scan& scan,
                        base::Bitmap* out);
base::Status ScanColumn(const In& leaf, const schema::ColumnView& view, Scan& scan,
                        base::Bitmap* out);
base::Status ScanColumn(const Like& leaf, const schema::ColumnView& view, Scan& scan,
                        base::Bitmap* out);
base::Status ScanColumn(const Regex& leaf, const schema::ColumnView& view, Scan& scan,
                        base::Bitmap* out);
base::Status ScanColumn(const ArithmeticCompare& leaf, const schema::ColumnView& view, Scan& scan,
                        base::Bitmap* out);
base::Status ScanColumn(const TimestampCompare& leaf, const schema::ColumnView& view, Scan& scan,
                        base::Bitmap* out);
base::Status ScanColumn(const RandomSample& leaf, const schema::ColumnView& view, Scan& scan,
                        base::Bitmap* out);
base::Status ScanColumn(const Spatial& leaf, const schema::ColumnView& view, Scan& scan,
                        base::Bitmap* out);
// `params` are the field's analyzer_params.
base::Status ScanText(const TextMatch& leaf, const std::string& params,
                      const schema::ColumnView& view, Scan& scan, base::Bitmap* out);
base::Status ScanText(const PhraseMatch& leaf, const std::string& params,
                      const schema::ColumnView& view, Scan& scan, base::Bitmap* out);
base::Status ScanTwoColumns(const StartsWith& leaf, const schema::ColumnView& left,
                            const schema::ColumnView& right, Scan& scan, base::Bitmap* out);
base::Status ScanTwoColumns(const CompareColumns& leaf, const schema::ColumnView& left,
                            const schema::ColumnView& right, Scan& scan, base::Bitmap* out);

// One element of an array column.
base::Status ScanElement(const Compare& leaf, const schema::ColumnView& view, Scan& scan,
                         base::Bitmap* out);
base::Status ScanElement(const Range& leaf, const schema::ColumnView& view, Scan& scan,
                         base::Bitmap* out);
base::Status ScanElement(const In& leaf, const schema::ColumnView& view, Scan& scan,
                         base::Bitmap* out);
base::Status ScanElement(const Like& leaf, const schema::ColumnView& view, Scan& scan,
                         base::Bitmap* out);
base::Status ScanElement(const Regex& leaf, const schema::ColumnView& view, Scan& scan,
                         base::Bitmap* out);
base::Status ScanElement(const ArithmeticCompare& leaf, const schema::ColumnView& view, Scan& scan,
                         base::Bitmap* out);

// Whole arrays.
base::Status ScanArray(const Compare& leaf, const schema::ColumnView& view, Scan& scan,
                       base::Bitmap* out);
base::Status ScanArray(const Contains& leaf, const schema::ColumnView& view, Scan& scan,
                       base::Bitmap* out);
base::Status ScanArray(const ArrayLength& leaf, const schema::ColumnView& view, Scan& scan,
                       base::Bitmap* out);

// JSON columns.
base::Status ScanJson(const Compare& leaf, const schema::ColumnView& view, Scan& scan,
                      base::Bitmap* out);
base::Status ScanJson(const Range& leaf, const schema::ColumnView& view, Scan& scan,
                      base::Bitmap* out);
base::Status ScanJson(const In& leaf, const schema::ColumnView& view, Scan& scan,
                      base::Bitmap* out);
base::Status ScanJson(const Like& leaf, const schema::ColumnView& view, Scan& scan,
                      base::Bitmap* out);
base::Status ScanJson(const Regex& leaf, const schema::ColumnView& view, Scan& scan,
                      base::Bitmap* out);
base::Status ScanJson(const ArithmeticCompare& leaf, const schema::ColumnView& view, Scan& scan,
                      base::Bitmap* out);
base::Status ScanJson(const Exists& leaf, const schema::ColumnView& view, Scan& scan,
                      base::Bitmap* out);
base::Status ScanJson(const Contains& leaf, const schema::ColumnView& view, Scan& scan,
                      base::Bitmap* out);
base::Status ScanJson(const ArrayLength& leaf, const schema::ColumnView& view, Scan& scan,
                      base::Bitmap* out);

// The same by the column's range codes; absent when they do not help this leaf.
std::optional<base::Status> ScanCodes(const Compare& leaf, const RangeCodes& codes,
                                      const schema::ColumnView& view, Scan& scan,
                                      base::Bitmap* out);
std::optional<base::Status> ScanCodes(const Range& leaf, const RangeCodes& codes,
                                      const schema::ColumnView& view, Scan& scan,
                                      base::Bitmap* out);

// The same by a path that the segment keeps as a column; `documents` are the JSON column.
base::Status ScanShredded(const Compare& leaf, const ShreddedPath& path,
                          const schema::ColumnView& documents, Scan& scan, base::Bitmap* out);
base::Status ScanShredded(const Range& leaf, const ShreddedPath& path,
                          const schema::ColumnView& documents, Scan& scan, base::Bitmap* out);
base::Status ScanShredded(const In& leaf, const ShreddedPath& path,
                          const schema::ColumnView& documents, Scan& scan, base::Bitmap* out);
base::Status ScanShredded(const Like& leaf, const ShreddedPath& path,
                          const schema::ColumnView& documents, Scan& scan, base::Bitmap* out);
base::Status ScanShredded(const Regex& leaf, const ShreddedPath& path,
                          const schema::ColumnView& documents, Scan& scan, base::Bitmap* out);
base::Status ScanShredded(const Exists& leaf, const ShreddedPath& path,
                          const schema::ColumnView& documents, Scan& scan, base::Bitmap* out);
base::Status ScanShredded(const ArithmeticCompare& leaf, const ShreddedPath& path,
                          const schema::ColumnView& documents, Scan& scan, base::Bitmap* out);

}  // namespace elanus::expr::internal
