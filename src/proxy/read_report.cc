#include "proxy/read_report.h"

#include "calendar/timestamp_text.h"
#include "expr/plan_text.h"
#include "json/json.h"
#include "proxy/hybrid_report.h"
#include "proxy/phrase.h"
#include "proxy/schema_validation.h"

#include <algorithm>

namespace elanus::proxy {

namespace {

using segment::ReadCounters;
using segment::SegmentProfile;
using segment::StrategyCounts;

// A profile is for reading: of more segments than this the slowest are listed.
constexpr size_t kSegmentsShownMax = 256;
constexpr size_t kFilterShownMax = 2000;  // bytes, of the text
constexpr uint64_t kNsPerUs = 1000;

uint64_t Us(uint64_t ns) {
    return (ns + kNsPerUs / 2) / kNsPerUs;
}

std::string MomentText(base::Timestamp timestamp) {
    return calendar::FormatTimestamp(base::PhysicalMs(timestamp) * 1000, calendar::TimeZone());
}

// The filter as it was sent, cut when it is long.
std::string OneLine(std::string_view filter) {
    std::string line(filter.substr(0, kFilterShownMax));
    std::replace_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return line.append(filter.size() > kFilterShownMax ? "..." : "");
}

uint64_t TimeOf(const SegmentProfile& segment) {
    const ReadCounters& counters = segment.counters;
    return counters.filter_ns + counters.search_ns + counters.sort_ns + counters.fetch_ns;
}

// The slowest first.
std::vector<const SegmentProfile*> Shown(const std::vector<SegmentProfile>& segments) {
    std::vector<const SegmentProfile*> shown;
    shown.reserve(segments.size());
    for (const SegmentProfile& segment : segments) {
        shown.push_back(&segment);
    }
    std::stable_sort(shown.begin(), shown.end(),
                     [](const auto* a, const auto* b) { return TimeOf(*a) > TimeOf(*b); });
    shown.resize(std::min(shown.size(), kSegmentsShownMax));
    return shown;
}

// Each once: a search that was widened has asked the same ones again.
std::vector<std::string> UsedIndexes(const SegmentProfile& segment) {
    std::vector<std::string> used;
    for (const std::string& name : segment.indexes) {
        if (std::find(used.begin(), used.end(), name) == used.end()) {
            used.push_back(name);
        }
    }
    return used;
}

// How the filter of one segment was answered.
std::string FilterWay(const SegmentProfile& segment) {
    const ReadCounters& counters = segment.counters;
    if (counters.segments_pruned > 0) {
        return "pruned by statistics";
    }
    if (counters.key_lookups > 0) {
        return Phrase("key index, ", segment.found_keys, " rows of ", segment.pinned_keys, " keys");
    }
    if (counters.index_filters > 0) {
        return counters.filter_scans > 0 ? "scalar index, then scan" : "scalar index";
    }
    if (counters.hit_filters > 0) {
        return "scan of the nearest rows";
    }
    return counters.filter_scans > 0 ? "scan" : "none";
}

// "filtered_walk", or of several kinds "walk x3, exact_scan x1".
std::string SearchWay(const ReadCounters& counters) {
    std::string way = counters.brute_force_searches > 0 ? "brute_force" : "";
    const auto& searches = counters.strategies.searches;
    const auto kinds =
        std::count_if(searches.begin(), searches.end(), [](uint64_t n) { return n; });
    for (size_t i = 0; i < StrategyCounts::kKinds; ++i) {
        if (searches[i] > 0) {
            way.append(way.empty() ? "" : ", ")
                .append(vindex::StrategyName(static_cast<vindex::Strategy>(i)));
            way.append(kinds > 1 ? Phrase(" x", searches[i]) : "");
        }
    }
    return way;
}

// Every line behind `margin`.
std::string Indented(std::string_view text, std::string_view margin) {
    std::string out;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        out.append(margin).append(text.substr(0, end));
        text.remove_prefix(end);
    }
    return out;
}

std::string JoinNames(const std::vector<std::string>& names) {
    std::string joined;
    for (const std::string& name : names) {
        joined.append(joined.empty() ? "" : ", ").append(name);
    }
    return joined;
}

class TextProfile {
  public:
    TextProfile(const ReadReport& report, uint64_t encode_ns)
        : report_(report), encode_ns_(encode_ns) {}

