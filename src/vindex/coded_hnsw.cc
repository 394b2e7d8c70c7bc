#include "vindex/coded_hnsw.h"

#include "vindex/exact_scan.h"
#include "vindex/hnsw_builder.h"
#include "vindex/hnsw_head.h"
#include "vindex/hnsw_walk.h"
#include "vindex/param.h"

#include <algorithm>
#include <cmath>

namespace elanus::vindex {
namespace {

constexpr uint32_t kVersion = 1;
constexpr uint32_t kWalkedField = 1;
constexpr uint32_t kFineField = 2;

constexpr double kGraphEffort = 20;  // of inserting a row, in encodings of one

constexpr uint32_t kFlagFine = 1;
constexpr uint32_t kFlagResidual = 2;

uint32_t NumberOf(const ParamMap& params, const std::string& name, int64_t default_value) {
    return static_cast<uint32_t>(IntParam(params, name).value_or(default_value));
}

CodeSpec WalkedSpec(const BuildParams& params) {
    if (params.index_type == "HNSW_PQ") {
        return CodeSpec::Product(NumberOf(params.params, "m", kHnswPqMDefault),
                                 NumberOf(params.params, "nbits", 8), 1);
    }
    if (params.index_type == "HNSW_PRQ") {
        return CodeSpec::Product(NumberOf(params.params, "m", kHnswPrqMDefault),
                                 NumberOf(params.params, "nbits", 8),
                                 NumberOf(params.params, "nrq", kHnswPrqStagesDefault));
    }
    const auto kind = ScalarKindFromName(WordParam(params.params, "sq_type"));
    return CodeSpec::Scalar(kind.value_or(ScalarKind::kSq8));
}

// "flat" and "fp32" keep the vectors as they are.
CodeSpec FineSpec(const ParamMap& params) {
    const auto kind = ScalarKindFromName(WordParam(params, "refine_type"));
    return kind.has_value() ? CodeSpec::Scalar(*kind) : CodeSpec();
}

// The rows that are refined for the k best.
size_t RefineCount(const SearchParams& params, size_t k) {
    const double factor = std::max(1.0, NumberParam(params.params, "refine_k").value_or(1.0));
    return static_cast<size_t>(
        std::min(std::ceil(static_cast<double>(k) * factor), static_cast<double>(kRowsMax)));
}

}  // namespace

base::Result<std::unique_ptr<Index>> CodedHnswIndex::Build(const BuildParams& params,
                                                           const BuildInput& input) {
    const auto rows = static_cast<uint32_t>(input.rows);
    std::unique_ptr<CodedHnswIndex> index(
        new CodedHnswIndex(params.vector_type, params.metric, params.dim, rows));
    index->residual_ = params.index_type == "HNSW_PRQ";
    const CodeSpec walked = WalkedSpec(params);
    const CodeSpec fine = FineSpec(params.params);
    PartsProgress parts(input.progress,
                        {RowCodes::Effort(walked, rows), RowCodes::Effort(fine, rows),
                         kGraphEffort * static_cast<double>(rows + 1)});
    BuildInput part = input;
    part.progress = parts.Next();
    ASSIGN_OR_RETURN(index->codes_, RowCodes::Make(walked, params, part));
    part.progress = parts.Next();
    if (BoolParam(params.params, "refine").value_or(false)) {
        ASSIGN_OR_RETURN(index->fine_, RowCodes::Make(fine, params, part));
    }
    HnswBuildOptions options;
    options.m = NumberOf(params.params, "M", kHnswMDefault);
    options.ef_construction = NumberOf(params.params, "efConstruction", kHnswEfConstructionDefault);
    options.seed = input.seed;
    options.executor = input.executor;
    options.interrupt = input.interrupt;
    options.progress = parts.Next();
    index->ef_construction_ = options.ef_construction;
    const StoredVectors exact =
        StoredVectors::CopyOf(params.vector_type, params.metric, params.dim, rows, input.vectors);
    ASSIGN_OR_RETURN(
        HnswArrays arrays,
        HnswBuilder(exact.View(params.vector_type, params.metric, params.dim, rows), options)
            .Build());
    const uint32_t entry = arrays.entry;
    const uint32_t level_max = arrays.level_max;
    index->stored_ = StoredHnswGraph::Of(std::move(arrays));
    index->graph_ = index->stored_.View(rows, options.m, entry, level_max);
    return std::unique_ptr<Index>(std::move(index));
}

base::Status CodedHnswIndex::Save(codec::Sink& sink) const {
    codec::EnvelopeWriter writer(sink, kCodedHnswFormat, kVersion);
    const uint32_t flags = (fine_.has_value() ? kFlagFine : 0) | (residual_ ? kFlagResidual : 0);
    HnswHead::Of(*this, graph_, ef_construction_, flags).AddTo(writer);
    stored_.AddTo(writer, kHnswGraphSections);
    codes_.AddTo(writer, kWalkedField);
    if (fine_.has_value()) {
        fine_->AddTo(writer, kFineField);
    }
    return writer.Finish();
}

base::Result<std::unique_ptr<Index>> CodedHnswIndex::Open(base::Buffer file) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kCodedHnswFormat, kVersion));
    ASSIGN_OR_RETURN(const HnswHead head,
                     HnswHead::Read(reader, kFlagFine | kFlagResidual, "coded hnsw"));
    const VectorType type = head.type();
    const Metric metric = head.metric_kind();
    if (type == VectorType::kBinary) {
        return base::Corruption("coded hnsw index: bad description of its graph");
    }
    std::unique_ptr<CodedHnswIndex> index(new CodedHnswIndex(type, metric, head.dim, head.rows));
    index->ef_construction_ = head.ef_construction;
    index->residual_ = (head.flags & kFlagResidual) != 0;
    ASSIGN_OR_RETURN(index->stored_,
                     StoredHnswGraph::Open(reader, kHnswGraphSections, head.rows, head.m));
    index->graph_ = index->stored_.View(head.rows, head.m, head.entry, head.level_max);
    ASSIGN_OR_RETURN(index->codes_,
                     RowCodes::Open(reader, kWalkedField, type, metric, head.dim, head.rows));
    if (index->codes_.spec().form == CodeSpec::Form::kVectors) {
        return base::Corruption("coded hnsw index: its rows are not coded");
    }
    if ((head.flags & kFlagFine) != 0) {
        ASSIGN_OR_RETURN(index->fine_,
                         RowCodes::Open(reader, kFineField, type, metric, head.dim, head.rows));
    }
    index->file_ = std::move(reader);
    return std::unique_ptr<Index>(std::move(index));
}

