#include "segment/row_source.h"

#include "base/check.h"

#include <algorithm>

namespace elanus::segment {

size_t RunOf(const std::vector<RowRun>& runs, base::RowOffset row) {
    const auto next = std::upper_bound(
        runs.begin(), runs.end(), row,
        [](base::RowOffset wanted, const RowRun& run) { return wanted < run.first_row; });
    CHECK(next != runs.begin(), "a row outside the segment");
    return static_cast<size_t>(next - runs.begin()) - 1;
}

base::Timestamp TimestampOf(const RowSource& source, base::RowOffset row) {
    const RowRun& run = source.runs()[RunOf(source.runs(), row)];
    return run.timestamps[row - run.first_row];
}

size_t CountInsertedBy(const RowSource& source, base::Timestamp timestamp) {
    if (timestamp >= source.max_timestamp()) {
        return source.rows();
    }
    size_t count = 0;
    for (const RowRun& run : source.runs()) {
        const base::Timestamp* end = run.timestamps + run.rows;
        if (source.timestamps_ascend()) {
            count += static_cast<size_t>(std::upper_bound(run.timestamps, end, timestamp) -
                                         run.timestamps);
        } else {
            count += static_cast<size_t>(std::count_if(
                run.timestamps, end, [&](base::Timestamp each) { return each <= timestamp; }));
        }
    }
    return count;
}

}  // namespace elanus::segment
