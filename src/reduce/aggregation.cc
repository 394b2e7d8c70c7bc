#include "reduce/aggregation.h"

#include "reduce/segment_loop.h"
#include "reduce/sort_key.h"
#include "sys/stopwatch.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace elanus::reduce {
namespace {

using roles::AggregateKind;
using roles::AggregateState;
using schema::DataType;
using Wide = __int128;

base::Status TooManyGroups(uint64_t max_groups) {
    return base::InvalidParameter("the number of groups exceeds the limit of " +
                                  std::to_string(max_groups) +
                                  " (common.groupBy.maxGroups), narrow the filter or group by "
                                  "fewer fields");
}

Wide SumOf(const AggregateState& state) {
    return (static_cast<Wide>(state.sum_high) << 64) | state.sum_low;
}

void SetSum(Wide sum, AggregateState* state) {
    state->sum_high = static_cast<int64_t>(sum >> 64);
    state->sum_low = static_cast<uint64_t>(sum);
}

void TakeExtreme(AggregateKind kind, const std::string& value, std::string* extreme) {
    if (extreme->empty() || (kind == AggregateKind::kMin ? value < *extreme : value > *extreme)) {
        *extreme = value;
    }
}

void AddState(AggregateKind kind, const AggregateState& from, AggregateState* to) {
    to->count += from.count;
    SetSum(SumOf(*to) + SumOf(from), to);
    to->sum += from.sum;
    if (!from.extreme.empty()) {
        TakeExtreme(kind, from.extreme, &to->extreme);
    }
}

template <typename T>
void AddValues(const schema::ColumnView& column, const std::vector<uint32_t>& groups,
               std::vector<std::vector<AggregateState>>& states, size_t slot) {
    const T* values = column.As<T>();
    for (size_t row = 0; row < groups.size(); ++row) {
        if (!column.IsValid(row)) {
            continue;
        }
        AggregateState& state = states[groups[row]][slot];
        ++state.count;
        if constexpr (std::is_floating_point_v<T>) {
            state.sum += static_cast<double>(values[row]);
        } else {
            SetSum(SumOf(state) + values[row], &state);
        }
    }
}

// The groups of one segment. Where only the first are asked for, those behind them are let go now
// and then: a group that is kept has met all its rows, since none behind the bound ever was.
class GroupTable {
  public:
    explicit GroupTable(const roles::Aggregation& aggregation) : aggregation_(aggregation) {
        if (aggregation.first_groups) {
            states_.emplace_back(aggregation.aggregates.size());  // kOthers
        } else if (aggregation.group_by.empty()) {
            AddGroup("");
        }
    }

    // The rows of one run: their columns in the order of aggregation.fields.
    base::Status Add(const schema::ColumnBatch& batch, size_t rows) {
        RETURN_IF_ERROR(FindGroups(batch, rows));
        for (size_t slot = 0; slot < aggregation_.aggregates.size(); ++slot) {
            const roles::Aggregate& aggregate = aggregation_.aggregates[slot];
            if (aggregate.kind == AggregateKind::kCountRows) {
                for (const uint32_t group : groups_) {
                    ++states_[group][slot].count;
                }
                continue;
            }
            const schema::ColumnView column = batch.columns[aggregate.field].View();
            if (!CanAggregate(aggregate.kind, column.type)) {
                return base::Internal("an aggregate of a column that it cannot be computed of");
            }
            AddColumn(aggregate.kind, column, slot);
        }
        if (aggregation_.first_groups && numbers_.size() / 2 > aggregation_.max_groups) {
            KeepFirst();
        }
        return base::Status();
    }

    std::vector<roles::Group> Finish() {
        std::vector<roles::Group> groups;
        groups.reserve(numbers_.size());
        for (auto& [key, number] : numbers_) {
            groups.push_back({key, std::move(states_[number])});
        }
        std::sort(groups.begin(), groups.end(),
                  [](const auto& a, const auto& b) { return a.key < b.key; });
        if (aggregation_.first_groups && groups.size() > aggregation_.max_groups) {
            groups.resize(aggregation_.max_groups);
        }
        return groups;
    }

  private:
    static constexpr uint32_t kOthers = 0;  // of all rows behind the bound

