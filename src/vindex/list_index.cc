#include "vindex/list_index.h"

#include "base/hash.h"
#include "vindex/exact_scan.h"
#include "vindex/family.h"
#include "vindex/list_estimate.h"
#include "vindex/max_sim.h"
#include "vindex/param.h"
#include "vindex/row_chunks.h"
#include "vindex/top_k.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace elanus::vindex {
namespace {

constexpr uint32_t kListVersion = 1;
constexpr codec::SectionId kMetaSection{1, 0};
constexpr codec::SectionId kCandidatesSection{2, 0};

constexpr std::string_view kTokenAnn = "TOKENANN";
constexpr std::string_view kMuvera = "MUVERA";
constexpr std::string_view kLemur = "LEMUR";
constexpr std::string_view kStrategies[] = {kTokenAnn, kMuvera, kLemur};

constexpr ParamSpec kListBuild[] = {
    {"emb_list_strategy", ParamKind::kWord, 0, 0, "tokenann", 0, 0, false, kStrategies},
    {"muvera_num_projections", ParamKind::kInt, 1, kMuveraProjectionsMax, "4"},
    {"muvera_num_repeats", ParamKind::kInt, 1, kMuveraRepeatsMax, "7"},
    {"muvera_seed", ParamKind::kInt, 0, kIntMax, "42"},
    {"emb_list_rerank", ParamKind::kBool, 0, 1, "true"},
};
constexpr double kRatioDefault = 3;
constexpr ParamSpec kListSearch[] = {
    {"retrieval_ann_ratio", ParamKind::kNumber, 0, 0, "3.0", 1, 1e6, false, {}},
    {"emb_list_rerank", ParamKind::kBool, 0, 1, "true"},
};

constexpr std::string_view kFamilies[] = {"HNSW",    "HNSW_SQ", "HNSW_PQ",  "HNSW_PRQ", "IVF_FLAT",
                                          "DISKANN", "FLAT",    "BIN_FLAT", "AUTOINDEX"};

// What encoding the lists and indexing the encodings take.
constexpr double kEncodeWeight = 15, kIndexWeight = 85;
// Comparing this many vectors costs less than looking for candidates.
constexpr double kVectorsScanned = 4096;
// Lists that are compared between two questions whether to go on.
constexpr size_t kListsAtOnce = 1024;

struct ListMeta {
    uint32_t vector_type;
    uint32_t metric;
    uint32_t dim;
    uint32_t lists;
    uint32_t vectors;
    uint32_t strategy;
    uint32_t projections;
    uint32_t repeats;
    uint64_t seed;
};
static_assert(sizeof(ListMeta) == 40);
// What candidates are found by; numbers are stored.
enum CandidateForm : uint32_t { kNothing = 0, kTokens = 1, kEncodings = 2 };

bool IsListParam(std::string_view name) {
    return name.starts_with("emb_list_") || name.starts_with("muvera_") ||
           name.starts_with("lemur_") || name == "retrieval_ann_ratio";
}

// What is left for the family of the index that finds candidates.
ParamMap FamilyParams(const ParamMap& params) {
    ParamMap left = params;
    std::erase_if(left, [](const auto& param) { return IsListParam(param.first); });
    return left;
}

bool IsEncoded(const ParamMap& params) {
    return WordParam(params, "emb_list_strategy") == kMuvera;
}

FixedEncodingParams EncodingOf(const ParamMap& params) {
    FixedEncodingParams encoding;
    encoding.projections = static_cast<uint32_t>(
        IntParam(params, "muvera_num_projections").value_or(encoding.projections));
    encoding.repeats =
        static_cast<uint32_t>(IntParam(params, "muvera_num_repeats").value_or(encoding.repeats));
    encoding.seed = static_cast<uint64_t>(
        IntParam(params, "muvera_seed").value_or(static_cast<int64_t>(encoding.seed)));
    return encoding;
}

bool IsScan(std::string_view index_type, VectorType type) {
    return index_type == "FLAT" || index_type == "BIN_FLAT" ||
           (index_type == "AUTOINDEX" && type == VectorType::kBinary);
}

// The vectors that have an index of their own, and what it is built of.
BuildParams CandidateParams(const BuildParams& lists) {
    BuildParams params = lists;
    params.params = FamilyParams(lists.params);
    params.metric = ElementMetric(lists.metric);
    if (IsEncoded(lists.params)) {
        const FixedEncodingParams encoding = EncodingOf(lists.params);
        params.dim = FixedEncoder::WidthOf(params.metric, lists.dim, encoding);
        params.vector_type = VectorType::kFloat;
        params.metric = Metric::kL2;
    }
    return params;
}

base::Status CheckInput(const BuildInput& input) {
    if (input.rows > 0 && input.offsets == nullptr) {
        return base::Internal("lists of vectors without their offsets");
    }
    return base::Status();
}

std::vector<float> EncodeAll(const FixedEncoder& encoder, const BuildInput& input, size_t row_bytes,
                             const Progress& progress, base::Status* status) {
    std::vector<float> rows(input.rows * encoder.width());
    const auto* vectors = static_cast<const uint8_t*>(input.vectors);
    *status = ForChunks(
        static_cast<uint32_t>(input.rows), input.executor, input.interrupt, progress,
        [&](uint32_t begin, uint32_t end) {
            for (uint32_t i = begin; i < end; ++i) {
                encoder.EncodeRow(vectors + input.offsets[i] * row_bytes,
                                  input.offsets[i + 1] - input.offsets[i],
                                  rows.data() + size_t{i} * encoder.width());
            }
        },
        64);
    return rows;
}

// A list without vectors has no encoding. It gets that of another list, each another one: many
// equal rows, far from all others, would be a part of a graph that no walk leaves.
void FillEmpty(const uint32_t* offsets, size_t width, std::vector<float>* encodings) {
    const size_t lists = encodings->size() / width;
    std::vector<uint32_t> filled;
    for (uint32_t list = 0; list < lists; ++list) {
        if (offsets[list] < offsets[list + 1]) {
            filled.push_back(list);
        }
    }
    for (size_t list = 0; list < lists; ++list) {
        if (offsets[list] == offsets[list + 1]) {
            const size_t other = filled[base::Hash64(list) % filled.size()];
            std::copy_n(encodings->begin() + static_cast<ptrdiff_t>(other * width), width,
                        encodings->begin() + static_cast<ptrdiff_t>(list * width));
        }
    }
}

void AddCounters(const SearchCounters& from, SearchCounters* to) {
    to->strategy = from.strategy;
    to->distances += from.distances;
    to->hops += from.hops;
}

}  // namespace

