#include "vindex/coarse_quantizer.h"

#include "simd/distance.h"
#include "vindex/float_rows.h"
#include "vindex/k_majority.h"
#include "vindex/row_chunks.h"
#include "vindex/row_sample.h"

#include <algorithm>
#include <cstring>

namespace elanus::vindex {
namespace {

// Rows that are compared with the centroids together.
constexpr uint32_t kRowsAtOnce = 64;

// The sample as bit vectors, row after row.
std::vector<uint8_t> SampleBits(const BuildParams& params, const BuildInput& input, size_t count) {
    const size_t row_bytes = RowBytes(params.vector_type, params.dim);
    const auto* rows = static_cast<const uint8_t*>(input.vectors);
    std::vector<uint8_t> sample;
    for (const uint32_t row : SampleRows(static_cast<uint32_t>(input.rows), count, input.seed)) {
        sample.insert(sample.end(), rows + row * row_bytes, rows + (row + 1) * row_bytes);
    }
    return sample;
}

}  // namespace

base::Result<CoarseQuantizer> CoarseQuantizer::Train(const BuildParams& params,
                                                     const BuildInput& input, uint32_t lists) {
    CoarseQuantizer quantizer;
    quantizer.metric_ = params.metric;
    quantizer.dim_ = params.dim;
    quantizer.lists_ = static_cast<uint32_t>(std::min<uint64_t>(lists, input.rows));
    if (quantizer.lists_ > 0) {
        RETURN_IF_ERROR(params.vector_type == VectorType::kBinary
                            ? quantizer.TrainBits(params, input)
                            : quantizer.TrainFloats(params, input));
    }
    return quantizer;
}

base::Status CoarseQuantizer::TrainBits(const BuildParams& params, const BuildInput& input) {
    const std::vector<uint8_t> sample = SampleBits(params, input, kTrainingRowsPerList * lists_);
    const size_t row_bytes = RowBytes(params.vector_type, dim_);
    const VectorView rows(params.vector_type, metric_, dim_,
                          static_cast<uint32_t>(sample.size() / row_bytes), sample.data(), nullptr);
    ASSIGN_OR_RETURN(
        std::vector<uint8_t> centroids,
        TrainMajority(rows, lists_, input.seed, input.executor, input.interrupt, input.progress));
    bits_ = base::Buffer::FromVector(std::move(centroids));
    return base::Status();
}

base::Status CoarseQuantizer::TrainFloats(const BuildParams& params, const BuildInput& input) {
    const bool angular = metric_ != Metric::kL2;
    const FloatRows rows(params.vector_type, angular ? Metric::kCosine : Metric::kL2, dim_,
                         input.rows, input.vectors);
    const std::vector<float> sample = rows.Sample(kTrainingRowsPerList * lists_, input.seed);
    KMeansOptions options;
    options.clusters = lists_;
    options.seed = input.seed;
    options.executor = input.executor;
    options.interrupt = input.interrupt;
    options.progress = input.progress;
    ASSIGN_OR_RETURN(std::vector<float> centroids,
                     TrainKMeans(FloatMatrix(sample.data(), sample.size() / dim_, dim_), options));
    for (uint32_t list = 0; angular && list < lists_; ++list) {
        float* centroid = centroids.data() + static_cast<size_t>(list) * dim_;
        simd::Normalize(centroid, dim_, centroid);
    }
    centroids_ = Centroids(centroids, lists_, dim_);
    return base::Status();
}

base::Result<CoarseQuantizer> CoarseQuantizer::Open(const codec::EnvelopeReader& reader,
                                                    uint32_t kind, const BuildParams& params,
                                                    uint32_t lists, bool with_bases) {
    CoarseQuantizer quantizer;
    quantizer.metric_ = params.metric;
    quantizer.dim_ = params.dim;
    quantizer.lists_ = lists;
    if (params.vector_type == VectorType::kBinary) {
        ASSIGN_OR_RETURN(
            quantizer.bits_,
            reader.Array<uint8_t>({kind, 0}, lists * RowBytes(params.vector_type, params.dim)));
        return quantizer;
    }
    ASSIGN_OR_RETURN(base::Buffer panels, reader.Section({kind, 0}));
    ASSIGN_OR_RETURN(base::Buffer biases, reader.Section({kind + 1, 0}));
    ASSIGN_OR_RETURN(quantizer.centroids_,
                     Centroids::Open(std::move(panels), std::move(biases), lists, params.dim));
    if (with_bases && params.metric != Metric::kL2) {
        ASSIGN_OR_RETURN(quantizer.radii_, reader.Array<float>({kind + 2, 0}, lists));
    }
    return quantizer;
}

base::Status CoarseQuantizer::FindBases(const BuildParams& params, const BuildInput& input,
                                        const std::vector<uint32_t>& lists_of) {
    if (metric_ == Metric::kL2 || lists_ == 0) {
        return base::Status();
    }
    const FloatRows rows(params.vector_type, metric_, dim_, input.rows, input.vectors);
    std::vector<float> along(input.rows);
    RETURN_IF_ERROR(ForChunks(static_cast<uint32_t>(input.rows), input.executor, input.interrupt,
                              input.progress, [&](uint32_t begin, uint32_t end) {
                                  std::vector<float> floats(dim_), centroid(dim_);
                                  for (uint32_t row = begin; row < end; ++row) {
                                      rows.Read(row, floats.data());
                                      centroids_.Read(lists_of[row], centroid.data());
                                      along[row] =
                                          simd::InnerProduct(floats.data(), centroid.data(), dim_);
                                  }
                              }));
    std::vector<double> sums(lists_);
    std::vector<uint32_t> counts(lists_);
    for (size_t row = 0; row < along.size(); ++row) {
        sums[lists_of[row]] += along[row];
        ++counts[lists_of[row]];
    }
    std::vector<float> radii(lists_, 1.0f);
    for (uint32_t list = 0; list < lists_; ++list) {
        if (counts[list] > 0) {
            radii[list] = static_cast<float>(sums[list] / counts[list]);
        }
    }
    radii_ = base::Buffer::FromVector(std::move(radii));
    return base::Status();
}

void CoarseQuantizer::ReadBase(uint32_t list, float* out) const {
    centroids_.Read(list, out);
    for (uint32_t d = 0; !radii_.empty() && d < dim_; ++d) {
        out[d] *= radii_.As<float>()[list];
    }
}

void CoarseQuantizer::AddTo(codec::EnvelopeWriter& writer, uint32_t kind) const {
    if (!bits_.empty()) {
        writer.AddSection({kind, 0}, bits_.view());
        return;
    }
    writer.AddSection({kind, 0}, centroids_.panels().view());
    writer.AddSection({kind + 1, 0}, centroids_.biases().view());
    if (!radii_.empty()) {
        writer.AddSection({kind + 2, 0}, radii_.view());
    }
}

size_t CoarseQuantizer::padded_lists() const {
    return bits_.empty() ? centroids_.padded_count() : lists_;
}

void CoarseQuantizer::Costs(const void* vector, float* costs) const {
    if (!bits_.empty()) {
        BitView().BlockCosts({vector, RowBytes(VectorType::kBinary, dim_), 1.0f}, 0, lists_, costs);
        return;
    }
    const FloatMatrix row(static_cast<const float*>(vector), 1, dim_);
    if (metric_ != Metric::kL2) {
        centroids_.NegatedProducts(row, costs);
        return;
    }
    centroids_.Values(row, costs);
    const float square = simd::SquaredNorm(row.data, dim_);
    for (uint32_t list = 0; list < lists_; ++list) {
        costs[list] = std::max(0.0f, square + 2 * costs[list]);
    }
}

base::Result<std::vector<uint32_t>> CoarseQuantizer::Assign(const BuildParams& params,
                                                            const BuildInput& input) const {
    std::vector<uint32_t> lists_of(input.rows);
    RETURN_IF_ERROR(params.vector_type == VectorType::kBinary
                        ? AssignBits(params, input, lists_of.data())
                        : AssignFloats(params, input, lists_of.data()));
    return lists_of;
}

base::Status CoarseQuantizer::AssignBits(const BuildParams& params, const BuildInput& input,
                                         uint32_t* lists_of) const {
    const size_t row_bytes = RowBytes(params.vector_type, dim_);
    const auto* rows = static_cast<const uint8_t*>(input.vectors);
    return ForChunks(static_cast<uint32_t>(input.rows), input.executor, input.interrupt,
                     input.progress, [&](uint32_t begin, uint32_t end) {
                         std::vector<float> costs(lists_);
                         for (uint32_t row = begin; row < end; ++row) {
                             Costs(rows + row * row_bytes, costs.data());
                             lists_of[row] =
                                 static_cast<uint32_t>(simd::PlaceOfLeast(costs.data(), lists_));
                         }
                     });
}

base::Status CoarseQuantizer::AssignFloats(const BuildParams& params, const BuildInput& input,
                                           uint32_t* lists_of) const {
    const FloatRows rows(params.vector_type, metric_, dim_, input.rows, input.vectors);
    return ForChunks(static_cast<uint32_t>(input.rows), input.executor, input.interrupt,
                     input.progress, [&](uint32_t begin, uint32_t end) {
                         std::vector<float> floats(static_cast<size_t>(kRowsAtOnce) * dim_);
                         std::vector<float> values(kRowsAtOnce);
                         for (uint32_t at = begin; at < end; at += kRowsAtOnce) {
                             const uint32_t count = std::min(kRowsAtOnce, end - at);
                             for (uint32_t i = 0; i < count; ++i) {
                                 rows.Read(at + i, floats.data() + static_cast<size_t>(i) * dim_);
                             }
                             centroids_.Nearest(FloatMatrix(floats.data(), count, dim_),
                                                lists_of + at, values.data());
                         }
                     });
}

}  // namespace elanus::vindex
