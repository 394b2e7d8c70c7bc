// Scans of shredded JSON paths: kernels over the typed values, one answer for all rows without a
// value, the documents of the others. The answers are those of ScanJson, bit by bit.
#include "expr/json_values.h"
#include "expr/scan.h"

#include <cmath>
#include <optional>

namespace elanus::expr::internal {

namespace {

using base::Bitmap;
using base::Status;
using json::Scalar;
using schema::ColumnView;
using schema::DataType;
using Kind = json::Scalar::Kind;

bool IsIntColumn(const ShreddedPath& path) {
    return schema::IsInteger(path.values.type);
}

int64_t IntAt(const ColumnView& values, size_t row) {
    switch (values.type) {
        case DataType::kInt8:
            return values.As<int8_t>()[row];
        case DataType::kInt16:
            return values.As<int16_t>()[row];
        case DataType::kInt32:
            return values.As<int32_t>()[row];
        default:
            return values.As<int64_t>()[row];
    }
}

// The stored value of a typed row.
Scalar ScalarAt(const ColumnView& values, size_t row) {
    Scalar scalar;
    if (values.type == DataType::kBool) {
        scalar.kind = Kind::kBool;
        scalar.boolean = values.As<int8_t>()[row] != 0;
    } else if (values.type == DataType::kDouble) {
        scalar.kind = Kind::kDouble;
        scalar.number = values.As<double>()[row];
    } else if (schema::IsStringLike(values.type)) {
        scalar.kind = Kind::kString;
        scalar.text = values.StringAt(row);
    } else {
        scalar.kind = Kind::kInt64;
        scalar.int64 = IntAt(values, row);
    }
    return scalar;
}

Status Fill(bool value, Bitmap* out) {
    *out = Bitmap(out->size(), value);
    return Status();
}

// Takes the answers of `out` for typed rows, `missing` for rows without a value, and asks the
// documents of all others.
template <typename Leaf>
Status AddOtherRows(const Leaf& leaf, const ShreddedPath& path, const ColumnView& documents,
                    bool missing, Scan& scan, Bitmap* out) {
    const std::span<uint64_t> words = out->words();
    Bitmap others(path.other == nullptr ? 0 : out->size());
    for (size_t w = 0; w < words.size(); ++w) {
        const uint64_t typed = path.typed == nullptr ? ~uint64_t{0} : path.typed[w];
        const uint64_t other = path.other == nullptr ? 0 : path.other[w];
        words[w] = (words[w] & typed) | (missing ? ~(typed | other) : 0);
        if (path.other != nullptr) {
            words[w] &= ~other;
            others.words()[w] = other & scan.Needed(w);
        }
    }
    out->ClearTail();
    others.ClearTail();
    if (others.None()) {
        return Status();
    }
    Bitmap found(out->size());
    Scan rest = scan.Of(&others);
    RETURN_IF_ERROR(ScanJson(leaf, documents, rest, &found));
    out->Or(found);
    return Status();
}

template <typename Leaf, typename Holds>
Status RowByRow(const Leaf& leaf, const ShreddedPath& path, Scan& scan, Bitmap* out,
                const Holds& holds) {
    return scan.ForRows(
        out, [&](size_t row) { return HoldsOf(leaf, ScalarAt(path.values, row), holds); });
}

// Texts that may be numbers besides.
template <typename Leaf>
bool HasTextNumbers(const Leaf& leaf, const ShreddedPath& path) {
    return leaf.column.text_numbers && schema::IsStringLike(path.values.type);
}

// A bound that an integer of at most 2^53 is compared with: the whole number next to it.
std::optional<int64_t> WholeBound(const Value& bound, bool upwards) {
    if (const int64_t* integer = bound.int_if()) {
        return *integer;
    }
    const double number = bound.AsDouble();
    if (!(std::fabs(number) <= static_cast<double>(kExactMax))) {
        return std::nullopt;
    }
    return static_cast<int64_t>(upwards ? std::ceil(number) : std::floor(number));
}

bool IsWhole(const Value& number) {
    return number.int_if() != nullptr || std::trunc(number.AsDouble()) == number.AsDouble();
}

Status CompareEach(const Compare& leaf, const ShreddedPath& path, Scan& scan, Bitmap* out) {
    return RowByRow(leaf, path, scan, out,
                    [&](const Scalar& stored) { return Compares(stored, leaf.op, leaf.value); });
}

// A comparison of integers with a number that may have a fraction, by whole numbers.
Status CompareInts(const Compare& leaf, const ShreddedPath& path, Scan& scan, Bitmap* out) {
    CompareOp op = leaf.op;
    const bool is_whole = IsWhole(leaf.value);
    const bool upwards = op == CompareOp::kGt || op == CompareOp::kGe;
    if (!is_whole && (op == CompareOp::kEq || op == CompareOp::kNe)) {
        return Fill(op == CompareOp::kNe, out);
    }
    if (!is_whole) {
        op = upwards ? CompareOp::kGe : CompareOp::kLe;
    }
    const std::optional<int64_t> bound = WholeBound(leaf.value, upwards);
    const bool exact = leaf.value.int_if() != nullptr || path.exact_doubles;
    if (!bound.has_value() || !exact) {
        return CompareEach(leaf, path, scan, out);
    }
    return ScanColumn(Compare{{}, op, *bound}, path.values, scan, out);
}

Status CompareTyped(const Compare& leaf, const ShreddedPath& path, Scan& scan, Bitmap* out) {
    const DataType type = path.values.type;
    if (type == DataType::kBool && leaf.value.bool_if() != nullptr) {
        return ScanColumn(leaf, path.values, scan, out);
    }
    if (schema::IsStringLike(type) && leaf.value.string_if() != nullptr) {
        return ScanColumn(leaf, path.values, scan, out);
    }
    if (type == DataType::kDouble && leaf.value.is_number()) {
        return ScanColumn(Compare{{}, leaf.op, leaf.value.AsDouble()}, path.values, scan, out);
    }
    if (IsIntColumn(path) && leaf.value.is_number()) {
        return CompareInts(leaf, path, scan, out);
    }
    if (HasTextNumbers(leaf, path) && leaf.value.is_number()) {
        return CompareEach(leaf, path, scan, out);
    }
    return Fill(leaf.op == CompareOp::kNe, out);
}

Status RangeTyped(const Range& leaf, const ShreddedPath& path, Scan& scan, Bitmap* out) {
    const DataType type = path.values.type;
    if (schema::IsStringLike(type) && leaf.low.string_if() != nullptr &&
        leaf.high.string_if() != nullptr) {
        return ScanColumn(leaf, path.values, scan, out);
    }
    const bool numbers = leaf.low.is_number() && leaf.high.is_number();
    if (type == DataType::kDouble && numbers) {
        const Range range{
            {}, leaf.low.AsDouble(), leaf.high.AsDouble(), leaf.low_inclusive, leaf.high_inclusive};
        return ScanColumn(range, path.values, scan, out);
    }
    if (IsIntColumn(path) && numbers) {
        const std::optional<int64_t> low = WholeBound(leaf.low, true);
        const std::optional<int64_t> high = WholeBound(leaf.high, false);
        const bool are_ints = leaf.low.int_if() != nullptr && leaf.high.int_if() != nullptr;
        if (low.has_value() && high.has_value() && (are_ints || path.exact_doubles)) {
            const Range range{{},
                              *low,
                              *high,
                              leaf.low_inclusive || !IsWhole(leaf.low),
                              leaf.high_inclusive || !IsWhole(leaf.high)};
            return ScanColumn(range, path.values, scan, out);
        }
    }
    return RowByRow(leaf, path, scan, out,
                    [&](const Scalar& stored) { return InRange(stored, leaf); });
}

Status InTyped(const In& leaf, const JsonList& list, const ShreddedPath& path, Scan& scan,
               Bitmap* out) {
    const DataType type = path.values.type;
    if (type == DataType::kBool) {
        return ScanColumn(list.bools, path.values, scan, out);
    }
    if (type == DataType::kDouble) {
        return ScanColumn(list.doubles, path.values, scan, out);
    }
    const bool has_numbers = !list.doubles.values.empty();
    if (schema::IsStringLike(type) && !(HasTextNumbers(leaf, path) && has_numbers)) {
        return ScanColumn(list.strings, path.values, scan, out);
    }
    if (IsIntColumn(path) && path.exact_doubles) {
        return ScanColumn(list.ints, path.values, scan, out);
    }
    return RowByRow(leaf, path, scan, out,
                    [&](const Scalar& stored) { return list.set.Contains(stored); });
}

template <typename Leaf>
Status ScanTexts(const Leaf& leaf, const ShreddedPath& path, const ColumnView& documents,
                 Scan& scan, Bitmap* out) {
    RETURN_IF_ERROR(schema::IsStringLike(path.values.type)
                        ? ScanColumn(leaf, path.values, scan, out)
                        : Fill(false, out));
    return AddOtherRows(leaf, path, documents, false, scan, out);
}

}  // namespace

Status ScanShredded(const Compare& leaf, const ShreddedPath& path, const ColumnView& documents,
                    Scan& scan, Bitmap* out) {
    RETURN_IF_ERROR(CompareTyped(leaf, path, scan, out));
    return AddOtherRows(leaf, path, documents, leaf.op == CompareOp::kNe, scan, out);
}

Status ScanShredded(const Range& leaf, const ShreddedPath& path, const ColumnView& documents,
                    Scan& scan, Bitmap* out) {
    RETURN_IF_ERROR(RangeTyped(leaf, path, scan, out));
    return AddOtherRows(leaf, path, documents, false, scan, out);
}

Status ScanShredded(const In& leaf, const ShreddedPath& path, const ColumnView& documents,
                    Scan& scan, Bitmap* out) {
    ASSIGN_OR_RETURN(const auto list, PreparedList(leaf));
    RETURN_IF_ERROR(InTyped(leaf, *list, path, scan, out));
    return AddOtherRows(leaf, path, documents, false, scan, out);
}

Status ScanShredded(const Like& leaf, const ShreddedPath& path, const ColumnView& documents,
                    Scan& scan, Bitmap* out) {
    return ScanTexts(leaf, path, documents, scan, out);
}

Status ScanShredded(const Regex& leaf, const ShreddedPath& path, const ColumnView& documents,
                    Scan& scan, Bitmap* out) {
    return ScanTexts(leaf, path, documents, scan, out);
}

Status ScanShredded(const Exists& leaf, const ShreddedPath& path, const ColumnView& documents,
                    Scan& scan, Bitmap* out) {
    RETURN_IF_ERROR(Fill(true, out));
    return AddOtherRows(leaf, path, documents, false, scan, out);
}

// Integers compute as integers, so those that became doubles are looked at in their documents.
Status ScanShredded(const ArithmeticCompare& leaf, const ShreddedPath& path,
                    const ColumnView& documents, Scan& scan, Bitmap* out) {
    RETURN_IF_ERROR(CheckOperand(leaf));
    if (path.has_integers) {
        return ScanJson(leaf, documents, scan, out);
    }
    RETURN_IF_ERROR(RowByRow(leaf, path, scan, out,
                             [&](const Scalar& stored) { return ComputedCompares(stored, leaf); }));
    return AddOtherRows(leaf, path, documents, leaf.op == CompareOp::kNe, scan, out);
}

}  // namespace elanus::expr::internal