    void KeepFirst() {
        std::vector<std::string> keys;
        keys.reserve(numbers_.size());
        for (const auto& [key, number] : numbers_) {
            keys.push_back(key);
        }
        const auto last = keys.begin() + static_cast<ptrdiff_t>(aggregation_.max_groups) - 1;
        std::nth_element(keys.begin(), last, keys.end());
        bound_ = *last;
        std::unordered_map<std::string, uint32_t> numbers;
        std::vector<std::vector<AggregateState>> states;
        states.emplace_back(aggregation_.aggregates.size());
        for (auto key = keys.begin(); key <= last; ++key) {
            const uint32_t number = numbers_.at(*key);
            numbers.emplace(std::move(*key), static_cast<uint32_t>(states.size()));
            states.push_back(std::move(states_[number]));
        }
        numbers_ = std::move(numbers);
        states_ = std::move(states);
    }

    uint32_t AddGroup(const std::string& key) {
        if (bound_.has_value() && key > *bound_) {
            return kOthers;
        }
        const auto [it, fresh] = numbers_.try_emplace(key, static_cast<uint32_t>(states_.size()));
        if (fresh) {
            states_.emplace_back(aggregation_.aggregates.size());
        }
        return it->second;
    }

    base::Status FindGroups(const schema::ColumnBatch& batch, size_t rows) {
        groups_.assign(rows, 0);
        if (aggregation_.group_by.empty()) {
            return base::Status();
        }
        std::vector<schema::ColumnView> columns;
        for (const uint32_t field : aggregation_.group_by) {
            columns.push_back(batch.columns[field].View());
            if (!CanGroupBy(columns.back().type)) {
                return base::Internal("a column that rows cannot be grouped by");
            }
        }
        std::string key;
        for (size_t row = 0; row < rows; ++row) {
            key.clear();
            for (const schema::ColumnView& column : columns) {
                AppendSortKey(column, row, &key);
            }
            groups_[row] = AddGroup(key);
        }
        return !aggregation_.first_groups && numbers_.size() > aggregation_.max_groups
                   ? TooManyGroups(aggregation_.max_groups)
                   : base::Status();
    }

    void AddColumn(AggregateKind kind, const schema::ColumnView& column, size_t slot) {
        switch (kind) {
            case AggregateKind::kMin:
            case AggregateKind::kMax:
                return AddExtremes(kind, column, slot);
            case AggregateKind::kCount:
                for (size_t row = 0; row < groups_.size(); ++row) {
                    states_[groups_[row]][slot].count += column.IsValid(row) ? 1 : 0;
                }
                return;
            default:
                return AddSums(column, slot);
        }
    }

    void AddSums(const schema::ColumnView& column, size_t slot) {
        switch (column.type) {
            case DataType::kInt8:
                return AddValues<int8_t>(column, groups_, states_, slot);
            case DataType::kInt16:
                return AddValues<int16_t>(column, groups_, states_, slot);
            case DataType::kInt32:
                return AddValues<int32_t>(column, groups_, states_, slot);
            case DataType::kInt64:
                return AddValues<int64_t>(column, groups_, states_, slot);
            case DataType::kFloat:
                return AddValues<float>(column, groups_, states_, slot);
            default:
                return AddValues<double>(column, groups_, states_, slot);
        }
    }

    void AddExtremes(AggregateKind kind, const schema::ColumnView& column, size_t slot) {
        std::string value;
        for (size_t row = 0; row < groups_.size(); ++row) {
            if (column.IsValid(row)) {
                value.clear();
                AppendSortKey(column, row, &value);
                AggregateState& state = states_[groups_[row]][slot];
                ++state.count;
                TakeExtreme(kind, value, &state.extreme);
            }
        }
    }

