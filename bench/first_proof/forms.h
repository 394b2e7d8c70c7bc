// The two forms over one graph. Both walk a sorted pool of candidates with estimated costs, best
// first, and order the last few by the exact float rows.
//
//   FastForm  a node is one block: 1-bit codes of its neighbours relative to the node itself, two
//             factors an edge, their ids, the node's own 8-bit row (after SymphonyQG,
//             arXiv 2411.12229). A hop reads one block, whose address is known one hop ahead.
//   LeanForm  a node is its neighbour list and its own 4-bit row; a hop reads the rows of the
//             neighbours not met yet. Finalists are scored by 8-bit rows, then exactly.
#pragma once

#include "graph.h"

#include <bit>

namespace elanus::bench {

struct Counters {
    uint64_t hops = 0;
    uint64_t estimates = 0;
    uint64_t bytes = 0;  // of blocks and rows that were read
};

// Sorted by cost; the lowest bit of `row` marks an expanded entry.
class Pool {
  public:
    void Reset(size_t capacity) {
        capacity_ = capacity;
        keys_.resize(capacity + 1);
        size_ = next_ = 0;
    }
    static uint64_t Key(float cost, uint32_t row) {
        return (static_cast<uint64_t>(std::bit_cast<uint32_t>(std::max(cost, 0.0f))) << 32) |
               (row << 1);
    }
    static uint32_t Row(uint64_t key) { return static_cast<uint32_t>(key) >> 1; }
    float limit() const {
        return size_ < capacity_ ? std::numeric_limits<float>::infinity() : Cost(keys_[size_ - 1]);
    }
    static float Cost(uint64_t key) {
        return std::bit_cast<float>(static_cast<uint32_t>(key >> 32));
    }
    void Insert(float cost, uint32_t row) {
        const uint64_t key = Key(cost, row);
        if (size_ == capacity_ && key >= keys_[size_ - 1]) {
            return;
        }
        size_t low = 0, count = size_;
        while (count > 0) {
            const size_t half = count / 2;
            const bool right = keys_[low + half] < key;
            low += right ? half + 1 : 0;
            count = right ? count - half - 1 : half;
        }
        size_ = std::min(size_ + 1, capacity_);
        std::memmove(&keys_[low + 1], &keys_[low], (size_ - 1 - low) * sizeof(uint64_t));
        keys_[low] = key;
        next_ = std::min(next_, low);
    }
    // The best entry not taken yet; false when there is none.
    bool Take(uint32_t* row) {
        while (next_ < size_ && (keys_[next_] & 1) != 0) {
            ++next_;
        }
        if (next_ == size_) {
            return false;
        }
        *row = Row(keys_[next_]);
        keys_[next_++] |= 1;
        return true;
    }
    size_t size() const { return size_; }
    uint64_t key(size_t i) const { return keys_[i]; }

  private:
    size_t capacity_ = 0, size_ = 0, next_ = 0;
    std::vector<uint64_t> keys_;
};

// The rows met so far, one bit each; cleared by what was set.
class Seen {
  public:
    void Reset(size_t rows) {
        bits_.resize(std::max(bits_.size(), rows / 64 + 1));
        for (uint32_t word : touched_) {
            bits_[word] = 0;
        }
        touched_.clear();
    }
    bool Insert(uint32_t row) {
        const uint64_t bit = uint64_t{1} << (row % 64);
        uint64_t& word = bits_[row / 64];
        if ((word & bit) != 0) {
            return false;
        }
        if (word == 0) {
            touched_.push_back(row / 64);
        }
        word |= bit;
        return true;
    }
    bool Has(uint32_t row) const { return (bits_[row / 64] >> (row % 64) & 1) != 0; }

