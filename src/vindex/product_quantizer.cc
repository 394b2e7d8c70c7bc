#include "vindex/product_quantizer.h"

#include "base/hash.h"
#include "simd/distance.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace elanus::vindex {
namespace {

constexpr uint32_t kWholeBookBits = 12;  // books of up to this many bits have all their centroids
// All that the codes can ever tell is decided here, so training goes on for longer than elsewhere.
constexpr double kImprovementMin = 1e-4;
constexpr size_t kBeamWidth = 4;
constexpr size_t kPrefetchBytes = 256;

FloatMatrix PartOf(const FloatMatrix& rows, uint32_t part, uint32_t part_dim) {
    // No rows may have no memory, in which nothing may be pointed to.
    const size_t first = rows.rows == 0 ? 0 : static_cast<size_t>(part) * part_dim;
    return FloatMatrix(rows.data + first, rows.rows, part_dim, rows.stride);
}

// All books have as many centroids: the missing ones are copies, which lose every tie.
void Repeat(std::vector<float>* centroids, size_t count, size_t dim) {
    const size_t trained = centroids->size();
    centroids->resize(count * dim);
    for (size_t i = trained; i < centroids->size() && trained > 0; ++i) {
        (*centroids)[i] = (*centroids)[i - trained];
    }
}

base::Buffer Joined(const std::vector<Centroids>& books,
                    const base::Buffer& (Centroids::*part)() const) {
    std::vector<float> all;
    for (const Centroids& book : books) {
        const auto values = (book.*part)().As<float>();
        all.insert(all.end(), values.begin(), values.end());
    }
    return base::Buffer::FromVector(std::move(all));
}

}  // namespace

bool ProductShape::IsPlausible() const {
    return dim > 0 && m > 0 && m <= dim && dim % m == 0 && nbits > 0 && nbits <= kProductBitsMax &&
           stages > 0 && stages <= kProductStagesMax;
}

base::Result<ProductQuantizer> ProductQuantizer::Train(const ProductShape& shape,
                                                       const FloatMatrix& rows,
                                                       const TrainOptions& options) {
    ProductQuantizer quantizer;
    quantizer.shape_ = shape;
    quantizer.centroids_ = uint64_t{1} << shape.nbits;
    if (shape.nbits > kWholeBookBits) {
        quantizer.centroids_ = std::clamp<uint64_t>(rows.rows, 1, quantizer.centroids_);
    }
    CountedProgress books_done(options.progress, shape.positions());
    for (uint32_t part = 0; part < shape.m; ++part) {
        RETURN_IF_ERROR(
            quantizer.TrainPart(PartOf(rows, part, shape.part_dim()), options, books_done));
    }
    quantizer.FindPanels();
    return quantizer;
}

void ProductQuantizer::FindPanels() {
    for (const Centroids& book : books_) {
        panels_.push_back(book.panels().As<float>().data());
    }
}

// The books of the next part.
base::Status ProductQuantizer::TrainPart(const FloatMatrix& rows, const TrainOptions& options,
                                         CountedProgress& books_done) {
    const size_t dim = rows.dim;
    std::vector<float> rest;  // what the stages so far leave
    FloatMatrix left = rows;
    for (uint32_t stage = 0; stage < shape_.stages; ++stage) {
        KMeansOptions kmeans;
        kmeans.clusters = centroids_;
        kmeans.iterations_max = kProductIterationsMax;
        kmeans.improvement_min = kImprovementMin;
        kmeans.seed = base::Hash64(options.seed + books_.size());
        kmeans.executor = options.executor;
        kmeans.interrupt = options.interrupt;
        ASSIGN_OR_RETURN(std::vector<float> centroids, TrainKMeans(left, kmeans));
        Repeat(&centroids, centroids_, dim);
        books_.emplace_back(centroids, centroids_, dim);
        books_done.Add(1);
        if (stage + 1 == shape_.stages) {
            break;
        }
        std::vector<uint32_t> ids(rows.rows);
        std::vector<float> values(rows.rows);
        books_.back().Nearest(left, options.executor, ids.data(), values.data());
        std::vector<float> next(rows.rows * dim);
        for (size_t row = 0; row < rows.rows; ++row) {
            for (size_t d = 0; d < dim; ++d) {
                next[row * dim + d] = left.Row(row)[d] - centroids[ids[row] * dim + d];
            }
        }
        rest = std::move(next);
        left = FloatMatrix(rest.data(), rows.rows, dim);
    }
    return base::Status();
}

