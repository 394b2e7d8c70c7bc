#include "vindex/window_index.h"

#include "simd/sparse_windows.h"
#include "vindex/param.h"
#include "vindex/window_search.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace elanus::vindex {
namespace {

constexpr uint32_t kWindowVersion = 1;
constexpr codec::SectionId kMetaSection{1, 0};
constexpr codec::SectionId kDimsSection{2, 0};
constexpr codec::SectionId kHeadsSection{3, 0};
constexpr codec::SectionId kSegmentsSection{4, 0};
constexpr codec::SectionId kEntriesSection{5, 0};
constexpr codec::SectionId kStartsSection{6, 0};
constexpr codec::SectionId kRowsSection{7, 0};

struct WindowMeta {
    uint32_t vector_type;
    uint32_t metric;
    uint32_t rows;
    uint32_t name;
    uint32_t prunes;
    uint32_t window_rows;
    uint32_t slot_bytes;
    uint32_t value_bytes;
    float least_listed;
    uint32_t reserved;
    uint64_t dims;
    uint64_t segments;
    uint64_t entries;
};
static_assert(sizeof(WindowMeta) == 64);

constexpr std::string_view kNames[] = {"SPARSE_INVERTED_INDEX", "SPARSE_WAND", "AUTOINDEX"};
constexpr uint32_t kNoSlot = std::numeric_limits<uint32_t>::max();
// Unless it is told, a small index has about this many windows: the first ones teach a search what
// the others may leave out.
constexpr uint64_t kWindowsWanted = 16;
constexpr uint64_t kWindowRowsMin = 1024;

base::Status Damaged() {
    return base::Corruption("sparse index: its lists do not belong to its rows");
}

uint32_t WindowRows(const ParamMap& params, uint64_t rows) {
    const std::optional<int64_t> told = IntParam(params, "sindi_window_size");
    if (told.has_value()) {
        return static_cast<uint32_t>(
            std::clamp<int64_t>(*told, 1, static_cast<int64_t>(simd::kWindowRowsMax)));
    }
    const uint64_t even = (rows / kWindowsWanted + 63) / 64 * 64;
    return static_cast<uint32_t>(std::clamp<uint64_t>(even, kWindowRowsMin, simd::kWindowRowsMax));
}

}  // namespace

std::string_view WindowIndex::index_type() const {
    return kNames[name_];
}

uint64_t WindowIndex::memory_bytes() const {
    return dims_.size() + heads_.size() + segments_.size() + entries_.size() + starts_.size() +
           rows_.size();
}

WindowParts WindowIndex::Parts() const {
    WindowParts parts;
    parts.shape = shape_;
    parts.dims = dims_.As<uint32_t>();
    parts.heads = heads_.As<ListHead>();
    parts.segments = segments_.As<ListSegment>();
    parts.entries = entries_.As<uint8_t>();
    parts.rows = {starts_.As<uint64_t>(), rows_.As<uint8_t>(), slot_bytes_, shape_.value_bytes};
    return parts;
}

base::Result<std::unique_ptr<Index>> WindowIndex::Build(const BuildParams& params,
                                                        const BuildInput& input) {
    std::unique_ptr<WindowIndex> index(new WindowIndex(static_cast<uint32_t>(input.rows)));
    const auto* name = std::find(std::begin(kNames), std::end(kNames), params.index_type);
    index->name_ = static_cast<uint32_t>(name - std::begin(kNames));
    index->prunes_ = WordParam(params.params, "inverted_index_algo") != "TAAT_NAIVE";
    WindowShape& shape = index->shape_;
    shape.rows = index->size();
    shape.window_rows = WindowRows(params.params, input.rows);
    shape.value_bytes = WordParam(params.params, "quant_type") == "FP16" ? 2 : 4;
    ASSIGN_OR_RETURN(BuiltRows rows, BuildForwardRows(input, shape.value_bytes));
    index->slot_bytes_ = rows.slot_bytes;
    index->dims_ = base::Buffer::FromVector(std::move(rows.dims));
    index->starts_ = base::Buffer::FromVector(std::move(rows.starts));
    index->rows_ = base::Buffer::FromVector(std::move(rows.bytes));
    const WindowParts parts = index->Parts();
    shape.least_listed =
        LeastListed(parts.rows, NumberParam(params.params, "drop_ratio_build").value_or(0));
    ASSIGN_OR_RETURN(BuiltLists lists,
                     BuildWindowLists(shape, parts.rows, parts.dims.size(), input.interrupt));
    index->heads_ = base::Buffer::FromVector(std::move(lists.heads));
    index->segments_ = base::Buffer::FromVector(std::move(lists.segments));
    index->entries_ = base::Buffer::FromVector(std::move(lists.entries));
    return std::unique_ptr<Index>(std::move(index));
}

base::Status WindowIndex::Save(codec::Sink& sink) const {
    const WindowMeta meta{static_cast<uint32_t>(vector_type()),
                          static_cast<uint32_t>(metric()),
                          size(),
                          name_,
                          prunes_ ? 1u : 0u,
                          shape_.window_rows,
                          slot_bytes_,
                          shape_.value_bytes,
                          shape_.least_listed,
                          0,
                          dims_.size() / sizeof(uint32_t),
                          segments_.size() / sizeof(ListSegment),
                          entries_.size() / simd::kWindowEntryBytes};
    codec::EnvelopeWriter writer(sink, kWindowFormat, kWindowVersion);
    writer.AddArray<WindowMeta>(kMetaSection, {&meta, 1});
    writer.AddSection(kDimsSection, dims_.view());
    writer.AddSection(kHeadsSection, heads_.view());
    writer.AddSection(kSegmentsSection, segments_.view());
    writer.AddSection(kEntriesSection, entries_.view());
    writer.AddSection(kStartsSection, starts_.view());
    writer.AddSection(kRowsSection, rows_.view());
    return writer.Finish();
}

