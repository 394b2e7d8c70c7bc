#include "vindex/minhash.h"

#include "base/hash.h"
#include "vindex/param.h"

#include <cstring>
#include <string>
#include <string_view>

namespace elanus::vindex {
namespace {

template <typename Element>
uint32_t CountEqual(const uint8_t* a, const uint8_t* b, uint32_t count) {
    uint32_t equal = 0;
    for (uint32_t i = 0; i < count; ++i) {
        Element x, y;
        std::memcpy(&x, a + i * sizeof(Element), sizeof x);
        std::memcpy(&y, b + i * sizeof(Element), sizeof y);
        equal += x == y ? 1 : 0;
    }
    return equal;
}

}  // namespace

MinHashShape MinHashShape::Of(uint32_t dim, const ParamMap& params) {
    MinHashShape shape;
    shape.dim = dim;
    shape.element_bits =
        static_cast<uint32_t>(IntParam(params, "mh_element_bit_width").value_or(8));
    shape.bands = static_cast<uint32_t>(IntParam(params, "mh_lsh_band").value_or(1));
    return shape;
}

base::Status MinHashShape::Check(int64_t dim, const ParamMap& params) {
    const MinHashShape shape = Of(static_cast<uint32_t>(dim), params);
    if (shape.element_bits % 8 != 0 || shape.dim % shape.element_bits != 0) {
        return base::InvalidParameter("the dimension (" + std::to_string(dim) +
                                      ") should be a multiple of mh_element_bit_width (" +
                                      std::to_string(shape.element_bits) +
                                      "), and that a multiple of 8");
    }
    if (shape.bands > shape.elements()) {
        return base::InvalidParameter("mh_lsh_band (" + std::to_string(shape.bands) +
                                      ") should not be more than the elements of a signature (" +
                                      std::to_string(shape.elements()) + ")");
    }
    return base::Status();
}

bool MinHashShape::IsPlausible() const {
    return element_bits >= kElementBitsMin && element_bits <= kElementBitsMax &&
           element_bits % 8 == 0 && dim % element_bits == 0 && bands > 0 && bands <= elements();
}

uint64_t BandHash(const MinHashShape& shape, const uint8_t* signature, uint32_t band) {
    const size_t first = size_t{shape.First(band)} * shape.element_bytes();
    const size_t last = size_t{shape.First(band + 1)} * shape.element_bytes();
    return base::Hash64(
        std::string_view(reinterpret_cast<const char*>(signature) + first, last - first));
}

float EqualElements(const MinHashShape& shape, const uint8_t* a, const uint8_t* b) {
    const uint32_t count = shape.elements();
    uint32_t equal = 0;
    switch (shape.element_bytes()) {
        case 1:
            equal = CountEqual<uint8_t>(a, b, count);
            break;
        case 2:
            equal = CountEqual<uint16_t>(a, b, count);
            break;
        case 4:
            equal = CountEqual<uint32_t>(a, b, count);
            break;
        case 8:
            equal = CountEqual<uint64_t>(a, b, count);
            break;
        default:
            for (uint32_t i = 0; i < count; ++i) {
                const size_t at = size_t{i} * shape.element_bytes();
                equal += std::memcmp(a + at, b + at, shape.element_bytes()) == 0 ? 1 : 0;
            }
    }
    return static_cast<float>(equal) / static_cast<float>(count);
}

float EqualBands(const MinHashShape& shape, const uint8_t* a, const uint8_t* b) {
    uint32_t equal = 0;
    for (uint32_t band = 0; band < shape.bands; ++band) {
        const size_t first = size_t{shape.First(band)} * shape.element_bytes();
        const size_t last = size_t{shape.First(band + 1)} * shape.element_bytes();
        equal += std::memcmp(a + first, b + first, last - first) == 0 ? 1 : 0;
    }
    return static_cast<float>(equal) / static_cast<float>(shape.bands);
}

MinHashScorer::MinHashScorer(uint32_t dim, const ParamMap& params)
    : shape_(MinHashShape::Of(dim, params)),
      jaccard_(BoolParam(params, "mh_search_with_jaccard").value_or(false)) {
    if (!shape_.IsPlausible()) {
        shape_ = MinHashShape{dim, 8, 1};  // the defaults, which fit every bit vector
    }
}

float MinHashScorer::Score(const void* query, const void* row) const {
    const auto* a = static_cast<const uint8_t*>(query);
    const auto* b = static_cast<const uint8_t*>(row);
    const float bands = EqualBands(shape_, a, b);
    return bands > 0 && jaccard_ ? EqualElements(shape_, a, b) : bands;
}

}  // namespace elanus::vindex