    std::string Write() {
        WriteTitle();
        WriteWhat();
        WriteSteps();
        WriteShards();
        if (report_.hybrid != nullptr) {
            text_ += HybridHitLines(*report_.hybrid);
        }
        return std::move(text_);
    }

    // As one list of a hybrid search, below its title.
    std::string WriteList() {
        WriteWhat();
        WriteSteps();
        WriteShards();
        return std::move(text_);
    }

  private:
    template <typename... Pieces>
    void Line(const Pieces&... pieces) {
        text_.append(Phrase(pieces...)).append("\n");
    }

    void WriteTitle() {
        const roles::CollectionInfo& collection = *report_.collection;
        const std::string_view kind = report_.kind == ReadReport::Kind::kQuery    ? "Query"
                                      : report_.kind == ReadReport::Kind::kSearch ? "Search"
                                                                                  : "Hybrid search";
        Line(kind, " on ", collection.database_name, ".", collection.schema.name,
             "  (rows=", report_.rows, ") (time=", Us(report_.total_ns + encode_ns_), " us)");
    }

    void WriteShards() {
        for (const ShardReport& shard : report_.shards) {
            WriteShard(shard);
        }
        if (report_.hybrid == nullptr) {
            return;
        }
        const std::vector<ReadReport>& lists = report_.hybrid->lists;
        for (size_t i = 0; i < lists.size(); ++i) {
            Line("  -> List ", i, "  (rows=", lists[i].rows, ") (time=", Us(lists[i].total_ns),
                 " us)");
            text_ += Indented(TextProfile(lists[i], 0).WriteList(), "    ");
        }
    }

    void WriteWhat() {
        const roles::CollectionInfo& collection = *report_.collection;
        if (report_.hybrid != nullptr) {
            const HybridReport& hybrid = *report_.hybrid;
            Line("  Ranking: ", hybrid.ranking, "  (lists=", hybrid.lists.size(),
                 " candidates=", hybrid.candidates, " fuse=", Us(hybrid.fuse_ns),
                 " rescore=", Us(hybrid.rescore_ns), " us)");
        } else if (report_.kind == ReadReport::Kind::kSearch) {
            Line("  Vectors: field=", report_.vector_field, " metric=", report_.metric,
                 " nq=", report_.nq);
        }
        if (report_.text.has_value()) {
            const TextReport& text = *report_.text;
            Line("  Text: terms=", text.terms, " documents=", text.documents,
                 " average_length=", json::Write(text.average_length),
                 " hidden_rows=", text.hidden_rows);
        }
        const std::string limit = report_.limit == 0 ? "none" : std::to_string(report_.limit);
        Line("  Window: limit=", limit, " offset=", report_.offset);
        Line("  Moment: ", MomentText(report_.read_ts), "  (guarantee=", report_.guarantee_ts,
             " read=", report_.read_ts, ")");
        if (report_.hybrid != nullptr) {
            return;  // the rest is said of each list
        }
        if (report_.partitions_read > 0) {
            Line("  Partitions: ", report_.partitions_read, " of ", collection.partitions.size());
        }
        if (report_.filter.empty()) {
            Line("  Filter: none");
            return;
        }
        Line("  Filter: ", OneLine(report_.filter));
        Line("  Plan: ", report_.plan_was_cached ? "from the cache" : "parsed");
        text_ += report_.plan == nullptr
                     ? "    -> true: every row passes\n"
                     : expr::PlanLines(expr::DescribePlan(*report_.plan, collection.schema,
                                                          expr::Constants::kShow),
                                       2);
    }

    void WriteSteps() {
        const ReadCounters& total = report_.counters;
        Line("  Steps: prepare=", Us(report_.prepare_ns), " parse=", Us(report_.parse_ns),
             " shards=", Us(report_.ask_ns), " merge=", Us(report_.merge_ns),
             " output=", Us(report_.output_ns), " encode=", Us(encode_ns_), " us");
        Line("  Total: segments=", total.segments, " pruned=", total.segments_pruned,
             " scanned=", total.rows_scanned, " matched=", total.rows_matched,
             " distances=", total.distances, " hops=", total.hops);
    }

