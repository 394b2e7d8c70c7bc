#include "segment/coded_columns.h"

#include "segment/bit_range.h"
#include "segment/dense_keys.h"
#include "segment/scan_guard.h"
#include "vindex/float_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

namespace elanus::segment {

namespace {

// Fewer rows are compared as fast as they are estimated.
constexpr size_t kRowsMin = 2048;
// Rows that one search codes at most: about what comparing them costs.
constexpr size_t kCodedAtOnce = 16384;
// Estimating a row costs so much less than comparing it, and some hundreds are compared anyway.
constexpr size_t kRowsPerCompared = 64;
constexpr size_t kComparedAnyway = 512;

bool Allowed(const VectorQuery& query) {
    const auto found = query.params.find(std::string(kUnindexedRows));
    return found != query.params.end() && found->second == kUnindexedCoded && !query.exact &&
           !query.radius.has_value() && !query.range_filter.has_value();
}

bool Codable(const VectorQuery& query) {
    const auto type = static_cast<vindex::VectorType>(query.queries.type);
    return vindex::IsDense(type) && type != vindex::VectorType::kBinary &&
           query.metric <= vindex::Metric::kCosine && vindex::SignScan::Fits(query.queries.dim);
}

bool Pays(const VectorQuery& query, size_t rows, size_t matched) {
    return rows >= kRowsMin &&
           matched > rows / kRowsPerCompared + kComparedAnyway + 8 * size_t{query.k};
}

// The vectors of one field of a source, by row number.
class VectorRows {
  public:
    VectorRows(const RowSource& source, const VectorQuery& query)
        : source_(source), query_(query), keys_(query) {}

    void Read(uint32_t row, float* out) const {
        const size_t run = RunOf(source_.runs(), row);
        const schema::ColumnView& column = *source_.Column(run, query_.field_id);
        const size_t width = schema::FixedWidth(column.type, column.dim);
        vindex::ReadFloats(static_cast<vindex::VectorType>(column.type),
                           column.values + (row - source_.runs()[run].first_row) * width,
                           column.dim, out);
    }

    // keys[i] of row ids[i]; ids ascend.
    void Keys(uint32_t q, std::span<const uint32_t> ids, float* keys) {
        for (size_t begin = 0; begin < ids.size();) {
            const size_t run = RunOf(source_.runs(), ids[begin]);
            const RowRun& rows = source_.runs()[run];
            local_.clear();
            size_t end = begin;
            for (; end < ids.size() && ids[end] < rows.first_row + rows.rows; ++end) {
                local_.push_back(ids[end] - rows.first_row);
            }
            keys_.OfIds(q, *source_.Column(run, query_.field_id),
                        source_.Norms(run, query_.field_id), local_.data(), local_.size(),
                        keys + begin);
            begin = end;
        }
        for (size_t i = 0; i < ids.size(); ++i) {
            // Infinity minus infinity: worse than every number, yet a match.
            keys[i] = std::isnan(keys[i]) ? std::numeric_limits<float>::infinity() : keys[i];
        }
    }

