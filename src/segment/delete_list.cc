#include "segment/delete_list.h"

#include "base/check.h"
#include "segment/segment.h"

#include <algorithm>
#include <mutex>
#include <numeric>

namespace elanus::segment {

namespace {

// Sorted by row, one entry a row.
struct SortedRun {
    std::vector<base::RowOffset> rows;
    std::vector<base::Timestamp> timestamps;

    void Push(base::RowOffset row, base::Timestamp timestamp) {
        if (!rows.empty() && rows.back() == row) {
            timestamps.back() = std::min(timestamps.back(), timestamp);
            return;
        }
        rows.push_back(row);
        timestamps.push_back(timestamp);
    }
    // kMaxTimestamp when the row is absent. Nothing is ever deleted at that moment (DeletedAt).
    base::Timestamp Find(base::RowOffset row) const {
        const auto it = std::lower_bound(rows.begin(), rows.end(), row);
        if (it == rows.end() || *it != row) {
            return base::kMaxTimestamp;
        }
        return timestamps[static_cast<size_t>(it - rows.begin())];
    }
};

using RunPointer = std::shared_ptr<const SortedRun>;

RunPointer Merge(const SortedRun& a, const SortedRun& b) {
    auto merged = std::make_shared<SortedRun>();
    merged->rows.reserve(a.rows.size() + b.rows.size());
    merged->timestamps.reserve(a.rows.size() + b.rows.size());
    size_t i = 0;
    size_t j = 0;
    while (i < a.rows.size() || j < b.rows.size()) {
        if (j == b.rows.size() || (i < a.rows.size() && a.rows[i] <= b.rows[j])) {
            merged->Push(a.rows[i], a.timestamps[i]);
            ++i;
        } else {
            merged->Push(b.rows[j], b.timestamps[j]);
            ++j;
        }
    }
    return merged;
}

// Below this many deletes, clearing them one by one is as cheap as a bitmap of them.
constexpr size_t kCachedDeletesMin = 256;

// All deleted rows as a bitmap, made by the first reader that wants it.
struct DeletedBits {
    std::once_flag made;
    base::Bitmap bits;
};

std::vector<size_t> OrderByRow(const DeleteRun& run) {
    std::vector<size_t> order(run.rows.size());
    std::iota(order.begin(), order.end(), size_t{0});
    if (!std::is_sorted(run.rows.begin(), run.rows.end())) {
        std::stable_sort(order.begin(), order.end(),
                         [&](size_t a, size_t b) { return run.rows[a] < run.rows[b]; });
    }
    return order;
}

}  // namespace

struct DeleteList::State {
    std::vector<RunPointer> runs;  // longest first
    size_t distinct_rows = 0;
    size_t entries = 0;
    base::Timestamp min_timestamp = base::kMaxTimestamp;
    base::Timestamp max_timestamp = 0;
    std::shared_ptr<DeletedBits> newest = std::make_shared<DeletedBits>();

    // Every row of the list, whatever its timestamp.
    const base::Bitmap& AllDeleted() const {
        std::call_once(newest->made, [this] {
            base::RowOffset last = 0;
            for (const RunPointer& run : runs) {
                last = std::max(last, run->rows.back());
            }
            newest->bits = base::Bitmap(size_t{last} + 1);
            for (const RunPointer& run : runs) {
                for (const base::RowOffset row : run->rows) {
                    newest->bits.Set(row);
                }
            }
        });
        return newest->bits;
    }

    base::Timestamp DeletedAt(base::RowOffset row) const {
        base::Timestamp earliest = base::kMaxTimestamp;
        for (const RunPointer& run : runs) {
            earliest = std::min(earliest, run->Find(row));
        }
        return earliest;
    }

    void Add(RunPointer fresh) {
        while (!runs.empty() && runs.back()->rows.size() < 2 * fresh->rows.size()) {
            fresh = Merge(*runs.back(), *fresh);
            runs.pop_back();
        }
        runs.push_back(std::move(fresh));
        entries = 0;
        for (const RunPointer& run : runs) {
            entries += run->rows.size();
        }
    }

