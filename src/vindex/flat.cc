#include "vindex/flat.h"

#include "vindex/batch_scan.h"
#include "vindex/exact_scan.h"

#include <cstring>

namespace elanus::vindex {
namespace {

constexpr uint32_t kFlatVersion = 1;
constexpr codec::SectionId kMetaSection{1, 0};
constexpr codec::SectionId kVectorsSection{2, 0};
constexpr codec::SectionId kInverseNormsSection{3, 0};

struct FlatMeta {
    uint32_t vector_type;
    uint32_t metric;
    uint32_t dim;
    uint32_t rows;
};
static_assert(sizeof(FlatMeta) == 16);

}  // namespace

FlatIndex::FlatIndex(VectorType type, Metric metric, uint32_t dim, uint32_t rows,
                     StoredVectors vectors)
    : Index(type, metric, dim, rows),
      vectors_(std::move(vectors)),
      view_(vectors_.View(type, metric, dim, rows)) {}

base::Result<std::unique_ptr<Index>> FlatIndex::Build(const BuildParams& params,
                                                      const BuildInput& input) {
    return std::unique_ptr<Index>(new FlatIndex(
        params.vector_type, params.metric, params.dim, static_cast<uint32_t>(input.rows),
        StoredVectors::CopyOf(params.vector_type, params.metric, params.dim, input.rows,
                              input.vectors)));
}

base::Result<std::unique_ptr<Index>> FlatIndex::Open(base::Buffer file) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kFlatFormat, kFlatVersion));
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<FlatMeta>(kMetaSection, 1));
    FlatMeta meta;
    std::memcpy(&meta, bytes.data(), sizeof meta);
    const auto type = static_cast<VectorType>(meta.vector_type);
    const auto metric = static_cast<Metric>(meta.metric);
    if (!IsDenseMetric(type, metric) || !IsDimension(type, meta.dim) || meta.rows > kRowsMax) {
        return base::Corruption("flat index: bad description of its vectors");
    }
    ASSIGN_OR_RETURN(StoredVectors vectors,
                     StoredVectors::Open(reader, kVectorsSection, kInverseNormsSection, type,
                                         metric, meta.dim, meta.rows));
    std::unique_ptr<FlatIndex> index(
        new FlatIndex(type, metric, meta.dim, meta.rows, std::move(vectors)));
    index->file_ = std::move(reader);
    return std::unique_ptr<Index>(std::move(index));
}

base::Status FlatIndex::Save(codec::Sink& sink) const {
    const FlatMeta meta{static_cast<uint32_t>(vector_type()), static_cast<uint32_t>(metric()),
                        dim(), size()};
    codec::EnvelopeWriter writer(sink, kFlatFormat, kFlatVersion);
    writer.AddArray<FlatMeta>(kMetaSection, {&meta, 1});
    vectors_.AddTo(writer, kVectorsSection, kInverseNormsSection);
    return writer.Finish();
}

base::Status FlatIndex::Verify() const {
    return file_.has_value() ? file_->VerifyAll() : base::Status();
}

base::Status FlatIndex::SearchQueries(std::span<const std::string_view> queries,
                                      const SearchParams& params, size_t matches,
                                      Neighbors* out) const {
    for (size_t q = 0; q < queries.size(); ++q) {
        out[q].counters.strategy = Strategy::kExactScan;
        out[q].counters.distances = matches;
    }
    return ScanRowsOfMany(vector_type(), view_, queries, params, out);
}

base::Status FlatIndex::SearchRows(const Query& query, const SearchParams& params, size_t matches,
                                   SearchScratch& scratch, Neighbors* out) const {
    out->counters.strategy = Strategy::kExactScan;
    out->counters.distances = matches;
    return ScanRows(view_, query, params, scratch, out);
}

}  // namespace elanus::vindex
