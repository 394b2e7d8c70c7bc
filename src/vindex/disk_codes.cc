#include "vindex/disk_codes.h"

#include "simd/codes.h"
#include "simd/distance.h"
#include "sys/huge_memory.h"
#include "vindex/coded_rows.h"
#include "vindex/float_rows.h"
#include "vindex/row_chunks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace elanus::vindex {
namespace {

constexpr codec::SectionId kPanelsSection{2, 0};
constexpr codec::SectionId kBiasesSection{3, 0};
constexpr codec::SectionId kCodesSection{4, 0};
constexpr codec::SectionId kCentreSection{7, 0};

constexpr uint32_t kPartBits = 8;
constexpr uint32_t kPartsMax = 512;
constexpr uint32_t kPlaneBitsMin = 2, kPlaneBitsMax = 8;
constexpr uint32_t kFewParts = 128;  // look-ups of a row that cost little beside its read
constexpr uint64_t kRotationSeed = 0xd15c;
constexpr uint32_t kRowsAtOnce = 256;
constexpr size_t kCentreRows = 1 << 15;
// One more row in the sample costs a walk a hundredth of a read.
constexpr uint32_t kRowsPerSample = 64, kSampleMin = 256, kSampleMax = 2048;
// Steps of the best uniform quantisers of 1 to 8 bits, in deviations (Max, IRE Trans. 1960).
constexpr float kBestSteps[] = {1.596f,  0.9957f, 0.5860f,  0.3352f,
                                0.1881f, 0.1041f, 0.05687f, 0.03076f};

ProductShape ProductOf(const DiskCodeShape& shape) {
    return {.dim = shape.coded_dim, .m = shape.parts, .nbits = kPartBits};
}

std::shared_ptr<uint8_t> RoomFor(uint64_t bytes) {
    return sys::AllocateHuge(std::max<uint64_t>(bytes, 1));
}

class ProductDiskCodes final : public DiskCodes {
  public:
    ProductDiskCodes(const DiskCodeShape& shape, Metric metric, uint32_t dim)
        : DiskCodes(shape, metric, dim, shape.parts) {}

    base::Status Train(const FloatRows& rows, const BuildInput& input, const Progress& progress) {
        const std::vector<float> sample =
            Padded(rows.Sample(ProductTrainingRows(kPartBits), input.seed));
        const FloatMatrix matrix(sample.data(), sample.size() / shape_.coded_dim, shape_.coded_dim);
        ASSIGN_OR_RETURN(quantizer_, ProductQuantizer::Train(ProductOf(shape_), matrix,
                                                             {.seed = input.seed,
                                                              .executor = input.executor,
                                                              .interrupt = input.interrupt,
                                                              .progress = progress}));
        return base::Status();
    }
    base::Status Encode(const FloatRows& rows, const BuildInput& input,
                        std::span<const uint32_t> places, const Progress& progress) {
        const uint64_t bytes = rows.rows() * code_bytes_;
        const std::shared_ptr<uint8_t> memory = RoomFor(bytes);
        const auto encode = [&](uint32_t begin, uint32_t end) {
            std::vector<float> floats(size_t{end - begin} * dim_);
            for (uint32_t row = begin; row < end; ++row) {
                rows.Read(row, floats.data() + size_t{row - begin} * dim_);
            }
            const std::vector<float> all = Padded(floats);
            std::vector<uint8_t> codes(size_t{end - begin} * code_bytes_);
            quantizer_.Encode(FloatMatrix(all.data(), end - begin, shape_.coded_dim), codes.data());
            for (uint32_t row = begin; row < end; ++row) {
                std::memcpy(memory.get() + places[row] * code_bytes_,
                            codes.data() + size_t{row - begin} * code_bytes_, code_bytes_);
            }
        };
        RETURN_IF_ERROR(ForChunks(static_cast<uint32_t>(rows.rows()), input.executor,
                                  input.interrupt, progress, encode, kRowsAtOnce));
        Keep(base::Buffer(memory.get(), bytes, memory), static_cast<uint32_t>(rows.rows()));
        return base::Status();
    }
    base::Status Read(const codec::EnvelopeReader& reader, uint32_t rows) {
        ASSIGN_OR_RETURN(const base::Buffer panels, reader.Section(kPanelsSection));
        ASSIGN_OR_RETURN(const base::Buffer biases, reader.Section(kBiasesSection));
        ASSIGN_OR_RETURN(
            quantizer_,
            ProductQuantizer::Open(ProductOf(shape_), uint64_t{1} << kPartBits, panels, biases));
        ASSIGN_OR_RETURN(base::Buffer codes,
                         reader.Array<uint8_t>(kCodesSection, rows * code_bytes_));
        Keep(std::move(codes), rows);
        return base::Status();
    }

