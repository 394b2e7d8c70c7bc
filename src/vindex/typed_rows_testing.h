// What the tests of indexes over typed vectors share: rows of every dense type, brute force that
// decodes them itself, and the checks that exact answers must pass.
#pragma once

#include "simd/half.h"
#include "vindex/family.h"
#include "vindex/index.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace elanus::vindex::typed {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr uint32_t kRows = 1500;
#else
inline constexpr uint32_t kRows = 3000;
#endif
inline constexpr uint32_t kDim = 40;
inline constexpr size_t kQueries = 30;

inline constexpr VectorType kNumberTypes[] = {VectorType::kFloat, VectorType::kFloat16,
                                              VectorType::kBFloat16, VectorType::kInt8};
inline constexpr Metric kNumberMetrics[] = {Metric::kL2, Metric::kIp, Metric::kCosine};
inline constexpr Metric kBitMetrics[] = {Metric::kHamming, Metric::kJaccard, Metric::kSubstructure,
                                         Metric::kSuperstructure};

inline void AppendElement(VectorType type, float value, std::string* out) {
    uint16_t half = 0;
    switch (type) {
        case VectorType::kFloat:
            out->append(reinterpret_cast<const char*>(&value), 4);
            return;
        case VectorType::kInt8:
            out->push_back(static_cast<char>(std::clamp(std::lround(value * 25), -128L, 127L)));
            return;
        case VectorType::kFloat16:
            half = simd::HalfFromFloat(value);
            break;
        default:
            half = simd::BFloat16FromFloat(value);
            break;
    }
    out->append(reinterpret_cast<const char*>(&half), 2);
}

inline double ElementAt(VectorType type, const char* vector, size_t i) {
    if (type == VectorType::kInt8) {
        return static_cast<signed char>(vector[i]);
    }
    if (type == VectorType::kFloat) {
        float value = 0;
        std::memcpy(&value, vector + 4 * i, 4);
        return value;
    }
    uint16_t half = 0;
    std::memcpy(&half, vector + 2 * i, 2);
    return type == VectorType::kFloat16 ? simd::FloatFromHalf(half) : simd::FloatFromBFloat16(half);
}

struct Data {
    VectorType type = VectorType::kFloat;
    uint32_t dim = kDim;
    std::string rows;
    std::string queries;

    size_t width() const { return RowBytes(type, dim); }
    uint32_t count() const { return static_cast<uint32_t>(rows.size() / width()); }
    const char* row(size_t i) const { return rows.data() + i * width(); }
    std::string_view query(size_t i) const { return {queries.data() + i * width(), width()}; }
};

// Numbers around 20 centres, some rows zero.
inline Data Numbers(VectorType type, uint32_t rows, uint32_t seed, uint32_t dim = kDim) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> centres(20 * dim);
    for (float& value : centres) {
        value = normal(random);
    }
    Data data;
    data.type = type;
    data.dim = dim;
    for (size_t i = 0; i < rows + kQueries; ++i) {
        const size_t centre = random() % 20;
        const bool zero = i < rows && i % 997 == 500;
        for (uint32_t d = 0; d < dim; ++d) {
            const float value = centres[centre * dim + d] + 0.4f * normal(random);
            AppendElement(type, zero ? 0 : value, i < rows ? &data.rows : &data.queries);
        }
    }
    return data;
}

// Bits around 20 centres; sparse ones, so that structure tests hold now and then.
inline Data BitRows(uint32_t rows, uint32_t seed, uint32_t dim = 72) {
    std::mt19937 random(seed);
    Data data;
    data.type = VectorType::kBinary;
    data.dim = dim;
    std::vector<std::string> centres;
    for (int i = 0; i < 20; ++i) {
        std::string centre;
        for (uint32_t b = 0; b < dim / 8; ++b) {
            centre.push_back(static_cast<char>(random() & random()));
        }
        centres.push_back(std::move(centre));
    }
    for (size_t i = 0; i < rows + kQueries; ++i) {
        std::string vector = centres[random() % 20];
        for (unsigned flips = random() % 6; flips > 0; --flips) {
            vector[random() % vector.size()] ^= static_cast<char>(1 << random() % 8);
        }
        if (i % 991 == 490) {
            vector.assign(vector.size(), '\0');
        }
        (i < rows ? data.rows : data.queries) += vector;
    }
    return data;
}

