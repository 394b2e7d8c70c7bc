#include "vindex/lean_index.h"

#include "sys/executor.h"
#include "sys/huge_memory.h"
#include "vindex/exact_scan.h"
#include "vindex/float_rows.h"
#include "vindex/param.h"
#include "vindex/row_chunks.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace elanus::vindex {
namespace {

constexpr uint32_t kVersion = 1;
constexpr codec::SectionId kMetaSection{1, 0};
constexpr codec::SectionId kBlocksSection{2, 0};
constexpr codec::SectionId kListsSection{3, 0};
constexpr codec::SectionId kCentreSection{4, 0};
constexpr codec::SectionId kRoutersSection{5, 0};

constexpr uint32_t kRowsATask = 64;
// What the steps of a build by batches take.
constexpr double kCodeWeight = 3, kGraphWeight = 92, kRestWeight = 5;
// What is alone in the graph finds nobody; so many rows are added before others may join.
constexpr uint32_t kRowsAlone = 1024;
constexpr uint32_t kBuilderDimMin = 64;

struct Meta {
    uint32_t vector_type;
    uint32_t metric;
    uint32_t dim;
    uint32_t rows;
    uint32_t since;
    uint32_t m;
    uint32_t ef_construction;
    uint32_t routers;
    uint32_t flags;
    float longest;
    uint64_t seed;
    uint32_t zero[4];
};
static_assert(sizeof(Meta) == 64);

bool Plausible(const Meta& meta) {
    const auto type = static_cast<VectorType>(meta.vector_type);
    return meta.metric <= static_cast<uint32_t>(Metric::kCosine) && meta.m >= kHnswMMin &&
           LeanGraph::Fits(type, meta.dim, meta.m) && meta.rows <= kRowsMax &&
           meta.since <= meta.rows && meta.routers <= LeanGraph::kRouters &&
           meta.routers <= meta.rows && (meta.routers > 0 || meta.rows == 0) && meta.flags == 0;
}

LeanOptions OptionsOf(const Meta& meta) {
    LeanOptions options;
    options.type = static_cast<VectorType>(meta.vector_type);
    options.metric = static_cast<Metric>(meta.metric);
    options.dim = meta.dim;
    options.m = meta.m;
    options.ef_construction = meta.ef_construction;
    options.seed = meta.seed;
    return options;
}

// One file, its parts checked against each other but not the lists.
struct LeanFile {
    codec::EnvelopeReader reader;
    Meta meta{};
    LeanLayout layout;
    base::Buffer blocks;  // of rows from meta.since on
    base::Buffer lists;   // of rows before
    std::vector<float> centre;
    std::vector<uint32_t> routers;
};

base::Result<LeanFile> ReadFile(base::Buffer bytes) {
    LeanFile file;
    ASSIGN_OR_RETURN(file.reader,
                     codec::EnvelopeReader::Open(std::move(bytes), kLeanGraphFormat, kVersion));
    ASSIGN_OR_RETURN(const base::Buffer meta, file.reader.Array<Meta>(kMetaSection, 1));
    std::memcpy(&file.meta, meta.data(), sizeof(Meta));
    if (!Plausible(file.meta)) {
        return base::Corruption("lean graph: bad description");
    }
    file.layout = LeanRows::LayoutOf(file.meta.dim, 2 * file.meta.m);
    const uint64_t fresh = file.meta.rows - file.meta.since;
    ASSIGN_OR_RETURN(file.blocks,
                     file.reader.Array<uint8_t>(kBlocksSection, fresh * file.layout.block_bytes()));
    ASSIGN_OR_RETURN(
        file.lists,
        file.reader.Array<uint32_t>(kListsSection, uint64_t{file.meta.since} * file.layout.degree));
    ASSIGN_OR_RETURN(const base::Buffer centre,
                     file.reader.Array<float>(kCentreSection, file.layout.width));
    ASSIGN_OR_RETURN(const base::Buffer routers,
                     file.reader.Array<uint32_t>(kRoutersSection, file.meta.routers));
    file.centre.assign(centre.As<float>().begin(), centre.As<float>().end());
    file.routers.assign(routers.As<uint32_t>().begin(), routers.As<uint32_t>().end());
    const bool sound = std::all_of(file.routers.begin(), file.routers.end(),
                                   [&](uint32_t row) { return row < file.meta.rows; });
    return sound ? base::Result<LeanFile>(std::move(file))
                 : base::Corruption("lean graph: bad rows to start from");
}

base::Status CheckLists(const LeanRows& store, uint32_t rows) {
    for (uint32_t row = 0; row < rows; ++row) {
        for (uint32_t i = 0; i < store.layout().degree; ++i) {
            const uint32_t link = store.Link(row, i);
            if (link != kNoLink && link >= rows) {
                return base::Corruption("lean graph: bad neighbours of row " + std::to_string(row));
            }
        }
    }
    return base::Status();
}

bool Follows(const LeanFile& before, const LeanFile& after) {
    return after.meta.since == before.meta.rows &&
           after.meta.vector_type == before.meta.vector_type &&
           after.meta.metric == before.meta.metric && after.meta.dim == before.meta.dim &&
           after.meta.m == before.meta.m && after.meta.seed == before.meta.seed &&
           std::memcmp(after.centre.data(), before.centre.data(),
                       before.centre.size() * sizeof(float)) == 0;
}

// The 8-bit rows of a graph for an exact scan.
class FineScorer final : public RowScorer {
  public:
    FineScorer(const LeanRows& store, const LeanQuery& query) : store_(store), query_(query) {}

