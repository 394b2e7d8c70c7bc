#include "segment/row_reader.h"

#include "segment/bit_range.h"
#include "segment/chunk.h"
#include "segment/filter_scan.h"
#include "segment/prune.h"
#include "segment/selectivity.h"
#include "sys/stopwatch.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace elanus::segment {

namespace {

// The filter pins the primary key: only the rows that the key index names are looked at.
base::Result<RowSet> SelectPinned(const RowSource& source, const DeleteList& deletes,
                                  const expr::PrimaryKeySplit& split, const ReadOptions& options,
                                  ReadCounters* counters) {
    RowSet set{source.rows(), base::Bitmap(source.rows())};
    const std::vector<base::RowOffset> found = source.FindKeys(split.keys);
    ++counters->key_lookups;
    counters->rows_scanned += found.size();
    if (options.profile != nullptr) {
        options.profile->pinned_keys = split.keys.size();
        options.profile->found_keys = found.size();
    }
    for (const base::RowOffset row : found) {
        const base::Timestamp inserted = TimestampOf(source, row);
        if (inserted <= options.timestamp && inserted > options.expired_ts &&
            !deletes.IsDeleted(row, options.timestamp)) {
            set.bitmap->Set(row);
        }
    }
    if (options.among != nullptr) {
        KeepRows(*options.among, &set);
    }
    if (!split.rest.IsAlwaysTrue()) {
        RETURN_IF_ERROR(KeepMatching(source, split.rest, options, &set, nullptr));
    }
    return set;
}

base::Result<RowSet> SelectScanned(const RowSource& source, const DeleteList& deletes,
                                   const ReadOptions& options, ReadCounters* counters) {
    RowSet visible = VisibleRows(source, deletes, options);
    if (options.among != nullptr) {
        KeepRows(*options.among, &visible);
    }
    RETURN_IF_ERROR(KeepMatching(source, *options.filter, options, &visible, counters));
    return visible;
}

uint64_t EstimatedRows(const expr::Plan& filter, const RowSource& source) {
    const double share = std::clamp(EstimateSelectivity(filter, source), 0.0, 1.0);
    return static_cast<uint64_t>(std::llround(share * static_cast<double>(source.rows())));
}

template <typename Key, typename KeyAt>
std::vector<base::RowOffset> SmallestBy(const RowSource& source, const RowSet& set, size_t limit,
                                        KeyAt key_at) {
    std::vector<std::pair<Key, base::RowOffset>> best;
    const size_t kept_max = limit < source.rows() ? 2 * limit : source.rows();
    const auto cut = [&] {
        if (best.size() > limit) {
            std::nth_element(best.begin(), best.begin() + static_cast<ptrdiff_t>(limit),
                             best.end());
            best.resize(limit);
        }
    };
    const auto& runs = source.runs();
    for (size_t i = 0; i < runs.size(); ++i) {
        for (size_t local = 0; local < runs[i].rows; ++local) {
            const auto row = static_cast<base::RowOffset>(runs[i].first_row + local);
            if (set.bitmap.has_value() && !set.bitmap->Test(row)) {
                continue;
            }
            if (best.size() >= kept_max) {
                cut();
            }
            best.emplace_back(key_at(i, local), row);
        }
    }
    cut();
    std::sort(best.begin(), best.end());
    std::vector<base::RowOffset> rows;
    rows.reserve(best.size());
    for (const auto& [key, row] : best) {
        rows.push_back(row);
    }
    return rows;
}

schema::ColumnBuilder BuilderLike(base::FieldId field_id, const schema::ColumnView& view) {
    schema::ColumnBuilder builder(field_id, view.type, view.element_type, view.dim);
    if (view.type == schema::DataType::kArrayOfStruct) {
        for (const schema::ColumnView& child : view.children) {
            builder.AddChild(BuilderLike(field_id, child));
        }
    }
    return builder;
}

// A row's run and its place in it.
struct Place {
    size_t run = 0;
    size_t row = 0;
};

std::vector<Place> PlacesOf(const RowSource& source, const std::vector<base::RowOffset>& rows) {
    std::vector<Place> places;
    places.reserve(rows.size());
    const auto& runs = source.runs();
    for (const base::RowOffset row : rows) {
        CHECK(row < source.rows(), "a row outside the segment");
        const size_t run = RunOf(runs, row);
        places.push_back({run, row - runs[run].first_row});
    }
    return places;
}

bool HoldsBools(const schema::Column& column) {
    return column.type == schema::DataType::kBool ||
           std::any_of(column.children.begin(), column.children.end(), HoldsBools);
}

base::Result<schema::Column> FetchColumn(const RowSource& source, const std::vector<Place>& places,
                                         const schema::FieldSchema& field) {
    if (places.empty() || source.Column(0, field.id) == nullptr) {
        return schema::MakeDefaultColumn(field, places.size());
    }
    schema::ColumnBuilder builder = BuilderLike(field.id, *source.Column(0, field.id));
    size_t bytes = 0;
    for (size_t i = 0; i < places.size();) {
        size_t count = 1;
        while (i + count < places.size() && places[i + count].run == places[i].run &&
               places[i + count].row == places[i].row + count) {
            ++count;
        }
        const schema::ColumnView& view = *source.Column(places[i].run, field.id);
        bytes += RunBytes(view, places[i].row, places[i].row + count);
        if (schema::FixedWidth(view.type, view.dim) == 0 && bytes > UINT32_MAX) {
            return base::Status::Error(base::Code::kParameterTooLarge,
                                       "field " + field.name + " of the rows exceeds 4 GiB");
        }
        builder.AppendFrom(view, places[i].row, places[i].row + count);
        i += count;
    }
    schema::Column column = builder.Finish();
    // Of all values of fixed width only a Bool can be wrong. Opening a file does not read values.
    if (const base::Status sound = HoldsBools(column) ? column.Verify() : base::Status();
        !sound.ok()) {
        return base::Corruption("field " + field.name + ": " + sound.reason());
    }
    return column;
}

}  // namespace

