#include "reduce/segment_loop.h"

#include "sys/process.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

namespace elanus::reduce {

base::Status ForEachSegment(size_t count, const ReadScope& scope,
                            const std::function<base::Status(size_t)>& read) {
    std::vector<base::Status> failures(count);
    const auto guarded = [&](size_t i) {
        failures[i] = scope.context->Check(scope.clock->MonotonicNs());
        if (failures[i].ok()) {
            failures[i] = read(i);
        }
    };
    std::atomic<size_t> next{0};
    const auto take = [&](size_t) {
        for (size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
            guarded(i);
        }
    };
    // Not more takers than cores: a thread that waits for a core in the midst of its segment makes
    // the whole read wait.
    const size_t takers = std::min(count, sys::CpuCount());
    if (takers <= 1 || scope.executor == nullptr) {
        take(0);
    } else {
        scope.executor->ParallelFor(takers, take);
    }
    for (base::Status& failure : failures) {
        RETURN_IF_ERROR(std::move(failure));
    }
    return base::Status();
}

base::Status ForEachRun(
    const base::Bitmap& matches, const ReadScope& scope,
    const std::function<base::Status(const std::vector<base::RowOffset>&)>& use) {
    std::vector<base::RowOffset> run;
    run.reserve(kFetchRows);
    base::Status failure;
    const auto flush = [&] {
        if (failure.ok() && !run.empty()) {
            failure = scope.context->Check(scope.clock->MonotonicNs());
            if (failure.ok()) {
                failure = use(run);
            }
        }
        run.clear();
    };
    matches.ForEach([&](size_t row) {
        run.push_back(static_cast<base::RowOffset>(row));
        if (run.size() == kFetchRows) {
            flush();
        }
    });
    flush();
    return failure;
}

void AppendKey(const schema::PrimaryKeys& from, size_t i, schema::PrimaryKeys* to) {
    to->is_string = from.is_string;
    if (from.is_string) {
        to->strings.push_back(from.strings[i]);
    } else {
        to->ints.push_back(from.ints[i]);
    }
}

int CompareKeys(const schema::PrimaryKeys& a, size_t i, const schema::PrimaryKeys& b, size_t j) {
    if (a.is_string != b.is_string) {
        return a.is_string ? 1 : -1;
    }
    if (a.is_string) {
        const int order = a.strings[i].compare(b.strings[j]);
        return order < 0 ? -1 : order > 0 ? 1 : 0;
    }
    return a.ints[i] < b.ints[j] ? -1 : a.ints[i] > b.ints[j] ? 1 : 0;
}

base::Status TooLarge(uint64_t max_bytes) {
    return base::Status::Error(base::Code::kParameterTooLarge,
                               "the answer is larger than " + std::to_string(max_bytes) +
                                   " bytes, ask for fewer rows or fields");
}

base::Result<schema::ColumnBatch> RowFetcher::Fetch(const std::vector<SegmentRef>& segments,
                                                    const std::vector<ChosenRow>& chosen) {
    std::vector<std::vector<base::RowOffset>> rows(segments.size());
    for (const ChosenRow& row : chosen) {
        rows[row.segment].push_back(row.row);
    }
    std::vector<uint32_t> first(segments.size(), 0);
    uint32_t next = 0;
    for (size_t s = 0; s < segments.size(); ++s) {
        first[s] = next;
        next += static_cast<uint32_t>(rows[s].size());
        RETURN_IF_ERROR(FetchFrom(*segments[s], rows[s]));
    }
    return Arrange(chosen, first);
}

base::Status RowFetcher::FetchFrom(const segment::Segment& segment,
                                   const std::vector<base::RowOffset>& rows) {
    for (size_t begin = 0; begin < rows.size(); begin += kFetchRows) {
        RETURN_IF_ERROR(scope_.context->Check(scope_.clock->MonotonicNs()));
        const size_t end = std::min(rows.size(), begin + kFetchRows);
        ASSIGN_OR_RETURN(schema::ColumnBatch batch,
                         segment.Fetch({rows.begin() + static_cast<ptrdiff_t>(begin),
                                        rows.begin() + static_cast<ptrdiff_t>(end)},
                                       fields_));
        bytes_ += batch.ByteSize();
        if (max_bytes_ != 0 && bytes_ > max_bytes_) {
            return TooLarge(max_bytes_);
        }
        batches_.push_back(std::move(batch));
    }
    return base::Status();
}

base::Result<schema::ColumnBatch> RowFetcher::Arrange(const std::vector<ChosenRow>& chosen,
                                                      std::vector<uint32_t> next) {
    if (batches_.empty()) {
        return schema::ColumnBatch();
    }
    schema::ColumnBatch all = std::move(batches_[0]);
    if (batches_.size() > 1) {
        batches_[0] = std::move(all);
        ASSIGN_OR_RETURN(all, schema::Concatenate(batches_));
    }
    std::vector<uint32_t> order;
    order.reserve(chosen.size());
    for (const ChosenRow& row : chosen) {
        order.push_back(next[row.segment]++);
    }
    if (std::is_sorted(order.begin(), order.end())) {
        return all;  // each position occurs once, so this is the identity
    }
    return schema::Gather(all, order);
}

}  // namespace elanus::reduce