    void Costs(const uint32_t* ids, size_t count, float* costs) const override {
        store_.FineCosts(query_, std::span(ids, count), costs);
    }
    void BlockCosts(uint32_t first, size_t count, float* costs) const override {
        std::vector<uint32_t> ids(count);
        std::iota(ids.begin(), ids.end(), first);
        store_.FineCosts(query_, ids, costs);
    }

  private:
    const LeanRows& store_;
    const LeanQuery& query_;
};

}  // namespace

base::Status SaveLeanGraph(const LeanGraph& graph, uint32_t since, codec::Sink& sink) {
    const LeanOptions& options = graph.options();
    const LeanRows& store = graph.store();
    const std::vector<uint32_t> routers = graph.routers();
    Meta meta{};
    meta.vector_type = static_cast<uint32_t>(options.type);
    meta.metric = static_cast<uint32_t>(options.metric);
    meta.dim = options.dim;
    meta.rows = graph.rows();
    meta.since = since;
    meta.m = options.m;
    meta.ef_construction = options.ef_construction;
    meta.routers = static_cast<uint32_t>(routers.size());
    meta.longest = store.longest();
    meta.seed = options.seed;
    std::vector<uint32_t> lists;
    lists.reserve(size_t{since} * store.layout().degree);
    for (uint32_t row = 0; row < since; ++row) {
        for (uint32_t i = 0; i < store.layout().degree; ++i) {
            lists.push_back(store.Link(row, i));
        }
    }
    const size_t block = store.layout().block_bytes();
    const std::string_view blocks(
        reinterpret_cast<const char*>(store.blocks()) + size_t{since} * block,
        size_t{meta.rows - since} * block);
    codec::EnvelopeWriter writer(sink, kLeanGraphFormat, kVersion);
    writer.AddArray<Meta>(kMetaSection, {&meta, 1});
    writer.AddSection(kBlocksSection, blocks);
    writer.AddArray<uint32_t>(kListsSection, lists);
    writer.AddArray<float>(kCentreSection, store.centre());
    writer.AddArray<uint32_t>(kRoutersSection, routers);
    return writer.Finish();
}