base::Status ValidateListParams(std::string_view index_type, VectorType type, Metric metric,
                                int64_t dim, const ParamMap& params) {
    if (std::find(std::begin(kFamilies), std::end(kFamilies), index_type) == std::end(kFamilies)) {
        return base::InvalidParameter("data type ArrayOfVector can't build with this index " +
                                      std::string(index_type) + " and metric type " +
                                      std::string(MetricName(metric)));
    }
    const Metric element = ElementMetric(metric);
    if (index_type == "AUTOINDEX") {
        return ValidateBuildParams(index_type, type, MetricName(element), dim, params);
    }
    RETURN_IF_ERROR(CheckParams(kListBuild, params));
    if (WordParam(params, "emb_list_strategy") == kLemur) {
        return base::InvalidParameter(
            "emb_list_strategy lemur is not supported by this server, use tokenann or muvera");
    }
    if (IsEncoded(params) && index_type == "DISKANN") {
        return base::InvalidParameter("index DISKANN supports emb_list_strategy tokenann only");
    }
    // Of the vectors, whatever is indexed: their type, metric and dimension have to fit.
    RETURN_IF_ERROR(
        ValidateBuildParams(index_type, type, MetricName(element), dim, FamilyParams(params)));
    if (!IsEncoded(params) || IsScan(index_type, type)) {
        return base::Status();
    }
    const uint32_t width =
        FixedEncoder::WidthOf(element, static_cast<uint32_t>(dim), EncodingOf(params));
    return ValidateBuildParams(index_type, VectorType::kFloat, MetricName(Metric::kL2), width,
                               FamilyParams(params));
}

base::Status CheckListSearch(const ParamMap& params) {
    return CheckParams(kListSearch, params);
}

