#include "vindex/row_codes.h"

#include "sys/huge_memory.h"
#include "vindex/float_rows.h"
#include "vindex/row_chunks.h"

#include <algorithm>
#include <cstring>

namespace elanus::vindex {
namespace {

constexpr uint32_t kFormKind = 16;
constexpr uint32_t kCodesKind = 17;
constexpr uint32_t kRangesKind = 18;
constexpr uint32_t kPanelsKind = 19;
constexpr uint32_t kBiasesKind = 20;
constexpr uint32_t kVectorsKind = 21;
constexpr uint32_t kInverseNormsKind = 22;

constexpr uint32_t kEncodedAtOnce = 256;
constexpr size_t kScalarTrainingRows = 65536;
constexpr double kScalarEffort = 0.2;  // of coding a row

struct FormMeta {
    uint32_t form;
    uint32_t scalar;
    uint32_t m;
    uint32_t nbits;
    uint32_t stages;
    uint32_t centroids;
    uint32_t zero[2];
};
static_assert(sizeof(FormMeta) == 32);

// Of books, in encodings of a row.
double TrainEffort(const CodeSpec& spec, uint64_t rows) {
    return spec.form == CodeSpec::Form::kProduct
               ? static_cast<double>(kProductIterationsMax *
                                     std::min<uint64_t>(ProductTrainingRows(spec.nbits), rows))
               : 0;
}

}  // namespace

ProductShape RowCodes::Shape() const {
    return {.dim = dim_,
            .m = spec_.m,
            .nbits = spec_.nbits,
            .stages = spec_.stages,
            .keeps_norms = metric_ == Metric::kL2 && spec_.stages > 1};
}

size_t RowCodes::row_bytes() const {
    switch (spec_.form) {
        case CodeSpec::Form::kScalar:
            return scalar_.code_bytes();
        case CodeSpec::Form::kProduct:
            return product_.shape().code_bytes();
        case CodeSpec::Form::kVectors:
            break;
    }
    return RowBytes(type_, dim_);
}

uint64_t RowCodes::bytes() const {
    return codes_.size() + vectors_.bytes() + product_.bytes();
}

double RowCodes::Effort(const CodeSpec& spec, uint64_t rows) {
    const auto encoding = static_cast<double>(rows);
    return spec.form == CodeSpec::Form::kProduct ? TrainEffort(spec, rows) + encoding
                                                 : kScalarEffort * encoding;
}

base::Result<RowCodes> RowCodes::Make(const CodeSpec& spec, const BuildParams& params,
                                      const BuildInput& input) {
    RowCodes codes;
    codes.spec_ = spec;
    codes.type_ = params.vector_type;
    codes.metric_ = params.metric;
    codes.dim_ = params.dim;
    codes.rows_ = static_cast<uint32_t>(input.rows);
    if (spec.form == CodeSpec::Form::kVectors) {
        codes.vectors_ = StoredVectors::CopyOf(params.vector_type, params.metric, params.dim,
                                               input.rows, input.vectors);
        codes.view_ =
            codes.vectors_.View(params.vector_type, params.metric, params.dim, codes.rows_);
        return codes;
    }
    const auto encoding = static_cast<double>(input.rows);
    PartsProgress parts(input.progress, {TrainEffort(spec, input.rows), encoding + 1});
    RETURN_IF_ERROR(codes.Train(input, parts.Next()));
    RETURN_IF_ERROR(codes.Encode(input, parts.Next()));
    return codes;
}

base::Status RowCodes::Train(const BuildInput& input, const Progress& progress) {
    const FloatRows rows(type_, metric_, dim_, input.rows, input.vectors);
    const bool product = spec_.form == CodeSpec::Form::kProduct;
    const size_t count = product ? ProductTrainingRows(spec_.nbits) : kScalarTrainingRows;
    const std::vector<float> sample = rows.Sample(count, input.seed);
    const FloatMatrix matrix(sample.data(), sample.size() / dim_, dim_);
    if (!product) {
        scalar_ = ScalarQuantizer::Train(spec_.scalar, matrix);
        return base::Status();
    }
    ASSIGN_OR_RETURN(product_, ProductQuantizer::Train(Shape(), matrix,
                                                       {.seed = input.seed,
                                                        .executor = input.executor,
                                                        .interrupt = input.interrupt,
                                                        .progress = progress}));
    return base::Status();
}

base::Status RowCodes::Encode(const BuildInput& input, const Progress& progress) {
    const uint64_t bytes = input.rows * row_bytes();
    const std::shared_ptr<uint8_t> memory = sys::AllocateHuge(std::max<uint64_t>(bytes, 1));
    RETURN_IF_ERROR(ForChunks(
        rows_, input.executor, input.interrupt, progress,
        [&](uint32_t begin, uint32_t end) {
            EncodeChunk(input, begin, end - begin, memory.get() + begin * row_bytes());
        },
        kEncodedAtOnce));
    codes_ = base::Buffer(memory.get(), bytes, memory);
    return base::Status();
}

void RowCodes::EncodeChunk(const BuildInput& input, uint64_t begin, uint64_t count,
                           uint8_t* codes) const {
    const FloatRows rows(type_, metric_, dim_, input.rows, input.vectors);
    std::vector<float> floats(count * dim_);
    for (uint64_t i = 0; i < count; ++i) {
        rows.Read(begin + i, floats.data() + i * dim_);
    }
    if (spec_.form == CodeSpec::Form::kProduct) {
        product_.Encode(FloatMatrix(floats.data(), count, dim_), codes);
        return;
    }
    for (uint64_t i = 0; i < count; ++i) {
        scalar_.Encode(floats.data() + i * dim_, codes + i * row_bytes());
    }
}

void RowCodes::AddTo(codec::EnvelopeWriter& writer, uint32_t field) const {
    const FormMeta meta{.form = static_cast<uint32_t>(spec_.form),
                        .scalar = static_cast<uint32_t>(spec_.scalar),
                        .m = spec_.m,
                        .nbits = spec_.nbits,
                        .stages = spec_.stages,
                        .centroids = static_cast<uint32_t>(product_.centroids()),
                        .zero = {}};
    writer.AddArray<FormMeta>({kFormKind, field}, {&meta, 1});
    switch (spec_.form) {
        case CodeSpec::Form::kVectors:
            vectors_.AddTo(writer, {kVectorsKind, field}, {kInverseNormsKind, field});
            return;
        case CodeSpec::Form::kScalar:
            writer.AddSection({kRangesKind, field}, scalar_.ranges().view());
            break;
        case CodeSpec::Form::kProduct:
            writer.AddSection({kPanelsKind, field}, product_.panels().view());
            writer.AddSection({kBiasesKind, field}, product_.biases().view());
            break;
    }
    writer.AddSection({kCodesKind, field}, codes_.view());
}

base::Result<RowCodes> RowCodes::Open(const codec::EnvelopeReader& reader, uint32_t field,
                                      VectorType type, Metric metric, uint32_t dim, uint32_t rows) {
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<FormMeta>({kFormKind, field}, 1));
    FormMeta meta;
    std::memcpy(&meta, bytes.data(), sizeof meta);
    RowCodes codes;
    codes.spec_ = {.form = static_cast<CodeSpec::Form>(meta.form),
                   .scalar = static_cast<ScalarKind>(meta.scalar),
                   .m = meta.m,
                   .nbits = meta.nbits,
                   .stages = meta.stages};
    codes.type_ = type;
    codes.metric_ = metric;
    codes.dim_ = dim;
    codes.rows_ = rows;
    switch (codes.spec_.form) {
        case CodeSpec::Form::kVectors: {
            ASSIGN_OR_RETURN(codes.vectors_, StoredVectors::Open(reader, {kVectorsKind, field},
                                                                 {kInverseNormsKind, field}, type,
                                                                 metric, dim, rows));
            codes.view_ = codes.vectors_.View(type, metric, dim, rows);
            return codes;
        }
        case CodeSpec::Form::kScalar: {
            if (meta.scalar >= kScalarKinds) {
                return base::Corruption("row codes: no such scalar quantizer");
            }
            ASSIGN_OR_RETURN(const base::Buffer ranges, reader.Section({kRangesKind, field}));
            ASSIGN_OR_RETURN(codes.scalar_, ScalarQuantizer::Open(codes.spec_.scalar, dim, ranges));
            break;
        }
        case CodeSpec::Form::kProduct: {
            if (!codes.Shape().IsPlausible()) {
                return base::Corruption("row codes: bad shape of a product quantizer");
            }
            ASSIGN_OR_RETURN(const base::Buffer panels, reader.Section({kPanelsKind, field}));
            ASSIGN_OR_RETURN(const base::Buffer biases, reader.Section({kBiasesKind, field}));
            ASSIGN_OR_RETURN(codes.product_,
                             ProductQuantizer::Open(codes.Shape(), meta.centroids, panels, biases));
            break;
        }
        default:
            return base::Corruption("row codes: no such form");
    }
    ASSIGN_OR_RETURN(codes.codes_, reader.Array<uint8_t>({kCodesKind, field},
                                                         uint64_t{rows} * codes.row_bytes()));
    return codes;
}