    void AddTo(codec::EnvelopeWriter& writer) const override {
        writer.AddSection(kPanelsSection, quantizer_.panels().view());
        writer.AddSection(kBiasesSection, quantizer_.biases().view());
        writer.AddSection(kCodesSection, codes_.view());
    }
    uint64_t bytes() const override { return DiskCodes::bytes() + quantizer_.bytes(); }

    DiskCodeQuery Prepare(const float* query, SearchScratch& scratch) const override {
        std::vector<float>& room = scratch.code_query;
        room.resize(std::max(room.size(), shape_.coded_dim + quantizer_.query_floats()));
        std::copy_n(query, dim_, room.data());
        std::fill(room.data() + dim_, room.data() + shape_.coded_dim, 0.0f);
        DiskCodeQuery prepared;
        prepared.product = quantizer_.Prepare(metric_, room.data(), room.data() + shape_.coded_dim);
        return prepared;
    }
    void CostsOf(const DiskCodeQuery& query, const SearchScratch& /*scratch*/, const uint8_t* codes,
                 const uint32_t* ids, size_t count, float* costs) const override {
        quantizer_.Costs(query.product, codes, ids, count, costs);
    }

  private:
    std::vector<float> Padded(std::span<const float> values) const {
        const size_t count = values.size() / dim_;
        std::vector<float> out(count * shape_.coded_dim);
        for (size_t i = 0; i < count; ++i) {
            std::copy_n(values.data() + i * dim_, dim_, out.data() + i * shape_.coded_dim);
        }
        return out;
    }

    ProductQuantizer quantizer_;
};

// Before the planes of a row.
struct PlaneFactors {
    float term;
    float factor;
};

class PlaneDiskCodes final : public DiskCodes {
  public:
    PlaneDiskCodes(const DiskCodeShape& shape, Metric metric, uint32_t dim)
        : DiskCodes(shape, metric, dim, CodeBytes(dim, shape.bits)),
          rotation_(dim, kRotationSeed),
          planes_(simd::PlaneLayout::Of(shape.bits)) {}

    static size_t CodeBytes(uint32_t dim, uint32_t bits) {
        return sizeof(PlaneFactors) + RotatedWidth(dim) * bits / 8;
    }

    void Train(const FloatRows& rows) {
        const uint64_t count = std::min<uint64_t>(rows.rows(), kCentreRows);
        std::vector<double> sum(dim_);
        std::vector<float> row(dim_);
        for (uint64_t i = 0; i < count; ++i) {
            rows.Read(i * rows.rows() / count, row.data());
            for (uint32_t d = 0; d < dim_; ++d) {
                sum[d] += row[d];
            }
        }
        std::vector<float> centre(dim_);
        for (uint32_t d = 0; d < dim_ && count > 0; ++d) {
            centre[d] = static_cast<float>(sum[d] / static_cast<double>(count));
        }
        centre_ = base::Buffer::FromVector(std::move(centre));
    }
    base::Status Encode(const FloatRows& rows, const BuildInput& input,
                        std::span<const uint32_t> places, const Progress& progress) {
        const uint64_t bytes = rows.rows() * code_bytes_;
        const std::shared_ptr<uint8_t> memory = RoomFor(bytes);
        const auto encode = [&](uint32_t begin, uint32_t end) {
            std::vector<float> row(dim_), rest(rotation_.width());
            for (uint32_t i = begin; i < end; ++i) {
                rows.Read(i, row.data());
                EncodeRow(row.data(), rest.data(), memory.get() + places[i] * code_bytes_);
            }
        };
        RETURN_IF_ERROR(ForChunks(static_cast<uint32_t>(rows.rows()), input.executor,
                                  input.interrupt, progress, encode, kRowsAtOnce));
        Keep(base::Buffer(memory.get(), bytes, memory), static_cast<uint32_t>(rows.rows()));
        return base::Status();
    }
    base::Status Read(const codec::EnvelopeReader& reader, uint32_t rows) {
        ASSIGN_OR_RETURN(centre_, reader.Array<float>(kCentreSection, dim_));
        ASSIGN_OR_RETURN(base::Buffer codes,
                         reader.Array<uint8_t>(kCodesSection, rows * code_bytes_));
        Keep(std::move(codes), rows);
        return base::Status();
    }