base::Result<std::unique_ptr<Index>> ListIndex::Build(const BuildParams& params,
                                                      const BuildInput& input) {
    RETURN_IF_ERROR(CheckInput(input));
    const uint32_t vectors = input.rows > 0 ? input.offsets[input.rows] : 0;
    std::unique_ptr<ListIndex> index(new ListIndex(params.vector_type, params.metric, params.dim,
                                                   static_cast<uint32_t>(input.rows), vectors));
    if (IsScan(params.index_type, params.vector_type) || vectors == 0) {
        return std::unique_ptr<Index>(std::move(index));
    }
    const BuildParams candidates = CandidateParams(params);
    BuildInput of_candidates = input;
    of_candidates.offsets = nullptr;
    of_candidates.rows = vectors;
    std::vector<float> encodings;
    if (IsEncoded(params.params)) {
        index->encoding_ = EncodingOf(params.params);
        index->encoder_.emplace(params.vector_type, ElementMetric(params.metric), params.dim,
                                index->encoding_);
        PartsProgress parts(input.progress, {kEncodeWeight, kIndexWeight});
        base::Status encoded;
        encodings = EncodeAll(*index->encoder_, input, RowBytes(params.vector_type, params.dim),
                              parts.Next(), &encoded);
        RETURN_IF_ERROR(encoded);
        FillEmpty(input.offsets, index->encoder_->width(), &encodings);
        index->encoder_->Level(input.rows, encodings.data());
        of_candidates.vectors = encodings.data();
        of_candidates.rows = input.rows;
        of_candidates.progress = parts.Next();
    }
    ASSIGN_OR_RETURN(index->candidates_, BuildIndex(candidates, of_candidates));
    return std::unique_ptr<Index>(std::move(index));
}

base::Result<std::unique_ptr<Index>> ListIndex::Open(base::Buffer file) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kListFormat, kListVersion));
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<ListMeta>(kMetaSection, 1));
    ListMeta meta;
    std::memcpy(&meta, bytes.data(), sizeof meta);
    const auto type = static_cast<VectorType>(meta.vector_type);
    const auto metric = static_cast<Metric>(meta.metric);
    if (!IsListMetric(metric) || !IsDenseMetric(type, ElementMetric(metric)) ||
        !IsDimension(type, meta.dim) || meta.lists > kRowsMax || meta.vectors > kRowsMax ||
        meta.strategy > kEncodings) {
        return base::Corruption("index of embedding lists: bad description");
    }
    std::unique_ptr<ListIndex> index(
        new ListIndex(type, metric, meta.dim, meta.lists, meta.vectors));
    uint32_t rows = meta.vectors;
    uint32_t dim = meta.dim;
    if (meta.strategy == kEncodings) {
        if (meta.projections == 0 || meta.projections > kMuveraProjectionsMax ||
            meta.repeats == 0 || meta.repeats > kMuveraRepeatsMax) {
            return base::Corruption("index of embedding lists: bad encoding");
        }
        index->encoding_ = {meta.projections, meta.repeats, meta.seed};
        index->encoder_.emplace(type, ElementMetric(metric), meta.dim, index->encoding_);
        rows = meta.lists;
        dim = index->encoder_->width();
    }
    if (meta.strategy != kNothing) {
        ASSIGN_OR_RETURN(base::Buffer inner, reader.Section(kCandidatesSection));
        ASSIGN_OR_RETURN(const std::string format, codec::EnvelopeReader::FormatOf(inner));
        if (format == kListFormat) {
            return base::Corruption("index of embedding lists: an index of lists within");
        }
        ASSIGN_OR_RETURN(index->candidates_, OpenIndex(std::move(inner)));
        const VectorType inner_type = meta.strategy == kEncodings ? VectorType::kFloat : type;
        if (index->candidates_->size() != rows || index->candidates_->dim() != dim ||
            index->candidates_->vector_type() != inner_type) {
            return base::Corruption("index of embedding lists: its candidates do not fit");
        }
    }
    index->file_ = std::move(reader);
    return std::unique_ptr<Index>(std::move(index));
}

std::string_view ListIndex::index_type() const {
    if (candidates_ != nullptr) {
        return candidates_->index_type();
    }
    return vector_type() == VectorType::kBinary ? "BIN_FLAT" : "FLAT";
}

