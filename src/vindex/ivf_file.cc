// Building, saving and opening of IvfIndex: everything but the search.
#include "vindex/flat_codes.h"
#include "vindex/ivf_index.h"
#include "vindex/product_codes.h"
#include "vindex/rabitq_codes.h"
#include "vindex/scalar_codes.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace elanus::vindex {
namespace {

constexpr uint32_t kIvfVersion = 1;
constexpr codec::SectionId kMetaSection{1, 0};
constexpr codec::SectionId kStartsSection{2, 0};
constexpr codec::SectionId kRowsSection{3, 0};
constexpr uint32_t kCentroidsKind = 4;  // 5 and 6

constexpr uint32_t kFlagAutomatic = 1;

// What the steps of a build take for a row, in comparisons with a centroid.
constexpr double kTrainingRounds = 6, kBaseEffort = 10, kCodeEffort = 30;
constexpr double kProductEffort = 400;  // of encoding, and of each round of training

struct IvfMeta {
    uint32_t kind;
    uint32_t vector_type;
    uint32_t metric;
    uint32_t dim;
    uint32_t rows;
    uint32_t lists;
    uint32_t bits;
    uint32_t parts;
    uint32_t refine;
    uint32_t flags;
    uint64_t seed;
    uint32_t zero[4];
};
static_assert(sizeof(IvfMeta) == 64);

bool PlausibleCodes(const IvfMeta& meta) {
    const auto refine = static_cast<RefineKind>(meta.refine);
    if (refine > RefineKind::kRaw) {
        return false;
    }
    switch (static_cast<IvfKind>(meta.kind)) {
        case IvfKind::kFlat:
            return refine == RefineKind::kNone;
        case IvfKind::kScalar:
            return meta.bits == 4 || meta.bits == 6 || meta.bits == 8;
        case IvfKind::kProduct:
        case IvfKind::kScann:
            return meta.bits >= 1 && meta.bits <= kProductBitsMax && meta.parts >= 1 &&
                   meta.dim % meta.parts == 0;
        case IvfKind::kRabitq:
        case IvfKind::kRabitqFastscan:
            return meta.bits >= 1 && meta.bits <= 9 &&
                   (meta.bits == 1 || static_cast<IvfKind>(meta.kind) == IvfKind::kRabitq);
    }
    return false;
}

bool Plausible(const IvfMeta& meta) {
    const auto type = static_cast<VectorType>(meta.vector_type);
    const auto metric = static_cast<Metric>(meta.metric);
    return IsDenseMetric(type, metric) && !IsStructureTest(metric) && IsDimension(type, meta.dim) &&
           meta.rows <= kRowsMax && meta.lists <= kListsMax && meta.lists <= meta.rows &&
           (meta.lists > 0 || meta.rows == 0) && (meta.flags & ~kFlagAutomatic) == 0 &&
           (type != VectorType::kBinary || meta.kind == 0) && PlausibleCodes(meta);
}

// Relative to the bases of lists.
bool CodesResiduals(IvfKind kind) {
    return kind != IvfKind::kFlat && kind != IvfKind::kScalar;
}

ScalarKind ScalarKindOf(uint32_t bits) {
    return bits == 4 ? ScalarKind::kSq4 : bits == 6 ? ScalarKind::kSq6 : ScalarKind::kSq8;
}

std::optional<ScalarKind> FinerKind(RefineKind refine) {
    switch (refine) {
        case RefineKind::kSq6:
            return ScalarKind::kSq6;
        case RefineKind::kSq8:
            return ScalarKind::kSq8;
        case RefineKind::kFloat16:
            return ScalarKind::kFp16;
        case RefineKind::kBFloat16:
            return ScalarKind::kBf16;
        default:
            return std::nullopt;
    }
}

// Codes of an index: made of rows, or opened from a file.
struct CodeMaker {
  public:
    const IvfSpec& spec;
    const BuildParams& params;
    const CoarseQuantizer& quantizer;
    const InvertedLists& lists;

