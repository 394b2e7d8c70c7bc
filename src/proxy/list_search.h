// ListSearch: one vector search of one collection, up to its merged list of hits: parameters,
// filter, index, query vectors, the question to each shard, the merge. What becomes of the list is
// its user's business: a search pages it, a hybrid search fuses several of them. Columns are not
// fetched here.
//
// Order of calls: ReadSettings, Prepare, AskShard once for each shard, Finish; then hits().
// Threads: AskShard of different shards from different threads; everything else from one.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "proxy/proxy_core.h"
#include "proxy/read_moment.h"
#include "proxy/read_report.h"
#include "proxy/search_params.h"
#include "roles/read.h"

#include <utility>
#include <vector>

namespace elanus::proxy {

// What all lists of one request read.
struct SearchFrame {
    std::vector<base::PartitionId> partitions;  // asked for; empty = all
    ReadMoment moment;
};

class ListSearch {
  public:
    // All of them outlive it. The report has begun.
    ListSearch(ProxyCore& core, const base::CallContext& context,
               const roles::CollectionInfo& collection, const SearchRequest& request,
               ReadReport* report)
        : core_(core),
          context_(context),
          collection_(collection),
          request_(request),
          report_(*report) {}

    base::Status ReadSettings();
    base::Status Prepare(const SearchFrame& frame);
    // Each hit's score is boosted in its segment; before Prepare.
    void UseBoosts(roles::Boosts boosts) { shard_request_.boosts = std::move(boosts); }
    // The list is one of groups; after Prepare. 1100 where hits cannot be grouped.
    base::Status UseGroups(roles::Grouping grouping);
    // No approximate index is used; after Prepare.
    void UseExact() { shard_request_.exact = true; }
    // As many hits instead of limit + offset; after Prepare.
    void UseWidth(uint32_t hits) { shard_request_.k = hits; }

    size_t shards() const { return collection_.vchannels.size(); }
    void AskShard(size_t shard);
    // The failure of a shard, or all shards' answers merged and counted in the report.
    base::Status Finish();

    const SearchSettings& settings() const { return settings_; }
    vindex::Metric metric() const { return shard_request_.metric; }
    // Lists of hits that the answer has: one a query vector, or one an id.
    uint32_t nq() const { return shard_request_.answers(); }
    bool by_element() const { return shard_request_.by_element(); }
    // Whether the index of the field is a graph that can be walked from near to far.
    bool by_graph() const {
        return (index_.index_type == "HNSW" || index_.index_type == "AUTOINDEX") &&
               shard_request_.struct_field == 0;
    }
    // The best limit + offset hits of each query.
    const roles::SearchResponse& hits() const { return merged_; }
    roles::SearchResponse TakeHits() { return std::move(merged_); }
    // What the shards were asked, and the moments that their answers are of.
    const roles::SearchRequest& shard_request() const { return shard_request_; }
    const std::vector<base::Timestamp>& moments() const { return moments_; }
    // Until the slowest shard had answered.
    uint64_t ask_ns() const;

  private:
    base::Result<roles::IndexInfo> FindIndex();
    // The texts or vectors of the request as vectors; texts are weighed.
    base::Status UseQueries();
    base::Status UseIndex();
    // What a search of vectors in a struct array cannot be combined with.
    base::Status CheckStructs() const;
    base::Status UseVectors(const ReadMoment& moment);
    // Takes the query vectors (or lists of them) from the rows with the given keys. Where each
    // vector of a list is a query, those of one row share an answer.
    base::Status UseVectorsOfIds(const ReadMoment& moment);
    base::Status GatherVectors(const schema::PrimaryKeys& ids,
                               const std::vector<roles::RetrieveResponse>& shards);
    void NoteRequest(const ReadMoment& moment);

    struct ShardAnswer {
        base::Status status;
        uint64_t ask_ns = 0;
    };

    ProxyCore& core_;
    const base::CallContext& context_;
    const roles::CollectionInfo& collection_;
    const SearchRequest& request_;
    ReadReport& report_;
    SearchSettings settings_;
    roles::IndexInfo index_;
    roles::SearchRequest shard_request_;  // all but the vchannel
    std::vector<roles::SearchResponse> responses_;
    std::vector<ShardAnswer> answers_;
    std::vector<base::Timestamp> moments_;
    roles::SearchResponse merged_;
};

}  // namespace elanus::proxy
