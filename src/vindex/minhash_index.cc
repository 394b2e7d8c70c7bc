#include "vindex/minhash_index.h"

#include "base/bitmap.h"
#include "vindex/exact_scan.h"
#include "vindex/param.h"
#include "vindex/row_chunks.h"
#include "vindex/scratch.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace elanus::vindex {
namespace {

constexpr uint32_t kMinhashVersion = 1;
constexpr codec::SectionId kMetaSection{1, 0};
constexpr uint32_t kHashesKind = 2;  // of each band
constexpr uint32_t kRowsKind = 3;
constexpr codec::SectionId kSignaturesSection{4, 0};

constexpr uint32_t kFlagSignatures = 1;
constexpr size_t kInterruptRows = 8192;

struct MinhashMeta {
    uint32_t dim;
    uint32_t rows;
    uint32_t element_bits;
    uint32_t bands;
    uint32_t flags;
    uint32_t zero[11];
};
static_assert(sizeof(MinhashMeta) == 64);

}  // namespace

MinhashIndex::Band MinhashIndex::MakeBand(const MinHashShape& shape, uint32_t band,
                                          const uint8_t* signatures, uint32_t rows) {
    std::vector<std::pair<uint64_t, uint32_t>> pairs(rows);
    for (uint32_t row = 0; row < rows; ++row) {
        pairs[row] = {BandHash(shape, signatures + size_t{row} * (shape.dim / 8), band), row};
    }
    std::sort(pairs.begin(), pairs.end());
    std::vector<uint64_t> hashes(rows);
    std::vector<uint32_t> numbers(rows);
    for (uint32_t i = 0; i < rows; ++i) {
        std::tie(hashes[i], numbers[i]) = pairs[i];
    }
    return {base::Buffer::FromVector(std::move(hashes)),
            base::Buffer::FromVector(std::move(numbers))};
}

base::Result<std::unique_ptr<Index>> MinhashIndex::Build(const BuildParams& params,
                                                         const BuildInput& input) {
    const auto rows = static_cast<uint32_t>(input.rows);
    const auto* signatures = static_cast<const uint8_t*>(input.vectors);
    std::unique_ptr<MinhashIndex> index(
        new MinhashIndex(MinHashShape::Of(params.dim, params.params), rows));
    index->bands_.resize(index->shape_.bands);
    RETURN_IF_ERROR(ForChunks(
        index->shape_.bands, input.executor, input.interrupt, input.progress,
        [&](uint32_t band, uint32_t) {
            index->bands_[band] = MakeBand(index->shape_, band, signatures, rows);
        },
        1));
    if (BoolParam(params.params, "with_raw_data").value_or(false)) {
        index->signatures_ = base::Buffer::FromString(
            std::string(reinterpret_cast<const char*>(signatures), input.rows * params.dim / 8));
    }
    return std::unique_ptr<Index>(std::move(index));
}

base::Status MinhashIndex::Save(codec::Sink& sink) const {
    MinhashMeta meta{};
    meta.dim = shape_.dim;
    meta.rows = size();
    meta.element_bits = shape_.element_bits;
    meta.bands = shape_.bands;
    meta.flags = signatures_.empty() ? 0 : kFlagSignatures;
    codec::EnvelopeWriter writer(sink, kMinhashFormat, kMinhashVersion);
    writer.AddArray<MinhashMeta>(kMetaSection, {&meta, 1});
    for (uint32_t band = 0; band < shape_.bands; ++band) {
        writer.AddSection({kHashesKind, band}, bands_[band].hashes.view());
        writer.AddSection({kRowsKind, band}, bands_[band].rows.view());
    }
    if (!signatures_.empty()) {
        writer.AddSection(kSignaturesSection, signatures_.view());
    }
    return writer.Finish();
}

base::Result<std::unique_ptr<Index>> MinhashIndex::Open(base::Buffer file) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kMinhashFormat, kMinhashVersion));
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<MinhashMeta>(kMetaSection, 1));
    MinhashMeta meta;
    std::memcpy(&meta, bytes.data(), sizeof meta);
    const MinHashShape shape{meta.dim, meta.element_bits, meta.bands};
    if (!IsDimension(VectorType::kBinary, meta.dim) || meta.rows > kRowsMax ||
        !shape.IsPlausible() || (meta.flags & ~kFlagSignatures) != 0) {
        return base::Corruption("minhash index: bad description");
    }
    std::unique_ptr<MinhashIndex> index(new MinhashIndex(shape, meta.rows));
    for (uint32_t band = 0; band < meta.bands; ++band) {
        Band opened;
        ASSIGN_OR_RETURN(opened.hashes, reader.Array<uint64_t>({kHashesKind, band}, meta.rows));
        ASSIGN_OR_RETURN(opened.rows, reader.Array<uint32_t>({kRowsKind, band}, meta.rows));
        index->bands_.push_back(std::move(opened));
    }
    if ((meta.flags & kFlagSignatures) != 0) {
        ASSIGN_OR_RETURN(
            index->signatures_,
            reader.Array<uint8_t>(kSignaturesSection, uint64_t{meta.rows} * (meta.dim / 8)));
    }
    index->file_ = std::move(reader);
    return std::unique_ptr<Index>(std::move(index));
}