    void WriteShard(const ShardReport& shard) {
        const roles::ReadProfile& profile = shard.profile;
        const std::string restarts =
            profile.restarts == 0 ? "" : Phrase(" restarts=", profile.restarts);
        Line("  -> Shard ", shard.vchannel, "  (wait=", Us(profile.wait_ns),
             " read=", Us(profile.read_ns), " merge=", Us(profile.merge_ns),
             " fetch=", Us(shard.counters.fetch_ns), " us)", restarts);
        for (const SegmentProfile* segment : Shown(profile.segments)) {
            WriteSegment(*segment);
        }
        if (profile.segments.size() > kSegmentsShownMax) {
            Line("    -> ", profile.segments.size() - kSegmentsShownMax,
                 " segments more, all of them faster");
        }
    }

    void WriteSegment(const SegmentProfile& segment) {
        const ReadCounters& counters = segment.counters;
        Line("    -> ", segment.sealed ? "Sealed" : "Growing", " segment ", segment.segment_id,
             segment.node_id == 0 ? "" : Phrase(" on node ", segment.node_id),
             "  (rows=", segment.rows, ")");
        Line("       Filter: ", FilterWay(segment), "  (estimated=", segment.estimated_rows,
             ") (matched=", counters.rows_matched, " scanned=", counters.rows_scanned,
             " time=", Us(counters.filter_ns), " us)");
        const std::string way = SearchWay(counters);
        if (!way.empty()) {
            Line("       Search: ", way, "  (distances=", counters.distances,
                 " hops=", counters.hops, " time=", Us(counters.search_ns), " us)");
        }
        if (!segment.indexes.empty()) {
            Line("       Indexes: ", JoinNames(UsedIndexes(segment)));
        }
        if (counters.sort_ns > 0) {
            Line("       Sort: (time=", Us(counters.sort_ns), " us)");
        }
    }