base::Result<std::unique_ptr<Index>> WindowIndex::Open(base::Buffer file) {
    ASSIGN_OR_RETURN(auto reader,
                     codec::EnvelopeReader::Open(std::move(file), kWindowFormat, kWindowVersion));
    ASSIGN_OR_RETURN(const base::Buffer bytes, reader.Array<WindowMeta>(kMetaSection, 1));
    WindowMeta meta;
    std::memcpy(&meta, bytes.data(), sizeof meta);
    if (meta.vector_type != static_cast<uint32_t>(VectorType::kSparseFloat) ||
        meta.metric != static_cast<uint32_t>(Metric::kIp) || meta.rows > kRowsMax ||
        meta.name >= std::size(kNames) || meta.prunes > 1 || meta.window_rows == 0 ||
        meta.window_rows > simd::kWindowRowsMax || (meta.slot_bytes != 2 && meta.slot_bytes != 4) ||
        (meta.value_bytes != 2 && meta.value_bytes != 4) || meta.dims >= kNoSlot ||
        (meta.slot_bytes == 2 && meta.dims > simd::kWindowRowsMax)) {
        return base::Corruption("sparse index: bad description of its lists");
    }
    std::unique_ptr<WindowIndex> index(new WindowIndex(meta.rows));
    index->name_ = meta.name;
    index->prunes_ = meta.prunes == 1;
    index->slot_bytes_ = meta.slot_bytes;
    index->shape_ = {meta.rows, meta.window_rows, meta.value_bytes, meta.least_listed};
    ASSIGN_OR_RETURN(index->dims_, reader.Array<uint32_t>(kDimsSection, meta.dims));
    ASSIGN_OR_RETURN(index->heads_, reader.Array<ListHead>(kHeadsSection, meta.dims));
    ASSIGN_OR_RETURN(index->segments_, reader.Array<ListSegment>(kSegmentsSection, meta.segments));
    struct Entry {
        uint8_t bytes[simd::kWindowEntryBytes];
    };
    ASSIGN_OR_RETURN(index->entries_, reader.Array<Entry>(kEntriesSection, meta.entries));
    ASSIGN_OR_RETURN(index->starts_,
                     reader.Array<uint64_t>(kStartsSection, uint64_t{meta.rows} + 1));
    ASSIGN_OR_RETURN(index->rows_, reader.Section(kRowsSection));
    index->file_ = std::move(reader);
    return std::unique_ptr<Index>(std::move(index));
}

// Rows follow one another without gaps; slots rise, values are above 0 and finite.
base::Status WindowIndex::VerifyRows(const WindowParts& parts) const {
    const ForwardRows& rows = parts.rows;
    if (rows.starts.front() != 0 || rows.starts.back() != rows.bytes.size() ||
        !std::is_sorted(rows.starts.begin(), rows.starts.end())) {
        return Damaged();
    }
    for (uint32_t i = 0; i < size(); ++i) {
        ForwardRows::Row row;
        if (!rows.Find(i, &row) || row.entries * (rows.slot_bytes + rows.value_bytes) !=
                                       rows.starts[i + 1] - rows.starts[i]) {
            return Damaged();
        }
        for (size_t j = 0; j < row.entries; ++j) {
            const uint32_t slot = rows.SlotAt(row, j);
            const float value = rows.ValueAt(row, j);
            if (slot >= parts.dims.size() || (j > 0 && slot <= rows.SlotAt(row, j - 1)) ||
                !(value > 0) || !std::isfinite(value)) {
                return Damaged();
            }
        }
    }
    return base::Status();
}

base::Status WindowIndex::Verify() const {
    if (file_.has_value()) {
        RETURN_IF_ERROR(file_->VerifyAll());
    }
    const WindowParts parts = Parts();
    for (size_t slot = 1; slot < parts.dims.size(); ++slot) {
        if (parts.dims[slot] <= parts.dims[slot - 1]) {
            return Damaged();
        }
    }
    RETURN_IF_ERROR(VerifyRows(parts));
    ASSIGN_OR_RETURN(const BuiltLists lists,
                     BuildWindowLists(shape_, parts.rows, parts.dims.size(), {}));
    const auto same = [](const auto& built, const base::Buffer& stored) {
        return built.size() * sizeof built[0] == stored.size() &&
               (stored.empty() || std::memcmp(built.data(), stored.data(), stored.size()) == 0);
    };
    return same(lists.heads, heads_) && same(lists.segments, segments_) &&
                   same(lists.entries, entries_)
               ? base::Status()
               : Damaged();
}

base::Status WindowIndex::SearchRows(const Query& query, const SearchParams& params, size_t matches,
                                     SearchScratch& scratch, Neighbors* out) const {
    const std::string algorithm = WordParam(params.params, "search_algo");
    const bool prunes =
        algorithm.empty() || algorithm == "INHERIT" ? prunes_ : algorithm != "TAAT_NAIVE";
    return SearchWindows(Parts(), prunes, query, params, matches, scratch, out);
}

}  // namespace elanus::vindex