inline double TrueBitScore(Metric metric, const char* query, const char* row, uint32_t dim) {
    int both = 0, any = 0, only_query = 0, only_row = 0;
    for (uint32_t b = 0; b < dim; ++b) {
        const bool q = (query[b / 8] >> (b % 8)) & 1;
        const bool r = (row[b / 8] >> (b % 8)) & 1;
        both += q && r;
        any += q || r;
        only_query += q && !r;
        only_row += r && !q;
    }
    switch (metric) {
        case Metric::kHamming:
            return only_query + only_row;
        case Metric::kJaccard:
            return any == 0 ? 1.0 : 1.0 - static_cast<double>(both) / any;
        case Metric::kSubstructure:
            return only_query > 0;
        default:
            return only_row > 0;
    }
}

inline double TrueScore(const Data& data, Metric metric, const char* query, size_t row) {
    if (data.type == VectorType::kBinary) {
        return TrueBitScore(metric, query, data.row(row), data.dim);
    }
    double l2 = 0, ip = 0, qq = 0, rr = 0;
    for (uint32_t d = 0; d < data.dim; ++d) {
        const double q = ElementAt(data.type, query, d);
        const double r = ElementAt(data.type, data.row(row), d);
        l2 += (q - r) * (q - r);
        ip += q * r;
        qq += q * q;
        rr += r * r;
    }
    if (metric == Metric::kCosine) {
        return qq > 0 && rr > 0 ? ip / std::sqrt(qq * rr) : 0;
    }
    return metric == Metric::kL2 ? l2 : ip;
}

struct Hit {
    double score;
    uint32_t row;
};

// All rows that may be hits, best first.
inline std::vector<Hit> Truth(const Data& data, Metric metric, std::string_view query,
                              base::BitmapView filter = {}) {
    std::vector<Hit> hits;
    for (uint32_t row = 0; row < data.count(); ++row) {
        const double score = TrueScore(data, metric, query.data(), row);
        if (filter.Test(row) && !(IsStructureTest(metric) && score > 0)) {
            hits.push_back({score, row});
        }
    }
    std::stable_sort(hits.begin(), hits.end(), [&](const Hit& a, const Hit& b) {
        return LargerIsBetter(metric) ? a.score > b.score : a.score < b.score;
    });
    return hits;
}

inline std::unique_ptr<Index> Build(const std::string& name, Metric metric, const Data& data,
                                    ParamMap params = {}) {
    BuildParams build{name, data.type, metric, data.dim, std::move(params)};
    BuildInput input;
    input.vectors = data.rows.data();
    input.rows = data.count();
    auto index = BuildIndex(build, input);
    EXPECT_TRUE(index.ok()) << index.status().reason();
    return std::move(*index);
}

inline Neighbors Find(const Index& index, std::string_view query, const SearchParams& params) {
    Neighbors out;
    const base::Status status = index.Search(query, params, &out);
    EXPECT_TRUE(status.ok()) << status.reason();
    return out;
}

inline double Tolerance(double score) {
    return 1e-4 * (1 + std::fabs(score));
}

// The same scores place by place; rows may differ only among (almost) equal scores.
inline void ExpectExact(const Data& data, Metric metric, std::string_view query,
                        const Neighbors& found, const std::vector<Hit>& truth, size_t k) {
    ASSERT_EQ(found.rows.size(), std::min(k, truth.size()));
    std::set<uint32_t> seen;
    for (size_t i = 0; i < found.rows.size(); ++i) {
        const double own = TrueScore(data, metric, query.data(), found.rows[i]);
        EXPECT_NEAR(found.scores[i], own, Tolerance(own));
        EXPECT_NEAR(found.scores[i], truth[i].score, Tolerance(truth[i].score)) << "place " << i;
        EXPECT_TRUE(seen.insert(found.rows[i]).second);
        if (data.type == VectorType::kBinary || data.type == VectorType::kInt8) {
            // Exact arithmetic: ties too are in the order of rows.
            if (metric != Metric::kCosine) {
                EXPECT_EQ(found.rows[i], truth[i].row);
            }
        }
    }
}

inline std::vector<Data> AllTypes(uint32_t rows, uint32_t seed) {
    std::vector<Data> all;
    for (VectorType type : kNumberTypes) {
        all.push_back(Numbers(type, rows, seed));
    }
    all.push_back(BitRows(rows, seed));
    return all;
}

inline std::vector<Metric> MetricsOf(VectorType type) {
    return type == VectorType::kBinary
               ? std::vector<Metric>(std::begin(kBitMetrics), std::end(kBitMetrics))
               : std::vector<Metric>(std::begin(kNumberMetrics), std::end(kNumberMetrics));
}

}  // namespace elanus::vindex::typed
