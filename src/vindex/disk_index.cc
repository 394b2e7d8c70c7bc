#include "vindex/disk_index.h"

#include "simd/distance.h"
#include "sys/huge_memory.h"
#include "vindex/float_rows.h"
#include "vindex/param.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace elanus::vindex {
namespace {

constexpr double kGigabyte = 1024.0 * 1024.0 * 1024.0;

}  // namespace

DiskIndex::DiskIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows)
    : GraphIndex(type, metric, dim, rows) {
    static constexpr float kNorm = 1;  // stands for those of the rows
    view_ = VectorView(type, metric, dim, 1, nullptr, keeps_lengths() ? &kNorm : nullptr);
}

std::optional<int64_t> DiskIndex::GivenEffort(const ParamMap& params) const {
    const std::optional<int64_t> list = IntParam(params, "search_list");
    return list.has_value() ? list : IntParam(params, "search_list_size");
}

// Both wait for reads: a scan for one a row, a walk for one a candidate.
bool DiskIndex::ScanIsCheaper(size_t matches, size_t ef) const {
    const double selectivity = static_cast<double>(matches) / size();
    return static_cast<double>(matches) <= static_cast<double>(ef) / selectivity;
}

size_t DiskIndex::BeamWidth(const ParamMap& params) {
    const int64_t width = IntParam(params, "beamwidth").value_or(kBeamWidthDefault);
    return static_cast<size_t>(std::clamp<int64_t>(width, 1, kBeamWidthMax));
}

double DiskIndex::BudgetBytes(const ParamMap& params, const std::string& name, double ratio) const {
    const double gigabytes = NumberParam(params, name).value_or(0);
    const double rows_bytes = static_cast<double>(size()) * static_cast<double>(row_bytes());
    return gigabytes > 0 ? gigabytes * kGigabyte
                         : NumberParam(params, name + "_ratio").value_or(ratio) * rows_bytes;
}

base::Status DiskIndex::CheckMemory(const ParamMap& params, double with_floats,
                                    double without) const {
    const double budget = NumberParam(params, "build_dram_budget_gb").value_or(0);
    const bool copies = vector_type() != VectorType::kFloat || metric() == Metric::kCosine;
    const double floats =
        copies ? static_cast<double>(dim()) * sizeof(float) * static_cast<double>(size()) : 0;
    const double needed = std::max(with_floats + floats, without) / kGigabyte;
    return budget <= 0 || needed <= budget
               ? base::Status()
               : base::InvalidParameter(
                     "build_dram_budget_gb is too small: " + std::to_string(size()) +
                     " rows need " + std::to_string(needed) + " GB");
}

base::Buffer DiskIndex::AsFloats(const BuildInput& input) const {
    const size_t bytes = input.rows * dim() * sizeof(float);
    if (vector_type() == VectorType::kFloat && metric() != Metric::kCosine) {
        return base::Buffer(input.vectors, bytes, nullptr);
    }
    const FloatRows rows(vector_type(), metric(), dim(), input.rows, input.vectors);
    const std::shared_ptr<uint8_t> memory = sys::AllocateHuge(std::max<size_t>(bytes, 1));
    for (uint64_t row = 0; row < input.rows; ++row) {
        rows.Read(row, reinterpret_cast<float*>(memory.get()) + row * dim());
    }
    return base::Buffer(memory.get(), bytes, memory);
}

void DiskIndex::PutVector(const BuildInput& input, uint32_t row, uint8_t* to) const {
    const uint8_t* vector = static_cast<const uint8_t*>(input.vectors) + row * row_bytes();
    if (metric() == Metric::kCosine && vector_type() == VectorType::kFloat) {
        simd::Normalize(reinterpret_cast<const float*>(vector), dim(),
                        reinterpret_cast<float*>(to));
    } else {
        std::memcpy(to, vector, row_bytes());
    }
}

const float* DiskIndex::QueryFloats(const Query& query, SearchScratch& scratch) const {
    std::vector<float>& floats = scratch.refine_query;
    floats.resize(std::max<size_t>(floats.size(), dim()));
    ReadFloats(vector_type(), query.data, dim(), floats.data());
    for (uint32_t d = 0; d < dim(); ++d) {
        floats[d] *= query.inverse_norm;
    }
    return floats.data();
}

float DiskIndex::CostOf(const Query& query, const uint8_t* vector, float inverse_norm) const {
    VectorView one = view_;
    one.data = vector;
    one.inverse_norms = view_.inverse_norms != nullptr ? &inverse_norm : nullptr;
    float cost = 0;
    one.BlockCosts(query, 0, 1, &cost);
    return cost;
}

base::Status DiskIndex::LoadNear(uint64_t bytes_max) {
    if (direct_ == nullptr) {
        near_ = nodes_.bytes;
        near_nodes_ = size();
        return base::Status();
    }
    const uint64_t unit = packing_.read_bytes();
    const uint64_t bytes = std::min<uint64_t>(bytes_max / unit * unit, nodes_.bytes.size());
    ASSIGN_OR_RETURN(near_, nodes_.Load(*direct_, bytes));
    near_nodes_ = packing_.ItemsIn(bytes, size());
    return base::Status();
}

}  // namespace elanus::vindex