  private:
    std::vector<uint64_t> bits_;
    std::vector<uint32_t> touched_;
};

// Rows, rotation and centre that both forms share. Vectors are already of length one for cosine.
struct Base {
    Base(const float* data, size_t count, size_t dim_in)
        : vectors(data), rows(count), dim(dim_in), rotation(dim_in, 1) {
        width = rotation.padded();
        centre.assign(dim, 0.0f);
        for (size_t i = 0; i < rows; ++i) {
            for (size_t d = 0; d < dim; ++d) {
                centre[d] += data[i * dim + d] / static_cast<float>(rows);
            }
        }
    }
    void Rotate(const float* v, float* out) const {
        thread_local std::vector<float> moved;
        moved.resize(dim);
        for (size_t d = 0; d < dim; ++d) {
            moved[d] = v[d] - centre[d];
        }
        rotation.Apply(moved.data(), out);
    }
    const float* Vector(uint32_t row) const { return vectors + row * dim; }
    float Exact(const float* query, uint32_t row) const {
        const float* v = Vector(row);
        __m512 sum = _mm512_setzero_ps();
        for (size_t d = 0; d < dim; d += 16) {
            const auto mask = static_cast<__mmask16>(dim - d >= 16 ? 0xffff : (1 << (dim - d)) - 1);
            const __m512 x = _mm512_sub_ps(_mm512_maskz_loadu_ps(mask, query + d),
                                           _mm512_maskz_loadu_ps(mask, v + d));
            sum = _mm512_fmadd_ps(x, x, sum);
        }
        return _mm512_reduce_add_ps(sum);
    }
    // Orders the `count` best of `finalists` (sorted) exactly and leaves the k best.
    void Rerank(const float* query, std::vector<uint64_t>& finalists, size_t count, size_t k,
                Counters& counters, std::vector<uint32_t>* out) const {
        finalists.resize(std::min(finalists.size(), std::max(count, k)));
        if (count > 0) {
            for (uint64_t key : finalists) {
                Prefetch(Vector(Pool::Row(key)), dim * sizeof(float));
            }
            for (uint64_t& key : finalists) {
                key = Pool::Key(Exact(query, Pool::Row(key)), Pool::Row(key));
            }
            counters.bytes += finalists.size() * dim * sizeof(float);
            std::sort(finalists.begin(), finalists.end());
        }
        out->clear();
        for (size_t i = 0; i < std::min(k, finalists.size()); ++i) {
            out->push_back(Pool::Row(finalists[i]));
        }
    }

    const float* vectors;
    size_t rows, dim, width = 0;
    Rotation rotation;
    std::vector<float> centre;
};

inline Rows8 EncodeRows(const Base& base) {
    Rows8 out;
    out.count = base.rows;
    out.width = base.width;
    out.values = HugeArray(base.rows * base.width);
    out.facts.resize(base.rows);
    std::vector<float> v(base.width);
    for (uint32_t row = 0; row < base.rows; ++row) {
        base.Rotate(base.Vector(row), v.data());
        auto* values = const_cast<int8_t*>(out.Values(row));
        const float scale = Encode8(v.data(), base.width, values);
        int32_t sum = 0;
        for (size_t i = 0; i < base.width; ++i) {
            sum += values[i];
        }
        out.facts[row] = {scale, 128 * sum, Norm2(v.data(), base.width), 0};
    }
    return out;
}

// Where walks begin: a sample of rows as 1-bit codes relative to the centre.
class Router {
  public:
    Router(const Base& base, size_t sample) : width_(base.width), block_(4 * base.width + 256) {
        const size_t count = std::min(base.rows, sample) / kGroup * kGroup;
        std::mt19937 random(7);
        blocks_ = HugeArray(count / kGroup * block_ + 64);
        groups_ = count / kGroup;
        std::vector<float> v(width_);
        for (size_t i = 0; i < count; ++i) {
            const auto row = static_cast<uint32_t>(random() % base.rows);
            rows_.push_back(row);
            base.Rotate(base.Vector(row), v.data());
            uint8_t* block = blocks_.data() + i / kGroup * block_;
            float l1 = 0;
            for (size_t d = 0; d < width_; ++d) {
                l1 += std::fabs(v[d]);
                if (v[d] > 0) {
                    PutBit(block, i % kGroup, d);
                }
            }
            const float norm = Norm2(v.data(), width_);
            float* factors = reinterpret_cast<float*>(block + 4 * width_);
            factors[i % kGroup] = norm;
            factors[kGroup + i % kGroup] = l1 > 0 ? -2 * norm / l1 : 0;
        }
    }
    void Enter(const SignTables& tables, float query_norm, Pool& pool) const {
        uint32_t sums[kGroup];
        for (size_t g = 0; g < groups_; ++g) {
            const uint8_t* block = blocks_.data() + g * block_;
            ScanSigns(block, tables.tables.data(), width_, nullptr, 0, sums);
            const float* factors = reinterpret_cast<const float*>(block + 4 * width_);
            for (size_t i = 0; i < kGroup; ++i) {
                const float s = tables.step * static_cast<float>(sums[i]) - tables.offset;
                pool.Insert(query_norm + factors[i] + factors[kGroup + i] * s,
                            rows_[g * kGroup + i]);
            }
        }
    }