    base::Result<std::unique_ptr<ListCodes>> Make(const BuildInput& input) const {
        switch (spec.kind) {
            case IvfKind::kScalar:
                return ScalarCodes::Make(ScalarKindOf(spec.bits), params, input, lists.rows());
            case IvfKind::kProduct:
            case IvfKind::kScann:
                return ProductCodes::Make(product(), params, input, quantizer, lists);
            case IvfKind::kRabitq:
            case IvfKind::kRabitqFastscan:
                return RabitqCodes::Make(rabitq(), params, input, quantizer, lists);
            default:
                return FlatCodes::Make(params, input, lists.rows());
        }
    }
    base::Result<std::unique_ptr<ListCodes>> Open(const codec::EnvelopeReader& reader) const {
        switch (spec.kind) {
            case IvfKind::kScalar:
                return ScalarCodes::Open(reader, 0, ScalarKindOf(spec.bits), params, lists.size());
            case IvfKind::kProduct:
            case IvfKind::kScann:
                return ProductCodes::Open(reader, 0, product(), params, lists.size());
            case IvfKind::kRabitq:
            case IvfKind::kRabitqFastscan:
                return RabitqCodes::Open(reader, 0, rabitq(), params, lists.size());
            default:
                return FlatCodes::Open(reader, 0, params, lists.size());
        }
    }
    base::Result<std::unique_ptr<ListCodes>> MakeFiner(const BuildInput& input) const {
        const std::optional<ScalarKind> kind = FinerKind(spec.refine);
        return kind.has_value() ? ScalarCodes::Make(*kind, params, input, lists.rows())
                                : FlatCodes::Make(params, input, lists.rows());
    }
    base::Result<std::unique_ptr<ListCodes>> OpenFiner(const codec::EnvelopeReader& reader) const {
        const std::optional<ScalarKind> kind = FinerKind(spec.refine);
        return kind.has_value() ? ScalarCodes::Open(reader, 1, *kind, params, lists.size())
                                : FlatCodes::Open(reader, 1, params, lists.size());
    }

  private:
    RabitqCodes::Options rabitq() const {
        return {spec.bits, spec.kind == IvfKind::kRabitqFastscan, spec.seed};
    }
    ProductCodes::Options product() const {
        return {spec.parts, spec.bits, spec.kind == IvfKind::kScann,
                spec.refine != RefineKind::kNone};
    }
};

// Of training the lists, assigning rows, finding bases, coding and coding finer.
std::vector<double> StepEfforts(const IvfSpec& spec, double rows) {
    const double lists = spec.lists;
    const double trained = std::min(rows, lists * kTrainingRowsPerList);
    double code = kCodeEffort * rows;
    if (spec.kind == IvfKind::kProduct || spec.kind == IvfKind::kScann) {
        const auto sample = static_cast<double>(TrainingRows(size_t{1} << spec.bits));
        code = kProductEffort * (kProductIterationsMax * std::min(rows, sample) + rows);
    }
    return {kTrainingRounds * trained * lists, rows * lists, kBaseEffort * rows, code,
            kCodeEffort * rows};
}

}  // namespace

base::Result<std::unique_ptr<Index>> IvfIndex::Build(const BuildParams& params,
                                                     const BuildInput& input) {
    std::unique_ptr<IvfIndex> index(new IvfIndex(ReadIvfSpec(params, input.seed),
                                                 params.vector_type, params.metric, params.dim,
                                                 static_cast<uint32_t>(input.rows)));
    PartsProgress parts(input.progress,
                        StepEfforts(index->spec_, static_cast<double>(input.rows + 1)));
    BuildInput part = input;
    part.progress = parts.Next();
    ASSIGN_OR_RETURN(index->quantizer_, CoarseQuantizer::Train(params, part, index->spec_.lists));
    {
        part.progress = parts.Next();
        ASSIGN_OR_RETURN(const std::vector<uint32_t> lists_of,
                         index->quantizer_.Assign(params, part));
        part.progress = parts.Next();
        if (CodesResiduals(index->spec_.kind)) {
            RETURN_IF_ERROR(index->quantizer_.FindBases(params, part, lists_of));
        }
        index->lists_ = InvertedLists::Of(lists_of, index->lists());
    }
    const CodeMaker maker{index->spec_, params, index->quantizer_, index->lists_};
    part.progress = parts.Next();
    ASSIGN_OR_RETURN(index->codes_, maker.Make(part));
    part.progress = parts.Next();
    if (index->spec_.refine != RefineKind::kNone) {
        ASSIGN_OR_RETURN(index->finer_, maker.MakeFiner(part));
    }
    return std::unique_ptr<Index>(std::move(index));
}