namespace {

// Takes out the rows inserted up to `expired_ts`.
void DropExpired(const RowSource& source, base::Timestamp expired_ts, RowSet* set) {
    for (const RowRun& run : source.runs()) {
        for (size_t row = 0; row < run.rows; ++row) {
            if (run.timestamps[row] > expired_ts) {
                if (source.timestamps_ascend()) {
                    return;
                }
                continue;
            }
            if (!set->bitmap.has_value()) {
                set->bitmap = base::Bitmap(set->rows, true);
            }
            set->bitmap->Reset(run.first_row + row);
        }
    }
}

RowSet InsertedRows(const RowSource& source, const DeleteList& deletes, base::Timestamp timestamp) {
    RowSet visible{source.rows(), std::nullopt};
    const bool all_inserted = timestamp >= source.max_timestamp();
    if (all_inserted && !deletes.AnyAt(timestamp)) {
        return visible;
    }
    base::Bitmap& bitmap = visible.bitmap.emplace(source.rows(), all_inserted);
    if (!all_inserted && source.timestamps_ascend()) {
        bitmap = base::Bitmap(CountInsertedBy(source, timestamp), true);
        bitmap.Resize(source.rows());
    } else if (!all_inserted) {
        for (const RowRun& run : source.runs()) {
            for (size_t row = 0; row < run.rows; ++row) {
                bitmap.Assign(run.first_row + row, run.timestamps[row] <= timestamp);
            }
        }
    }
    deletes.Mask(timestamp, &bitmap);
    return visible;
}

}  // namespace

RowSet VisibleRows(const RowSource& source, const DeleteList& deletes, const ReadOptions& options) {
    RowSet visible = InsertedRows(source, deletes, options.timestamp);
    if (options.expired_ts > 0) {
        DropExpired(source, options.expired_ts, &visible);
    }
    return visible;
}

namespace {

enum class Way : uint8_t { kVisible, kNone, kPinned, kScanned };

// How the rows of a read are found.
struct Route {
    Way way = Way::kVisible;
    std::optional<expr::PrimaryKeySplit> split;  // of kPinned
};

Route ChooseRoute(const RowSource& source, base::FieldId key_field, const ReadOptions& options,
                  ReadCounters* counters) {
    const bool all = options.filter == nullptr || options.filter->IsAlwaysTrue();
    if (options.profile != nullptr) {
        options.profile->estimated_rows =
            all ? source.rows() : EstimatedRows(*options.filter, source);
    }
    if (all || source.rows() == 0) {
        return {};
    }
    if (CannotMatch(*options.filter, source)) {
        ++counters->segments_pruned;
        return {Way::kNone, std::nullopt};
    }
    auto split = expr::SplitPrimaryKeyTerm(*options.filter, key_field);
    return split.has_value() ? Route{Way::kPinned, std::move(split)}
                             : Route{Way::kScanned, std::nullopt};
}

base::Result<RowSet> SelectBy(const Route& route, const RowSource& source,
                              const DeleteList& deletes, const ReadOptions& options,
                              ReadCounters* counters) {
    switch (route.way) {
        case Way::kVisible:
            break;
        case Way::kNone:
            return RowSet{source.rows(), base::Bitmap(source.rows())};
        case Way::kPinned:
            return SelectPinned(source, deletes, *route.split, options, counters);
        case Way::kScanned:
            return SelectScanned(source, deletes, options, counters);
    }
    return VisibleRows(source, deletes, options);
}

base::Result<size_t> CountBy(const Route& route, const RowSource& source, const DeleteList& deletes,
                             const ReadOptions& options, ReadCounters* counters) {
    if (route.way == Way::kNone) {
        return 0;
    }
    if (route.way == Way::kScanned) {
        return CountMatching(source, *options.filter, options,
                             VisibleRows(source, deletes, options), counters);
    }
    ASSIGN_OR_RETURN(const RowSet set, SelectBy(route, source, deletes, options, counters));
    return set.Count();
}

}  // namespace