    // Everything as one run, whatever the number of entries a row has.
    RunPointer All() const {
        RunPointer all = std::make_shared<SortedRun>();
        for (auto it = runs.rbegin(); it != runs.rend(); ++it) {
            all = Merge(**it, *all);
        }
        return all;
    }
};

std::shared_ptr<const DeleteList::State> DeleteList::Load() const {
    base::MutexLock lock(mutex_);
    return state_;
}

size_t DeleteList::Apply(const DeleteRun& run) {
    CHECK(run.rows.size() == run.timestamps.size(), "a delete run with unequal lists");
    const std::shared_ptr<const State> before = Load();
    auto fresh = std::make_shared<SortedRun>();
    for (const size_t i : OrderByRow(run)) {
        fresh->Push(run.rows[i], run.timestamps[i]);
    }
    auto news = std::make_shared<SortedRun>();
    size_t new_rows = 0;
    for (size_t i = 0; i < fresh->rows.size(); ++i) {
        const base::Timestamp known =
            before == nullptr ? base::kMaxTimestamp : before->DeletedAt(fresh->rows[i]);
        if (fresh->timestamps[i] < known) {
            news->Push(fresh->rows[i], fresh->timestamps[i]);
            new_rows += known == base::kMaxTimestamp ? 1 : 0;
        }
    }
    if (news->rows.empty()) {
        return 0;
    }
    auto after = before == nullptr ? std::make_shared<State>() : std::make_shared<State>(*before);
    for (const base::Timestamp timestamp : news->timestamps) {
        after->min_timestamp = std::min(after->min_timestamp, timestamp);
        after->max_timestamp = std::max(after->max_timestamp, timestamp);
    }
    after->newest = std::make_shared<DeletedBits>();
    after->distinct_rows += new_rows;
    after->Add(std::move(news));
    base::MutexLock lock(mutex_);
    state_ = std::move(after);
    return new_rows;
}

void DeleteList::Mask(base::Timestamp timestamp, base::Bitmap* visible) const {
    const std::shared_ptr<const State> state = Load();
    if (state == nullptr || state->min_timestamp > timestamp) {
        return;
    }
    if (timestamp >= state->max_timestamp && state->entries >= kCachedDeletesMin) {
        const base::Bitmap& deleted = state->AllDeleted();
        const auto words = visible->words();
        const size_t count = std::min(words.size(), deleted.words().size());
        for (size_t word = 0; word < count; ++word) {
            words[word] &= ~deleted.words()[word];
        }
        return;
    }
    for (const RunPointer& run : state->runs) {
        const auto end = std::lower_bound(run->rows.begin(), run->rows.end(), visible->size());
        const auto count = static_cast<size_t>(end - run->rows.begin());
        for (size_t i = 0; i < count; ++i) {
            if (run->timestamps[i] <= timestamp) {
                visible->Reset(run->rows[i]);
            }
        }
    }
}

bool DeleteList::IsDeleted(base::RowOffset row, base::Timestamp timestamp) const {
    const std::shared_ptr<const State> state = Load();
    if (state == nullptr || state->min_timestamp > timestamp) {
        return false;
    }
    const base::Timestamp deleted_at = state->DeletedAt(row);
    return deleted_at != base::kMaxTimestamp && deleted_at <= timestamp;
}

size_t DeleteList::CountAt(base::Timestamp timestamp) const {
    const std::shared_ptr<const State> state = Load();
    if (state == nullptr || state->min_timestamp > timestamp) {
        return 0;
    }
    if (timestamp >= state->max_timestamp) {
        return state->distinct_rows;
    }
    if (state->entries != state->distinct_rows) {
        const RunPointer all = state->All();
        return static_cast<size_t>(
            std::count_if(all->timestamps.begin(), all->timestamps.end(),
                          [&](base::Timestamp each) { return each <= timestamp; }));
    }
    size_t count = 0;
    for (const RunPointer& run : state->runs) {
        for (const base::Timestamp each : run->timestamps) {
            count += each <= timestamp ? 1 : 0;
        }
    }
    return count;
}

bool DeleteList::AnyAt(base::Timestamp timestamp) const {
    const std::shared_ptr<const State> state = Load();
    return state != nullptr && state->min_timestamp <= timestamp;
}

size_t DeleteList::size() const {
    const std::shared_ptr<const State> state = Load();
    return state == nullptr ? 0 : state->distinct_rows;
}

base::Timestamp DeleteList::max_timestamp() const {
    const std::shared_ptr<const State> state = Load();
    return state == nullptr ? 0 : state->max_timestamp;
}

size_t DeleteList::memory_bytes() const {
    const std::shared_ptr<const State> state = Load();
    return state == nullptr ? 0
                            : state->entries * (sizeof(base::RowOffset) + sizeof(base::Timestamp));
}

DeleteRun DeleteList::Between(base::Timestamp after, base::Timestamp until) const {
    DeleteRun found;
    const std::shared_ptr<const State> state = Load();
    if (state == nullptr) {
        return found;
    }
    const RunPointer all = state->All();
    for (size_t i = 0; i < all->rows.size(); ++i) {
        if (after < all->timestamps[i] && all->timestamps[i] <= until) {
            found.rows.push_back(all->rows[i]);
            found.timestamps.push_back(all->timestamps[i]);
        }
    }
    return found;
}

}  // namespace elanus::segment
