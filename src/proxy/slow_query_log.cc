#include "proxy/slow_query_log.h"

#include "base/log.h"
#include "expr/plan_text.h"
#include "proxy/hybrid_report.h"

#include <string>

namespace elanus::proxy {

namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr size_t kFilterBytesMax = 512;
constexpr size_t kNameBytesMax = 128;  // what clients call themselves and their requests

base::Counter& CounterOf(std::string_view type) {
    return base::MetricRegistry::Global().GetCounter(
        "milvus_proxy_slow_query_count", "node_id=\"1\",msg_type=\"" + std::string(type) + "\"");
}

std::string Cut(std::string text, size_t bytes_max) {
    if (text.size() > bytes_max) {
        text.resize(bytes_max);
        text += "...";
    }
    return text;
}

std::string PlanShape(const ReadReport& report) {
    return report.plan == nullptr
               ? "none"
               : expr::PlanLine(expr::DescribePlan(*report.plan, report.collection->schema,
                                                   expr::Constants::kHide));
}

// Of a hybrid search the filters of its lists, as long as they are looked at.
std::string FilterShape(const ReadReport& report) {
    if (report.hybrid == nullptr) {
        return Cut(PlanShape(report), kFilterBytesMax);
    }
    std::string shapes;
    for (const ReadReport& list : report.hybrid->lists) {
        if (shapes.size() > kFilterBytesMax) {
            break;
        }
        shapes.append(shapes.empty() ? "" : "; ").append(PlanShape(list));
    }
    return Cut(std::move(shapes), kFilterBytesMax);
}

uint64_t Us(uint64_t ns) {
    return ns / 1000;
}

}  // namespace

SlowQueryLog::SlowQueryLog(sys::Clock& clock, int64_t threshold_ms)
    : clock_(clock),
      threshold_ms_(threshold_ms),
      queries_(CounterOf("query")),
      searches_(CounterOf("search")) {}

bool SlowQueryLog::TakeLine(int64_t* left_out) {
    const base::MutexLock lock(mutex_);
    const int64_t second = clock_.MonotonicNs() / kNsPerSecond;
    if (second != second_) {
        second_ = second;
        lines_ = 0;
    }
    if (lines_ == kLinesPerSecond) {
        ++left_out_;
        return false;
    }
    ++lines_;
    *left_out = left_out_;
    left_out_ = 0;
    return true;
}

void SlowQueryLog::Record(const base::CallContext& context, const ReadReport& report,
                          const base::Status& status) {
    (report.kind == ReadReport::Kind::kQuery ? queries_ : searches_).Add();
    int64_t left_out = 0;
    if (report.collection == nullptr || !TakeLine(&left_out)) {
        return;
    }
    const segment::ReadCounters& counters = report.counters;
    base::LogWarn("slow_query", {{"kind", report.kind_name()},
                                 {"database", report.collection->database_name},
                                 {"collection", report.collection->schema.name},
                                 {"ms", report.total_ns / kNsPerMs},
                                 {"code", static_cast<int32_t>(status.code())},
                                 {"filter", FilterShape(report)},
                                 {"limit", report.limit},
                                 {"offset", report.offset},
                                 {"nq", report.nq},
                                 {"rows", report.rows},
                                 {"plan_cached", static_cast<int>(report.plan_was_cached)},
                                 {"prepare_us", Us(report.prepare_ns)},
                                 {"parse_us", Us(report.parse_ns)},
                                 {"shards_us", Us(report.ask_ns)},
                                 {"wait_us", Us(report.profile.wait_ns)},
                                 {"read_us", Us(report.profile.read_ns)},
                                 {"merge_us", Us(report.profile.merge_ns + report.merge_ns)},
                                 {"output_us", Us(report.output_ns)},
                                 {"filter_us", Us(counters.filter_ns)},
                                 {"search_us", Us(counters.search_ns)},
                                 {"sort_us", Us(counters.sort_ns)},
                                 {"fetch_us", Us(counters.fetch_ns)},
                                 {"segments", counters.segments},
                                 {"pruned", counters.segments_pruned},
                                 {"key_lookups", counters.key_lookups},
                                 {"index_filters", counters.index_filters},
                                 {"filter_scans", counters.filter_scans},
                                 {"rows_scanned", counters.rows_scanned},
                                 {"rows_matched", counters.rows_matched},
                                 {"index_searches", counters.index_searches},
                                 {"brute_force_searches", counters.brute_force_searches},
                                 {"distances", counters.distances},
                                 {"hops", counters.hops},
                                 {"client", Cut(context.peer, kNameBytesMax)},
                                 {"request_id", Cut(context.request_id, kNameBytesMax)},
                                 {"left_out", left_out}});
}

}  // namespace elanus::proxy