base::Result<ProductQuantizer> ProductQuantizer::Open(const ProductShape& shape, uint64_t centroids,
                                                      const base::Buffer& panels,
                                                      const base::Buffer& biases) {
    const uint64_t most = uint64_t{1} << shape.nbits;
    if (centroids == 0 || centroids > most ||
        (shape.nbits <= kWholeBookBits && centroids != most)) {
        return base::Corruption("a product quantizer has a wrong number of centroids");
    }
    ProductQuantizer quantizer;
    quantizer.shape_ = shape;
    quantizer.centroids_ = centroids;
    const size_t bias_bytes = quantizer.padded_centroids() * sizeof(float);
    const size_t panel_bytes = bias_bytes * shape.part_dim();
    if (panels.size() != shape.positions() * panel_bytes ||
        biases.size() != shape.positions() * bias_bytes) {
        return base::Corruption("the codebooks of a product quantizer have a wrong length");
    }
    for (size_t i = 0; i < shape.positions(); ++i) {
        ASSIGN_OR_RETURN(Centroids book, Centroids::Open(panels.Slice(i * panel_bytes, panel_bytes),
                                                         biases.Slice(i * bias_bytes, bias_bytes),
                                                         centroids, shape.part_dim()));
        quantizer.books_.push_back(std::move(book));
    }
    quantizer.FindPanels();
    return quantizer;
}

base::Buffer ProductQuantizer::panels() const {
    return Joined(books_, &Centroids::panels);
}

base::Buffer ProductQuantizer::biases() const {
    return Joined(books_, &Centroids::biases);
}

uint64_t ProductQuantizer::bytes() const {
    return books_.empty() ? 0 : books_.size() * books_[0].bytes();
}

uint32_t ProductQuantizer::Number(const uint8_t* code, size_t position) const {
    const size_t first = position * shape_.nbits;
    const size_t last = first + shape_.nbits - 1;
    uint64_t bits = 0;
    for (size_t byte = last / 8 + 1; byte-- > first / 8;) {
        bits = bits << 8 | code[byte];
    }
    return static_cast<uint32_t>(bits >> (first % 8)) & ((1u << shape_.nbits) - 1);
}

// The bits of the number are clear before.
void ProductQuantizer::SetNumber(uint8_t* code, size_t position, uint32_t number) const {
    const size_t first = position * shape_.nbits;
    uint64_t bits = static_cast<uint64_t>(number) << (first % 8);
    for (size_t byte = first / 8; bits != 0; ++byte, bits >>= 8) {
        code[byte] |= static_cast<uint8_t>(bits);
    }
}

struct ProductQuantizer::Beam {
    struct Way {
        float cost = 0;
        std::vector<float> left;
        uint32_t numbers[kProductStagesMax] = {};
    };
    struct Step {
        float cost = 0;
        size_t from = 0;
        uint32_t number = 0;
    };
    std::vector<Way> ways;
    std::vector<Way> next;
    std::vector<float> values;
    std::vector<Step> best;

    // Appends centroid `number` of `book` to every way that is among the best few.
    void Extend(const Centroids& book, size_t centroids, uint32_t stage) {
        best.clear();
        values.resize(book.padded_count());
        for (size_t from = 0; from < ways.size(); ++from) {
            book.Values(FloatMatrix(ways[from].left.data(), 1, book.dim()), values.data());
            for (uint32_t number = 0; number < centroids; ++number) {
                Offer({ways[from].cost + 2 * values[number], from, number});
            }
        }
        next.resize(best.size());
        std::vector<float> centroid(book.dim());
        for (size_t i = 0; i < best.size(); ++i) {
            next[i] = ways[best[i].from];
            next[i].cost = best[i].cost;
            next[i].numbers[stage] = best[i].number;
            book.Read(best[i].number, centroid.data());
            for (size_t d = 0; d < book.dim(); ++d) {
                next[i].left[d] -= centroid[d];
            }
        }
        std::swap(ways, next);
    }

    void Offer(const Step& step) {
        if (best.size() == kBeamWidth && !(step.cost < best.back().cost)) {
            return;
        }
        if (best.size() < kBeamWidth) {
            best.push_back(step);
        } else {
            best.back() = step;
        }
        for (size_t i = best.size() - 1; i > 0 && best[i].cost < best[i - 1].cost; --i) {
            std::swap(best[i], best[i - 1]);
        }
    }
};

void ProductQuantizer::Encode(const FloatMatrix& rows, uint8_t* codes) const {
    std::memset(codes, 0, rows.rows * shape_.code_bytes());
    if (shape_.stages == 1) {
        EncodePlain(rows, codes);
        return;
    }
    Beam beam;
    for (size_t row = 0; row < rows.rows; ++row) {
        EncodeStages(rows.Row(row), beam, codes + row * shape_.code_bytes());
    }
}

