// HybridRun: several searches of one collection at one moment, their lists fused into one, the rows
// perhaps scored anew from one of their fields, the page's columns fetched once at the end. A plain
// search with a function score is the same with one list.
//
// Invariants:
//   INV-HYBRID-1  All lists see the same moment: a hit of one is visible to the others.
// Threads: one; lists and shards are asked side by side on the proxy's executor.
#pragma once

#include "proxy/element_scope.h"
#include "proxy/function_chain.h"
#include "proxy/hit_columns.h"
#include "proxy/hybrid_report.h"
#include "proxy/list_search.h"
#include "proxy/output_fields.h"
#include "proxy/recall.h"
#include "proxy/rerank_function.h"
#include "proxy/search_shape.h"

#include <memory>
#include <optional>
#include <vector>

namespace elanus::proxy {

// Milvus' bound on the lists of one request.
inline constexpr size_t kHybridListsMax = 1024;

// What the answer looks like, beyond its ranking.
struct RankSettings {
    int64_t limit = 0;
    int64_t offset = 0;
    int round_decimal = -1;
    ProfileForm profile = ProfileForm::kNone;
    bool recall = false;                  // the answer tells the recall of its lists
    std::optional<GroupSettings> groups;  // then limit and offset count groups
    reduce::GroupScorer scorer = reduce::GroupScorer::kMax;
};

class HybridRun {
  public:
    // All of them outlive it.
    HybridRun(ProxyCore& core, const base::CallContext& context, const CollectionPtr& collection,
              const HybridSearchRequest& request, ReadReport* report);

    base::Result<SearchResults> Run();

  private:
    base::Status CheckRequest() const;
    base::Status ReadRank();
    // `group_by_field` and what belongs to it: of the rank parameters, or of the lists where a
    // client's library sends them there.
    base::Status ReadGroups();
    base::Status PrepareLists();
    base::Status PinMoment();
    base::Status PlanRanking();
    base::Status PlanChains();
    // The request of one list: its own, but for what the whole decides.
    SearchRequest OfList(const SearchRequest& sent) const;
    // What the list asks for besides its window: recall is told for all of them.
    base::Result<SearchShape> ShapeOf(const ListSearch& list);
    base::Status AskLists();
    // How the elements of the list become rows, as it asks itself.
    base::Result<ElementCollapse> CollapseOf(const ListSearch& list) const;
    // The hits of a list, its groups filled when they are to be, its elements collapsed to rows.
    base::Result<roles::SearchResponse> HitsOf(size_t list);
    base::Result<roles::SearchResponse> GroupedHitsOf(ListSearch& list);
    // Adds what the list has found of the hits of an exact search.
    base::Status AddRecall(const ListSearch& list);
    void Fuse();
    base::Status Rescore();
    void TakePage();
    // What the function chains leave of all fused rows, and the page of it.
    base::Status TakeChainedPage();
    SearchResults Assemble() const;
    base::Status ShowGroups(SearchResults* results) const;
    base::Status FetchColumns(SearchResults* results) const;
    void ReportLists();
    void ReportHits(const SearchResults& results);

    const roles::SearchResponse& ListOf(const reduce::FusedRow& row) const {
        return *fused_from_[row.list];
    }
    RowPlaces PlacesOf(const std::vector<std::vector<reduce::FusedRow>>& rows) const;

    ProxyCore& core_;
    const base::CallContext& context_;
    const roles::CollectionInfo& collection_;
    const HybridSearchRequest& request_;
    ReadReport& report_;
    std::shared_ptr<HybridReport> hybrid_;  // the report's
    RankSettings settings_;
    OutputSelection selection_;
    SearchFrame frame_;
    std::vector<SearchRequest> list_requests_;
    std::vector<std::unique_ptr<ListSearch>> lists_;
    std::vector<ElementCollapse> collapses_;  // one a list
    RerankPlan ranking_;
    std::optional<FunctionChainPlan> chains_;
    bool larger_is_better_ = true;
    std::vector<RecallCount> recalls_;                      // by query, over all lists
    std::vector<roles::SearchResponse> hits_;               // of each list
    std::vector<const roles::SearchResponse*> fused_from_;  // the same
    std::vector<std::vector<reduce::FusedRow>> rows_;       // by query; after TakePage the page
    std::vector<reduce::Contributions> contributions_;      // by query; with a profile
};

// A search with a function score that is not boosts alone, as the hybrid search of one list.
HybridSearchRequest AsHybrid(const SearchRequest& request, const SearchSettings& settings);

}  // namespace elanus::proxy