    const ReadReport& report_;
    const uint64_t encode_ns_;
    std::string text_;
};

json::Value CountersJson(const ReadCounters& counters) {
    json::Value out;
    out.Add("rows_scanned", counters.rows_scanned);
    out.Add("rows_matched", counters.rows_matched);
    out.Add("segments", counters.segments);
    out.Add("segments_pruned", counters.segments_pruned);
    out.Add("key_lookups", counters.key_lookups);
    out.Add("index_filters", counters.index_filters);
    out.Add("filter_scans", counters.filter_scans);
    out.Add("hit_filters", counters.hit_filters);
    out.Add("index_searches", counters.index_searches);
    out.Add("brute_force_searches", counters.brute_force_searches);
    out.Add("distances", counters.distances);
    out.Add("hops", counters.hops);
    out.Add("filter_us", Us(counters.filter_ns));
    out.Add("search_us", Us(counters.search_ns));
    out.Add("sort_us", Us(counters.sort_ns));
    out.Add("fetch_us", Us(counters.fetch_ns));
    return out;
}

json::Value SegmentJson(const SegmentProfile& segment) {
    json::Value out;
    out.Add("segment_id", segment.segment_id);
    out.Add("partition_id", segment.partition_id);
    out.Add("node_id", segment.node_id);
    out.Add("state", segment.sealed ? "sealed" : "growing");
    out.Add("rows", segment.rows);
    out.Add("filter", FilterWay(segment));
    out.Add("estimated_rows", segment.estimated_rows);
    const std::string way = SearchWay(segment.counters);
    if (!way.empty()) {
        out.Add("search", way);
    }
    const std::vector<std::string> used = UsedIndexes(segment);
    json::Value::Array indexes(used.begin(), used.end());
    out.Add("indexes", std::move(indexes));
    out.Add("counters", CountersJson(segment.counters));
    return out;
}

json::Value ShardJson(const ShardReport& shard) {
    json::Value out;
    out.Add("vchannel", shard.vchannel);
    out.Add("wait_us", Us(shard.profile.wait_ns));
    out.Add("read_us", Us(shard.profile.read_ns));
    out.Add("merge_us", Us(shard.profile.merge_ns));
    out.Add("restarts", shard.profile.restarts);
    out.Add("counters", CountersJson(shard.counters));
    out.Add("segments_total", shard.profile.segments.size());
    json::Value::Array segments;
    for (const SegmentProfile* segment : Shown(shard.profile.segments)) {
        segments.push_back(SegmentJson(*segment));
    }
    out.Add("segments", std::move(segments));
    return out;
}

json::Value StepsJson(const ReadReport& report, uint64_t encode_ns) {
    json::Value out;
    out.Add("prepare_us", Us(report.prepare_ns));
    out.Add("parse_us", Us(report.parse_ns));
    out.Add("shards_us", Us(report.ask_ns));
    out.Add("merge_us", Us(report.merge_ns));
    out.Add("output_us", Us(report.output_ns));
    out.Add("encode_us", Us(encode_ns));
    out.Add("total_us", Us(report.total_ns + encode_ns));
    return out;
}

json::Value ReportJson(const ReadReport& report, uint64_t encode_ns) {
    const roles::CollectionInfo& collection = *report.collection;
    json::Value out;
    out.Add("kind", report.kind_name());
    out.Add("database", collection.database_name);
    out.Add("collection", collection.schema.name);
    if (report.kind != ReadReport::Kind::kQuery) {
        out.Add("nq", report.nq);
    }
    if (report.kind == ReadReport::Kind::kSearch && report.hybrid == nullptr) {
        out.Add("vector_field", report.vector_field);
        out.Add("metric_type", report.metric);
    }
    if (report.text.has_value()) {
        json::Value text;
        text.Add("terms", report.text->terms);
        text.Add("documents", report.text->documents);
        text.Add("average_length", report.text->average_length);
        text.Add("hidden_rows", report.text->hidden_rows);
        out.Add("text", std::move(text));
    }
    out.Add("limit", report.limit);
    out.Add("offset", report.offset);
    out.Add("rows", report.rows);
    out.Add("filter", report.filter);
    out.Add("plan_cached", report.plan_was_cached);
    out.Add("plan", report.plan == nullptr
                        ? json::Value()
                        : expr::PlanJson(expr::DescribePlan(*report.plan, collection.schema,
                                                            expr::Constants::kShow)));
    out.Add("guarantee_ts", report.guarantee_ts);
    out.Add("read_ts", report.read_ts);
    out.Add("partitions_read",
            report.partitions_read == 0 ? collection.partitions.size() : report.partitions_read);
    out.Add("partitions", collection.partitions.size());
    out.Add("steps", StepsJson(report, encode_ns));
    out.Add("counters", CountersJson(report.counters));
    json::Value::Array shards;
    for (const ShardReport& shard : report.shards) {
        shards.push_back(ShardJson(shard));
    }
    out.Add("shards", std::move(shards));
    if (report.hybrid != nullptr) {
        json::Value::Array lists;
        for (const ReadReport& list : report.hybrid->lists) {
            lists.push_back(ReportJson(list, 0));
        }
        out.Add("hybrid", HybridJson(*report.hybrid));
        out.Add("lists", std::move(lists));
    }
    return out;
}

}  // namespace

base::Result<ProfileForm> ParseProfileForm(std::string_view text) {
    if (text == "json") {
        return ProfileForm::kJson;
    }
    bool on = false;
    if (!text.empty() && !ParseBool(text, &on)) {
        return Invalid("profile [", text, "] is invalid, should be true, false or json");
    }
    return on ? ProfileForm::kText : ProfileForm::kNone;
}

QueryResults ProfileAsRow(const RenderedProfile& profile, const ReadReport& report) {
    QueryResults results;
    const auto add = [&results](std::string_view name, schema::DataType type,
                                const std::string& value) {
        schema::ColumnBuilder values(0, type);
        values.AppendBytes(value);
        OutputColumn column;
        column.name = name;
        column.values = values.Finish();
        results.columns.push_back(std::move(column));
        results.output_fields.emplace_back(name);
    };
    add(kProfileField, schema::DataType::kVarChar, profile.text);
    add(kProfileJsonField, schema::DataType::kJson, profile.json);
    results.primary_field_name = report.collection->schema.primary_key()->name;
    results.collection_name = report.collection->schema.name;
    return results;
}

RenderedProfile RenderProfile(const ReadReport& report, uint64_t encode_ns) {
    return {TextProfile(report, encode_ns).Write(), json::Write(ReportJson(report, encode_ns))};
}

}  // namespace elanus::proxy
