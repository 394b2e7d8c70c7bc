#include "vindex/scalar_codes.h"

#include "vindex/float_rows.h"
#include "vindex/row_chunks.h"

namespace elanus::vindex {
namespace {

constexpr size_t kTrainingRows = 65536;

}  // namespace

base::Result<std::unique_ptr<ListCodes>> ScalarCodes::Make(ScalarKind kind,
                                                           const BuildParams& params,
                                                           const BuildInput& input,
                                                           std::span<const uint32_t> rows_of) {
    const FloatRows rows(params.vector_type, params.metric, params.dim, input.rows, input.vectors);
    const std::vector<float> sample = rows.Sample(kTrainingRows, input.seed);
    const ScalarQuantizer quantizer = ScalarQuantizer::Train(
        kind, FloatMatrix(sample.data(), sample.size() / params.dim, params.dim));
    const size_t row_bytes = quantizer.code_bytes();
    std::vector<uint8_t> codes(rows_of.size() * row_bytes);
    RETURN_IF_ERROR(ForChunks(static_cast<uint32_t>(rows_of.size()), input.executor,
                              input.interrupt, input.progress, [&](uint32_t begin, uint32_t end) {
                                  std::vector<float> floats(params.dim);
                                  for (uint32_t at = begin; at < end; ++at) {
                                      rows.Read(rows_of[at], floats.data());
                                      quantizer.Encode(floats.data(),
                                                       codes.data() + at * row_bytes);
                                  }
                              }));
    return std::unique_ptr<ListCodes>(
        new ScalarCodes(params.metric, quantizer, base::Buffer::FromVector(std::move(codes))));
}

base::Result<std::unique_ptr<ListCodes>> ScalarCodes::Open(const codec::EnvelopeReader& reader,
                                                           uint32_t part, ScalarKind kind,
                                                           const BuildParams& params,
                                                           uint32_t rows) {
    ASSIGN_OR_RETURN(const base::Buffer ranges, reader.Section({kCodebooksKind, part}));
    ASSIGN_OR_RETURN(ScalarQuantizer quantizer, ScalarQuantizer::Open(kind, params.dim, ranges));
    ASSIGN_OR_RETURN(base::Buffer codes,
                     reader.Array<uint8_t>({kCodesKind, part}, rows * quantizer.code_bytes()));
    return std::unique_ptr<ListCodes>(
        new ScalarCodes(params.metric, std::move(quantizer), std::move(codes)));
}

void ScalarCodes::Start(const ProbeQuery& query, CodeQuery& state) const {
    state.floats.resize(quantizer_.query_floats());
    state.scalar = quantizer_.Prepare(metric_, query.floats, state.floats.data());
}

void ScalarCodes::Costs(const Slice& slice, float limit, CodeQuery& state, SliceCosts& out) const {
    const uint8_t* codes = codes_.data();
    if (slice.picked == nullptr) {
        codes += slice.first * quantizer_.code_bytes();
    }
    ScalarQuantizer::Costs(state.scalar, quantizer_.dim(), codes, slice.picked, slice.count,
                           out.costs);
    out.Mark(slice.count, limit);
}

void ScalarCodes::AddTo(codec::EnvelopeWriter& writer, uint32_t part) const {
    writer.AddSection({kCodesKind, part}, codes_.view());
    writer.AddSection({kCodebooksKind, part}, quantizer_.ranges().view());
}

}  // namespace elanus::vindex
