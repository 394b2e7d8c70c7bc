#include "vindex/flat_codes.h"

namespace elanus::vindex {
namespace {

constexpr codec::SectionId Vectors(uint32_t part) {
    return {kCodesKind, part};
}
constexpr codec::SectionId Norms(uint32_t part) {
    return {kFactorsKind, part};
}

}  // namespace

std::unique_ptr<ListCodes> FlatCodes::Make(const BuildParams& params, const BuildInput& input,
                                           std::span<const uint32_t> rows_of) {
    return std::unique_ptr<ListCodes>(
        new FlatCodes(params, static_cast<uint32_t>(rows_of.size()),
                      StoredVectors::CopyOf(params.vector_type, params.metric, params.dim,
                                            rows_of.size(), input.vectors, rows_of.data())));
}

base::Result<std::unique_ptr<ListCodes>> FlatCodes::Open(const codec::EnvelopeReader& reader,
                                                         uint32_t part, const BuildParams& params,
                                                         uint32_t rows) {
    ASSIGN_OR_RETURN(StoredVectors stored,
                     StoredVectors::Open(reader, Vectors(part), Norms(part), params.vector_type,
                                         params.metric, params.dim, rows));
    return std::unique_ptr<ListCodes>(new FlatCodes(params, rows, std::move(stored)));
}

void FlatCodes::Costs(const Slice& slice, float limit, CodeQuery& state, SliceCosts& out) const {
    if (slice.picked != nullptr) {
        view_.Costs(state.raw, slice.picked, slice.count, out.costs);
    } else {
        view_.BlockCosts(state.raw, slice.first, slice.count, out.costs);
    }
    out.Mark(slice.count, limit);
}

void FlatCodes::AddTo(codec::EnvelopeWriter& writer, uint32_t part) const {
    vectors_.AddTo(writer, Vectors(part), Norms(part));
}

}  // namespace elanus::vindex
