// ReadReport: what one query or search did, from its parameters to its last step. PROFILE shows it
// (RenderProfile), and the slow-query log takes its line from it.
//
// Numbers are always kept; what costs an allocation (the plan's text, segments, shards) only when
// the request asks for its profile. Threads: a value.
#pragma once

#include "base/timestamp.h"
#include "expr/plan.h"
#include "proxy/api.h"
#include "proxy/meta_cache.h"
#include "roles/read.h"
#include "sys/stopwatch.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elanus::proxy {

// What the request's parameter `profile` says: nothing or "false", "true", "json". The form only
// matters where a client's library can carry one text (see docs/profile.md).
enum class ProfileForm : uint8_t { kNone, kText, kJson };
// 1100 for other words.
base::Result<ProfileForm> ParseProfileForm(std::string_view text);

// A query that names this output field is answered with its profile in place of its rows.
inline constexpr std::string_view kProfileField = "$profile";
inline constexpr std::string_view kProfileJsonField = "$profile_json";

struct ShardReport {
    std::string vchannel;
    roles::ReadProfile profile;
    roles::ReadCounters counters;
};

struct HybridReport;  // hybrid_report.h
// What a search by text with BM25 was weighted by.
struct TextReport {
    uint64_t terms = 0;         // different ones in all queries
    uint64_t documents = 0;     // with at least one term, over all shards
    double average_length = 0;  // in terms
    uint64_t hidden_rows = 0;   // rows among those counted that no read sees any more
};

struct ReadReport {
    enum class Kind : uint8_t { kQuery, kSearch, kHybridSearch };

    ReadReport(Kind of, sys::Clock& clock) : kind(of), laps(clock) {}

    Kind kind;
    sys::LapTimer laps;  // began with the read
    ProfileForm form = ProfileForm::kNone;
    bool replaces_rows = false;  // kProfileField was asked for
    CollectionPtr collection;
    std::shared_ptr<const expr::Plan> plan;  // null: all rows
    bool plan_was_cached = false;
    int64_t limit = 0;  // 0 = none
    int64_t offset = 0;
    int64_t nq = 0;     // searches only
    uint64_t rows = 0;  // answered
    base::Timestamp guarantee_ts = 0;
    base::Timestamp read_ts = 0;      // the moment the answer is of
    uint64_t partitions_read = 0;     // 0 = all
    roles::ReadProfile profile;       // of the slowest shard in each step; without segments
    roles::ReadCounters counters;     // of all shards
    std::vector<ShardReport> shards;  // with a profile
    std::string filter;               // with a profile: as it was sent
    std::string vector_field;         // with a profile, searches only
    std::string_view metric;          // searches only
    std::shared_ptr<const HybridReport> hybrid;  // of a hybrid search, or one with a reranker
    std::optional<TextReport> text;   // searches by BM25 only
    // Steps of the proxy, one after the other.
    uint64_t prepare_ns = 0;  // parameters and names
    uint64_t parse_ns = 0;    // of the filter, or the look into the cache
    uint64_t ask_ns = 0;      // until all shards had answered
    uint64_t merge_ns = 0;
    uint64_t output_ns = 0;  // columns of the answer: fetched (searches) and shown
    uint64_t total_ns = 0;

    // The work begins, perhaps once more because the collection has changed: times stay.
    void Begin(CollectionPtr of) {
        collection = std::move(of);
        counters = roles::ReadCounters();
        profile = roles::ReadProfile();
        shards.clear();
        text.reset();
    }
    bool wants_profile() const { return form != ProfileForm::kNone; }
    std::string_view kind_name() const {
        switch (kind) {
            case Kind::kQuery:
                return "query";
            case Kind::kSearch:
                return "search";
            default:
                return "hybrid_search";
        }
    }
};

// Moves the shards' parts out of their answers into the report.
template <typename Response>
void TakeShardReports(const std::vector<std::string>& vchannels, std::vector<Response>* responses,
                      ReadReport* report) {
    for (size_t shard = 0; shard < responses->size(); ++shard) {
        Response& response = (*responses)[shard];
        report->counters.Add(response.counters);
        report->profile.wait_ns = std::max(report->profile.wait_ns, response.profile.wait_ns);
        report->profile.read_ns = std::max(report->profile.read_ns, response.profile.read_ns);
        report->profile.merge_ns = std::max(report->profile.merge_ns, response.profile.merge_ns);
        report->profile.restarts += response.profile.restarts;
        report->read_ts = std::max(report->read_ts, response.snapshot_ts);
        if (report->wants_profile()) {
            report->shards.push_back(
                {vchannels[shard], std::move(response.profile), response.counters});
        }
    }
}

// The profile as text, in the manner of EXPLAIN ANALYZE, and the same as a JSON object.
struct RenderedProfile {
    std::string text;
    std::string json;
};
// `encode_ns`: what writing the answer for the wire took.
RenderedProfile RenderProfile(const ReadReport& report, uint64_t encode_ns);
// The answer of a query for kProfileField: one row of kProfileField and kProfileJsonField.
QueryResults ProfileAsRow(const RenderedProfile& profile, const ReadReport& report);

}  // namespace elanus::proxy