    void AddTo(codec::EnvelopeWriter& writer) const override {
        writer.AddSection(kCodesSection, codes_.view());
        writer.AddSection(kCentreSection, centre_.view());
    }
    uint64_t bytes() const override { return DiskCodes::bytes() + centre_.size(); }

    DiskCodeQuery Prepare(const float* query, SearchScratch& scratch) const override {
        const size_t width = rotation_.width();
        const float* centre = centre_.As<float>().data();
        scratch.code_query.resize(std::max(scratch.code_query.size(), width));
        float* rotated = scratch.code_query.data();
        RotateInto(rotation_, query, centre, dim_, rotated);
        DiskCodeQuery prepared;
        prepared.own = metric_ == Metric::kL2 ? simd::SquaredNorm(rotated, width)
                                              : -simd::InnerProduct(query, centre, dim_);
        scratch.coded.resize(std::max(scratch.coded.size(), width + WeightsBytes()));
        prepared.step = simd::Codes().encode(rotated, width, scratch.coded.data());
        prepared.middle = Lay(scratch.coded.data(), scratch.coded.data() + width);
        return prepared;
    }
    void CostsOf(const DiskCodeQuery& query, const SearchScratch& scratch, const uint8_t* codes,
                 const uint32_t* ids, size_t count, float* costs) const override {
        for (size_t at = 0; at < count; at += kAtOnce) {
            SomeCosts(query, scratch, ids != nullptr ? codes : codes + at * code_bytes_,
                      ids != nullptr ? ids + at : nullptr, std::min(kAtOnce, count - at),
                      costs + at);
        }
    }

  private:
    static constexpr size_t kAtOnce = 64;

    // Up to kAtOnce.
    void SomeCosts(const DiskCodeQuery& query, const SearchScratch& scratch, const uint8_t* codes,
                   const uint32_t* ids, size_t count, float* costs) const {
        float sums[kAtOnce];
        std::fill_n(costs, count, -query.middle);
        const uint8_t* plane = codes + sizeof(PlaneFactors);
        const int8_t* weights = scratch.coded.data() + rotation_.width();
        for (size_t p = 0; p < planes_.count; ++p) {
            const unsigned bits = planes_.widths[p];
            simd::Planes().sums(plane, code_bytes_, ids, count, bits, rotation_.width(), nullptr,
                                weights, sums);
            const auto weight = static_cast<float>(1u << planes_.shifts[p]);
            for (size_t i = 0; i < count; ++i) {
                costs[i] += weight * sums[i];
            }
            plane += simd::PlaneBytes(bits, rotation_.width());
            weights += simd::WeightBytes(bits, rotation_.width());
        }
        for (size_t i = 0; i < count; ++i) {
            PlaneFactors factors;
            std::memcpy(&factors, codes + (ids != nullptr ? ids[i] : i) * code_bytes_,
                        sizeof factors);
            costs[i] = query.own + factors.term + factors.factor * query.step * costs[i];
        }
    }
    float Middle() const { return static_cast<float>((1u << shape_.bits) - 1) / 2; }

