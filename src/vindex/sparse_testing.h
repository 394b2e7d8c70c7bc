// Sparse rows of which one can tell by brute force what a search has to find.
#pragma once

#include "vindex/family.h"
#include "vindex/index.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::vindex {

using Entries = std::vector<std::pair<uint32_t, float>>;

inline std::string Bytes(const Entries& entries) {
    std::string bytes;
    for (const auto& [index, value] : entries) {
        bytes.append(reinterpret_cast<const char*>(&index), 4);
        bytes.append(reinterpret_cast<const char*>(&value), 4);
    }
    return bytes;
}

struct SparseRows {
    std::vector<Entries> rows;
    std::string bytes;
    std::vector<uint32_t> offsets = {0};

    void Add(Entries entries) {
        bytes += Bytes(entries);
        offsets.push_back(static_cast<uint32_t>(bytes.size()));
        rows.push_back(std::move(entries));
    }
};

// Few dimensions are in most rows and most in few, as words are; some rows are empty.
inline Entries RandomVector(std::mt19937& random, size_t entries_max, uint32_t dims) {
    std::map<uint32_t, float> entries;
    for (size_t i = random() % (entries_max + 1); i > 0; --i) {
        const double u = (random() % 10000 + 1) / 10001.0;
        const auto dim = static_cast<uint32_t>(dims * u * u * u);
        entries[dim * 7919] = static_cast<float>(random() % 1000) / 250;  // zeros among them
    }
    return Entries(entries.begin(), entries.end());
}

inline SparseRows RandomRows(size_t rows, uint32_t seed, size_t entries_max = 30,
                             uint32_t dims = 400) {
    std::mt19937 random(seed);
    SparseRows data;
    for (size_t i = 0; i < rows; ++i) {
        data.Add(RandomVector(random, entries_max, dims));
    }
    return data;
}

inline base::Result<std::unique_ptr<Index>> TryBuild(const SparseRows& data,
                                                     const std::string& name,
                                                     ParamMap params = {}) {
    BuildParams build{name, VectorType::kSparseFloat, Metric::kIp, 0, std::move(params)};
    BuildInput input;
    input.vectors = data.bytes.data();
    input.offsets = data.offsets.data();
    input.rows = data.rows.size();
    return BuildIndex(build, input);
}

inline std::unique_ptr<Index> Build(const SparseRows& data,
                                    const std::string& name = "SPARSE_INVERTED_INDEX",
                                    ParamMap params = {}) {
    auto index = TryBuild(data, name, std::move(params));
    EXPECT_TRUE(index.ok()) << index.status().reason();
    return std::move(*index);
}

// Sums the products in the order of dimensions, as the index does.
inline double TrueScore(const Entries& a, const Entries& b) {
    if (a.size() > b.size()) {
        return TrueScore(b, a);
    }
    double sum = 0;
    for (const auto& [dim, value] : a) {
        const auto found = std::lower_bound(
            b.begin(), b.end(), dim,
            [](const auto& entry, uint32_t wanted) { return entry.first < wanted; });
        sum += found != b.end() && found->first == dim
                   ? static_cast<double>(value) * static_cast<double>(found->second)
                   : 0;
    }
    return sum;
}

inline std::vector<std::pair<float, uint32_t>> Truth(const SparseRows& data, const Entries& query,
                                                     base::BitmapView filter = {}) {
    std::vector<std::pair<float, uint32_t>> hits;  // negated score, row
    for (uint32_t row = 0; row < data.rows.size(); ++row) {
        const double score = TrueScore(query, data.rows[row]);
        if (filter.Test(row) && score > 0) {
            hits.emplace_back(-static_cast<float>(score), row);
        }
    }
    std::sort(hits.begin(), hits.end());
    return hits;
}

inline Neighbors Find(const Index& index, const Entries& query, const SearchParams& params) {
    Neighbors out;
    const base::Status status = index.Search(std::string_view(Bytes(query)), params, &out);
    EXPECT_TRUE(status.ok()) << status.reason();
    return out;
}

inline void ExpectTruth(const Neighbors& found, std::vector<std::pair<float, uint32_t>> want,
                        size_t k) {
    want.resize(std::min(want.size(), k));
    ASSERT_EQ(found.rows.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
        EXPECT_FLOAT_EQ(found.scores[i], -want[i].first) << "place " << i;
        if (found.scores[i] == -want[i].first) {
            EXPECT_EQ(found.rows[i], want[i].second) << "place " << i;
        }
    }
}

}  // namespace elanus::vindex