  private:
    size_t width_, block_, groups_ = 0;
    HugeArray blocks_;
    std::vector<uint32_t> rows_;
};

struct SearchOptions {
    size_t k = 10;
    size_t pool = 40;
    size_t rerank = 14;
    size_t starts = 3;
};

class FastForm {
  public:
    FastForm(const Base& base, const Rows8& rows, const Graph& graph, size_t router)
        : base_(base), degree_(graph.degree()), router_(base, router) {
        groups_ = degree_ / kGroup;
        codes_ = 4 * base.width;
        group_bytes_ = codes_ + 3 * kGroup * 4;
        own_ = groups_ * group_bytes_;
        block_ = (own_ + base.width + sizeof(Row8) + 63) / 64 * 64;
        blocks_ = HugeArray(base.rows * block_ + 64);
        for (uint32_t row = 0; row < base.rows; ++row) {
            Encode(row, rows, graph);
        }
    }
    size_t block_bytes() const { return block_; }

    void Search(const float* query, const SearchOptions& o, std::vector<uint32_t>* out) {
        rotated_.resize(base_.width);
        base_.Rotate(query, rotated_.data());
        query8_.Set(rotated_.data(), base_.width);
        tables_.Set(rotated_.data(), base_.width);
        seen_.Reset(base_.rows);
        best_.Reset(std::max(o.rerank, o.k));
        entry_.Reset(o.starts);
        router_.Enter(tables_, query8_.norm, entry_);
        pool_.Reset(o.pool);
        for (size_t i = 0; i < entry_.size(); ++i) {
            pool_.Insert(Pool::Cost(entry_.key(i)), Pool::Row(entry_.key(i)));
        }
        Walk();
        finalists_.clear();
        for (size_t i = 0; i < best_.size(); ++i) {
            finalists_.push_back(best_.key(i));
        }
        if (finalists_.size() < o.rerank || o.k > 50) {
            Leftovers(std::max(o.rerank, o.k));
        }
        base_.Rerank(query, finalists_, o.rerank, o.k, counters, out);
    }
    Counters counters;

