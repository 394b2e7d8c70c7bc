// SortPieces: sorts in place and asks between pieces whether to go on.
//
// Values are dealt into buckets between sampled splitters, each into its bucket by swaps (the
// permutation of McIlroy, Bostic, McIlroy: Engineering Radix Sort, 1993, with splitters for
// digits), until a bucket is small enough for std::sort. So it takes no memory beside the values.
// Threads: pure.
#pragma once

#include "scalar_index/pause.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace elanus::scalar_index {

namespace internal {

inline constexpr size_t kSortBuckets = 256;

// Where the buckets end after the values are dealt into them.
template <typename T, typename Less>
base::Result<std::array<size_t, kSortBuckets>> Deal(std::span<T> values, const Less& less,
                                                    Pause& pause) {
    constexpr size_t kSamplesPerBucket = 16;
    std::vector<T> samples;
    const size_t step = values.size() / (kSortBuckets * kSamplesPerBucket) + 1;
    for (size_t i = 0; i < values.size(); i += step) {
        samples.push_back(values[i]);
    }
    std::sort(samples.begin(), samples.end(), less);
    std::vector<T> splitters;
    for (size_t bucket = 1; bucket < kSortBuckets; ++bucket) {
        splitters.push_back(samples[bucket * samples.size() / kSortBuckets]);
    }
    const auto bucket_of = [&](const T& value) {
        return static_cast<size_t>(
            std::upper_bound(splitters.begin(), splitters.end(), value, less) - splitters.begin());
    };
    std::array<size_t, kSortBuckets> ends{};
    for (const T& value : values) {
        RETURN_IF_ERROR(pause.After(1));
        ++ends[bucket_of(value)];
    }
    std::array<size_t, kSortBuckets> next{};
    for (size_t bucket = 1; bucket < kSortBuckets; ++bucket) {
        next[bucket] = ends[bucket - 1];
        ends[bucket] += ends[bucket - 1];
    }
    for (size_t bucket = 0; bucket < kSortBuckets; ++bucket) {
        while (next[bucket] < ends[bucket]) {
            RETURN_IF_ERROR(pause.After(1));
            const size_t home = bucket_of(values[next[bucket]]);
            if (home != bucket) {
                std::swap(values[next[bucket]], values[next[home]]);
            }
            ++next[home];
        }
    }
    return ends;
}

}  // namespace internal

template <typename T, typename Less>
base::Status SortPieces(std::span<T> values, const Less& less, Pause& pause) {
    constexpr size_t kPieceMax = 65536;
    if (values.size() <= kPieceMax) {
        std::sort(values.begin(), values.end(), less);
        return pause.After(values.size());
    }
    ASSIGN_OR_RETURN(const auto ends, internal::Deal(values, less, pause));
    size_t begin = 0;
    for (const size_t end : ends) {
        const auto bucket = values.subspan(begin, end - begin);
        if (bucket.size() == values.size()) {  // they are all equal
            std::sort(bucket.begin(), bucket.end(), less);
        } else {
            RETURN_IF_ERROR(SortPieces(bucket, less, pause));
        }
        begin = end;
    }
    return base::Status();
}

}  // namespace elanus::scalar_index