std::string_view CodedHnswIndex::index_type() const {
    if (codes_.spec().form == CodeSpec::Form::kScalar) {
        return "HNSW_SQ";
    }
    return residual_ ? "HNSW_PRQ" : "HNSW_PQ";
}

uint64_t CodedHnswIndex::memory_bytes() const {
    return stored_.bytes() + codes_.bytes() + (fine_.has_value() ? fine_->bytes() : 0);
}

base::Status CodedHnswIndex::Verify() const {
    if (file_.has_value()) {
        RETURN_IF_ERROR(file_->VerifyAll());
    }
    return graph_.Verify();
}

size_t CodedHnswIndex::Widen(size_t ef, size_t k, const SearchParams& params) const {
    return fine_.has_value() ? std::max(ef, RefineCount(params, k)) : ef;
}

bool CodedHnswIndex::ScanIsCheaper(size_t matches, size_t ef) const {
    return HnswWalk::ScanIsCheaper(matches, size(), ef);
}

WalkOutcome CodedHnswIndex::WalkFor(const Query& query, const SearchParams& params, size_t matches,
                                    size_t ef, SearchScratch& scratch, Neighbors* out,
                                    base::Status* interrupted) const {
    const CodeScorer scorer = codes_.ScorerFor(query, scratch.code_query);
    const WalkOutcome outcome =
        HnswWalk(graph_, scorer, params, matches, scratch).Run(ef, &out->counters, interrupted);
    if (outcome == WalkOutcome::kDone && fine_.has_value()) {
        Refine(query, params, scratch, out);
    }
    return outcome;
}

// Orders the best rows of scratch.pool by their finer form and drops the others; of a range search
// none, because any of them may be in the range.
void CodedHnswIndex::Refine(const Query& query, const SearchParams& params, SearchScratch& scratch,
                            Neighbors* out) const {
    std::vector<uint64_t>& found = scratch.pool;
    if (!params.radius.has_value()) {
        found.resize(std::min(found.size(), RefineCount(params, params.k)));
    }
    const CodeScorer scorer = fine_->ScorerFor(query, scratch.refine_query);
    scratch.ids.resize(std::max(scratch.ids.size(), found.size()));
    scratch.costs.resize(std::max(scratch.costs.size(), found.size()));
    for (size_t i = 0; i < found.size(); ++i) {
        scratch.ids[i] = KeyRow(found[i]);
    }
    scorer.Costs(scratch.ids.data(), found.size(), scratch.costs.data());
    for (size_t i = 0; i < found.size(); ++i) {
        found[i] = MakeKey(scratch.costs[i], scratch.ids[i]);
    }
    std::sort(found.begin(), found.end());
    out->counters.distances += found.size();
}

base::Status CodedHnswIndex::ScanMatches(const Query& query, const SearchParams& params,
                                         SearchScratch& scratch, Neighbors* out) const {
    const RowCodes& rows = fine_.has_value() ? *fine_ : codes_;
    return ScanRows(rows.ScorerFor(query, scratch.code_query), size(), metric(), params, scratch,
                    out);
}

}  // namespace elanus::vindex
