#include "vindex/kmeans.h"

#include "base/hash.h"
#include "simd/distance.h"
#include "simd/quant.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace elanus::vindex {
namespace {

constexpr size_t kChunkRows = 1024;
constexpr size_t kChunkClusters = 64;
// Starting points are spread (k-means++) over a sample of the rows; for more clusters than these
// that would cost more than the iterations it saves, and they are any rows.
constexpr size_t kSpreadClustersMax = 1024;
constexpr size_t kSpreadRowsPerCluster = 16;

void ForEach(sys::Executor* executor, size_t count, const std::function<void(size_t)>& task) {
    sys::InlineExecutor caller;
    (executor != nullptr ? *executor : caller).ParallelFor(count, task);
}

// One clustering on its way.
class Lloyd {
  public:
    Lloyd(const FloatMatrix& rows, const KMeansOptions& options)
        : rows_(rows), options_(options), ids_(rows.rows), values_(rows.rows), squares_(rows.rows) {
        for (size_t row = 0; row < rows_.rows; ++row) {
            squares_[row] = simd::SquaredNorm(rows_.Row(row), rows_.dim);
        }
    }

    base::Result<std::vector<float>> Run() {
        CountedProgress done(options_.progress, 1 + options_.iterations_max);
        PickStart();
        done.Add(1);
        double before = std::numeric_limits<double>::infinity();
        for (size_t i = 0; i < options_.iterations_max; ++i) {
            if (options_.interrupt) {
                RETURN_IF_ERROR(options_.interrupt());
            }
            const double error = Assign();
            const bool repaired = Move();
            done.Add(1);
            if (!repaired && !(error < before * (1 - options_.improvement_min))) {
                break;
            }
            before = error;
        }
        return std::move(centroids_);
    }

  private:
    uint64_t Random(uint64_t i) const { return base::Hash64(base::Hash64(options_.seed) + i); }

    // Different rows, by a shuffle that stops when there are enough.
    std::vector<uint32_t> Shuffled(size_t count) const {
        std::vector<uint32_t> order(rows_.rows);
        std::iota(order.begin(), order.end(), 0u);
        for (size_t i = 0; i < count; ++i) {
            std::swap(order[i], order[i + Random(i) % (order.size() - i)]);
        }
        order.resize(count);
        return order;
    }

    void PickStart() {
        const size_t clusters = options_.clusters;
        std::vector<uint32_t> picked =
            clusters > kSpreadClustersMax
                ? Shuffled(clusters)
                : Spread(Shuffled(std::min(rows_.rows, clusters * kSpreadRowsPerCluster)));
        centroids_.resize(clusters * rows_.dim);
        for (size_t i = 0; i < clusters; ++i) {
            std::copy_n(rows_.Row(picked[i]), rows_.dim, centroids_.data() + i * rows_.dim);
        }
    }

    // K-means++ (Arthur and Vassilvitskii, SODA 2007): each next one is drawn with a chance that
    // grows with the squared distance from the nearest drawn before.
    std::vector<uint32_t> Spread(const std::vector<uint32_t>& sample) const {
        std::vector<uint32_t> picked = {sample[0]};
        std::vector<float> distance(sample.size(), std::numeric_limits<float>::infinity());
        while (picked.size() < options_.clusters) {
            double sum = 0;
            for (size_t i = 0; i < sample.size(); ++i) {
                const float d =
                    simd::L2Squared(rows_.Row(picked.back()), rows_.Row(sample[i]), rows_.dim);
                distance[i] = std::min(distance[i], d);
                sum += distance[i];
            }
            const uint64_t random = Random(rows_.rows + picked.size());
            double rest = static_cast<double>(random >> 11) * 0x1p-53 * sum;
            size_t at = 0;
            while (at + 1 < sample.size() && rest >= distance[at]) {
                rest -= distance[at++];
            }
            picked.push_back(sample[at]);
        }
        return picked;
    }