base::Result<std::unique_ptr<LeanGraph>> LoadLeanGraph(const std::vector<base::Buffer>& files,
                                                       uint32_t capacity) {
    std::vector<LeanFile> parts;
    for (const base::Buffer& bytes : files) {
        ASSIGN_OR_RETURN(LeanFile file, ReadFile(bytes));
        RETURN_IF_ERROR(file.reader.VerifyAll());
        const bool follows = parts.empty() ? file.meta.since == 0 : Follows(parts.back(), file);
        if (!follows) {
            return base::Corruption("lean graph: files that do not follow each other");
        }
        parts.push_back(std::move(file));
    }
    if (parts.empty() || capacity < parts.back().meta.rows) {
        return base::Internal("a lean graph is loaded from files, into room for all their rows");
    }
    const LeanFile& last = parts.back();
    const size_t block = last.layout.block_bytes();
    const std::shared_ptr<uint8_t> memory = sys::ReserveHuge(size_t{capacity} * block);
    for (const LeanFile& file : parts) {
        std::memcpy(memory.get() + size_t{file.meta.since} * block, file.blocks.data(),
                    file.blocks.size());
        const size_t list = file.layout.degree * sizeof(uint32_t);
        for (size_t row = 0; row < file.meta.since; ++row) {
            std::memcpy(memory.get() + row * block, file.lists.data() + row * list, list);
        }
    }
    LeanGraph::Parts whole;
    whole.rows = last.meta.rows;
    whole.blocks = memory.get();
    whole.owner = memory;
    whole.centre = last.centre;
    whole.longest = last.meta.longest;
    whole.routers = last.routers;
    std::unique_ptr<LeanGraph> graph =
        LeanGraph::Of(OptionsOf(last.meta), std::move(whole), capacity);
    RETURN_IF_ERROR(CheckLists(graph->store(), graph->rows()));
    return graph;
}

LeanIndex::LeanIndex(std::unique_ptr<LeanGraph> graph)
    : GraphIndex(graph->options().type, graph->options().metric, graph->options().dim,
                 graph->rows()),
      graph_(std::move(graph)) {
    ef_construction_ = graph_->options().ef_construction;
}

// Float vectors get the graph of the batch builder: all rows are there, and it is the same for any
// number of threads.
base::Result<std::unique_ptr<Index>> LeanIndex::BuildByBatches(const BuildInput& input,
                                                               const LeanOptions& options) {
    const auto rows = static_cast<uint32_t>(input.rows);
    NeighborLists lists;
    {
        const StoredVectors vectors =
            StoredVectors::CopyOf(options.type, options.metric, options.dim, rows, input.vectors);
        PartsProgress parts(input.progress, {kCodeWeight, kGraphWeight, kRestWeight});
        ASSIGN_OR_RETURN(
            const CodedRows coded,
            CodedRows::Make(vectors.View(options.type, options.metric, options.dim, rows),
                            input.seed, input.executor, input.interrupt, parts.Next()));
        GraphOptions build;
        build.degree = 2 * options.m;
        build.ef_construction = options.ef_construction;
        build.seed = input.seed;
        build.executor = input.executor;
        build.interrupt = input.interrupt;
        build.progress = parts.Next();
        ASSIGN_OR_RETURN(lists, GraphBuilder(coded, build).Build());
    }
    return std::unique_ptr<Index>(
        new LeanIndex(LeanGraph::OfLists(options, input.vectors, lists, input.executor)));
}

base::Result<std::unique_ptr<Index>> LeanIndex::Build(const BuildParams& params,
                                                      const BuildInput& input) {
    LeanOptions options;
    options.type = params.vector_type;
    options.metric = params.metric;
    options.dim = params.dim;
    options.m = static_cast<uint32_t>(IntParam(params.params, "M").value_or(kHnswMDefault));
    options.ef_construction = static_cast<uint32_t>(
        IntParam(params.params, "efConstruction").value_or(kHnswEfConstructionDefault));
    options.seed = input.seed;
    const auto rows = static_cast<uint32_t>(input.rows);
    if (options.type == VectorType::kFloat && options.dim >= kBuilderDimMin) {
        return BuildByBatches(input, options);
    }
    std::unique_ptr<LeanGraph> graph = LeanGraph::Make(options, rows, input.vectors, rows);
    const auto* vectors = static_cast<const uint8_t*>(input.vectors);
    const size_t row_bytes = RowBytes(options.type, options.dim);
    const uint32_t alone = input.executor == nullptr ? rows : std::min(rows, kRowsAlone);
    const uint32_t together = rows - alone;
    PartsProgress parts(input.progress,
                        {std::max<double>(alone, 1), static_cast<double>(together)});
    RETURN_IF_ERROR(graph->Add(vectors, alone, nullptr, input.interrupt, parts.Next()));
    if (together > 0) {
        RETURN_IF_ERROR(graph->Reserve(together).status());
        RETURN_IF_ERROR(ForChunks(
            together, input.executor, input.interrupt, parts.Next(),
            [&](uint32_t begin, uint32_t end) {
                graph->Insert(alone + begin, vectors + (alone + begin) * row_bytes, end - begin);
            },
            kRowsATask));
    }
    return std::unique_ptr<Index>(new LeanIndex(std::move(graph)));
}

