// FlatCodes: vectors of any dense type as they are, in the order of lists. The rows of IVF_FLAT and
// BIN_IVF_FLAT, and the finest form that other families refine by.
// Threads: as ListCodes.
#pragma once

#include "vindex/list_codes.h"
#include "vindex/vectors.h"

#include <memory>
#include <span>

namespace elanus::vindex {

class FlatCodes : public ListCodes {
  public:
    // The rows of `input` in the order of `rows_of`.
    static std::unique_ptr<ListCodes> Make(const BuildParams& params, const BuildInput& input,
                                           std::span<const uint32_t> rows_of);
    // `params` gives vector type, metric and dim.
    static base::Result<std::unique_ptr<ListCodes>> Open(const codec::EnvelopeReader& reader,
                                                         uint32_t part, const BuildParams& params,
                                                         uint32_t rows);

    void Start(const ProbeQuery& query, CodeQuery& state) const override { state.raw = query.raw; }
    void Costs(const Slice& slice, float limit, CodeQuery& state, SliceCosts& out) const override;
    uint64_t bytes() const override { return vectors_.bytes(); }
    void AddTo(codec::EnvelopeWriter& writer, uint32_t part) const override;

  private:
    FlatCodes(const BuildParams& params, uint32_t rows, StoredVectors vectors)
        : vectors_(std::move(vectors)),
          view_(vectors_.View(params.vector_type, params.metric, params.dim, rows)) {}

    StoredVectors vectors_;
    VectorView view_;
};

}  // namespace elanus::vindex
