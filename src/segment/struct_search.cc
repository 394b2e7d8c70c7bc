#include "segment/struct_search.h"

#include "segment/filter_scan.h"
#include "segment/flat_search.h"
#include "segment/index_search.h"
#include "segment/scan_guard.h"
#include "segment/top_k.h"
#include "sys/stopwatch.h"
#include "vindex/max_sim.h"

#include <algorithm>
#include <limits>
#include <string>

namespace elanus::segment {
namespace {

constexpr size_t kListsAtOnce = 256;  // compared between two looks at the deadline

base::Status Unsupported(std::string_view text) {
    return base::Status::Error(base::Code::kUnsupportedOperation, text);
}

// The struct array's column of a run; null when the run is older than the field.
const schema::ColumnView* StructsOf(const RowSource& source, size_t run, const VectorQuery& query) {
    const schema::ColumnView* structs = source.Column(run, query.struct_id);
    const bool has_vectors = structs != nullptr &&
                             structs->type == schema::DataType::kArrayOfStruct &&
                             query.sub_field < structs->children.size();
    return has_vectors ? structs : nullptr;
}

base::Status CheckFit(const VectorQuery& query, const schema::ColumnView& vectors) {
    const schema::ColumnView& queries = query.vectors();
    if (vectors.type != queries.type || vectors.dim != queries.dim) {
        return Unsupported("the queries are of another type or dimension than the field");
    }
    return base::Status();
}

// The elements of a struct array as rows: those of all runs, one after another.
class ElementRows : public RowSource {
  public:
    ElementRows(const RowSource& rows, const VectorQuery& query) : rows_(rows), query_(query) {
        for (size_t run = 0; run < rows.runs().size(); ++run) {
            const schema::ColumnView* structs = StructsOf(rows, run, query);
            const size_t count = structs == nullptr ? 0 : structs->offsets[rows.runs()[run].rows];
            if (count == 0) {
                continue;
            }
            runs_.push_back({static_cast<base::RowOffset>(size_), count, nullptr});
            views_.push_back(structs->children[query.sub_field]);
            row_runs_.push_back(run);
            size_ += count;
        }
    }

    size_t rows() const override { return size_; }
    const std::vector<RowRun>& runs() const override { return runs_; }
    const schema::ColumnView* Column(size_t run, base::FieldId) const override {
        return &views_[run];
    }
    const schema::FieldSchema* Field(base::FieldId) const override { return nullptr; }
    const float* Norms(size_t, base::FieldId) const override { return nullptr; }
    const ColumnMeta* Statistics(base::FieldId) const override { return nullptr; }
    bool timestamps_ascend() const override { return false; }
    base::Timestamp max_timestamp() const override { return rows_.max_timestamp(); }
    std::vector<base::RowOffset> FindKeys(const schema::PrimaryKeys&) const override { return {}; }

    // The elements of the rows.
    base::Bitmap ElementsOf(const base::Bitmap& rows) const {
        base::Bitmap elements(size_);
        rows.ForEach([&, run = size_t{0}](size_t row) mutable {
            while (run < runs_.size() && row >= RowsOf(run).first_row + RowsOf(run).rows) {
                ++run;
            }
            if (run == runs_.size() || row < RowsOf(run).first_row) {
                return;  // in a run without elements
            }
            const uint32_t* offsets = OffsetsOf(run);
            const size_t local = row - RowsOf(run).first_row;
            for (size_t i = offsets[local]; i < offsets[local + 1]; ++i) {
                elements.Set(runs_[run].first_row + i);
            }
        });
        return elements;
    }

    // Turns elements by their numbers into rows and places in them.
    void Locate(QueryHits* hits) const {
        hits->elements.reserve(hits->rows.size());
        for (base::RowOffset& row : hits->rows) {
            const size_t run = RunOf(runs_, row);
            const auto element = static_cast<uint32_t>(row - runs_[run].first_row);
            const uint32_t* offsets = OffsetsOf(run);
            const uint32_t local = vindex::ListOfVector(offsets, RowsOf(run).rows, element);
            row = static_cast<base::RowOffset>(RowsOf(run).first_row + local);
            hits->elements.push_back(element - offsets[local]);
        }
    }