  private:
    void Encode(uint32_t row, const Rows8& rows, const Graph& graph) {
        uint8_t* block = Block(row);
        std::memcpy(block + own_, &rows.facts[row], sizeof(Row8));
        std::memcpy(block + own_ + sizeof(Row8), rows.Values(row), base_.width);
        std::vector<float> edge(base_.width), self(base_.width);
        for (size_t d = 0; d < base_.width; ++d) {
            self[d] = rows.facts[row].scale * static_cast<float>(rows.Values(row)[d]);
        }
        for (size_t e = 0; e < degree_; ++e) {
            uint8_t* group = block + e / kGroup * group_bytes_;
            auto* factors = reinterpret_cast<float*>(group + codes_);
            auto* ids = reinterpret_cast<uint32_t*>(factors + 2 * kGroup);
            const size_t i = e % kGroup;
            if (e >= graph.Count(row)) {  // an empty place: infinitely far
                factors[i] = std::numeric_limits<float>::infinity();
                continue;
            }
            ids[i] = graph.Links(row)[e];
            const int8_t* other = rows.Values(ids[i]);
            float l1 = 0, norm = 0, signed_self = 0;
            for (size_t d = 0; d < base_.width; ++d) {
                edge[d] = rows.facts[ids[i]].scale * static_cast<float>(other[d]) - self[d];
                l1 += std::fabs(edge[d]);
                norm += edge[d] * edge[d];
                signed_self += edge[d] > 0 ? self[d] : -self[d];
                if (edge[d] > 0) {
                    PutBit(group, i, d);
                }
            }
            // |q - n|^2 = |q - v|^2 + |r|^2 - 2 <q - v, r>; <y, r> is estimated by
            // <y, signs> |r|^2 / <r, signs>.
            const float weight = l1 > 0 ? norm / l1 : 0;
            factors[i] = norm + 2 * weight * signed_self;
            factors[kGroup + i] = -2 * weight;
        }
    }

    void Walk() {
        uint32_t current = 0, following = 0;
        bool more = Next(&current);
        while (more) {
            more = Next(&following);
            Visit(current, more ? Block(following) : nullptr);
            if (!more) {
                more = Next(&following);
            }
            current = following;
        }
    }
    bool Next(uint32_t* row) {
        while (pool_.Take(row)) {
            if (seen_.Insert(*row)) {
                return true;
            }
        }
        return false;
    }
    void Visit(uint32_t row, const uint8_t* next) {
        const uint8_t* block = Block(row);
        Row8 facts;
        std::memcpy(&facts, block + own_, sizeof facts);
        const float own =
            Cost8(query8_, facts, reinterpret_cast<const int8_t*>(block + own_ + sizeof(Row8)),
                  base_.width);
        best_.Insert(own, row);
        alignas(64) uint32_t sums[kGroup];
        const __m512 step = _mm512_set1_ps(tables_.step);
        const __m512 offset = _mm512_set1_ps(-tables_.offset);
        const __m512 base = _mm512_set1_ps(own);
        const size_t share = next != nullptr ? block_ / groups_ : 0;
        for (size_t g = 0; g < groups_; ++g) {
            const uint8_t* group = block + g * group_bytes_;
            ScanSigns(group, tables_.tables.data(), base_.width, next + g * share, share, sums);
            const auto* factors = reinterpret_cast<const float*>(group + codes_);
            const auto* ids = reinterpret_cast<const uint32_t*>(factors + 2 * kGroup);
            const __m512 limit = _mm512_set1_ps(pool_.limit());
            alignas(64) float costs[kGroup];
            uint32_t good = 0;
            for (size_t h = 0; h < kGroup; h += 16) {
                const __m512 s =
                    _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_load_si512(sums + h)), step, offset);
                const __m512 cost =
                    _mm512_fmadd_ps(_mm512_loadu_ps(factors + kGroup + h), s,
                                    _mm512_add_ps(base, _mm512_loadu_ps(factors + h)));
                _mm512_store_ps(costs + h, cost);
                good |= static_cast<uint32_t>(_mm512_cmp_ps_mask(cost, limit, _CMP_LT_OQ)) << h;
            }
            for (; good != 0; good &= good - 1) {
                const int i = std::countr_zero(good);
                if (!seen_.Has(ids[i])) {
                    pool_.Insert(costs[i], ids[i]);
                }
            }
        }
        ++counters.hops;
        counters.estimates += degree_;
        counters.bytes += block_;
    }
    // Candidates that were not expanded are scored by their own rows.
    void Leftovers(size_t count) {
        for (size_t i = 0; i < pool_.size(); ++i) {
            const uint32_t row = Pool::Row(pool_.key(i));
            if (seen_.Insert(row)) {
                const uint8_t* own = Block(row) + own_;
                Row8 facts;
                std::memcpy(&facts, own, sizeof facts);
                finalists_.push_back(Pool::Key(
                    Cost8(query8_, facts, reinterpret_cast<const int8_t*>(own + sizeof facts),
                          base_.width),
                    row));
            }
        }
        std::sort(finalists_.begin(), finalists_.end());
        finalists_.resize(std::min(finalists_.size(), count));
    }
    uint8_t* Block(uint32_t row) const { return blocks_.data() + row * block_; }

    const Base& base_;
    size_t degree_, groups_ = 0, codes_ = 0, group_bytes_ = 0, own_ = 0, block_ = 0;
    Router router_;
    HugeArray blocks_;
    std::vector<float> rotated_;
    Query8 query8_;
    SignTables tables_;
    Pool pool_, best_, entry_;
    Seen seen_;
    std::vector<uint64_t> finalists_;
};