void ProductQuantizer::EncodePlain(const FloatMatrix& rows, uint8_t* codes) const {
    std::vector<uint32_t> ids(simd::kPanelRowsMax);
    std::vector<float> values(simd::kPanelRowsMax);
    for (size_t at = 0; at < rows.rows; at += simd::kPanelRowsMax) {
        const size_t count = std::min(simd::kPanelRowsMax, rows.rows - at);
        for (uint32_t part = 0; part < shape_.m; ++part) {
            Book(part, 0).Nearest(PartOf(rows.Rows(at, count), part, shape_.part_dim()), ids.data(),
                                  values.data());
            for (size_t i = 0; i < count; ++i) {
                SetNumber(codes + (at + i) * shape_.code_bytes(), part, ids[i]);
            }
        }
    }
}

void ProductQuantizer::EncodeStages(const float* row, Beam& beam, uint8_t* code) const {
    const uint32_t dim = shape_.part_dim();
    for (uint32_t part = 0; part < shape_.m; ++part) {
        const float* x = row + static_cast<size_t>(part) * dim;
        beam.ways.resize(1);
        beam.ways[0].cost = simd::SquaredNorm(x, dim);
        beam.ways[0].left.assign(x, x + dim);
        for (uint32_t stage = 0; stage < shape_.stages; ++stage) {
            beam.Extend(Book(part, stage), centroids_, stage);
        }
        for (uint32_t stage = 0; stage < shape_.stages; ++stage) {
            SetNumber(code, static_cast<size_t>(part) * shape_.stages + stage,
                      beam.ways[0].numbers[stage]);
        }
    }
    if (shape_.keeps_norms) {
        std::vector<float> decoded(shape_.dim);
        Decode(code, decoded.data());
        const float norm = simd::SquaredNorm(decoded.data(), shape_.dim);
        std::memcpy(code + shape_.number_bytes(), &norm, sizeof norm);
    }
}

void ProductQuantizer::Decode(const uint8_t* code, float* row) const {
    const uint32_t dim = shape_.part_dim();
    std::vector<float> centroid(dim);
    std::fill(row, row + shape_.dim, 0.0f);
    for (size_t position = 0; position < shape_.positions(); ++position) {
        const auto number = std::min<uint64_t>(Number(code, position), centroids_ - 1);
        books_[position].Read(number, centroid.data());
        float* to = row + position / shape_.stages * dim;
        for (uint32_t d = 0; d < dim; ++d) {
            to[d] += centroid[d];
        }
    }
}

ProductQuantizer::Query ProductQuantizer::Prepare(Metric metric, const float* query,
                                                  float* room) const {
    if (metric == Metric::kL2 && shape_.stages == 1) {
        for (size_t part = 0; part < shape_.positions(); ++part) {
            books_[part].Values(FloatMatrix(query + part * shape_.part_dim(), 1, shape_.part_dim()),
                                room + part * padded_centroids());
        }
    } else {
        simd::Quant().part_products(query, shape_.part_dim(), shape_.stages, panels_.data(),
                                    books_.size(), simd::PanelCount(centroids_), room);
    }
    Query prepared;
    prepared.tables = room;
    prepared.bounded = metric == Metric::kCosine;
    if (metric == Metric::kL2) {
        prepared.scale = 2;
        prepared.offset = simd::SquaredNorm(query, shape_.dim);
    }
    return prepared;
}

// Two sums a row and four rows at a time, so that additions do not wait for each other; the order
// is the same for a row alone.
template <typename Lookup>
void ProductQuantizer::Sum(const uint8_t* codes, const uint32_t* ids, size_t count, float* sums,
                           const Lookup& lookup) const {
    constexpr size_t kRows = 4;
    const size_t bytes = shape_.code_bytes();
    const size_t positions = shape_.positions();
    const auto code = [&](size_t i) { return codes + (ids != nullptr ? ids[i] : i) * bytes; };
    for (size_t i = 0; ids != nullptr && i < count; ++i) {
        for (size_t at = 0; at < std::min(bytes, kPrefetchBytes); at += 64) {
            __builtin_prefetch(code(i) + at);
        }
        __builtin_prefetch(code(i) + bytes - 1);
    }
    for (size_t i = 0; i < count; i += kRows) {
        const uint8_t* rows[kRows];
        float even[kRows] = {}, odd[kRows] = {};
        for (size_t r = 0; r < kRows; ++r) {
            rows[r] = code(std::min(i + r, count - 1));
        }
        size_t p = 0;
        for (; p + 1 < positions; p += 2) {
            for (size_t r = 0; r < kRows; ++r) {
                even[r] += lookup(rows[r], p);
                odd[r] += lookup(rows[r], p + 1);
            }
        }
        for (size_t r = 0; r < kRows && p < positions; ++r) {
            even[r] += lookup(rows[r], p);
        }
        for (size_t r = 0; r < kRows && i + r < count; ++r) {
            sums[i + r] = even[r] + odd[r];
        }
    }
}

