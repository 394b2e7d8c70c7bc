// Codes chosen for high inner products (Guo et al., ICML 2020): see product_codes.h.
// Threads: a value, constant once made.
#pragma once

#include "vindex/product_quantizer.h"

#include <cstdint>
#include <vector>

namespace elanus::vindex {

class AnisotropicEncoder {
  public:
    // Of a quantizer with 4 bits a part and one stage.
    explicit AnisotropicEncoder(const ProductQuantizer& quantizer);

    // `residual` is what `row` leaves after its centroid; numbers[p] the centroid of part p, the
    // nearest before and the better one afterwards. Both vectors have `dim` values.
    void Improve(const float* row, const float* residual, uint8_t* numbers) const;

    static float Eta(uint32_t dim);

  private:
    // What choosing centroid `number` for `part` leaves: its square, and the part along `unit`.
    struct Left {
        float square = 0;
        float along = 0;
    };
    Left LeftBy(uint32_t part, uint32_t number, const float* residual, const float* unit) const;

    ProductShape shape_;
    std::vector<float> centroids_;  // part by part, value by value of 32 centroids (simd/quant.h)
    float weight_ = 0;              // eta - 1
};

}  // namespace elanus::vindex
