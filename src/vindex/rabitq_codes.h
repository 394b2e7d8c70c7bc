// RabitqCodes: what is left of a row after its centroid, rotated and in 1 to 9 bits a dimension.
// The rows of IVF_RABITQ and IVF_RABITQ_FASTSCAN (RaBitQ: Gao & Long, SIGMOD 2024, arXiv
// 2405.12497; more bits: Gao et al., SIGMOD 2025, arXiv 2409.09913).
//
// With r the rotated residual and v its code, a vector of half-integers whose direction is as near
// to that of r as `bits` allow (of 1 bit: the signs), f = |r|^2 / <v, r> makes
//   <q - c, r> ~ f <v, q - c>
// an unbiased estimate with an error of O(1 / sqrt(dim)). To make a query ready once and not for
// each list, the part that belongs to the centroid is kept with the row: with m the mean of the
// centroids, <v, q - c> = <v, q - m> - <v, c - m>. So a row has two floats and
//   cost = cost of the centroid + term + factor <v, q - m>.
//
// IVF_RABITQ keeps codes row after row in planes (simd/planes.h) and the query in 16 bits, or in
// rbq_bits_query bits, by the uniform quantiser that is best for normal values (Max 1960).
// IVF_RABITQ_FASTSCAN keeps signs in groups of 32 positions, scored by tables of 8-bit numbers.
//
// Bytes a row: dim * bits / 8, of dim rounded up to a width that can be rotated (rotation.h), and
// 8.
// Threads: as ListCodes.
#pragma once

#include "simd/codes.h"
#include "simd/planes.h"
#include "vindex/coarse_quantizer.h"
#include "vindex/group_codes.h"
#include "vindex/inverted_lists.h"
#include "vindex/list_codes.h"
#include "vindex/rotation.h"

#include <memory>

namespace elanus::vindex {

class RabitqCodes : public ListCodes {
  public:
    struct Options {
        uint32_t bits = 1;
        bool grouped = false;  // FASTSCAN; of 1 bit
        uint64_t seed = 0;
    };
    static base::Result<std::unique_ptr<ListCodes>> Make(const Options& options,
                                                         const BuildParams& params,
                                                         const BuildInput& input,
                                                         const CoarseQuantizer& quantizer,
                                                         const InvertedLists& lists);
    // `params` gives metric and dim.
    static base::Result<std::unique_ptr<ListCodes>> Open(const codec::EnvelopeReader& reader,
                                                         uint32_t part, const Options& options,
                                                         const BuildParams& params, uint32_t rows);

    void Start(const ProbeQuery& query, CodeQuery& state) const override;
    void StartList(uint32_t list, float cost, CodeQuery& state) const override {
        (void)list;
        state.list_cost = cost;
        state.groups.base = cost;
    }
    void Costs(const Slice& slice, float limit, CodeQuery& state, SliceCosts& out) const override;
    uint64_t bytes() const override { return codes_.size() + factors_.size(); }
    void AddTo(codec::EnvelopeWriter& writer, uint32_t part) const override;

  private:
    class Encoder;

    RabitqCodes(const Options& options, Metric metric, uint32_t dim, uint32_t rows);

    size_t row_bytes() const { return width() * options_.bits / 8; }
    size_t group_bytes() const { return simd::GroupCodeBytes(width()); }
    size_t codes_bytes() const;
    size_t width() const { return rotation_.width(); }
    void StartPlanes(CodeQuery& state, uint32_t query_bits) const;
    void Lay(const std::vector<int32_t>& weights, bool wide, CodeQuery& state) const;
    void PlaneSums(const Slice& slice, CodeQuery& state, float* sums) const;
    // Floats before the factors: the terms of all rows, of groups of whole ones.
    size_t term_count() const {
        return options_.grouped ? GroupCodes::Groups(rows_, simd::kNibbleGroup) * simd::kNibbleGroup
                                : rows_;
    }
    GroupCodes groups() const;

    Options options_;
    Metric metric_;
    uint32_t dim_;
    uint32_t rows_;
    Rotation rotation_;
    simd::PlaneLayout planes_;
    base::Buffer mean_;     // f32, dim
    base::Buffer codes_;    // row after row, or group after group
    base::Buffer factors_;  // f32: the terms of all rows, then their factors
};

}  // namespace elanus::vindex