base::Result<RowSet> SelectRows(const RowSource& source, const DeleteList& deletes,
                                base::FieldId key_field, const ReadOptions& options,
                                ReadCounters* counters) {
    const int64_t begin_ns = options.clock->MonotonicNs();
    RETURN_IF_ERROR(options.context->Check(begin_ns));
    const sys::Stopwatch watch(*options.clock, begin_ns, &counters->filter_ns);
    return SelectBy(ChooseRoute(source, key_field, options, counters), source, deletes, options,
                    counters);
}

base::Result<size_t> CountRows(const RowSource& source, const DeleteList& deletes,
                               base::FieldId key_field, const ReadOptions& options,
                               ReadCounters* counters) {
    ++counters->segments;
    const int64_t begin_ns = options.clock->MonotonicNs();
    RETURN_IF_ERROR(options.context->Check(begin_ns));
    const sys::Stopwatch watch(*options.clock, begin_ns, &counters->filter_ns);
    ASSIGN_OR_RETURN(const size_t count, CountBy(ChooseRoute(source, key_field, options, counters),
                                                 source, deletes, options, counters));
    counters->rows_matched += count;
    return count;
}

void DropNulls(const RowSource& source, base::FieldId field_id, RowSet* set) {
    for (size_t i = 0; i < source.runs().size(); ++i) {
        const RowRun& run = source.runs()[i];
        const schema::ColumnView* column = source.Column(i, field_id);
        if (column == nullptr) {  // a field added after this segment: null in all rows
            set->bitmap = base::Bitmap(set->rows);
            return;
        }
        if (column->validity == nullptr) {
            continue;
        }
        if (!set->bitmap.has_value()) {
            set->bitmap = base::Bitmap(set->rows, true);
        }
        for (size_t row = 0; row < run.rows; row += 64) {
            uint64_t nulls = ~column->validity[row / 64] & LowBits(run.rows - row);
            for (; nulls != 0; nulls &= nulls - 1) {
                set->bitmap->Reset(run.first_row + row +
                                   static_cast<size_t>(std::countr_zero(nulls)));
            }
        }
    }
}

void KeepRows(const base::Bitmap& rows, RowSet* set) {
    base::Bitmap kept = rows;
    kept.Resize(set->rows);
    if (set->bitmap.has_value()) {
        set->bitmap->And(kept);
    } else {
        set->bitmap = std::move(kept);
    }
}

base::Result<base::Bitmap> MatchRows(const RowSource& source, const DeleteList& deletes,
                                     base::FieldId key_field, const ReadOptions& options,
                                     ReadCounters* counters) {
    ++counters->segments;
    ASSIGN_OR_RETURN(RowSet set, SelectRows(source, deletes, key_field, options, counters));
    counters->rows_matched += set.Count();
    return set.bitmap.has_value() ? *std::move(set.bitmap) : base::Bitmap(set.rows, true);
}

DeleteRun EffectiveDeletes(const RowSource& source, DeleteRun run) {
    CHECK(run.rows.size() == run.timestamps.size(), "a delete run with unequal lists");
    size_t kept = 0;
    for (size_t i = 0; i < run.rows.size(); ++i) {
        if (run.rows[i] < source.rows() && TimestampOf(source, run.rows[i]) < run.timestamps[i]) {
            run.rows[kept] = run.rows[i];
            run.timestamps[kept] = run.timestamps[i];
            ++kept;
        }
    }
    run.rows.resize(kept);
    run.timestamps.resize(kept);
    return run;
}

std::vector<base::RowOffset> SmallestKeys(const RowSource& source, base::FieldId key_field,
                                          const RowSet& set, size_t limit) {
    if (set.rows == 0 || limit == 0) {
        return {};
    }
    if (schema::IsStringLike(source.Column(0, key_field)->type)) {
        return SmallestBy<std::string_view>(source, set, limit, [&](size_t run, size_t row) {
            return source.Column(run, key_field)->StringAt(row);
        });
    }
    return SmallestBy<int64_t>(source, set, limit, [&](size_t run, size_t row) {
        return source.Column(run, key_field)->As<int64_t>()[row];
    });
}

base::Result<schema::ColumnBatch> FetchColumns(const RowSource& source,
                                               const std::vector<base::RowOffset>& rows,
                                               const std::vector<schema::FieldSchema>& fields) {
    const std::vector<Place> places = PlacesOf(source, rows);
    schema::ColumnBatch batch;
    batch.rows = rows.size();
    for (const schema::FieldSchema& field : fields) {
        ASSIGN_OR_RETURN(schema::Column column, FetchColumn(source, places, field));
        batch.columns.push_back(std::move(column));
    }
    return batch;
}

schema::PrimaryKeys ReadKeys(const RowSource& source, const schema::FieldSchema& key_field,
                             const std::vector<base::RowOffset>& rows) {
    schema::PrimaryKeys keys;
    keys.is_string = schema::IsStringLike(key_field.type);
    for (const Place& place : PlacesOf(source, rows)) {
        keys.AppendFrom(*source.Column(place.run, key_field.id), place.row);
    }
    return keys;
}

}  // namespace elanus::segment