    // `code` is zero.
    void EncodeRow(const float* row, float* rest, uint8_t* code) const {
        const float* centre = centre_.As<float>().data();
        const size_t width = rotation_.width();
        RotateInto(rotation_, row, centre, dim_, rest);
        const float square = simd::SquaredNorm(rest, width);
        const float step =
            kBestSteps[shape_.bits - 1] * std::sqrt(square / static_cast<float>(width));
        const float inverse = step > 0 && std::isfinite(step) ? 1.0f / step : 0.0f;
        const auto half = static_cast<float>(1u << (shape_.bits - 1));
        float along = 0;
        for (size_t d = 0; d < width; ++d) {
            const float x = rest[d] * inverse + half;
            const auto number = static_cast<uint32_t>(x >= 0 ? std::min(x, 2 * half - 1) : 0.0f);
            along += (static_cast<float>(number) - Middle()) * rest[d];
            Store(number, d, code + sizeof(PlaneFactors));
        }
        const float f = along > 0 ? square / along : 0.0f;
        const bool l2 = metric_ == Metric::kL2;
        const float across =
            simd::InnerProduct(centre, row, dim_) - simd::SquaredNorm(centre, dim_);
        const PlaneFactors factors{.term = l2 ? square : -across, .factor = l2 ? -2 * f : -f};
        std::memcpy(code, &factors, sizeof factors);
    }
    void Store(uint32_t number, size_t d, uint8_t* plane) const {
        for (size_t p = 0; p < planes_.count; ++p) {
            const unsigned bits = planes_.widths[p];
            const uint32_t part = number >> planes_.shifts[p] & ((1u << bits) - 1);
            plane[d * bits / 8] |= static_cast<uint8_t>(part << d % (8 / bits) * bits);
            plane += simd::PlaneBytes(bits, rotation_.width());
        }
    }

    size_t WeightsBytes() const {
        size_t bytes = 0;
        for (size_t p = 0; p < planes_.count; ++p) {
            bytes += simd::WeightBytes(planes_.widths[p], rotation_.width());
        }
        return bytes;
    }
    // Lays the query's values out for every plane. Returns what the middle of the steps adds.
    float Lay(const int8_t* values, int8_t* to) const {
        const size_t width = rotation_.width();
        std::fill_n(to, WeightsBytes(), int8_t{0});
        for (size_t p = 0; p < planes_.count; ++p) {
            const unsigned bits = planes_.widths[p];
            for (size_t d = 0; d < width; ++d) {
                to[simd::WeightPlace(bits, width, d)] = values[d];
            }
            to += simd::WeightBytes(bits, width);
        }
        return Middle() * static_cast<float>(std::accumulate(values, values + width, int32_t{0}));
    }

    Rotation rotation_;
    simd::PlaneLayout planes_;
    base::Buffer centre_;  // f32, dim
};

// In encodings of a row.
double TrainEffort(uint64_t rows) {
    return static_cast<double>(kProductIterationsMax *
                               std::min<uint64_t>(ProductTrainingRows(kPartBits), rows));
}

}  // namespace

DiskCodeShape DiskCodeShape::Of(uint32_t dim, double row_bytes) {
    const auto most = static_cast<uint32_t>(
        std::clamp(row_bytes, 1.0, static_cast<double>(std::min(dim, kPartsMax))));
    const uint32_t part_dim = (dim + most - 1) / most;
    const uint32_t parts = (dim + part_dim - 1) / part_dim;
    uint32_t bits = kPlaneBitsMax;
    while (bits >= kPlaneBitsMin &&
           static_cast<double>(PlaneDiskCodes::CodeBytes(dim, bits)) > row_bytes) {
        --bits;
    }
    if (parts > kFewParts && bits >= kPlaneBitsMin) {
        return {.bits = bits, .parts = 0, .coded_dim = 0};
    }
    return {.bits = 0, .parts = parts, .coded_dim = parts * part_dim};
}

bool DiskCodeShape::IsPlausible(uint32_t dim) const {
    if (bits != 0) {
        return bits >= kPlaneBitsMin && bits <= kPlaneBitsMax && parts == 0 && coded_dim == 0;
    }
    return coded_dim >= dim && coded_dim < 2 * dim + 1 && ProductOf(*this).IsPlausible();
}