  private:
    const RowRun& RowsOf(size_t run) const { return rows_.runs()[row_runs_[run]]; }
    const uint32_t* OffsetsOf(size_t run) const {
        return rows_.Column(row_runs_[run], query_.struct_id)->offsets;
    }

    const RowSource& rows_;
    const VectorQuery& query_;
    size_t size_ = 0;
    std::vector<RowRun> runs_;
    std::vector<schema::ColumnView> views_;  // of the vectors
    std::vector<size_t> row_runs_;           // which run of `rows_` each is
};

// The elements that may be hits; absent = all.
base::Result<std::optional<base::Bitmap>> ChooseElements(const RowSource& source,
                                                         const ElementRows& elements,
                                                         const RowSet& selected,
                                                         const VectorQuery& query,
                                                         const ReadOptions& options) {
    std::optional<base::Bitmap> chosen;
    if (query.elements == nullptr) {
        if (selected.bitmap.has_value()) {
            chosen = elements.ElementsOf(*selected.bitmap);
        }
        return chosen;
    }
    const base::Bitmap rows =
        selected.bitmap.has_value() ? *selected.bitmap : base::Bitmap(selected.rows, true);
    ASSIGN_OR_RETURN(chosen, MatchElements(source, *query.elements, options, rows));
    if (chosen->size() != elements.rows()) {
        return base::Internal("the element filter is over another struct array than the search");
    }
    return chosen;
}

base::Status SearchElements(const RowSource& source, const RowSet& selected,
                            const VectorQuery& query, const vindex::Index* index,
                            const ReadOptions& options, std::vector<QueryHits>* hits,
                            ReadCounters* counters) {
    const ElementRows elements(source, query);
    ASSIGN_OR_RETURN(const std::optional<base::Bitmap> chosen,
                     ChooseElements(source, elements, selected, query, options));
    const sys::Stopwatch watch(*options.clock, &counters->search_ns);
    if (index != nullptr) {
        RETURN_IF_ERROR(SearchIndex(*index, {chosen, {}}, query, options, hits, counters));
    } else {
        RETURN_IF_ERROR(FlatSearch(elements, chosen, query, options, hits, counters));
    }
    for (QueryHits& of_query : *hits) {
        elements.Locate(&of_query);
    }
    return base::Status();
}

// Every selected row compared with every query.
class ListScan {
  public:
    ListScan(const VectorQuery& query, const ReadOptions& options)
        : query_(query), guard_(options), similarity_(vindex::LargerIsBetter(query.metric)) {
        const schema::ColumnView& vectors = query.vectors();
        for (uint32_t q = 0; q < query.nq(); ++q) {
            scorers_.emplace_back(static_cast<vindex::VectorType>(vectors.type), query.metric,
                                  vectors.dim, query.Vector(q));
        }
        best_.assign(query.nq(), TopK(query.k));
        if (query.radius.has_value() || query.range_filter.has_value()) {
            for (TopK& best : best_) {
                SetRange(&best);
            }
        }
    }

    base::Status ScanRun(const RowRun& run, const vindex::VectorLists& lists,
                         const std::optional<base::Bitmap>& selected, ReadCounters* counters) {
        for (size_t row = 0; row < run.rows;) {
            lists_.clear();
            size_t vectors = 0;
            for (; row < run.rows && lists_.size() < kListsAtOnce; ++row) {
                const auto list = static_cast<uint32_t>(row);
                const bool chosen = !selected.has_value() || selected->Test(run.first_row + row);
                if (chosen && lists.SizeOf(list) > 0) {
                    lists_.push_back(list);
                    vectors += lists.SizeOf(list);
                }
            }
            for (uint32_t q = 0; q < query_.nq(); ++q) {
                costs_.resize(lists_.size());
                scorers_[q].Costs(lists, lists_.data(), lists_.size(), costs_.data());
                for (size_t i = 0; i < lists_.size(); ++i) {
                    best_[q].Offer(costs_[i],
                                   static_cast<base::RowOffset>(run.first_row) + lists_[i]);
                }
                const size_t distances = vectors * scorers_[q].query_vectors();
                counters->distances += distances;
                RETURN_IF_ERROR(guard_.CheckEvery(1 + distances * query_.vectors().dim,
                                                  ScanGuard::kFloatsPerCheck));
            }
        }
        return base::Status();
    }

