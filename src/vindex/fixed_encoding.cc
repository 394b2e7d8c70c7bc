#include "vindex/fixed_encoding.h"

#include "base/hash.h"
#include "simd/distance.h"
#include "vindex/float_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace elanus::vindex {
namespace {

// Encodings are as wide as quantisers like their vectors.
constexpr uint32_t kWidthMultiple = 64;
constexpr uint32_t kProjectedMin = 8;

// Streams of random numbers, one a purpose.
constexpr uint64_t kPlaneStream = 1;
constexpr uint64_t kSignStream = 2;
constexpr uint64_t kSketchStream = 3;

// The i-th number of a stream (SplitMix64: Steele, Lea and Flood, OOPSLA 2014).
uint64_t RandomBits(uint64_t seed, uint64_t stream, uint64_t i) {
    uint64_t bits = base::Hash64(base::Hash64(seed) + stream) + (i + 1) * 0x9e3779b97f4a7c15u;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

// Even over (0, 1).
double RandomShare(uint64_t bits) {
    return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
}

// Normally distributed (Box and Muller, 1958).
float RandomNormal(uint64_t seed, uint64_t i) {
    const double radius =
        std::sqrt(-2 * std::log(RandomShare(RandomBits(seed, kPlaneStream, 2 * i))));
    const double turn = RandomShare(RandomBits(seed, kPlaneStream, 2 * i + 1));
    return static_cast<float>(radius * std::cos(2 * std::numbers::pi * turn));
}

uint32_t FeaturesOf(Metric metric, uint32_t dim) {
    return metric == Metric::kL2 ? dim + 1 : dim;
}

uint32_t PartsOf(const FixedEncodingParams& params) {
    return params.repeats << params.projections;
}

uint32_t ProjectedOf(Metric metric, uint32_t dim, const FixedEncodingParams& params) {
    return std::min(FeaturesOf(metric, dim),
                    std::max(kProjectedMin, (kEncodedWidthMax - 1) / PartsOf(params)));
}

void ReadBits(const uint8_t* bytes, uint32_t dim, float low, float high, float* out) {
    for (uint32_t d = 0; d < dim; ++d) {
        out[d] = (bytes[d / 8] >> (d % 8) & 1) != 0 ? high : low;
    }
}

}  // namespace

uint32_t FixedEncoder::WidthOf(Metric metric, uint32_t dim, const FixedEncodingParams& params) {
    const uint32_t raw = PartsOf(params) * ProjectedOf(metric, dim, params);
    return std::min(kEncodedWidthMax, (raw + kWidthMultiple) / kWidthMultiple * kWidthMultiple);
}

FixedEncoder::FixedEncoder(VectorType type, Metric metric, uint32_t dim,
                           const FixedEncodingParams& params)
    : type_(type),
      metric_(metric),
      dim_(dim),
      params_(params),
      features_(FeaturesOf(metric, dim)),
      projected_(ProjectedOf(metric, dim, params)),
      raw_width_(PartsOf(params) * projected_),
      width_(WidthOf(metric, dim, params)) {
    planes_.resize(size_t{params.repeats} * params.projections * features_);
    for (size_t i = 0; i < planes_.size(); ++i) {
        // The number that L2 adds is no part of where a vector lies.
        planes_[i] = i % features_ < dim ? RandomNormal(params.seed, i) : 0.0f;
    }
    if (projected_ == features_) {
        return;
    }
    signs_.resize(size_t{params.repeats} * projected_ * features_);
    const float scale = 1 / std::sqrt(static_cast<float>(projected_));
    for (size_t i = 0; i < signs_.size(); ++i) {
        signs_[i] = (RandomBits(params.seed, kSignStream, i) & 1) != 0 ? scale : -scale;
    }
}

std::vector<float> FixedEncoder::ReadFeatures(const void* vectors, size_t count, Side side) const {
    std::vector<float> numbers(count * features_);
    const auto* bytes = static_cast<const uint8_t*>(vectors);
    for (size_t i = 0; i < count; ++i) {
        float* out = numbers.data() + i * features_;
        const uint8_t* vector = bytes + i * RowBytes(type_, dim_);
        if (type_ == VectorType::kBinary) {
            ReadBits(vector, dim_, metric_ == Metric::kHamming ? -1.0f : 0.0f, 1.0f, out);
        } else {
            ReadFloats(type_, vector, dim_, out);
        }
        if (metric_ == Metric::kCosine || metric_ == Metric::kJaccard) {
            simd::Normalize(out, dim_, out);
        } else if (metric_ == Metric::kL2) {
            out[dim_] = side == Side::kQuery ? 1.0f : -0.5f * simd::InnerProduct(out, out, dim_);
        }
    }
    return numbers;
}

std::vector<uint8_t> FixedEncoder::FindParts(const std::vector<float>& numbers,
                                             size_t count) const {
    std::vector<uint8_t> parts(count * params_.repeats);
    const uint32_t planes = params_.repeats * params_.projections;
    std::vector<float> sides(planes);
    for (size_t i = 0; i < count; ++i) {
        simd::Distances().ip.rows(numbers.data() + i * features_, planes_.data(), planes, features_,
                                  sides.data());
        for (uint32_t plane = 0; plane < planes; ++plane) {
            const uint32_t round = plane / params_.projections;
            const uint32_t bit = plane % params_.projections;
            parts[i * params_.repeats + round] |= static_cast<uint8_t>((sides[plane] > 0) << bit);
        }
    }
    return parts;
}

void FixedEncoder::AddPart(uint32_t round, uint32_t part, const float* numbers, float* out) const {
    std::vector<float> projected(projected_);
    const float* values = numbers;
    if (!signs_.empty()) {
        simd::Distances().ip.rows(numbers, signs_.data() + size_t{round} * projected_ * features_,
                                  projected_, features_, projected.data());
        values = projected.data();
    }
    const size_t first = ((size_t{round} << params_.projections) + part) * projected_;
    if (raw_width_ < width_) {
        std::copy_n(values, projected_, out + first);
        return;
    }
    for (size_t d = 0; d < projected_; ++d) {
        const uint64_t bits = RandomBits(params_.seed, kSketchStream, first + d);
        out[bits % (width_ - 1)] += (bits >> 63) != 0 ? values[d] : -values[d];
    }
}

void FixedEncoder::Encode(const void* vectors, size_t count, Side side, float* out) const {
    std::fill_n(out, width_, 0.0f);
    if (count == 0) {
        return;
    }
    const std::vector<float> numbers = ReadFeatures(vectors, count, side);
    const std::vector<uint8_t> parts = FindParts(numbers, count);
    const uint32_t parts_of_round = 1u << params_.projections;
    std::vector<float> sums(size_t{parts_of_round} * features_);
    std::vector<uint32_t> sizes(parts_of_round);
    for (uint32_t round = 0; round < params_.repeats; ++round) {
        std::fill(sums.begin(), sums.end(), 0.0f);
        std::fill(sizes.begin(), sizes.end(), 0);
        for (size_t i = 0; i < count; ++i) {
            const uint32_t part = parts[i * params_.repeats + round];
            ++sizes[part];
            float* sum = sums.data() + size_t{part} * features_;
            for (uint32_t d = 0; d < features_; ++d) {
                sum[d] += numbers[i * features_ + d];
            }
        }
        for (uint32_t part = 0; part < parts_of_round; ++part) {
            float* sum = sums.data() + size_t{part} * features_;
            if (sizes[part] > 0) {
                const float share = side == Side::kRow ? 1.0f / static_cast<float>(sizes[part]) : 1;
                std::transform(sum, sum + features_, sum, [&](float x) { return x * share; });
                AddPart(round, part, sum, out);
            } else if (side == Side::kRow) {
                size_t nearest = 0;
                int nearest_bits = 8;
                for (size_t i = 0; i < count && nearest_bits > 1; ++i) {
                    const uint32_t other = parts[i * params_.repeats + round];
                    const int bits = std::popcount(part ^ other);
                    if (bits < nearest_bits) {
                        nearest_bits = bits;
                        nearest = i;
                    }
                }
                AddPart(round, part, numbers.data() + nearest * features_, out);
            }
        }
    }
}

void FixedEncoder::EncodeRow(const void* vectors, size_t count, float* out) const {
    Encode(vectors, count, Side::kRow, out);
}

void FixedEncoder::EncodeQuery(const void* vectors, size_t count, float* out) const {
    Encode(vectors, count, Side::kQuery, out);
}

void FixedEncoder::Level(size_t count, float* rows) const {
    std::vector<float> squares(count);
    for (size_t i = 0; i < count; ++i) {
        const float* row = rows + i * width_;
        squares[i] = simd::InnerProduct(row, row, width_);
    }
    const float largest = count == 0 ? 0 : *std::max_element(squares.begin(), squares.end());
    for (size_t i = 0; i < count; ++i) {
        rows[i * width_ + width_ - 1] = std::sqrt(std::max(0.0f, largest - squares[i]));
    }
}

double FixedEncoder::CostOfProduct(double product, size_t query_vectors,
                                   double query_square) const {
    const double sum = product / params_.repeats;  // of products of query vectors and near ones
    const auto vectors = static_cast<double>(query_vectors);
    switch (metric_) {
        case Metric::kL2:  // |x|^2 - 2 (x.y - |y|^2 / 2)
            return query_square - 2 * sum;
        case Metric::kHamming:  // x.y = dim - 2 * distance
            return (vectors * dim_ - sum) / 2;
        case Metric::kJaccard: {  // of sets of one size; c / (2 - c) of them all is shared
            const double cosine = std::clamp(sum / vectors, 0.0, 1.0);
            return vectors * (1 - cosine / (2 - cosine));
        }
        default:
            return -sum;
    }
}

double FixedEncoder::SquareOf(const void* vectors, size_t count) const {
    double sum = 0;
    if (metric_ != Metric::kL2) {
        return sum;
    }
    const std::vector<float> numbers = ReadFeatures(vectors, count, Side::kQuery);
    for (size_t i = 0; i < count; ++i) {
        const float* vector = numbers.data() + i * features_;
        sum += static_cast<double>(simd::InnerProduct(vector, vector, dim_));
    }
    return sum;
}

}  // namespace elanus::vindex