CodeScorer RowCodes::ScorerFor(const Query& query, std::vector<float>& room) const {
    CodeScorer scorer(*this, query);
    if (spec_.form == CodeSpec::Form::kVectors) {
        return scorer;
    }
    const bool scalar = spec_.form == CodeSpec::Form::kScalar;
    const size_t own = simd::PaddedDim(dim_);
    const size_t floats = own + (scalar ? scalar_.query_floats() : product_.query_floats());
    room.resize(std::max(room.size(), floats));
    ReadFloats(type_, query.data, dim_, room.data());
    if (query.inverse_norm != 1.0f) {
        std::for_each(room.data(), room.data() + dim_, [&](float& x) { x *= query.inverse_norm; });
    }
    if (scalar) {
        scorer.scalar_ = scalar_.Prepare(metric_, room.data(), room.data() + own);
    } else {
        scorer.product_ = product_.Prepare(metric_, room.data(), room.data() + own);
    }
    return scorer;
}

void CodeScorer::Costs(const uint32_t* ids, size_t count, float* costs) const {
    switch (codes_.spec_.form) {
        case CodeSpec::Form::kVectors:
            codes_.view_.Costs(query_, ids, count, costs);
            return;
        case CodeSpec::Form::kScalar:
            ScalarQuantizer::Costs(scalar_, codes_.dim_, codes_.codes_.data(), ids, count, costs);
            return;
        case CodeSpec::Form::kProduct:
            codes_.product_.Costs(product_, codes_.codes_.data(), ids, count, costs);
            return;
    }
}

void CodeScorer::BlockCosts(uint32_t first, size_t count, float* costs) const {
    const bool is_coded = codes_.spec_.form != CodeSpec::Form::kVectors;
    const uint8_t* codes = is_coded ? codes_.codes_.data() + first * codes_.row_bytes() : nullptr;
    switch (codes_.spec_.form) {
        case CodeSpec::Form::kVectors:
            codes_.view_.BlockCosts(query_, first, count, costs);
            return;
        case CodeSpec::Form::kScalar:
            ScalarQuantizer::Costs(scalar_, codes_.dim_, codes, nullptr, count, costs);
            return;
        case CodeSpec::Form::kProduct:
            codes_.product_.Costs(product_, codes, nullptr, count, costs);
            return;
    }
}

}  // namespace elanus::vindex