base::Status IvfIndex::Save(codec::Sink& sink) const {
    IvfMeta meta{};
    meta.kind = static_cast<uint32_t>(spec_.kind);
    meta.vector_type = static_cast<uint32_t>(vector_type());
    meta.metric = static_cast<uint32_t>(metric());
    meta.dim = dim();
    meta.rows = size();
    meta.lists = lists();
    meta.bits = spec_.bits;
    meta.parts = spec_.parts;
    meta.refine = static_cast<uint32_t>(spec_.refine);
    meta.flags = spec_.automatic ? kFlagAutomatic : 0;
    meta.seed = spec_.seed;
    codec::EnvelopeWriter writer(sink, kIvfFormat, kIvfVersion);
    writer.AddArray<IvfMeta>(kMetaSection, {&meta, 1});
    quantizer_.AddTo(writer, kCentroidsKind);
    lists_.AddTo(writer, kStartsSection, kRowsSection);
    codes_->AddTo(writer, 0);
    if (finer_ != nullptr) {
        finer_->AddTo(writer, 1);
    }
    return writer.Finish();
}

base::Result<std::unique_ptr<Index>> IvfIndex::Open(base::Buffer file) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kIvfFormat, kIvfVersion));
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<IvfMeta>(kMetaSection, 1));
    IvfMeta meta;
    std::memcpy(&meta, bytes.data(), sizeof meta);
    if (!Plausible(meta)) {
        return base::Corruption("inverted file: bad description");
    }
    const BuildParams params{"",
                             static_cast<VectorType>(meta.vector_type),
                             static_cast<Metric>(meta.metric),
                             meta.dim,
                             {}};
    const IvfSpec spec{static_cast<IvfKind>(meta.kind),
                       meta.lists,
                       meta.bits,
                       meta.parts,
                       static_cast<RefineKind>(meta.refine),
                       (meta.flags & kFlagAutomatic) != 0,
                       meta.seed};
    std::unique_ptr<IvfIndex> index(
        new IvfIndex(spec, params.vector_type, params.metric, meta.dim, meta.rows));
    ASSIGN_OR_RETURN(index->quantizer_,
                     CoarseQuantizer::Open(reader, kCentroidsKind, params, meta.lists,
                                           CodesResiduals(spec.kind)));
    ASSIGN_OR_RETURN(index->lists_, InvertedLists::Open(reader, kStartsSection, kRowsSection,
                                                        meta.rows, meta.lists));
    const CodeMaker maker{index->spec_, params, index->quantizer_, index->lists_};
    ASSIGN_OR_RETURN(index->codes_, maker.Open(reader));
    if (spec.refine != RefineKind::kNone) {
        ASSIGN_OR_RETURN(index->finer_, maker.OpenFiner(reader));
    }
    index->file_ = std::move(reader);
    return std::unique_ptr<Index>(std::move(index));
}

base::Status IvfIndex::Verify() const {
    RETURN_IF_ERROR(file_.has_value() ? file_->VerifyAll() : base::Status());
    return lists_.Verify();
}

uint64_t IvfIndex::memory_bytes() const {
    return quantizer_.bytes() + lists_.bytes() + codes_->bytes() +
           (finer_ != nullptr ? finer_->bytes() : 0);
}

}  // namespace elanus::vindex