void ProductQuantizer::Costs(const Query& query, const uint8_t* codes, const uint32_t* ids,
                             size_t count, float* costs) const {
    const float* tables = query.tables;
    const size_t stride = padded_centroids();
    if (shape_.nbits == 8) {
        Sum(codes, ids, count, costs,
            [=](const uint8_t* code, size_t p) { return tables[p * 256 + code[p]]; });
    } else if (shape_.nbits == 4) {
        Sum(codes, ids, count, costs, [=](const uint8_t* code, size_t p) {
            return tables[p * stride + (code[p / 2] >> (p % 2 * 4) & 15)];
        });
    } else {
        Sum(codes, ids, count, costs, [=, this](const uint8_t* code, size_t p) {
            return tables[p * stride + std::min<uint64_t>(Number(code, p), centroids_ - 1)];
        });
    }
    for (size_t i = 0; i < count; ++i) {
        costs[i] = query.offset + query.scale * costs[i];
        if (shape_.keeps_norms) {
            float norm;
            std::memcpy(
                &norm,
                codes + (ids != nullptr ? ids[i] : i) * shape_.code_bytes() + shape_.number_bytes(),
                sizeof norm);
            costs[i] += norm;
        }
        if (query.bounded) {
            costs[i] = std::clamp(costs[i], -1.0f, 1.0f);
        } else if (query.scale > 1) {
            costs[i] = std::max(costs[i], 0.0f);  // a distance, whatever rounding makes of it
        }
    }
}

void ProductQuantizer::PackNibbles(const uint8_t* codes, size_t count, uint8_t* group) const {
    std::memset(group, 0, nibble_group_bytes());
    for (size_t i = 0; i < count; ++i) {
        for (size_t p = 0; p < shape_.positions(); ++p) {
            const uint32_t number = Number(codes + i * shape_.code_bytes(), p);
            group[16 * p + i % 16] |= static_cast<uint8_t>(number << (i / 16 * 4));
        }
    }
}

ProductQuantizer::NibbleQuery ProductQuantizer::PrepareNibbles(const Query& query,
                                                               uint8_t* room) const {
    constexpr size_t kNumbers = 16;
    const size_t stride = padded_centroids();
    float widest = 0;
    NibbleQuery prepared;
    prepared.tables = room;
    prepared.bounded = query.bounded;
    prepared.offset = query.offset;
    for (size_t p = 0; p < shape_.positions(); ++p) {
        const float* table = query.tables + p * stride;
        const auto [low, high] = std::minmax_element(table, table + kNumbers);
        widest = std::max(widest, *high - *low);
        prepared.offset += query.scale * *low;
    }
    const float step = widest > 0 ? widest / 255.0f : 1.0f;
    prepared.step = query.scale * step;
    std::memset(room, 0, nibble_group_bytes());
    for (size_t p = 0; p < shape_.positions(); ++p) {
        const float* table = query.tables + p * stride;
        const float low = *std::min_element(table, table + kNumbers);
        for (size_t i = 0; i < kNumbers; ++i) {
            const float entry = (table[i] - low) / step;
            room[16 * p + i] = entry > 0 ? static_cast<uint8_t>(std::min(entry, 255.0f) + 0.5f) : 0;
        }
    }
    return prepared;
}

void ProductQuantizer::NibbleCosts(const NibbleQuery& query, const uint8_t* group,
                                   float* costs) const {
    uint32_t total[simd::kNibbleRows] = {};
    for (size_t at = 0; at < nibble_positions(); at += simd::kNibblePositionsMax) {
        uint32_t sums[simd::kNibbleRows];
        simd::Quant().nibble_sums(query.tables + 16 * at, group + 16 * at,
                                  std::min(simd::kNibblePositionsMax, nibble_positions() - at),
                                  sums);
        for (size_t i = 0; i < simd::kNibbleRows; ++i) {
            total[i] += sums[i];
        }
    }
    for (size_t i = 0; i < simd::kNibbleRows; ++i) {
        costs[i] = query.offset + query.step * static_cast<float>(total[i]);
        if (query.bounded) {
            costs[i] = std::clamp(costs[i], -1.0f, 1.0f);
        }
    }
}

}  // namespace elanus::vindex
