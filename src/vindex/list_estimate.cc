#include "vindex/list_estimate.h"

#include "simd/distance.h"
#include "vindex/vectors.h"

#include <algorithm>

namespace elanus::vindex {

void TokenEstimate::Add(Metric metric, const Neighbors& found, const std::vector<uint32_t>& lists) {
    ++queries_;
    if (found.rows.empty()) {
        return;
    }
    // Best first: what a list finds later is no better.
    const float worst = CostOfScore(metric, found.scores.back());
    worst_ += worst;
    for (size_t i = 0; i < lists.size(); ++i) {
        Gain& gain = gains_[lists[i]];
        if (gain.last_query != queries_) {
            gain.last_query = queries_;
            gain.sum += CostOfScore(metric, found.scores[i]) - worst;
        }
    }
}

void TokenEstimate::Clear() {
    queries_ = 0;
    worst_ = 0;
    gains_.clear();
}

float TokenEstimate::CostOf(uint32_t list) const {
    const auto gain = gains_.find(list);
    return worst_ + (gain == gains_.end() ? 0 : gain->second.sum);
}

EncodingEstimate::EncodingEstimate(const FixedEncoder& encoder, std::string_view query,
                                   size_t query_vectors, const std::vector<float>& encoding,
                                   std::string_view row, size_t row_vectors, float distance)
    : encoder_(encoder), query_vectors_(query_vectors) {
    std::vector<float> of_row(encoder.width());
    encoder.EncodeRow(row.data(), row_vectors, of_row.data());
    const auto product =
        static_cast<double>(simd::InnerProduct(encoding.data(), of_row.data(), encoding.size()));
    // |q - r|^2 = |q|^2 + |r|^2 - 2 q.r, where only the last term differs between lists.
    at_zero_ = product + static_cast<double>(distance) / 2;
    query_square_ = encoder.SquareOf(query.data(), query_vectors);
}

float EncodingEstimate::CostOf(float distance) const {
    const double product = at_zero_ - static_cast<double>(distance) / 2;
    return static_cast<float>(encoder_.CostOfProduct(product, query_vectors_, query_square_));
}

}  // namespace elanus::vindex