uint64_t ListIndex::memory_bytes() const {
    return candidates_ == nullptr ? 0 : candidates_->memory_bytes();
}

base::Status ListIndex::Save(codec::Sink& sink) const {
    ListMeta meta{};
    meta.vector_type = static_cast<uint32_t>(vector_type());
    meta.metric = static_cast<uint32_t>(metric());
    meta.dim = dim();
    meta.lists = size();
    meta.vectors = vectors_;
    meta.strategy = candidates_ == nullptr ? kNothing : encoder_.has_value() ? kEncodings : kTokens;
    meta.projections = encoding_.projections;
    meta.repeats = encoding_.repeats;
    meta.seed = encoding_.seed;
    codec::EnvelopeWriter writer(sink, kListFormat, kListVersion);
    writer.AddArray<ListMeta>(kMetaSection, {&meta, 1});
    if (candidates_ != nullptr) {
        codec::StringSink inner;
        RETURN_IF_ERROR(candidates_->Save(inner));
        writer.AddSection(kCandidatesSection, inner.bytes());
    }
    return writer.Finish();
}

base::Status ListIndex::Verify() const {
    if (file_.has_value()) {
        RETURN_IF_ERROR(file_->VerifyAll());
    }
    return candidates_ == nullptr ? base::Status() : candidates_->Verify();
}

// One search.
class ListIndex::Walk {
  public:
    Walk(const ListIndex& index, std::string_view query, const SearchParams& params, Neighbors* out)
        : index_(index),
          params_(params),
          scorer_(index.vector_type(), index.metric(), index.dim(), query),
          query_(query),
          out_(*out) {}

    base::Status Run(size_t matches) {
        band_ = CostBand::Of(index_.metric(), params_);
        wanted_ = std::min(params_.k, matches);
        estimates_ = BoolParam(params_.params, "emb_list_rerank") == false;
        const double share = static_cast<double>(matches) / index_.size();
        const bool scan = index_.candidates_ == nullptr || band_.bounded ||
                          share * index_.vectors_ <= kVectorsScanned;
        ASSIGN_OR_RETURN(const bool found, scan ? base::Result<bool>(false) : FindCandidates());
        if (!found) {
            TakeAllMatches();
            out_.counters.strategy = Strategy::kExactScan;
        }
        TopK top;
        top.Reset(wanted_);
        if (found && estimates_) {
            Estimate(top);
        } else {
            RETURN_IF_ERROR(Compare(top));
        }
        AppendKeys(index_.metric(), top.Sorted(), &out_);
        return base::Status();
    }

  private:
    bool Allows(uint32_t list) const {
        return params_.filter.Test(list) && params_.lists.SizeOf(list) > 0;
    }

    // Fills lists_ with candidates; false when they are fewer than wanted, or as dear as all.
    base::Result<bool> FindCandidates() {
        const double ratio =
            NumberParam(params_.params, "retrieval_ann_ratio").value_or(kRatioDefault);
        const auto first = static_cast<size_t>(std::ceil(static_cast<double>(params_.k) * ratio));
        SearchParams inner;
        inner.interrupt = params_.interrupt;
        base::Bitmap vectors;
        if (index_.encoder_.has_value()) {
            inner.filter = params_.filter;
        } else if (params_.filter.present()) {
            vectors = VectorsOfLists(params_.filter, params_.lists.offsets, index_.size());
            inner.filter = vectors;
        }
        const size_t rows = index_.candidates_->size();
        for (size_t k = first; k <= rows / 4; k *= 4) {
            inner.k = k;
            inner.params = params_.params;
            RaiseEffort(k, &inner.params);
            lists_.clear();
            tokens_.Clear();
            RETURN_IF_ERROR(index_.encoder_.has_value() ? SearchEncodings(inner)
                                                        : SearchVectors(inner));
            std::sort(lists_.begin(), lists_.end());
            lists_.erase(std::unique(lists_.begin(), lists_.end()), lists_.end());
            if (lists_.size() >= wanted_) {
                return true;
            }
        }
        return false;
    }

