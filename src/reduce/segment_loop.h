// What every read over several segments does: the options of one segment's read, the loop over the
// segments, keys copied and compared, the fetch of chosen rows. Internal to the module.
// Threads: free functions; a RowFetcher belongs to one read.
#pragma once

#include "reduce/segment_reads.h"
#include "sys/stopwatch.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace elanus::reduce {

// Rows fetched at once: deadlines and the bound on an answer's bytes are looked at between such
// runs.
inline constexpr size_t kFetchRows = 8192;
// How much a search or retrieval is widened each time that repeated keys left it short.
inline constexpr uint64_t kWideningFactor = 4;

template <typename Request>
segment::ReadOptions OptionsOf(const ReadScope& scope, const Request& request) {
    segment::ReadOptions options;
    options.timestamp = scope.timestamp;
    options.filter = request.filter.get();
    options.context = scope.context;
    options.clock = scope.clock;
    options.expired_ts = request.expired_ts;
    options.known_fields = &request.known_fields;
    options.known_functions = &request.known_functions;
    return options;
}

// The read of one segment on the way to its counters: what `read(options)` does with the segment
// goes into `counters`, and into `profiles` when the request asks for its profile.
template <typename Read>
base::Status ReadOne(const segment::Segment& segment, const segment::ReadOptions& options,
                     bool profile, const segment::ReadCounters& counters,
                     std::vector<segment::SegmentProfile>* profiles, Read read) {
    if (!profile) {
        return read(options);
    }
    segment::SegmentProfile own;
    own.segment_id = segment.id();
    own.partition_id = segment.partition_id();
    own.sealed = segment.sealed();
    own.rows = segment.rows();
    segment::ReadOptions profiled = options;
    profiled.profile = &own;
    RETURN_IF_ERROR(read(profiled));
    own.counters = counters;
    profiles->push_back(std::move(own));
    return base::Status();
}

// Runs `read(i)` for each segment, or other part of a read, over the executor; the first failure
// wins.
base::Status ForEachSegment(size_t count, const ReadScope& scope,
                            const std::function<base::Status(size_t)>& read);

// Runs `use(rows)` for runs of at most kFetchRows matching rows of the segment, ascending.
base::Status ForEachRun(
    const base::Bitmap& matches, const ReadScope& scope,
    const std::function<base::Status(const std::vector<base::RowOffset>&)>& use);

void AppendKey(const schema::PrimaryKeys& from, size_t i, schema::PrimaryKeys* to);
// -1, 0 or 1. Keys of one collection are of one kind; should they not be, the kinds are kept apart.
int CompareKeys(const schema::PrimaryKeys& a, size_t i, const schema::PrimaryKeys& b, size_t j);

// Keys already taken, without copying them.
class KeySet {
  public:
    bool Insert(const schema::PrimaryKeys& keys, size_t i) {
        return keys.is_string ? strings_.insert(keys.strings[i]).second
                              : ints_.insert(keys.ints[i]).second;
    }

  private:
    std::unordered_set<int64_t> ints_;
    std::unordered_set<std::string_view> strings_;
};

// Hits already taken, by primary key; those that are elements by key and element. The first
// integer keys are compared one after another: most answers have no more, and a hash set costs an
// allocation a key.
class HitSet {
  public:
    // `elements`: of the hits whose keys are given, or empty.
    bool Insert(const schema::PrimaryKeys& keys, size_t i, const std::vector<uint32_t>& elements) {
        if (!elements.empty() || keys.is_string) {
            return taken_[elements.empty() ? 0 : elements[i]].Insert(keys, i);
        }
        const int64_t key = keys.ints[i];
        const auto end = few_.begin() + count_;
        if (std::find(few_.begin(), end, key) != end) {
            return false;
        }
        if (static_cast<size_t>(count_) == few_.size()) {
            return taken_[0].Insert(keys, i);
        }
        few_[static_cast<size_t>(count_++)] = key;
        return true;
    }

  private:
    std::array<int64_t, 16> few_;  // of which count_ are set
    ptrdiff_t count_ = 0;
    std::unordered_map<uint32_t, KeySet> taken_;  // by element
};

base::Status TooLarge(uint64_t max_bytes);

// One chosen row of a retrieval over segments.
struct ChosenRow {
    uint32_t segment;
    base::RowOffset row;
    uint32_t index = 0;  // in the segment's selection
};

// Rows of several segments, given in any order, as one batch in that order.
class RowFetcher {
  public:
    RowFetcher(const std::vector<schema::FieldSchema>& fields, const ReadScope& scope,
               uint64_t max_bytes)
        : fields_(fields), scope_(scope), max_bytes_(max_bytes) {}

    base::Result<schema::ColumnBatch> Fetch(const std::vector<SegmentRef>& segments,
                                            const std::vector<ChosenRow>& chosen);

  private:
    base::Status FetchFrom(const segment::Segment& segment,
                           const std::vector<base::RowOffset>& rows);
    base::Result<schema::ColumnBatch> Arrange(const std::vector<ChosenRow>& chosen,
                                              std::vector<uint32_t> next);

    const std::vector<schema::FieldSchema>& fields_;
    const ReadScope& scope_;
    const uint64_t max_bytes_;
    uint64_t bytes_ = 0;
    std::vector<schema::ColumnBatch> batches_;
};

// The answer of a retrieval: the chosen rows of the segments, in their order. `parts` are what was
// selected of each segment, its keys and counters. `laps` runs since they were merged.
template <typename Part>
base::Result<roles::RetrieveResponse> AnswerWith(const std::vector<ChosenRow>& chosen,
                                                 const std::vector<SegmentRef>& segments,
                                                 const std::vector<Part>& parts,
                                                 const roles::RetrieveRequest& request,
                                                 const ReadScope& scope, sys::LapTimer* laps) {
    roles::RetrieveResponse answer;
    answer.snapshot_ts = scope.timestamp;
    for (const Part& part : parts) {
        answer.counters.Add(part.counters);
        std::vector<segment::SegmentProfile>& profiles = answer.profile.segments;
        profiles.insert(profiles.end(), part.profiles.begin(), part.profiles.end());
        answer.keys.is_string = answer.keys.is_string || part.keys.is_string;
    }
    for (const ChosenRow& row : chosen) {
        AppendKey(parts[row.segment].keys, row.index, &answer.keys);
    }
    laps->Lap(&answer.profile.merge_ns);
    ASSIGN_OR_RETURN(answer.rows,
                     RowFetcher(request.fields, scope, request.max_bytes).Fetch(segments, chosen));
    laps->Lap(&answer.counters.fetch_ns);
    answer.rows.rows = chosen.size();
    return answer;
}

}  // namespace elanus::reduce