    const roles::Aggregation& aggregation_;
    std::unordered_map<std::string, uint32_t> numbers_;
    std::vector<std::vector<AggregateState>> states_;
    std::optional<std::string> bound_;  // the last key kept, once others were let go
    std::vector<uint32_t> groups_;      // of the rows of the run
};

base::Status CheckAggregation(const roles::Aggregation& aggregation) {
    const size_t fields = aggregation.fields.size();
    if (aggregation.first_groups && (aggregation.max_groups == 0 || aggregation.group_by.empty())) {
        return base::InvalidParameter("the first of no groups");
    }
    for (const uint32_t field : aggregation.group_by) {
        if (field >= fields || !CanGroupBy(aggregation.fields[field].type)) {
            return base::InvalidParameter("rows cannot be grouped by such a field");
        }
    }
    for (const roles::Aggregate& aggregate : aggregation.aggregates) {
        if (aggregate.kind != AggregateKind::kCountRows &&
            (aggregate.field >= fields ||
             !CanAggregate(aggregate.kind, aggregation.fields[aggregate.field].type))) {
            return base::InvalidParameter("an aggregate of such a field cannot be computed");
        }
    }
    return base::Status();
}

base::Status AggregateOne(const segment::Segment& segment, const roles::RetrieveRequest& request,
                          const ReadScope& scope, const segment::ReadOptions& options,
                          roles::RetrieveResponse* part) {
    const roles::Aggregation& aggregation = *request.aggregation;
    ASSIGN_OR_RETURN(const base::Bitmap matches, segment.Match(options, &part->counters));
    const sys::Stopwatch watch(*scope.clock, &part->counters.sort_ns);
    GroupTable table(aggregation);
    RETURN_IF_ERROR(
        ForEachRun(matches, scope, [&](const std::vector<base::RowOffset>& run) -> base::Status {
            ASSIGN_OR_RETURN(const schema::ColumnBatch batch,
                             segment.Fetch(run, aggregation.fields));
            if (batch.columns.size() != aggregation.fields.size()) {
                return base::Internal("a segment gave another number of columns");
            }
            return table.Add(batch, run.size());
        }));
    part->groups = table.Finish();
    return base::Status();
}

// The field that the aggregate is computed of; null of a count of rows.
const schema::FieldSchema* SourceOf(const roles::Aggregate& aggregate,
                                    const roles::Aggregation& aggregation) {
    return aggregate.kind == AggregateKind::kCountRows ? nullptr
                                                       : &aggregation.fields[aggregate.field];
}

base::Status AppendAggregate(const roles::Aggregate& aggregate, DataType type,
                             const AggregateState& state, schema::ColumnBuilder* values) {
    switch (aggregate.kind) {
        case AggregateKind::kCountRows:
        case AggregateKind::kCount:
            values->AppendInt(static_cast<int64_t>(state.count));
            return base::Status();
        case AggregateKind::kSum: {
            if (state.count == 0) {
                values->AppendNull();
                return base::Status();
            }
            if (schema::IsFloating(type)) {
                values->AppendFloating(state.sum);
                return base::Status();
            }
            const Wide sum = SumOf(state);
            if (sum > std::numeric_limits<int64_t>::max() ||
                sum < std::numeric_limits<int64_t>::min()) {
                return base::InvalidParameter(
                    "a sum of integers is out of the range of Int64, use avg or a narrower filter");
            }
            values->AppendInt(static_cast<int64_t>(sum));
            return base::Status();
        }
        case AggregateKind::kAvg:
            if (state.count == 0) {
                values->AppendNull();
            } else {
                const double sum =
                    schema::IsFloating(type) ? state.sum : static_cast<double>(SumOf(state));
                values->AppendFloating(sum / static_cast<double>(state.count));
            }
            return base::Status();
        case AggregateKind::kMin:
        case AggregateKind::kMax: {
            std::string_view key = state.extreme;
            if (key.empty()) {
                values->AppendNull();
            } else if (!TakeSortKey(&key, type, values)) {
                return base::Internal("an aggregate's value cannot be read");
            }
            return base::Status();
        }
    }
    return base::Internal("an unknown aggregate");
}

}  // namespace

bool CanAggregate(AggregateKind kind, DataType type) {
    switch (kind) {
        case AggregateKind::kCountRows:
        case AggregateKind::kCount:
            return true;
        case AggregateKind::kSum:
        case AggregateKind::kAvg:
            return schema::IsInteger(type) || schema::IsFloating(type);
        case AggregateKind::kMin:
        case AggregateKind::kMax:
            return IsSortable(type) && type != DataType::kBool;
    }
    return false;
}

bool CanGroupBy(DataType type) {
    return IsSortable(type) && !schema::IsFloating(type) && type != DataType::kText;
}

DataType AggregateType(AggregateKind kind, DataType type) {
    switch (kind) {
        case AggregateKind::kCountRows:
        case AggregateKind::kCount:
            return DataType::kInt64;
        case AggregateKind::kSum:
            return schema::IsFloating(type) ? DataType::kDouble : DataType::kInt64;
        case AggregateKind::kAvg:
            return DataType::kDouble;
        default:
            return type;
    }
}