    base::Status SearchVectors(const SearchParams& inner) {
        Neighbors found;
        std::vector<uint32_t> lists;
        for (size_t q = 0; q < scorer_.query_vectors(); ++q) {
            RETURN_IF_ERROR(index_.candidates_->Search(scorer_.QueryVector(q), inner, &found));
            AddCounters(found.counters, &out_.counters);
            lists.clear();
            for (const uint32_t vector : found.rows) {
                lists.push_back(ListOfVector(params_.lists.offsets, index_.size(), vector));
            }
            if (estimates_) {
                tokens_.Add(ElementMetric(index_.metric()), found, lists);
            }
            lists_.insert(lists_.end(), lists.begin(), lists.end());
        }
        return base::Status();
    }

    base::Status SearchEncodings(const SearchParams& inner) {
        encoding_.resize(index_.encoder_->width());
        index_.encoder_->EncodeQuery(query_.data(), scorer_.query_vectors(), encoding_.data());
        Neighbors found;
        RETURN_IF_ERROR(index_.candidates_->Search(encoding_.data(), inner, &found));
        AddCounters(found.counters, &out_.counters);
        distances_.clear();
        for (size_t i = 0; i < found.rows.size(); ++i) {
            if (Allows(found.rows[i])) {
                lists_.push_back(found.rows[i]);
                distances_.emplace_back(found.rows[i], found.scores[i]);
            }
        }
        return base::Status();
    }

    // The costs of lists_ as far as the search for candidates tells them.
    void Estimate(TopK& top) {
        if (!index_.encoder_.has_value()) {
            for (const uint32_t list : lists_) {
                top.Push(MakeKey(tokens_.CostOf(list), list));
            }
            return;
        }
        const auto [known, distance] = distances_.front();
        const size_t width = RowBytes(index_.vector_type(), index_.dim());
        const std::string_view vectors(reinterpret_cast<const char*>(params_.lists.vectors) +
                                           params_.lists.offsets[known] * width,
                                       params_.lists.SizeOf(known) * width);
        const EncodingEstimate estimate(*index_.encoder_, query_, scorer_.query_vectors(),
                                        encoding_, vectors, params_.lists.SizeOf(known), distance);
        for (const auto& [list, away] : distances_) {
            top.Push(MakeKey(estimate.CostOf(away), list));
        }
    }

    void TakeAllMatches() {
        lists_.clear();
        for (uint32_t list = 0; list < index_.size(); ++list) {
            if (Allows(list)) {
                lists_.push_back(list);
            }
        }
    }

    // The exact costs of lists_.
    base::Status Compare(TopK& top) {
        std::vector<float> costs(std::min(lists_.size(), kListsAtOnce));
        for (size_t begin = 0; begin < lists_.size(); begin += kListsAtOnce) {
            const size_t count = std::min(kListsAtOnce, lists_.size() - begin);
            if (params_.interrupt) {
                RETURN_IF_ERROR(params_.interrupt());
            }
            scorer_.Costs(params_.lists, lists_.data() + begin, count, costs.data());
            for (size_t i = 0; i < count; ++i) {
                const uint32_t list = lists_[begin + i];
                out_.counters.distances += params_.lists.SizeOf(list) * scorer_.query_vectors();
                if (band_.Contains(costs[i])) {
                    top.Push(MakeKey(costs[i], list));
                }
            }
        }
        return base::Status();
    }

    const ListIndex& index_;
    const SearchParams& params_;
    MaxSimScorer scorer_;
    const std::string_view query_;
    Neighbors& out_;
    CostBand band_;
    size_t wanted_ = 0;
    std::vector<uint32_t> lists_;  // to compare, ascending
    // Of a search without the exact comparison.
    bool estimates_ = false;
    TokenEstimate tokens_;
    std::vector<float> encoding_;                        // of the query
    std::vector<std::pair<uint32_t, float>> distances_;  // list and distance, nearest first
};

base::Status ListIndex::SearchRows(const Query& query, const SearchParams& params, size_t matches,
                                   SearchScratch&, Neighbors* out) const {
    if (!params.lists.present() || params.lists.offsets[size()] != vectors_) {
        return base::Internal("a search of an index of embedding lists without its lists");
    }
    // The search for candidates uses the scratch that `query` lies in, so it is copied.
    const std::string copy(static_cast<const char*>(query.data), query.bytes);
    return Walk(*this, copy, params, out).Run(matches);
}

}  // namespace elanus::vindex