    // Every row to its nearest centroid; the sum of the squared distances.
    double Assign() {
        const Centroids centroids(centroids_, options_.clusters, rows_.dim);
        centroids.Nearest(rows_, options_.executor, ids_.data(), values_.data());
        double error = 0;
        for (size_t row = 0; row < rows_.rows; ++row) {
            error += std::max(0.0, static_cast<double>(squares_[row]) + 2.0 * values_[row]);
        }
        return error;
    }

    // Every centroid to the mean of its rows. True when one had none and was put elsewhere.
    bool Move() {
        std::vector<size_t> start(options_.clusters + 1);
        for (uint32_t id : ids_) {
            ++start[id + 1];
        }
        std::partial_sum(start.begin(), start.end(), start.begin());
        std::vector<uint32_t> order(rows_.rows);
        std::vector<size_t> at(start.begin(), start.end() - 1);
        for (size_t row = 0; row < rows_.rows; ++row) {
            order[at[ids_[row]]++] = static_cast<uint32_t>(row);
        }
        const size_t chunks = (options_.clusters + kChunkClusters - 1) / kChunkClusters;
        ForEach(options_.executor, chunks, [&](size_t chunk) {
            const size_t end = std::min(options_.clusters, (chunk + 1) * kChunkClusters);
            for (size_t c = chunk * kChunkClusters; c < end; ++c) {
                Mean({order.data() + start[c], start[c + 1] - start[c]},
                     centroids_.data() + c * rows_.dim);
            }
        });
        return Repair(start);
    }

    void Mean(std::span<const uint32_t> members, float* out) const {
        if (members.empty()) {
            return;
        }
        std::fill(out, out + rows_.dim, 0.0f);
        for (uint32_t row : members) {
            const float* x = rows_.Row(row);
            for (size_t d = 0; d < rows_.dim; ++d) {
                out[d] += x[d];
            }
        }
        const float share = 1.0f / static_cast<float>(members.size());
        for (size_t d = 0; d < rows_.dim; ++d) {
            out[d] *= share;
        }
    }

    // Centroids without rows go to the rows that lie worst.
    bool Repair(const std::vector<size_t>& start) {
        std::vector<size_t> empty;
        for (size_t c = 0; c < options_.clusters; ++c) {
            if (start[c] == start[c + 1]) {
                empty.push_back(c);
            }
        }
        if (empty.empty()) {
            return false;
        }
        const auto distance = [&](uint32_t row) { return squares_[row] + 2.0f * values_[row]; };
        std::vector<uint32_t> worst(rows_.rows);
        std::iota(worst.begin(), worst.end(), 0u);
        const auto end = worst.begin() + static_cast<ptrdiff_t>(empty.size());
        std::partial_sort(worst.begin(), end, worst.end(), [&](uint32_t a, uint32_t b) {
            const float left = distance(a), right = distance(b);
            return left > right || (!(left < right) && a < b);
        });
        bool moved = false;
        for (size_t i = 0; i < empty.size(); ++i) {
            moved = moved || distance(worst[i]) > 0;
            std::copy_n(rows_.Row(worst[i]), rows_.dim, centroids_.data() + empty[i] * rows_.dim);
        }
        return moved;
    }

    const FloatMatrix rows_;
    const KMeansOptions& options_;
    std::vector<uint32_t> ids_;
    std::vector<float> values_;
    std::vector<float> squares_;
    std::vector<float> centroids_;
};

}  // namespace

Centroids::Centroids(std::span<const float> centroids, size_t count, size_t dim)
    : count_(count), dim_(dim) {
    const size_t panels = simd::PanelCount(count);
    std::vector<float> values(panels * simd::kPanel * dim);
    std::vector<float> biases(panels * simd::kPanel, std::numeric_limits<float>::infinity());
    for (size_t c = 0; c < count; ++c) {
        const float* from = centroids.data() + c * dim;
        float* to = values.data() + c / simd::kPanel * dim * simd::kPanel + c % simd::kPanel;
        for (size_t d = 0; d < dim; ++d) {
            to[d * simd::kPanel] = from[d];
        }
        biases[c] = simd::SquaredNorm(from, dim) / 2;
    }
    panels_ = base::Buffer::FromVector(std::move(values));
    biases_ = base::Buffer::FromVector(std::move(biases));
}