double DiskCodes::Effort(const DiskCodeShape& shape, uint64_t rows) {
    return (shape.bits == 0 ? TrainEffort(rows) : 0.0) + static_cast<double>(rows + 1);
}

base::Result<std::unique_ptr<DiskCodes>> DiskCodes::Make(const DiskCodeShape& shape,
                                                         const BuildParams& params,
                                                         const BuildInput& input,
                                                         std::span<const uint32_t> places,
                                                         const Progress& progress) {
    const FloatRows rows(params.vector_type, params.metric, params.dim, input.rows, input.vectors);
    PartsProgress parts(progress, {shape.bits == 0 ? TrainEffort(input.rows) : 0.0,
                                   static_cast<double>(input.rows + 1)});
    const Progress trained = parts.Next(), encoded = parts.Next();
    if (shape.bits == 0) {
        auto codes = std::make_unique<ProductDiskCodes>(shape, params.metric, params.dim);
        RETURN_IF_ERROR(codes->Train(rows, input, trained));
        RETURN_IF_ERROR(codes->Encode(rows, input, places, encoded));
        return std::unique_ptr<DiskCodes>(std::move(codes));
    }
    auto codes = std::make_unique<PlaneDiskCodes>(shape, params.metric, params.dim);
    codes->Train(rows);
    RETURN_IF_ERROR(codes->Encode(rows, input, places, encoded));
    return std::unique_ptr<DiskCodes>(std::move(codes));
}

base::Result<std::unique_ptr<DiskCodes>> DiskCodes::Open(const DiskCodeShape& shape, Metric metric,
                                                         uint32_t dim, uint32_t rows,
                                                         const codec::EnvelopeReader& reader) {
    if (shape.bits == 0) {
        auto codes = std::make_unique<ProductDiskCodes>(shape, metric, dim);
        RETURN_IF_ERROR(codes->Read(reader, rows));
        return std::unique_ptr<DiskCodes>(std::move(codes));
    }
    auto codes = std::make_unique<PlaneDiskCodes>(shape, metric, dim);
    RETURN_IF_ERROR(codes->Read(reader, rows));
    return std::unique_ptr<DiskCodes>(std::move(codes));
}

void DiskCodes::Keep(base::Buffer codes, uint32_t rows) {
    codes_ = std::move(codes);
    rows_ = rows;
    sample_size_ = std::min(rows, std::clamp(rows / kRowsPerSample, kSampleMin, kSampleMax));
}

void DiskCodes::SampleCosts(const DiskCodeQuery& query, SearchScratch& scratch,
                            float* costs) const {
    if (!sample_.empty()) {
        CostsOf(query, scratch, sample_.data(), nullptr, sample_size_, costs);
        return;
    }
    scratch.ids.resize(std::max<size_t>(scratch.ids.size(), sample_size_));
    for (uint32_t i = 0; i < sample_size_; ++i) {
        scratch.ids[i] = SamplePlace(i);
    }
    Costs(query, scratch, scratch.ids.data(), sample_size_, costs);
}

uint64_t DiskCodes::KeepSample(uint64_t bytes_max) {
    const uint64_t bytes = sample_size_ * code_bytes_;
    if (bytes > bytes_max) {
        return 0;
    }
    const std::shared_ptr<uint8_t> memory = RoomFor(bytes);
    for (uint32_t i = 0; i < sample_size_; ++i) {
        std::memcpy(memory.get() + i * code_bytes_, codes_.data() + SamplePlace(i) * code_bytes_,
                    code_bytes_);
    }
    sample_ = base::Buffer(memory.get(), bytes, memory);
    return bytes;
}

void DiskCodes::Load() {
    const std::shared_ptr<uint8_t> memory = RoomFor(codes_.size());
    std::memcpy(memory.get(), codes_.data(), codes_.size());
    sys::ReleasePages(codes_.data(), codes_.size());
    codes_ = base::Buffer(memory.get(), codes_.size(), memory);
}

}  // namespace elanus::vindex