base::Status MinhashIndex::Verify() const {
    RETURN_IF_ERROR(file_.has_value() ? file_->VerifyAll() : base::Status());
    for (const Band& band : bands_) {
        const auto hashes = band.hashes.As<uint64_t>();
        base::Bitmap seen(size());
        for (const uint32_t row : band.rows.As<uint32_t>()) {
            if (row >= size() || seen.Test(row)) {
                return base::Corruption("minhash index: bad row number");
            }
            seen.Set(row);
        }
        if (!std::is_sorted(hashes.begin(), hashes.end())) {
            return base::Corruption("minhash index: hashes out of order");
        }
    }
    return base::Status();
}

uint64_t MinhashIndex::memory_bytes() const {
    uint64_t bytes = signatures_.size();
    for (const Band& band : bands_) {
        bytes += band.hashes.size() + band.rows.size();
    }
    return bytes;
}

// Rows that pass the filter, once for each band they share with the query.
base::Status MinhashIndex::Collect(const uint8_t* query, const SearchParams& params,
                                   std::vector<uint32_t>& rows) const {
    rows.clear();
    size_t unasked = 0;
    for (uint32_t band = 0; band < shape_.bands; ++band) {
        const auto hashes = bands_[band].hashes.As<uint64_t>();
        const auto numbers = bands_[band].rows.As<uint32_t>();
        const uint64_t hash = BandHash(shape_, query, band);
        auto at = std::lower_bound(hashes.begin(), hashes.end(), hash) - hashes.begin();
        for (;
             at < static_cast<ptrdiff_t>(hashes.size()) && hashes[static_cast<size_t>(at)] == hash;
             ++at) {
            const uint32_t row = numbers[static_cast<size_t>(at)];
            if (row >= size()) {
                return base::Corruption("minhash index: bad row number");
            }
            if (params.filter.Test(row)) {
                rows.push_back(row);
            }
            if (++unasked == kInterruptRows && params.interrupt) {
                unasked = 0;
                RETURN_IF_ERROR(params.interrupt());
            }
        }
    }
    std::sort(rows.begin(), rows.end());
    return base::Status();
}

base::Status MinhashIndex::ScoreByElements(const uint8_t* query, const SearchParams& params,
                                           SearchScratch& scratch, Neighbors* out) const {
    const CostBand band = CostBand::Of(metric(), params);
    scratch.pool.clear();
    for (const uint64_t key : scratch.top.Sorted()) {
        const uint32_t row = KeyRow(key);
        const float cost = CostOfScore(metric(), EqualElements(shape_, query, Signature(row)));
        if (band.Contains(cost)) {
            scratch.pool.push_back(MakeKey(cost, row));
        }
        ++out->counters.distances;
    }
    std::sort(scratch.pool.begin(), scratch.pool.end());
    scratch.pool.resize(std::min(scratch.pool.size(), params.k));
    AppendKeys(metric(), scratch.pool, out);
    return base::Status();
}

base::Status MinhashIndex::SearchRows(const Query& query, const SearchParams& params,
                                      size_t matches, SearchScratch& scratch,
                                      Neighbors* out) const {
    (void)matches;
    const auto* signature = static_cast<const uint8_t*>(query.data);
    const bool jaccard = BoolParam(params.params, "mh_search_with_jaccard").value_or(false);
    if (jaccard && signatures_.empty()) {
        return base::InvalidParameter(
            "mh_search_with_jaccard needs an index that was built with with_raw_data=true");
    }
    RETURN_IF_ERROR(Collect(signature, params, scratch.ids));
    out->counters.strategy = Strategy::kPostings;
    out->counters.hops = shape_.bands;
    const double factor = jaccard ? NumberParam(params.params, "refine_k").value_or(1.0) : 1.0;
    const auto kept = static_cast<size_t>(factor * static_cast<double>(params.k));
    scratch.top.Reset(std::clamp<size_t>(kept, 1, size()));
    const CostBand band = jaccard ? CostBand() : CostBand::Of(metric(), params);
    const std::vector<uint32_t>& rows = scratch.ids;
    for (size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
        while (end < rows.size() && rows[end] == rows[begin]) {
            ++end;
        }
        const float cost = CostOfScore(
            metric(), static_cast<float>(end - begin) / static_cast<float>(shape_.bands));
        if (band.Contains(cost)) {
            scratch.top.Push(MakeKey(cost, rows[begin]));
        }
    }
    if (jaccard) {
        return ScoreByElements(signature, params, scratch, out);
    }
    AppendKeys(metric(), scratch.top.Sorted(), out);
    return base::Status();
}

}  // namespace elanus::vindex