class LeanForm {
  public:
    LeanForm(const Base& base, const Rows8& rows, const Graph& graph, size_t router)
        : base_(base), rows_(rows), degree_(graph.degree()), router_(base, router) {
        row_ = (base.width / 2 + 8 + 63) / 64 * 64;
        codes_ = HugeArray(base.rows * row_ + 64);
        links_ = HugeArray(base.rows * degree_ * 4 + 64);
        std::vector<float> v(base.width);
        for (uint32_t row = 0; row < base.rows; ++row) {
            auto* links = reinterpret_cast<uint32_t*>(links_.data()) + row * degree_;
            std::fill_n(links, degree_, row);
            std::copy_n(graph.Links(row), graph.Count(row), links);
            base.Rotate(base.Vector(row), v.data());
            Encode4(v.data(), codes_.data() + row * row_);
        }
    }
    // Neighbour list, 4-bit row and 8-bit row.
    size_t bytes_per_row() const { return degree_ * 4 + row_ + base_.width + sizeof(Row8); }

    void Search(const float* query, const SearchOptions& o, std::vector<uint32_t>* out) {
        rotated_.resize(base_.width);
        base_.Rotate(query, rotated_.data());
        query8_.Set(rotated_.data(), base_.width);
        tables_.Set(rotated_.data(), base_.width);
        signed_.resize(base_.width);
        int32_t sum = 0;
        for (size_t i = 0; i < base_.width; ++i) {
            signed_[i] = static_cast<int8_t>(query8_.values[i] ^ 0x80);
            sum += signed_[i];
        }
        half_sum_ = 7.5f * static_cast<float>(sum);
        seen_.Reset(base_.rows);
        entry_.Reset(o.starts);
        router_.Enter(tables_, query8_.norm, entry_);
        pool_.Reset(o.pool);
        for (size_t i = 0; i < entry_.size(); ++i) {
            const uint32_t row = Pool::Row(entry_.key(i));
            if (seen_.Insert(row)) {
                pool_.Insert(Cost4(row), row);
            }
        }
        for (uint32_t row; pool_.Take(&row);) {
            Visit(row);
        }
        Refine(query, o, out);
    }
    Counters counters;