base::Status LeanIndex::Save(codec::Sink& sink) const {
    return SaveLeanGraph(*graph_, 0, sink);
}

base::Result<std::unique_ptr<Index>> LeanIndex::Open(base::Buffer bytes) {
    ASSIGN_OR_RETURN(LeanFile file, ReadFile(std::move(bytes)));
    if (file.meta.since != 0) {
        return base::Corruption("lean graph: only the changes after another file");
    }
    LeanGraph::Parts parts;
    parts.rows = file.meta.rows;
    // Only read from: no row is ever added to the graph of an index.
    parts.blocks = const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(file.blocks.data()));
    parts.owner = std::make_shared<base::Buffer>(file.blocks);
    parts.centre = file.centre;
    parts.longest = file.meta.longest;
    parts.routers = file.routers;
    std::unique_ptr<LeanIndex> index(
        new LeanIndex(LeanGraph::Of(OptionsOf(file.meta), std::move(parts), file.meta.rows)));
    index->file_ = std::move(file.reader);
    return std::unique_ptr<Index>(std::move(index));
}

base::Status LeanIndex::Verify() const {
    if (file_.has_value()) {
        RETURN_IF_ERROR(file_->VerifyAll());
    }
    return CheckLists(graph_->store(), size());
}

// 4-bit rows order candidates less well than vectors do; some more candidates make up for it.
size_t LeanIndex::Widen(size_t ef, size_t k, const SearchParams& /*params*/) const {
    (void)k;
    return LeanGraph::Widened(ef);
}

// Rows by the filter are read one by one, nodes of the walk with all their neighbours.
bool LeanIndex::ScanIsCheaper(size_t matches, size_t ef) const {
    const double selectivity = static_cast<double>(matches) / size();
    const double walk = static_cast<double>(ef + kEfMin) / selectivity *
                        static_cast<double>(graph_->store().layout().degree) / 4;
    return static_cast<double>(matches) <= walk;
}

const LeanQuery& LeanIndex::PrepareLean(const Query& query) const {
    thread_local LeanQuery lean;
    thread_local std::vector<float> vector;
    vector.resize(dim());
    ReadFloats(vector_type(), query.data, dim(), vector.data());
    if (metric() == Metric::kCosine) {
        simd::Normalize(vector.data(), dim(), vector.data());
    }
    graph_->store().PrepareQuery(vector.data(), &lean);
    return lean;
}

WalkOutcome LeanIndex::WalkFor(const Query& query, const SearchParams& params, size_t matches,
                               size_t ef, SearchScratch& scratch, Neighbors* out,
                               base::Status* interrupted) const {
    const bool filtered = params.filter.present() && matches < size();
    LeanGraph::Search search;
    search.query = &PrepareLean(query);
    search.ef = ef;
    search.filter = filtered ? params.filter : base::BitmapView();
    search.rows = size();
    search.matches = matches;
    search.refined = params.radius.has_value() ? ef : LeanGraph::Refined(ef, params.k);
    search.interrupt = &params.interrupt;
    out->counters.strategy = filtered ? Strategy::kFilteredWalk : Strategy::kWalk;
    return graph_->Walk(search, scratch, &out->counters, interrupted);
}

base::Status LeanIndex::ScanMatches(const Query& query, const SearchParams& params,
                                    SearchScratch& scratch, Neighbors* out) const {
    return ScanRows(FineScorer(graph_->store(), PrepareLean(query)), size(), metric(), params,
                    scratch, out);
}

}  // namespace elanus::vindex