    void Finish(std::vector<QueryHits>* hits) {
        for (uint32_t q = 0; q < query_.nq(); ++q) {
            for (const auto& [cost, row] : best_[q].Take()) {
                (*hits)[q].rows.push_back(row);
                (*hits)[q].scores.push_back(similarity_ ? 0.0f - cost : cost);
            }
        }
    }

  private:
    void SetRange(TopK* best) const {
        const float sign = similarity_ ? -1.0f : 1.0f;
        constexpr float kInfinity = std::numeric_limits<float>::infinity();
        best->SetRange(query_.range_filter.has_value() ? sign * *query_.range_filter : -kInfinity,
                       query_.radius.has_value() ? sign * *query_.radius : kInfinity);
    }

    const VectorQuery& query_;
    ScanGuard guard_;
    const bool similarity_;
    std::vector<vindex::MaxSimScorer> scorers_;  // one a query
    std::vector<uint32_t> lists_;                // rows of the run that are compared
    std::vector<float> costs_;
    std::vector<TopK> best_;
};

base::Status SearchLists(const RowSource& source, const RowSet& selected, const VectorQuery& query,
                         const vindex::Index* index, const ReadOptions& options,
                         std::vector<QueryHits>* hits, ReadCounters* counters) {
    const sys::Stopwatch watch(*options.clock, &counters->search_ns);
    const auto lists_of = [&](const schema::ColumnView& structs) {
        return vindex::VectorLists{structs.children[query.sub_field].values, structs.offsets};
    };
    if (index != nullptr) {
        const schema::ColumnView* structs = StructsOf(source, 0, query);
        if (structs == nullptr) {
            return base::Internal("an index over a field that its segment lacks");
        }
        return SearchIndex(*index, {selected.bitmap, lists_of(*structs)}, query, options, hits,
                           counters);
    }
    ListScan scan(query, options);
    for (size_t run = 0; run < source.runs().size(); ++run) {
        if (const schema::ColumnView* structs = StructsOf(source, run, query)) {
            RETURN_IF_ERROR(
                scan.ScanRun(source.runs()[run], lists_of(*structs), selected.bitmap, counters));
        }
    }
    scan.Finish(hits);
    ++counters->brute_force_searches;
    return base::Status();
}

base::Status CheckQuery(const RowSource& source, const VectorQuery& query) {
    const auto type = static_cast<vindex::VectorType>(query.vectors().type);
    if (query.by_list() != vindex::IsListMetric(query.metric) || !vindex::IsDense(type) ||
        !vindex::IsDenseMetric(type, vindex::ElementMetric(query.metric))) {
        return Unsupported("exact search over vectors in struct arrays does not know the metric " +
                           std::string(vindex::MetricName(query.metric)));
    }
    for (size_t run = 0; run < source.runs().size(); ++run) {
        if (const schema::ColumnView* structs = StructsOf(source, run, query)) {
            RETURN_IF_ERROR(CheckFit(query, structs->children[query.sub_field]));
        }
    }
    return base::Status();
}

}  // namespace

size_t CountElements(const RowSource& source, const VectorQuery& query) {
    return ElementRows(source, query).rows();
}

base::Status SearchStructs(const RowSource& source, RowSet selected, const VectorQuery& query,
                           const vindex::Index* index, const ReadOptions& options,
                           std::vector<QueryHits>* hits, ReadCounters* counters) {
    RETURN_IF_ERROR(CheckQuery(source, query));
    if (query.rows != nullptr) {
        KeepRows(*query.rows, &selected);
    }
    const size_t matched = selected.Count();
    counters->rows_matched += matched;
    hits->assign(query.nq(), QueryHits());
    if (matched == 0 || query.k == 0) {
        return base::Status();
    }
    return query.by_list()
               ? SearchLists(source, selected, query, index, options, hits, counters)
               : SearchElements(source, selected, query, index, options, hits, counters);
}

}  // namespace elanus::segment
