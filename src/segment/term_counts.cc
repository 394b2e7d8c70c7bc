#include "segment/term_counts.h"

#include "vindex/sparse.h"

namespace elanus::segment {
namespace {

constexpr size_t kTermFloats = 16;  // what counting a term costs, in floats of distance work

}  // namespace

base::Status TermCounts::CatchUp(const RowSource& rows, base::FieldId field_id, ScanGuard& guard,
                                 Counted* counted) {
    for (size_t i = 0; i < rows.runs().size(); ++i) {
        const RowRun& run = rows.runs()[i];
        if (run.first_row + run.rows <= counted->rows) {
            continue;
        }
        const schema::ColumnView* column = rows.Column(i, field_id);
        if (column == nullptr) {
            break;  // a field added after this segment
        }
        if (column->type != schema::DataType::kSparseFloatVector) {
            return base::Internal("statistics of terms of a field that is no sparse vector");
        }
        for (size_t row = counted->rows - run.first_row; row < run.rows; ++row) {
            const std::string_view vector = column->StringAt(row);
            ++counted->rows;
            if (!column->IsValid(row) || vector.empty()) {
                continue;
            }
            ++counted->documents;
            for (size_t entry = 0; entry < vindex::SparseEntries(vector); ++entry) {
                const vindex::SparseEntry term = vindex::SparseAt(vector, entry);
                counted->total_length += static_cast<double>(term.value);
                ++counted->holders[term.index];
            }
            RETURN_IF_ERROR(guard.CheckEvery(vindex::SparseEntries(vector) * kTermFloats,
                                             ScanGuard::kFloatsPerCheck));
        }
    }
    return base::Status();
}

base::Status TermCounts::Add(const RowSource& rows, base::FieldId field_id,
                             std::span<const uint32_t> terms, ScanGuard guard,
                             vindex::TermStatistics* out) {
    base::MutexLock lock(mutex_);
    Counted& counted = fields_[field_id];
    RETURN_IF_ERROR(CatchUp(rows, field_id, guard, &counted));
    vindex::TermStatistics own;
    own.documents = counted.documents;
    own.total_length = counted.total_length;
    for (const uint32_t term : terms) {
        const auto found = counted.holders.find(term);
        own.holders.push_back(found == counted.holders.end() ? 0 : found->second);
    }
    out->Add(own);
    return base::Status();
}

}  // namespace elanus::segment