base::Result<roles::RetrieveResponse> AggregateSegments(const std::vector<SegmentRef>& segments,
                                                        const roles::RetrieveRequest& request,
                                                        const ReadScope& scope) {
    RETURN_IF_ERROR(CheckAggregation(*request.aggregation));
    std::vector<roles::RetrieveResponse> parts(segments.size());
    const segment::ReadOptions options = OptionsOf(scope, request);
    RETURN_IF_ERROR(ForEachSegment(segments.size(), scope, [&](size_t i) {
        return ReadOne(*segments[i], options, request.profile, parts[i].counters,
                       &parts[i].profile.segments, [&](const segment::ReadOptions& own) {
                           return AggregateOne(*segments[i], request, scope, own, &parts[i]);
                       });
    }));
    roles::RetrieveResponse answer;
    answer.snapshot_ts = scope.timestamp;
    for (roles::RetrieveResponse& part : parts) {
        answer.counters.Add(part.counters);
        AddProfile(std::move(part.profile), &answer.profile);
    }
    {
        const sys::Stopwatch watch(*scope.clock, &answer.profile.merge_ns);
        ASSIGN_OR_RETURN(answer.groups, MergeGroups(parts, *request.aggregation));
    }
    return answer;
}

base::Result<std::vector<roles::Group>> MergeGroups(
    const std::vector<roles::RetrieveResponse>& parts, const roles::Aggregation& aggregation) {
    const std::vector<roles::Aggregate>& aggregates = aggregation.aggregates;
    std::unordered_map<std::string, size_t> numbers;
    std::vector<roles::Group> merged;
    for (const roles::RetrieveResponse& part : parts) {
        for (const roles::Group& group : part.groups) {
            if (group.states.size() != aggregates.size()) {
                return base::Internal("a partial answer has another number of aggregates");
            }
            const auto [it, fresh] = numbers.try_emplace(group.key, merged.size());
            if (fresh) {
                merged.push_back(group);
                continue;
            }
            for (size_t slot = 0; slot < aggregates.size(); ++slot) {
                AddState(aggregates[slot].kind, group.states[slot],
                         &merged[it->second].states[slot]);
            }
        }
        if (!aggregation.group_by.empty() && !aggregation.first_groups &&
            merged.size() > aggregation.max_groups) {
            return TooManyGroups(aggregation.max_groups);
        }
    }
    std::sort(merged.begin(), merged.end(),
              [](const auto& a, const auto& b) { return a.key < b.key; });
    if (aggregation.first_groups && merged.size() > aggregation.max_groups) {
        merged.resize(aggregation.max_groups);
    }
    return merged;
}

base::Result<std::vector<schema::Column>> GroupColumns(const std::vector<roles::Group>& groups,
                                                       const roles::Aggregation& aggregation) {
    std::vector<schema::ColumnBuilder> builders;
    for (const uint32_t position : aggregation.group_by) {
        const schema::FieldSchema& field = aggregation.fields[position];
        builders.emplace_back(field.id, field.type);
    }
    std::vector<DataType> types;  // of what the aggregates are computed of
    for (const roles::Aggregate& aggregate : aggregation.aggregates) {
        const schema::FieldSchema* source = SourceOf(aggregate, aggregation);
        types.push_back(source == nullptr ? DataType::kInt64 : source->type);
        builders.emplace_back(source == nullptr ? 0 : source->id,
                              AggregateType(aggregate.kind, types.back()));
    }
    std::vector<roles::Group> of_nothing;
    if (groups.empty() && aggregation.group_by.empty()) {
        of_nothing.push_back({"", std::vector<AggregateState>(aggregation.aggregates.size())});
    }
    const size_t keys = aggregation.group_by.size();
    for (const roles::Group& group : of_nothing.empty() ? groups : of_nothing) {
        std::string_view key = group.key;
        for (size_t i = 0; i < keys; ++i) {
            const DataType type = aggregation.fields[aggregation.group_by[i]].type;
            if (!TakeSortKey(&key, type, &builders[i])) {
                return base::Internal("the key of a group cannot be read");
            }
        }
        for (size_t i = 0; i < aggregation.aggregates.size(); ++i) {
            RETURN_IF_ERROR(AppendAggregate(aggregation.aggregates[i], types[i], group.states[i],
                                            &builders[keys + i]));
        }
    }
    std::vector<schema::Column> columns;
    for (schema::ColumnBuilder& builder : builders) {
        columns.push_back(builder.Finish());
    }
    return columns;
}

}  // namespace elanus::reduce
