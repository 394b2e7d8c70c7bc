#include "loadgen/vectors.h"

#include "sys/random_source.h"

#include <algorithm>
#include <cstring>

namespace elanus::loadgen {

using base::Result;

Result<Vectors> Vectors::FromFile(const std::string& path) {
    Vectors vectors;
    ASSIGN_OR_RETURN(vectors.file_, NpyFile::Open(sys::PosixFileSystem(), path));
    if (!vectors.file_.is_float() || vectors.file_.rows() == 0) {
        return base::InvalidParameter(path + ": no vectors of f2 or f4");
    }
    vectors.file_rows_ = vectors.file_.rows();
    vectors.dim_ = vectors.file_.columns();
    return vectors;
}

Vectors Vectors::Random(size_t dim, size_t kept_rows, uint64_t seed) {
    Vectors vectors;
    vectors.dim_ = dim;
    vectors.made_.resize(kept_rows * dim);
    sys::SeededRandom random(seed);
    for (float& value : vectors.made_) {  // even over [-1, 1)
        value = static_cast<float>(random.Next() >> 40) / static_cast<float>(1 << 23) - 1.0F;
    }
    return vectors;
}

void Vectors::Read(size_t row, std::span<float> out) const {
    if (file_rows_ > 0) {
        file_.ReadFloats(row % file_rows_, out);
        return;
    }
    std::memcpy(out.data(), made_.data() + row % made_rows() * dim_, dim_ * sizeof(float));
}

std::vector<float> Vectors::ReadMany(size_t first, size_t count) const {
    std::vector<float> values(count * dim_);
    for (size_t i = 0; i < count; ++i) {
        Read(first + i, std::span(values).subspan(i * dim_, dim_));
    }
    return values;
}

VectorBatches::VectorBatches(const Vectors& vectors, size_t batch_rows)
    : vectors_(vectors), batch_rows_(batch_rows) {
    const auto dim = static_cast<int64_t>(vectors.dim());
    const size_t batches = std::max<size_t>(vectors.made_rows() / batch_rows, 1);
    for (size_t i = 0; vectors.rows() == 0 && i < batches; ++i) {
        shared_.push_back(
            wire::MilvusClient::EncodeVectors(vectors.ReadMany(i * batch_rows, batch_rows), dim));
    }
}

wire::RequestBytes VectorBatches::Column(size_t first_row, size_t count) const {
    if (!shared_.empty() && count == batch_rows_) {
        return shared_[first_row / batch_rows_ % shared_.size()];
    }
    return wire::MilvusClient::EncodeVectors(vectors_.ReadMany(first_row, count),
                                             static_cast<int64_t>(vectors_.dim()));
}

}  // namespace elanus::loadgen
