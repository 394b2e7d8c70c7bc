// ScalarCodes: vectors in 4, 6, 8 or 16 bits a dimension, in the order of lists
// (scalar_quantizer.h). The rows of IVF_SQ8, and a finer form that other families refine by. Rows
// are coded themselves, not what is left of them after their centroid: so a query is made ready
// once and not for each list.
// Threads: as ListCodes.
#pragma once

#include "vindex/list_codes.h"
#include "vindex/scalar_quantizer.h"

#include <memory>
#include <span>

namespace elanus::vindex {

class ScalarCodes : public ListCodes {
  public:
    // The rows of `input` in the order of `rows_of`.
    static base::Result<std::unique_ptr<ListCodes>> Make(ScalarKind kind, const BuildParams& params,
                                                         const BuildInput& input,
                                                         std::span<const uint32_t> rows_of);
    // `params` gives metric and dim.
    static base::Result<std::unique_ptr<ListCodes>> Open(const codec::EnvelopeReader& reader,
                                                         uint32_t part, ScalarKind kind,
                                                         const BuildParams& params, uint32_t rows);

    void Start(const ProbeQuery& query, CodeQuery& state) const override;
    void Costs(const Slice& slice, float limit, CodeQuery& state, SliceCosts& out) const override;
    uint64_t bytes() const override { return codes_.size(); }
    void AddTo(codec::EnvelopeWriter& writer, uint32_t part) const override;

  private:
    ScalarCodes(Metric metric, ScalarQuantizer quantizer, base::Buffer codes)
        : metric_(metric), quantizer_(std::move(quantizer)), codes_(std::move(codes)) {}

    Metric metric_;
    ScalarQuantizer quantizer_;
    base::Buffer codes_;  // quantizer_.code_bytes() a row
};

}  // namespace elanus::vindex