  private:
    const RowSource& source_;
    const VectorQuery& query_;
    const DenseKeys keys_;
    std::vector<uint32_t> local_;
};

// Every run has the field, in the type and dimension of the queries.
bool HasVectors(const RowSource& source, const VectorQuery& query) {
    for (size_t run = 0; run < source.runs().size(); ++run) {
        const schema::ColumnView* column = source.Column(run, query.field_id);
        if (column == nullptr || column->type != query.queries.type ||
            column->dim != query.queries.dim) {
            return false;
        }
    }
    return true;
}

std::vector<uint32_t> SelectedFrom(const std::optional<base::Bitmap>& selected, size_t begin,
                                   size_t end) {
    std::vector<uint32_t> rows;
    for (size_t row = begin; row < end; ++row) {
        if (!selected.has_value() || selected->Test(row)) {
            rows.push_back(static_cast<uint32_t>(row));
        }
    }
    return rows;
}

QueryHits HitsOf(vindex::Metric metric, std::span<const uint64_t> keys) {
    QueryHits hits;
    for (const uint64_t key : keys) {
        hits.rows.push_back(vindex::KeyRow(key));
        hits.scores.push_back(vindex::ScoreOfCost(metric, vindex::KeyCost(key)));
    }
    return hits;
}

}  // namespace

std::shared_ptr<vindex::SignScan> CodedColumns::ScanOf(const VectorQuery& query) {
    base::MutexLock lock(mutex_);
    std::shared_ptr<vindex::SignScan>& scan = scans_[{query.field_id, query.metric}];
    if (scan == nullptr) {
        scan = std::make_shared<vindex::SignScan>(query.metric, query.queries.dim);
    }
    return scan;
}

size_t CodedColumns::memory_bytes() const {
    base::MutexLock lock(mutex_);
    size_t bytes = 0;
    for (const auto& [key, scan] : scans_) {
        bytes += scan->memory_bytes();
    }
    return bytes;
}

void CodedColumns::Drop(base::FieldId field_id) {
    base::MutexLock lock(mutex_);
    std::erase_if(scans_, [&](const auto& scan) { return scan.first.first == field_id; });
}

base::Result<bool> CodedColumns::Search(const RowSource& source,
                                        const std::optional<base::Bitmap>& selected, size_t matched,
                                        const VectorQuery& query, const ReadOptions& options,
                                        std::vector<QueryHits>* hits, ReadCounters* counters) {
    if (!Allowed(query) || !Codable(query) || !Pays(query, source.rows(), matched) ||
        !HasVectors(source, query)) {
        return false;
    }
    const std::shared_ptr<vindex::SignScan> scan = ScanOf(query);
    VectorRows vectors(source, query);
    const size_t end = std::min<size_t>(source.rows(), scan->rows() + kCodedAtOnce);
    scan->Extend(static_cast<uint32_t>(end),
                 [&](uint32_t row, float* out) { vectors.Read(row, out); });
    // Another read may have coded more rows than this one sees, but never rows it may not read: a
    // view that is older than the codes just lacks their last chunk.
    const vindex::SignScan::View view = scan->Look(static_cast<uint32_t>(source.rows()));
    const std::vector<uint32_t> rest = SelectedFrom(selected, view.rows(), source.rows());
    std::vector<float> keys(rest.size());
    std::vector<float> query_floats(query.queries.dim);
    const ScanGuard guard(options);
    vindex::SearchCounters searched;
    hits->assign(query.nq(), QueryHits());
    for (uint32_t q = 0; q < query.nq(); ++q) {
        vindex::TopK best;
        best.Reset(query.k);
        vectors.Keys(q, rest, keys.data());
        for (size_t i = 0; i < rest.size(); ++i) {
            best.Push(vindex::MakeKey(keys[i], rest[i]));
        }
        searched.distances += rest.size();
        vindex::ReadFloats(static_cast<vindex::VectorType>(query.queries.type),
                           query.Vector(q).data(), query.queries.dim, query_floats.data());
        vindex::SignScan::Request request;
        request.query = query_floats.data();
        request.k = query.k;
        if (selected.has_value()) {
            request.selected = *selected;
        }
        request.interrupt = [&] { return guard.Check(); };
        RETURN_IF_ERROR(view.Search(
            request,
            [&](std::span<const uint32_t> ids, float* costs) { vectors.Keys(q, ids, costs); },
            &best, &searched));
        const std::span<const uint64_t> found = best.Sorted();
        if (found.size() < std::min<size_t>(query.k, matched)) {
            return false;  // estimates that are no numbers: vectors of huge values
        }
        (*hits)[q] = HitsOf(query.metric, found);
    }
    counters->distances += searched.distances;
    counters->brute_force_searches += 1;
    if (options.profile != nullptr) {
        options.profile->indexes.emplace_back("1-bit codes");
    }
    return true;
}

}  // namespace elanus::segment