  private:
    // 4 bits a dimension around zero: x = scale * (c - 7.5), the scale chosen so that the product
    // with x itself is right. Low nibbles of a 64-byte line are its first 64 dimensions.
    void Encode4(const float* v, uint8_t* out) const {
        float top = 0;
        for (size_t d = 0; d < base_.width; ++d) {
            top = std::max(top, std::fabs(v[d]));
        }
        float best = -1, best_weight = 0, best_cut = 1;
        const float norm = Norm2(v, base_.width);
        for (float share = 0.4f; share <= 1.0f; share += 0.05f) {
            const float step = top * share / 7.5f;
            float dot = 0, square = 0;
            for (size_t d = 0; d < base_.width && step > 0; ++d) {
                const float c = Code4(v[d], step) - 7.5f;
                dot += c * v[d];
                square += c * c;
            }
            if (square > 0 && dot / std::sqrt(square) > best) {
                best = dot / std::sqrt(square);
                best_cut = step;
                best_weight = norm / dot;
            }
        }
        for (size_t d = 0; d < base_.width; ++d) {
            const auto code = static_cast<uint8_t>(Code4(v[d], best_cut));
            out[d / 128 * 64 + d % 64] |= static_cast<uint8_t>(code << (d / 64 % 2 * 4));
        }
        std::memcpy(out + base_.width / 2, &best_weight, 4);
        std::memcpy(out + base_.width / 2 + 4, &norm, 4);
    }
    static float Code4(float x, float step) {
        return std::clamp(std::floor(x / step + 8), 0.0f, 15.0f);
    }
    float Cost4(uint32_t row) const {
        const uint8_t* code = codes_.data() + row * row_;
        const __m512i low = _mm512_set1_epi8(15);
        __m512i s0 = _mm512_setzero_si512(), s1 = s0;
        for (size_t d = 0; d < base_.width; d += 128) {
            const __m512i both = _mm512_loadu_si512(code + d / 2);
            s0 = _mm512_dpbusd_epi32(s0, _mm512_and_si512(both, low),
                                     _mm512_loadu_si512(signed_.data() + d));
            s1 = _mm512_dpbusd_epi32(s1, _mm512_and_si512(_mm512_srli_epi16(both, 4), low),
                                     _mm512_loadu_si512(signed_.data() + d + 64));
        }
        const auto dot = static_cast<float>(_mm512_reduce_add_epi32(_mm512_add_epi32(s0, s1)));
        float weight, norm;
        std::memcpy(&weight, code + base_.width / 2, 4);
        std::memcpy(&norm, code + base_.width / 2 + 4, 4);
        return query8_.norm + norm - 2 * weight * query8_.scale * (dot - half_sum_);
    }
    const uint32_t* Links(uint32_t row) const {
        return reinterpret_cast<const uint32_t*>(links_.data()) + row * degree_;
    }
    void Visit(uint32_t row) {
        fresh_.clear();
        for (size_t e = 0; e < degree_; ++e) {
            const uint32_t link = Links(row)[e];
            if (seen_.Insert(link)) {
                fresh_.push_back(link);
                Prefetch(codes_.data() + link * row_, row_);
            }
        }
        for (uint32_t link : fresh_) {
            const float cost = Cost4(link);
            if (cost < pool_.limit()) {
                pool_.Insert(cost, link);
                Prefetch(Links(link), degree_ * 4);
            }
        }
        ++counters.hops;
        counters.estimates += fresh_.size();
        counters.bytes += fresh_.size() * row_ + degree_ * 4;
    }
    void Refine(const float* query, const SearchOptions& o, std::vector<uint32_t>* out) {
        finalists_.clear();
        const size_t take = std::min(pool_.size(), std::max(3 * o.k, 2 * o.rerank));
        for (size_t i = 0; i < take; ++i) {
            Prefetch(rows_.Values(Pool::Row(pool_.key(i))), base_.width);
        }
        for (size_t i = 0; i < take; ++i) {
            const uint32_t row = Pool::Row(pool_.key(i));
            finalists_.push_back(
                Pool::Key(Cost8(query8_, rows_.facts[row], rows_.Values(row), base_.width), row));
        }
        counters.bytes += take * base_.width;
        std::sort(finalists_.begin(), finalists_.end());
        base_.Rerank(query, finalists_, o.rerank, o.k, counters, out);
    }

    const Base& base_;
    const Rows8& rows_;
    size_t degree_, row_ = 0;
    Router router_;
    HugeArray codes_, links_;
    std::vector<float> rotated_;
    Query8 query8_;
    SignTables tables_;
    std::vector<int8_t> signed_;
    float half_sum_ = 0;
    Pool pool_, entry_;
    Seen seen_;
    std::vector<uint32_t> fresh_;
    std::vector<uint64_t> finalists_;
};

}  // namespace elanus::bench