base::Result<Centroids> Centroids::Open(base::Buffer panels, base::Buffer biases, size_t count,
                                        size_t dim) {
    const size_t padded = simd::PanelCount(count) * simd::kPanel;
    if (panels.size() != padded * dim * sizeof(float) || biases.size() != padded * sizeof(float)) {
        return base::Corruption("centroids have a wrong length");
    }
    Centroids centroids;
    centroids.count_ = count;
    centroids.dim_ = dim;
    centroids.panels_ = std::move(panels);
    centroids.biases_ = std::move(biases);
    return centroids;
}

size_t Centroids::padded_count() const {
    return simd::PanelCount(count_) * simd::kPanel;
}

void Centroids::Read(size_t centroid, float* out) const {
    const float* from = panels_.As<float>().data() + centroid / simd::kPanel * dim_ * simd::kPanel +
                        centroid % simd::kPanel;
    for (size_t d = 0; d < dim_; ++d) {
        out[d] = from[d * simd::kPanel];
    }
}

void Centroids::Values(const FloatMatrix& rows, float* out) const {
    for (size_t at = 0; at < rows.rows; at += simd::kPanelRowsMax) {
        const size_t count = std::min(simd::kPanelRowsMax, rows.rows - at);
        simd::Quant().products(rows.Row(at), rows.stride, count, dim_, panels_.As<float>().data(),
                               simd::PanelCount(count_), biases_.As<float>().data(),
                               out + at * padded_count(), padded_count());
    }
}

void Centroids::NegatedProducts(const FloatMatrix& rows, float* out) const {
    constexpr float kNone[simd::kPanel] = {};
    for (size_t at = 0; at < rows.rows; at += simd::kPanelRowsMax) {
        const size_t count = std::min(simd::kPanelRowsMax, rows.rows - at);
        for (size_t panel = 0; panel < simd::PanelCount(count_); ++panel) {
            simd::Quant().products(rows.Row(at), rows.stride, count, dim_,
                                   panels_.As<float>().data() + panel * dim_ * simd::kPanel, 1,
                                   kNone, out + at * padded_count() + panel * simd::kPanel,
                                   padded_count());
        }
    }
}

void Centroids::Nearest(const FloatMatrix& rows, uint32_t* ids, float* values) const {
    for (size_t at = 0; at < rows.rows; at += simd::kPanelRowsMax) {
        const size_t count = std::min(simd::kPanelRowsMax, rows.rows - at);
        simd::Quant().nearest(rows.Row(at), rows.stride, count, dim_, panels_.As<float>().data(),
                              simd::PanelCount(count_), biases_.As<float>().data(), ids + at,
                              values + at);
        // What is no number is near nothing; any centroid will do.
        for (size_t i = at; i < at + count; ++i) {
            ids[i] = std::min(ids[i], static_cast<uint32_t>(count_ - 1));
        }
    }
}

void Centroids::Nearest(const FloatMatrix& rows, sys::Executor* executor, uint32_t* ids,
                        float* values) const {
    ForEach(executor, (rows.rows + kChunkRows - 1) / kChunkRows, [&](size_t chunk) {
        const size_t begin = chunk * kChunkRows;
        const size_t count = std::min(kChunkRows, rows.rows - begin);
        Nearest(rows.Rows(begin, count), ids + begin, values + begin);
    });
}

base::Result<std::vector<float>> TrainKMeans(const FloatMatrix& rows,
                                             const KMeansOptions& options) {
    if (rows.rows <= options.clusters) {
        std::vector<float> all(rows.rows * rows.dim);
        for (size_t row = 0; row < rows.rows; ++row) {
            std::copy_n(rows.Row(row), rows.dim, all.data() + row * rows.dim);
        }
        return all;
    }
    return Lloyd(rows, options).Run();
}

}  // namespace elanus::vindex
